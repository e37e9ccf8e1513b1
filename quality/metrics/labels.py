"""How well strategies are chosen: accuracy, F1 and confusion, from counts that add up over dialogues."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from agents.csc.strategies import STRATEGIES, Strategy
from quality.metrics.intervals import Sums, ratio

LABELS = tuple(Strategy)
"""The rows of a confusion matrix, and its columns but for the last."""

_PLACES: dict[Strategy | None, int] = {label: place for place, label in enumerate((*LABELS, None))}
_SHAPE = (len(LABELS), len(LABELS) + 1)
_FOUND, _RANKED = range(len(LABELS) * (len(LABELS) + 1), len(LABELS) * (len(LABELS) + 1) + 2)
_STAGES = [STRATEGIES[label].stage for label in LABELS]
_SAME_STAGE = np.array([[stage is other for other in _STAGES] for stage in _STAGES])


class Choice(NamedTuple):
    """A choice of a strategy: the right one, the one chosen, and those chosen next, each with the earlier ones barred.

    `chosen` is None for an answer that names none, `later` where nobody asked on.
    """

    right: Strategy
    chosen: Strategy | None
    later: Sequence[Strategy | None] | None = None


class LabelFigures(BaseModel):
    """How well one strategy is chosen.

    Attributes:
        count: number of turns whose strategy it is.
        chosen: number of turns for which it was chosen.
        precision: share of those chosen that are right; None where it was never chosen.
        recall: share of those whose strategy it is that were chosen; None where there are none.
        f1: the harmonic mean; 0 where one of them is 0 or None.
    """

    model_config = ConfigDict(frozen=True)

    count: int
    chosen: int
    precision: float | None
    recall: float | None
    f1: float


def count_choices(choices: Iterable[Choice]) -> Sums:
    """Return the sums of choices, shape [12 * 13 + 2].

    First the confusion matrix of right strategies (rows) and chosen ones, row by row; its last column is answers that
    name none. Then in how many choices the right one is among all chosen, and in how many somebody asked on.
    """
    counts = np.zeros(_RANKED + 1)
    matrix = confusion(counts)
    for right, chosen, later in choices:
        matrix[_PLACES[right], _PLACES[chosen]] += 1
        if later is not None:
            counts[_FOUND] += right in (chosen, *later)
            counts[_RANKED] += 1
    return counts


def confusion(sums: Sums) -> Sums:
    """Return the confusion matrix, shape [12, 13], of sums that `count_choices` counted."""
    return sums[:_FOUND].reshape(_SHAPE)


def accuracy(sums: Sums) -> float:
    """Return the share of right choices; an answer that names no strategy is a wrong one."""
    counts = confusion(sums)
    return float(np.trace(counts) / counts.sum()) if counts.any() else float("nan")


top_accuracy = ratio(_FOUND, _RANKED)
"""The share of choices in which the right one is among those chosen one after the other."""


def stage_accuracy(sums: Sums) -> float:
    """Return the share of choices whose stage is the right one's; OT has a stage of its own."""
    counts = confusion(sums)
    return float(counts[:, :-1][_SAME_STAGE].sum() / counts.sum()) if counts.any() else float("nan")


def macro_f1(sums: Sums) -> float:
    """Return the mean F1 over the strategies that are right or chosen somewhere, as scikit-learn takes it."""
    right, chosen, hits = _marginals(sums)
    occurs = right + chosen > 0
    # F1 = 2 hits / (right + chosen), which also holds where precision or recall is undefined.
    return float((2 * hits[occurs] / (right + chosen)[occurs]).mean()) if occurs.any() else float("nan")


def by_label(sums: Sums) -> dict[Strategy, LabelFigures]:
    """Return how well each of the twelve strategies is chosen."""
    right, chosen, hits = _marginals(sums)
    return {
        label: LabelFigures(
            count=int(right[place]),
            chosen=int(chosen[place]),
            precision=_share(hits[place], chosen[place]),
            recall=_share(hits[place], right[place]),
            f1=_share(2 * hits[place], right[place] + chosen[place]) or 0.0,
        )
        for place, label in enumerate(LABELS)
    }


def _marginals(sums: Sums) -> tuple[Sums, Sums, Sums]:
    """Return by strategy how often it is right, how often it is chosen, and how often it is chosen rightly."""
    counts = confusion(sums)
    hits: npt.NDArray[np.float64] = np.diagonal(counts)
    return counts.sum(1), counts.sum(0)[:-1], hits


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
