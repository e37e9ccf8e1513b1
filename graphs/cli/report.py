"""`rolecs report`: writes the HTML page on a run."""

from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.terminal import RunFolder, output, progress
from graphs.scheduling.interrupts import interruptible
from outputs.files import require_file, write_whole
from outputs.runs.record import DIALOGUES
from outputs.runs.store import RunStore


def report(
    run: RunFolder,
    out: Annotated[
        Path | None, typer.Option(help="File for the page; report.html in the run folder by default.")
    ] = None,
) -> None:
    """Write one HTML page on a run: its figures, and all its dialogues to read, search and filter."""
    from outputs.reports.run_report import report_run

    file = out or run / "report.html"
    with RunStore.read(DIALOGUES, run) as store, interruptible(progress):
        require_file(file)
        write_whole(file, report_run(store))
    output.print(f"Report: {file}")
