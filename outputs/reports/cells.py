"""Tables whose cells are written already: pages/cells.html shows them on a page, and here they are for a console."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table
from rich.text import TextType


class Cells(NamedTuple):
    """A table whose cells are written already, the first of a row its name; a page leaves one without rows out."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


FIGURES = slice(1, None)
"""The columns of figures of most tables: all but the first."""


def begin_table(*columns: str, title: TextType | None = None, right: slice = FIGURES, style: str = "none") -> Table:
    """Return a table without rows for a console; the columns that `right` names stand right."""
    table = Table(*columns, title=title, title_justify="left", style=style)
    for column in table.columns[right]:
        column.justify = "right"
    return table


def show_cells(cells: Cells, right: slice = slice(0)) -> Table:
    """Return the table for a console; the columns that `right` names stand right."""
    table = begin_table(*cells.columns, title=cells.title, right=right)
    for row in cells.rows:
        table.add_row(*row)
    return table
