"""What a running job shows: a live line in a terminal, plain lines elsewhere."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from graphs.config.settings import Goal
from graphs.scheduling.counters import Counters
from outputs.runs.cost import format_usd
from outputs.runs.run import Outcome, count_left

LIVE_S = 0.5
PLAIN_S = 10.0
_LOG_PREFIX = re.compile(r"^(?:\([^)]*\) )?[A-Z]+ \d\d-\d\d [\d:]+ \[[^]]*\] *")
"""What vLLM writes in front of a message: process, level, time, place."""


def describe_counters(counters: Counters, goal: Goal, ends: Mapping[Outcome, str], load: str) -> str:
    """Return the figures of a job as one line.

    Args:
        counters: of the job.
        goal: what it is to reach.
        ends: what the outcomes of its items are called; those that it has not are left out.
        load: says what is in flight.
    """
    usage, total, seconds = counters.usage_here, counters.usage, max(counters.seconds, 1e-3)
    counts = ", ".join(f"{counters.outcomes[outcome]:,} {name}" for outcome, name in ends.items())
    cached = usage.cached_tokens / usage.prompt_tokens if usage.prompt_tokens else 0.0
    per_kept = f"{total.total_tokens / counters.kept:,.0f} tokens per {ends[Outcome.KEPT]}, " if counters.kept else ""
    price = f"{format_usd(goal.prices.cost(total))}, " if goal.prices.are_given else ""
    remaining = count_left(counters.outcomes, goal.target_kept)
    left = "?"
    if counters.ended_here and remaining is not None:
        left = format_seconds(seconds / counters.ended_here * remaining)
    return (
        f"{counts} | {usage.requests / seconds:.1f} requests/s, {usage.completion_tokens / seconds:.0f} tokens/s, "
        f"{cached:.0%} cached | {per_kept}{price}{load} | {left} left"
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
async def show_progress(
    counters: Counters, describe_load: Callable[[], str], goal: Goal, ends: Mapping[Outcome, str], console: Console
) -> AsyncIterator[None]:
    """Show the figures of a job, see `describe_counters`, for the length of the context."""

    def show() -> tuple[int, int, str]:
        done, total = (
            (counters.ended, counters.planned) if goal.target_kept is None else (counters.kept, goal.target_kept)
        )
        return done, total, describe_counters(counters, goal, ends, describe_load())

    task = asyncio.create_task(_live(show, console) if console.is_terminal else _plain(show, console))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _live(show: Callable[[], tuple[int, int, str]], console: Console) -> None:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("")

        def update() -> None:
            done, total, line = show()
            progress.update(bar, completed=done, total=total, description=line)

        try:
            while True:
                update()
                await asyncio.sleep(LIVE_S)
        finally:
            update()


async def _plain(show: Callable[[], tuple[int, int, str]], console: Console) -> None:
    while True:
        await asyncio.sleep(PLAIN_S)
        done, total, line = show()
        console.print(f"{done:,}/{total:,} | {line}", soft_wrap=True, highlight=False)


@contextlib.contextmanager
def bar(console: Console, name: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar in a terminal; what it yields moves it to a number of items done."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=total)
        yield lambda done: progress.update(task, completed=done)


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
        said = _LOG_PREFIX.sub("", line).strip()
        text = f"starting the engine for {self._model}, {seconds:.0f} s" + (f": {said}" if said else "")
        if self._status:
            self._status.update(Text(text[: self._console.width - 4]))
        elif seconds >= self._next_line:
            self._console.print(text, soft_wrap=True, highlight=False)
            self._next_line = seconds + PLAIN_S
