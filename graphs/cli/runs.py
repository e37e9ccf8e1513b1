"""Several runs of one command, one after the other: that of its settings, and one for each other that is compared."""

import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

from graphs.cli.terminal import go_on_hint, progress, run_job, show_halt
from graphs.config.settings import Secrets, ServerSettings
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore

if TYPE_CHECKING:
    from graphs.scheduling.stopping import Halt


class Done(Protocol):
    """What a job returns: how its run stands, and why it is not complete, if so."""

    @property
    def funnel(self) -> Funnel:
        """How the run stands."""

    @property
    def halt(self) -> "Halt | None":
        """Why it is not complete, if so."""


DoneT = TypeVar("DoneT", bound=Done)


class Runs:
    """Carries out the runs of a command; `failed` is how many of their items did."""

    def __init__(self, go_on: str, *, quiet: bool, resume: bool, retry_failed: bool) -> None:
        self.failed = 0
        self._go_on = go_on
        self._quiet = quiet
        self._resume = resume
        self._retry_failed = retry_failed

    def carry_out(
        self,
        work: Callable[..., Coroutine[Any, Any, DoneT]],
        settings: ServerSettings,
        *arguments: object,
        secrets: Secrets | None = None,
    ) -> DoneT:
        """Carry out a run, or go on with it; one that stops before its end ends the command. See `run_job`."""
        # Those that were not begun before an interruption are begun when it goes on.
        resumes = self._resume and RunStore.exists(settings.run)
        done = run_job(
            work,
            settings,
            go_on_hint(self._go_on),
            *arguments,
            quiet=self._quiet,
            resume=resumes,
            retry_failed=self._retry_failed and resumes,
            secrets=secrets,
        )
        if done.halt:
            show_halt(done.halt, self._go_on, progress)
            raise typer.Exit(1)
        self.failed += done.funnel.outcomes[Outcome.FAILED]
        return done


def versus_folder(run: Path, other: str) -> Path:
    """Return the folder, within a run's, of the run on something else that it is compared with.

    >>> versus_folder(Path("run"), "http://127.0.0.1:8000/v1").name
    'http-127.0.0.1-8000-v1'
    """
    return run / "versus" / re.sub(r"[^\w.-]+", "-", other).strip("-.")
