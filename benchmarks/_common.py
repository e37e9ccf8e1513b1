"""What the benchmarks share: the table that they print, the machine that they ran on, a job that shows nothing."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

from rich.console import Console

from agents.errors import EngineError
from graphs.batch import run_job
from graphs.settings import Secrets, Settings
from outputs.record import Outcome
from outputs.store import Funnel


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; its first column is text and stands left, the others stand right. Floats get two digits."""
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    print(f"\n{title}")
    for number, row in enumerate(cells):
        line = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(line))
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def describe_machine(*packages: str) -> str:
    """Return one line that says what figures were taken on; `packages` are named with their versions."""
    parts = [f"{os.cpu_count()} cores, {platform.machine()}", f"Python {platform.python_version()}"]
    return ", ".join([*parts, *(f"{package} {version(package)}" for package in packages)])


async def run_quietly(settings: Settings) -> Funnel:
    """Run a job without a display.

    Raises:
        EngineError: a dialogue failed, so that what was measured is no whole run.

    """
    funnel = await run_job(settings, Secrets(), Console(quiet=True))
    if failed := funnel.outcomes[Outcome.FAILED]:
        raise EngineError(f"{failed} of {settings.dialogues} dialogues failed")
    return funnel
