"""`rolecs probe-report`: says once more what probes found, of one agent or of two side by side."""

from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.probe import Junit, MinPass, deliver, read_thresholds
from graphs.cli.terminal import Quiet, progress
from graphs.scheduling.interrupts import interruptible
from outputs.files import require_file


def probe_report(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Run folders of probes; the first is compared with the others.", metavar="RUN [RUN]..."),
    ],
    junit: Junit = None,
    min_pass: MinPass = None,
    quiet: Quiet = False,
) -> None:
    """Say what probes found, and compare agents on the same customers, pair by pair."""
    thresholds = read_thresholds(min_pass)
    if junit:
        require_file(junit)
    with interruptible(progress):
        missed = deliver(runs, thresholds, junit, quiet=quiet)
    raise typer.Exit(1 if missed else 0)
