"""What people rate: calls of runs one by one, or pairs of calls that two runs played for the same persona and topic."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from agents.csc.dialogue import is_abandoned
from agents.errors import UsageError
from outputs.runs.record import Record
from outputs.runs.rewriting import read_made
from outputs.runs.run import Outcome
from quality.gate.rubric import POINT_CODES

OVERALL, PREFERENCE = "overall", "preference"
SCALE = range(1, 6)
"""The overall scale: 1 is poor, 5 is excellent."""
VOTES = range(2)
"""Of a point: 0 does not pass, 1 passes."""
LEFT, RIGHT = 1, 3
ALONE: Mapping[str, range] = {OVERALL: SCALE, **dict.fromkeys(POINT_CODES, VOTES)}
"""What is asked of a call, and the values that can be given."""
PAIRWISE: Mapping[str, range] = {PREFERENCE: range(LEFT, RIGHT + 1)}
"""What is asked of two calls: which one is better; between the two they are equal."""


class Item(NamedTuple):
    """What is shown at once: one call, or two side by side. Its id says which, and in a pair also which is left."""

    id: str
    records: tuple[Record, ...]


def read_calls(runs: Sequence[Path]) -> dict[str, list[Record]]:
    """Return by run the calls that were played to their end, whether the gate kept or rejected them.

    Raises:
        UsageError: a folder holds no run, or no such call.
    """
    found = {}
    for run in runs:
        with read_made(run) as store:
            ended = store.records(Outcome.KEPT, Outcome.REJECTED)
            found[str(run)] = [record for record in ended if record.turns and not is_abandoned(record.repairs)]
        if not found[str(run)]:
            raise UsageError(f"{run} holds no call that was played to its end: there is nothing to rate")
    return found


def choose_items(calls: Mapping[str, Sequence[Record]], sample: int, rater: str, *, in_pairs: bool) -> list[Item]:
    """Return a sample of what there is to rate: the same for all raters, for each in an order of their own.

    Args:
        calls: by run, see `read_calls`.
        sample: how many at most, spread over the runs.
        rater: their name.
        in_pairs: pair the calls of two runs.

    Raises:
        UsageError: pairs of other than two runs, or of runs that have no persona and topic in common.
    """
    chance = Random(sample)
    if in_pairs:
        items = list(_pair(calls, chance))
        chance.shuffle(items)
    else:
        shuffled = [chance.sample(records, len(records)) for records in calls.values()]
        # In turn from each run, so that a sample has as many of each.
        longest = max(map(len, shuffled))
        items = [Item(of[i].id, (of[i],)) for i in range(longest) for of in shuffled if i < len(of)]
    chosen = items[:sample]
    Random(rater).shuffle(chosen)
    return chosen


def _pair(calls: Mapping[str, Sequence[Record]], chance: Random) -> Iterator[Item]:
    if len(calls) != 2:
        raise UsageError(f"--pairs takes two runs, not {len(calls)}")
    ones, others = ({_occasion(record): record for record in of} for of in calls.values())
    common = [occasion for occasion in ones if occasion in others]
    if not common:
        raise UsageError(f"{' and '.join(calls)} have no persona and topic in common: there is no pair to rate")
    for occasion in common:
        pair = [ones[occasion], others[occasion]]
        chance.shuffle(pair)
        yield Item("+".join(record.id for record in pair), tuple(pair))


def _occasion(record: Record) -> tuple[str, str, int]:
    return record.persona.id, record.topic, record.number
