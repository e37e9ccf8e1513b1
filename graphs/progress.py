"""What a running job shows: a live line in a terminal, plain lines elsewhere."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from agents.client import ChatClient
from agents.usage import Usage
from outputs.run import Outcome

LIVE_S = 0.5
PLAIN_S = 10.0
_LOG_PREFIX = re.compile(r"^(?:\([^)]*\) )?[A-Z]+ \d\d-\d\d [\d:]+ \[[^]]*\] *")
"""What vLLM writes in front of a message: process, level, time, place."""


class Tally:
    """The figures of a running job, counted from its start; `describe_load` says what is in flight."""

    def __init__(
        self, planned: int, finished: int, clients: Sequence[ChatClient], describe_load: Callable[[], str]
    ) -> None:
        self.planned = planned
        self.outcomes = dict.fromkeys((Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED), 0)
        self._clients = clients
        self._describe_load = describe_load
        self._finished_before = finished
        self._started = time.monotonic()

    @property
    def finished(self) -> int:
        """Dialogues that have ended, those of earlier starts of the run included."""
        return self._finished_before + sum(self.outcomes.values())

    @property
    def seconds(self) -> float:
        """Seconds since the first dialogue was started."""
        return time.monotonic() - self._started

    @property
    def usage(self) -> Usage:
        """What has been spent so far, dialogues in flight included."""
        return sum((client.usage for client in self._clients), Usage())

    @property
    def seconds_left(self) -> float | None:
        """The time that the rest takes at the rate so far; None before the first dialogue has ended."""
        done = sum(self.outcomes.values())
        return self.seconds / done * (self.planned - self.finished) if done else None

    def describe(self) -> str:
        """Return the figures as one line."""
        usage, seconds = self.usage, max(self.seconds, 1e-3)
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.items())
        cached = usage.cached_tokens / usage.prompt_tokens if usage.prompt_tokens else 0.0
        left = "?" if self.seconds_left is None else format_seconds(self.seconds_left)
        return (
            f"{counts} | {usage.calls / seconds:.1f} calls/s, {usage.completion_tokens / seconds:.0f} tokens/s, "
            f"{cached:.0%} cached | {self._describe_load()} | {left} left"
        )


def format_seconds(seconds: float) -> str:
    """Return a duration as people read it.

    >>> format_seconds(42.4), format_seconds(3725)
    ('42 s', '1 h 02 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


@contextlib.asynccontextmanager
async def show_progress(tally: Tally, console: Console) -> AsyncIterator[None]:
    """Show `tally` for the length of the context."""
    task = asyncio.create_task(_live(tally, console) if console.is_terminal else _plain(tally, console))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _live(tally: Tally, console: Console) -> None:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=tally.planned)
        try:
            while True:
                progress.update(bar, completed=tally.finished, description=tally.describe())
                await asyncio.sleep(LIVE_S)
        finally:
            progress.update(bar, completed=tally.finished, description=tally.describe())


async def _plain(tally: Tally, console: Console) -> None:
    while True:
        await asyncio.sleep(PLAIN_S)
        console.print(f"{tally.finished}/{tally.planned} | {tally.describe()}", soft_wrap=True, highlight=False)


class LoadingDisplay:
    """Shows that the engine is loading; call it with the seconds so far and the last line of its log."""

    def __init__(self, console: Console, model: str) -> None:
        self._status = console.status("") if console.is_terminal else None
        self._console = console
        self._model = model
        self._next_line = 0.0

    def __enter__(self) -> "LoadingDisplay":
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, seconds: float, line: str) -> None:
        """Show the state of the loading: at once in a terminal, else a line now and then."""
        text = f"starting the engine for {self._model}, {seconds:.0f} s: {_LOG_PREFIX.sub('', line)}"
        if self._status:
            self._status.update(escape(text[: self._console.width - 4]))
        elif seconds >= self._next_line:
            self._console.print(escape(text), soft_wrap=True, highlight=False)
            self._next_line = seconds + PLAIN_S
