"""Runs jobs so that they can be interrupted: what must be stored and stopped then is, and the way on is shown."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvloop
from rich.console import Console

from agents.errors import EngineError, StoreError

ResultT = TypeVar("ResultT")
EXIT_CODE = 130


def run_interruptible(work: Coroutine[Any, Any, ResultT], console: Console, hint: str = "") -> ResultT:
    """Run a job and return its result; Ctrl-C and SIGTERM cancel it.

    Args:
        work: the job.
        console: where an interruption is told.
        hint: how to go on, shown when the job is interrupted or the engine is gone.

    Raises:
        SystemExit: the job was interrupted; the code is 130.
        EngineError, StoreError: as the job raised it, with the hint.
    """

    async def cancellable() -> ResultT:
        task = asyncio.current_task()
        if task:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    with interruptible(console, hint), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(cancellable())


@contextmanager
def interruptible(console: Console, hint: str = "") -> Iterator[None]:
    """Exit with 130 on Ctrl-C, and show `hint` then, and when the engine is gone or a file cannot be written."""
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print(f"Interrupted. {hint}", markup=False)
        raise SystemExit(EXIT_CODE) from None
    except OSError as error:
        raise StoreError(f"{error}\n{hint}".rstrip()) from error
    except (EngineError, StoreError) as error:
        raise type(error)(f"{error}\n{hint}".rstrip()) from error
