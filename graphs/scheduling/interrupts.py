"""Runs jobs so that they can be interrupted: what must be stored and stopped then is, and the way on is shown."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import uvloop
from rich.console import Console

from agents.errors import EngineError, StoreError

ResultT = TypeVar("ResultT")


def exit_code(stopped_by: signal.Signals) -> int:
    """Return the exit code of a job that a signal has stopped before its end, as shells have it.

    >>> exit_code(signal.SIGINT), exit_code(signal.SIGTERM)
    (130, 143)
    """
    return 128 + stopped_by


class Interruption:
    """Asks a running job to stop, on Ctrl-C or SIGTERM.

    Within `finishing` the job starts nothing new and has `grace_s` for what is in flight; elsewhere, after that time,
    and when it is asked a second time, it is cancelled. `stopped_by` is the signal that asked first; None: none has.
    """

    def __init__(self, console: Console, grace_period_s: float = 0.0) -> None:
        self.stopped_by: signal.Signals | None = None
        self._console = console
        self._grace_period_s = grace_period_s
        self._finish: Callable[[], object] | None = None

    @property
    def requested(self) -> bool:
        """Whether the job was asked to stop."""
        return self.stopped_by is not None

    @contextmanager
    def finishing(self, finish: Callable[[], object]) -> Iterator[None]:
        """Have `finish` called at the first request within the context, instead of a cancellation."""
        self._finish = finish if self._grace_period_s else None
        try:
            yield
        finally:
            self._finish = None

    async def guard(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run `work`, heeding the signals."""
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._request, task, number)
        try:
            return await task
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _request(self, task: asyncio.Future[Any], number: signal.Signals) -> None:
        finish = None if self.requested else self._finish
        self.stopped_by = self.stopped_by or number
        if finish is None:
            task.cancel()
            return
        self._console.print(
            f"Stopping: what is in flight has {self._grace_period_s:g} s to end; once more stops at once."
        )
        finish()
        asyncio.get_running_loop().call_later(self._grace_period_s, task.cancel)


def run_interruptible(
    work: Callable[[Interruption], Coroutine[Any, Any, ResultT]],
    console: Console,
    hint: Callable[[], str],
    grace_period_s: float = 0.0,
    *,
    is_service: bool = False,
) -> ResultT:
    """Run a job and return its result, unless Ctrl-C or SIGTERM interrupts it.

    Args:
        work: makes the job, which may finish what is in flight when it is interrupted.
        console: where an interruption is told.
        hint: says how to go on, asked when the job is interrupted or the engine is gone.
        grace_period_s: seconds for what is in flight.
        is_service: the job has no end of its own: with SIGTERM, by which systemd, Docker and Kubernetes stop a service,
            it has done all that it was to do.

    Raises:
        SystemExit: the job was interrupted; see `exit_code`, 0 for a service that SIGTERM stopped.
        EngineError, StoreError: as the job raised it, with the hint.
    """
    interruption = Interruption(console, grace_period_s)

    def code() -> int:
        by = interruption.stopped_by or signal.SIGINT
        return 0 if is_service and by is signal.SIGTERM else exit_code(by)

    with interruptible(console, hint, code), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(interruption.guard(work(interruption)))
        if interruption.requested:
            raise KeyboardInterrupt
        return result


@contextmanager
def interruptible(
    console: Console, hint: Callable[[], str] = str, code: Callable[[], int] = lambda: exit_code(signal.SIGINT)
) -> Iterator[None]:
    """Exit with a code on an interruption; show the hint then, and when the engine is gone or no file can be written.

    Args:
        console: where it is shown.
        hint: says how to go on.
        code: of the exit; that of Ctrl-C by default.
    """
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print(f"Interrupted. {hint()}".rstrip())
        raise SystemExit(code()) from None
    except BrokenPipeError:
        raise  # who reads the results has seen enough
    except OSError as error:
        raise StoreError(f"{error}\n{hint()}".rstrip()) from error
    except (EngineError, StoreError) as error:
        raise type(error)(f"{error}\n{hint()}".rstrip()) from error


async def run_in_thread(function: Callable[..., ResultT], *arguments: Any) -> ResultT:
    """Run `function` in a thread; when this is cancelled, wait for its end first, as it uses what the job closes."""
    thread = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        with suppress(Exception):
            await thread
        raise
