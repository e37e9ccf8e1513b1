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


class Broken(NamedTuple):
    """A place in a file that holds no transcript, and why not."""

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class Row(NamedTuple):
    """An utterance that stands alone, as a table has it: the call that it belongs to, and its number there.

    `call` is empty and `number` None where the table does not say.
    """

    call: str
    number: float | None
    said: Said
    where: str


def group_rows(rows: Iterable[Row], stem: str) -> Iterator[Call]:
    """Yield the calls that rows make, in the order in which they begin.

    Rows belong together by their call's id, wherever they stand. Ids that are all different are the rows' own and say
    nothing. Without ids a new call begins where the numbers fall, unless they mostly do. A call's rows are in the order
    of their numbers where all have one.

    Args:
        rows: of a whole file.
        stem: the name of the file, for the ids of calls that have none.
    """
    found = list(rows)
    ids = {row.call for row in found}
    groups: dict[str, list[Row]] = defaultdict(list)
    if len(ids) > 1 and len(ids) < len(found):
        for row in found:
            groups[row.call or f"{stem}-1"].append(row)
    else:
        falls = [
            one.number is not None and two.number is not None and two.number < one.number
            for one, two in pairwise(found)
        ]
        begun = accumulate([1, *falls]) if 2 * sum(falls) < len(found) else repeat(1)
        for row, number in zip(found, begun, strict=False):
            groups[row.call if row.call and len(ids) == 1 else f"{stem}-{number}"].append(row)
    for id_, group in groups.items():
        numbers = [row.number for row in group if row.number is not None]
        if len(numbers) == len(group):
            group = [row for _, row in sorted(zip(numbers, group, strict=True), key=lambda pair: pair[0])]
        yield Call(id_, group[0].where, [row.said for row in group])
