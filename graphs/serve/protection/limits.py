"""What keeps one visitor, one site or one bad day from using the service up: rates, daily budgets, a pause switch."""

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from graphs.serve.refusal import Refusal

MOST_WATCHED = 50_000
"""Visitors whose rate is remembered; the one not seen for longest is forgotten first."""
FIRST_GUESS = 2_000
"""Tokens that a turn is taken to cost before any has been answered."""
ALL = ""
"""The scope of the whole service."""


class Rates:
    """Token buckets by name (Turner 1986): so many requests a minute on average, a third of them at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, per_minute: int) -> None:
        """Count a request.

        Raises:
            Refusal: there were too many; says when the next one may come.
        """
        now, burst = self._clock(), max(1.0, per_minute / 3)
        left, since = self._buckets.pop(name, (burst, now))
        left = min(burst, left + (now - since) * per_minute / 60)
        self._buckets[name] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > MOST_WATCHED:
            self._buckets.popitem(last=False)
        if left < 1:
            wait = math.ceil((1 - left) * 60 / per_minute)
            raise Refusal(429, "too_many_requests", f"too many requests: try again in {wait} s", wait)


class Budgets:
    """Tokens spent today (UTC), by scope: the whole service and each site. A scope without a limit is only counted."""

    def __init__(self, stored: Callable[[str], Mapping[str, int]], today: Callable[[], str] | None = None) -> None:
        """Begin with what has been spent today already.

        Args:
            stored: returns what was spent on a day. It is asked whenever the day changes: a clock that is set back
                leads to one on which something was spent.
            today: returns the day.
        """
        self._stored = stored
        self._today = today or (lambda: datetime.now(UTC).date().isoformat())
        self.day = self._today()
        self._spent = Counter(stored(self.day))
        self._in_flight: Counter[str] = Counter()
        self._turns = self._tokens = 0

    def spent(self, scope: str = ALL) -> int:
        """Return how many tokens a scope has spent today."""
        self._turn_page()
        return self._spent[scope]

    @contextmanager
    def reserving(self, limits: Mapping[str, int | None]) -> Iterator[None]:
        """Keep what a turn usually costs free for the length of the context.

        Args:
            limits: by scope the most tokens of a day.

        Raises:
            Refusal: a scope has too little left.
        """
        self._turn_page()
        usual = self._tokens / self._turns if self._turns else FIRST_GUESS
        for scope, limit in limits.items():
            if limit is not None and self._spent[scope] + (self._in_flight[scope] + 1) * usual > limit:
                raise Refusal(503, "budget", "the budget of today is spent: try again tomorrow", _seconds_to_midnight())
        self._in_flight.update(limits.keys())
        try:
            yield
        finally:
            # Unlike `subtract` this forgets the scopes in which nothing is left in flight.
            self._in_flight -= Counter(limits.keys())

    def spend(self, scopes: Iterable[str], tokens: int) -> None:
        """Count what a turn has cost; one that was refused before a model was asked says nothing of the usual."""
        self._turn_page()
        if tokens:
            self._turns, self._tokens = self._turns + 1, self._tokens + tokens
        self._spent.update(dict.fromkeys(scopes, tokens))

    def _turn_page(self) -> None:
        if (today := self._today()) != self.day:
            self.day = today
            self._spent = Counter(self._stored(today))


def _seconds_to_midnight() -> int:
    return 86_400 - int(time.time()) % 86_400


class PauseSwitch:
    """A file: while it is there the service answers nobody. It survives a restart, and needs no key to be thrown."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_on(self) -> bool:
        """Tell whether the service is paused."""
        return self.path.exists()

    def check(self) -> None:
        """Let a request through.

        Raises:
            Refusal: the service is paused.
        """
        if self.is_on:
            raise Refusal(503, "paused", "the service is paused: try again later", 60)
