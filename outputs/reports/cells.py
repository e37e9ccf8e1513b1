"""Tables whose cells are written already: pages/cells.html shows them on a page, and here they are for a console."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table


class Cells(NamedTuple):
    """A table whose cells are written already, the first of a row its name; a page leaves one without rows out."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def show_cells(cells: Cells, right: slice = slice(0)) -> Table:
    """Return the table for a console; the columns that `right` names stand right."""
    table = Table(*cells.columns, title=cells.title, title_justify="left")
    for column in table.columns[right]:
        column.justify = "right"
    for row in cells.rows:
        table.add_row(*row)
    return table
