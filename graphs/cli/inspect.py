"""`rolecs inspect`: says how a model plays, by what was stored of a run."""

from graphs.cli.terminal import RunFolder, output, progress
from graphs.scheduling.interrupts import interruptible
from outputs.runs.probe import PLAYED
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore


def inspect(run: RunFolder) -> None:
    """Say how the model plays: what of plans, directions and turns fails a check, with examples."""
    from outputs.reports.inspection import inspect_dialogues, show_inspection

    with RunStore.read_any(PLAYED, run) as store, interruptible(progress):
        found = inspect_dialogues(store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED))
    output.print(show_inspection(found))
