"""Transcripts as tables: CSV and TSV with a row an utterance, or a row a call whose text names its speakers."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from agents.errors import shorten
from agents.reading import is_text
from personas.distill.forms.call import LEFT_OUT, Broken, Call, Row, Said, group_rows
from personas.distill.forms.keys import CALL, NUMBER, SPEAKER, TEXT, plain_key
from personas.distill.forms.text import parse_text, take_out_markup

PARTS = {"speaker": SPEAKER, "text": TEXT, "id": CALL, "turn": NUMBER}
"""The columns that a table can have, and what they are called."""
_DELIMITERS = ",;\t|"


class Table(NamedTuple):
    """How a table is laid out: what parts its cells, the place of each part, and the lines above its first row."""

    delimiter: str
    places: Mapping[str, int]
    skipped: int


def find_table(
    lines: Sequence[str], columns: Mapping[str, str], *, is_named: bool, label: str
) -> Table | Broken | None:
    """Return the layout of a table, told from its first lines; None when they are no table's.

    Broken is a table without the columns that are needed.

    Args:
        lines: the first lines of a file.
        columns: the name, or the number from 1 where no line has names, of the column of each part that the user gave.
        is_named: the file's name says that it is a table.
        label: the file.
    """
    above = 0
    delimiters: Sequence[str] = _DELIMITERS
    for line in lines:
        if line.strip() and not line.lower().startswith("sep="):
            break
        # Excel's way to say what parts the cells.
        delimiters = line.strip()[4:5] or delimiters
        above += 1
    head = next(iter(lines[above:]), "")
    if columns and all(name.isdigit() for name in columns.values()):
        places = {part: int(name) - 1 for part, name in columns.items()}
        return Table(max(delimiters, key=head.count), places, above)
    best: list[str] = []
    for delimiter in delimiters:
        cells = _cells(head, delimiter)
        places = _find_places(cells, columns)
        if "text" in places and ("speaker" in places or (is_named and "speaker" not in columns)):
            return Table(delimiter, places, above + 1)
        best = max(best, cells, key=len)
    if is_named:
        found = shorten(", ".join(best), 200)
        return Broken(
            f"{label}:{above + 1}",
            f"a table with the columns {found}, which do not tell who speaks and what: name those that do, such as "
            "--columns speaker=WHO,text=SAID,id=CALL",
        )
    return None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _find_places(cells: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Return the place of each part among the names of columns: as the user says, else by the tables of names."""
    plain = [plain_key(cell) for cell in cells]
    places: dict[str, int] = {}
    for part, names in PARTS.items():
        wanted = [plain_key(columns[part])] if part in columns else names
        free = {name: place for place, name in enumerate(plain) if place not in places.values()}
        if found := next((name for name in wanted if name in free), None):
            places[part] = free[found]
    return places


def read_table(
    table: Table, lines: Iterable[str], label: str, stem: str, is_known: Callable[[str], bool]
) -> Iterator[Call | Broken]:
    """Yield the calls of a table.

    Args:
        table: its layout.
        lines: of the whole file.
        label: the file, for places.
        stem: the name of the file, for ids.
        is_known: tells whether a name stands for one of the two sides.
    """
    rows = list(_rows(table, lines, label))
    if "speaker" in table.places:
        yield from group_rows(rows, stem)
    else:
        for row in rows:
            if isinstance(row, Row) and row.is_whole:
                number = row.where.rpartition(":")[2]
                yield Call(row.call or f"{stem}-{number}", row.where, parse_text([row.said.text], is_known))
    yield from (row for row in rows if isinstance(row, Broken))


def _rows(table: Table, lines: Iterable[str], label: str) -> Iterator[Row | Broken]:
    """Yield the rows of a table."""
    numbered = iter(lines)
    above = sum(1 for _ in islice(numbered, table.skipped))
    reader = csv.reader(numbered, delimiter=table.delimiter)
    needed = max(place for part, place in table.places.items() if part in ("speaker", "text"))
    while True:
        where = f"{label}:{above + reader.line_num + 1}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Broken(where, f"no row of a table: {error}{LEFT_OUT}", is_gap=True)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) <= needed:
            yield Broken(where, f"a row of {len(cells)} cells, which is too few")
            continue
        known = {part: cells[place].strip() for part, place in table.places.items() if place < len(cells)}
        said = Said(known.get("speaker", ""), take_out_markup(known["text"]))
        yield Row(known.get("id", ""), parse_number(known.get("turn")), said, where, all(map(is_text, cells)))


def parse_number(text: object) -> float | None:
    """Return the number in a cell or a JSON value; None where there is none."""
    try:
        number = float(str(text).replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
