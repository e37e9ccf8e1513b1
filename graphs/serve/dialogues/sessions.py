"""Sessions: dialogues that are talked in, each opened by an unguessable token, in memory and in the store.

A token is good for its one session and until its time is up. The store knows its hash alone.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.csc.speakers import Speaker
from graphs.serve.protection.privacy import Veil
from graphs.serve.protection.sites import Site
from graphs.serve.refusal import Refusal, unauthorised
from outputs.scorecards.store import Scorecard, ScorecardStore, ServedTurn

MOST_REMEMBERED = 2_000
"""Sessions in memory; others are read from the store again, where their private data is gone."""


@dataclass
class Session:
    """A dialogue that is talked in.

    Attributes:
        card: what is stored of it, but for its turns.
        limits: the lengths that it may have.
        turns: what is stored of its turns.
        told: the turns as the model is shown them.
        shown: the turns as the visitor sees them.
        veil: hides private data from the store.
        is_busy: a turn is being answered.
        is_erased: the visitor has had it erased.
    """

    card: Scorecard
    limits: Limits
    turns: list[ServedTurn] = field(default_factory=list)
    told: list[Turn] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    veil: Veil = field(default_factory=Veil)
    is_busy: bool = False
    is_erased: bool = False

    @property
    def shows_strategies(self) -> bool:
        """Tell whether strategies are told: to who holds the key, not to the visitors of a site."""
        return self.card.site is None

    def add(self, turn: ServedTurn, told: Turn, shown: str) -> None:
        """Add a turn that is stored."""
        self.turns.append(turn)
        self.told.append(told)
        self.shown.append(shown)

    def show_turn(self, number: int) -> dict[str, Any]:
        """Return a turn, counted from 1, as it is answered."""
        turn = self.turns[number - 1]
        tells = self.shows_strategies
        return {
            "number": turn.number,
            "speaker": turn.speaker.value,
            "text": self.shown[number - 1],
            "strategy": turn.strategy.value if tells and turn.strategy else None,
            "stage": turn.turn.stage.value if tells and turn.turn.stage else None,
            "at": iso_time(turn.at),
        }

    def show(self) -> dict[str, Any]:
        """Return the session as it is answered."""
        return {
            "id": self.card.id,
            "expires_at": iso_time(self.card.expires),
            "language": self.card.language.value,
            "turns": [self.show_turn(turn.number) for turn in self.turns],
            "over": self.card.over,
            "rated": self.card.stars,
        }

    def answered(self, request: str | None) -> int | None:
        """Return the number of the turn that answered a request which was made before; None where it was not."""
        found = (turn.number + 1 for turn in self.turns if request and turn.request == request)
        return next(found, None)


def iso_time(moment: float) -> str:
    """Return a moment in Unix time as ISO 8601 has it.

    >>> iso_time(0.0)
    '1970-01-01T00:00:00.000+00:00'
    """
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def new_id() -> str:
    """Return an unguessable id."""
    return secrets.token_urlsafe(16)


def new_token() -> str:
    """Return an unguessable token, of 256 bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def opens(shown: str, token: str, expires: float) -> bool:
    """Tell whether what is shown is the token of this hash, and is not out of date; the time it takes tells nothing."""
    return hmac.compare_digest(token, hash_token(shown)) and expires > time.time()


class _Talked(Protocol):
    is_busy: bool


@contextmanager
def one_at_a_time(session: _Talked) -> Iterator[None]:
    """Hold a session for the length of the context, in which it is answered.

    Raises:
        Refusal: it is being answered.
    """
    if session.is_busy:
        raise Refusal(429, "busy", "the last turn is being answered: wait for it", 1)
    session.is_busy = True
    try:
        yield
    finally:
        session.is_busy = False


class Sessions:
    """The sessions in memory, over those in the store."""

    def __init__(
        self, store: ScorecardStore, limits_of: Callable[[str | None], Limits], site: Callable[[str], Site | None]
    ) -> None:
        """Begin with none in memory.

        Args:
            store: where the others are.
            limits_of: the lengths of a site's dialogues, None: of those without a site.
            site: finds a site that is still there.
        """
        self._store = store
        self._limits_of = limits_of
        self._site = site
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, session: Session) -> None:
        """Keep a session in memory; the one not used for longest goes."""
        self._sessions[session.card.id] = session
        self._sessions.move_to_end(session.card.id)
        while len(self._sessions) > MOST_REMEMBERED:
            oldest = next(iter(self._sessions.values()))
            if oldest.is_busy:
                break
            del self._sessions[oldest.card.id]

    def remove(self, dialogue: str) -> None:
        """Forget a session."""
        if session := self._sessions.pop(dialogue, None):
            session.is_erased = True

    def find(self, dialogue: str, token: str) -> Session:
        """Return the session that a token opens.

        Raises:
            Refusal: there is no such session, the token is another's or out of date; or its site is no longer served.
        """
        session = self._sessions.get(dialogue) or self._load(dialogue)
        known, expires = (session.card.token, session.card.expires) if session else ("", 0.0)
        if not opens(token, known, expires) or session is None:
            raise unauthorised()
        if session.card.site and self._site(session.card.site) is None:
            raise Refusal(404, "unknown_site", "this site is not served")
        self.add(session)
        return session

    def _load(self, dialogue: str) -> Session | None:
        card = self._store.find(dialogue)
        if card is None:
            return None
        session = Session(card.model_copy(update={"turns": ()}), self._limits_of(card.site))
        for turn in card.turns:
            is_supporters = turn.speaker is Speaker.SUPPORTER
            session.add(turn, turn.turn, session.veil.show(turn.text, card.language) if is_supporters else turn.text)
        return session
