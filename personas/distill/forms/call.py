"""A call as a file has it, before anybody has said who its speakers are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise, repeat
from typing import NamedTuple


class Said(NamedTuple):
    """An utterance under the name that the file gives its speaker; empty where it gives none."""

    name: str
    text: str


class Call(NamedTuple):
    """A call: its id, the file and place where it begins, and what is said in it."""

    id: str
    where: str
    said: Sequence[Said]


LEFT_OUT = "; a call that it is part of is left out"
"""What becomes of a call of which a line cannot be read: what was said around it would seem to be one utterance."""


class Broken(NamedTuple):
    """A place in a file that holds no transcript, and why not.

    `is_gap`: it may have held words of a call whose others were read.
    """

    where: str
    problem: str
    is_gap: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class Row(NamedTuple):
    """An utterance that stands alone, as a table has it: the call that it belongs to, and its number there.

    `call` is empty and `number` None where the table does not say. `is_whole`: all of it could be read.
    """

    call: str
    number: float | None
    said: Said
    where: str
    is_whole: bool = True


def group_rows(rows: Iterable[Row | Broken], stem: str) -> Iterator[Call]:
    """Yield the calls that rows make, in the order in which they begin.

    Rows belong together by their call's id, wherever they stand. Ids that are all different are the rows' own and say
    nothing. Without ids a new call begins where the numbers fall, unless they mostly do. A call's rows are in the order
    of their numbers where all have one.

    A call that lacks a row is left out: what was said before and after it would become one utterance. Nobody knows
    whether a row that could not be read at all was of the call before it or of the one behind: both are left out.

    Args:
        rows: of a whole file, and the places between them that could not be read.
        stem: the name of the file, for the ids of calls that have none.
    """
    read = list(rows)
    found = [row for row in read if isinstance(row, Row)]
    ids = {row.call for row in found}
    if len(ids) > 1 and len(ids) < len(found):
        keys = [row.call or f"{stem}-1" for row in found]
    else:
        falls = [
            one.number is not None and two.number is not None and two.number < one.number
            for one, two in pairwise(found)
        ]
        begun = accumulate([1, *falls]) if 2 * sum(falls) < len(found) else repeat(1)
        keys = [
            row.call if row.call and len(ids) == 1 else f"{stem}-{number}"
            for row, number in zip(found, begun, strict=False)
        ]
    groups: dict[str, list[Row]] = defaultdict(list)
    for key, row in zip(keys, found, strict=True):
        groups[key].append(row)
    incomplete = set(_find_incomplete(read, keys))
    for id_, group in groups.items():
        if id_ in incomplete:
            continue
        numbers = [row.number for row in group if row.number is not None]
        if len(numbers) == len(group):
            group = [row for _, row in sorted(zip(numbers, group, strict=True), key=lambda pair: pair[0])]
        yield Call(id_, group[0].where, [row.said for row in group])


def _find_incomplete(read: Iterable[Row | Broken], keys: Iterable[str]) -> Iterator[str]:
    """Yield the calls of which a row was not read, by the calls of the rows that were."""
    of_rows = iter(keys)
    before, gap = "", False
    for item in read:
        if isinstance(item, Row):
            key = next(of_rows)
            if gap or not item.is_whole:
                yield key
            before, gap = key, False
        elif item.is_gap:
            yield before
            gap = True
