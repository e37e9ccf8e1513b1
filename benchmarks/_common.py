"""What the benchmarks share: the table that they print, the machine that they ran on, how errors end them."""

import contextlib
import os
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from agents.errors import RolecsError


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


@contextlib.contextmanager
def errors_in_one_line() -> Iterator[None]:
    """End the program with the message of an expected error, without a traceback."""
    try:
        yield
    except RolecsError as error:
        raise SystemExit(f"error: {error}") from None
