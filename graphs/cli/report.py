"""`rolecs report`: writes the HTML page on a run."""

from pathlib import Path
from typing import Annotated

import typer

from agents.errors import UsageError
from graphs.cli.terminal import RunFolder, output, progress
from graphs.scheduling.interrupts import interruptible
from outputs.files import require_file, write_whole
from outputs.runs.probe import PLAYED
from outputs.runs.store import RunStore


def report(
    run: RunFolder,
    out: Annotated[
        Path | None, typer.Option(help="File for the page; report.html in the run folder by default.")
    ] = None,
) -> None:
    """Write one HTML page on a run: its figures, and all its dialogues to read, search and filter."""
    from outputs.reports.run_report import report_run

    with RunStore.read_any(PLAYED, run) as store, interruptible(progress):
        file = find_page(run, out)
        write_whole(file, report_run(store))
    output.print(f"Report: {file}")


def find_page(run: Path, out: Path | None) -> Path:
    """Return the file for the page of a run: `out`, or else one in the run's folder.

    Raises:
        UsageError: it cannot be written; where nobody named it, says how to.
    """
    file = out or run / "report.html"
    try:
        require_file(file)
    except UsageError as error:
        if out:
            raise
        raise UsageError(f"{error}; to write the page elsewhere: --out report.html") from None
    return file
