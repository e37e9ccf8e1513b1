"""How a model answers feelings: its strategies by what the customer had felt in the utterance before."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from agents.csc.emotions import Emotion
from agents.csc.strategies import Strategy
from outputs.runs.evaluation import EvaluatedTurn
from quality.metrics.intervals import Estimate, Sums, estimate_all, ratio

UPSET = "strong and negative"
"""A feeling that the rules want answered: dissatisfied, fearful or abusive, of intensity 2."""
GROUPS = (*Emotion, UPSET)
"""What turns are grouped by; those after a feeling that is `UPSET` count in its emotion as well."""
_TURNS, _RIGHT, _EMPATHY, _REFERENCE = range(4)
FELT_SUMS = 4 * len(GROUPS)
"""How many sums there are of feelings."""


class FeelingFigures(NamedTuple):
    """What a model chose, among all twelve, in the turns after a feeling.

    `accuracy` is the share of right strategies, `empathy` the share of EM, `reference` that of EM in the dialogues.
    """

    turns: int
    accuracy: Estimate
    empathy: Estimate
    reference: float


def count_felt(turns: Iterable[EvaluatedTurn]) -> Sums:
    """Return the sums of a dialogue's turns, shape [FELT_SUMS]; those before which nobody named a feeling are in none.

    After a feeling that is `UPSET`, turns count in which the flow rules allow EM.
    """
    sums = np.zeros((len(GROUPS), 4))
    for turn in turns:
        if turn.felt is None:
            continue
        groups = [GROUPS.index(turn.felt.name)]
        if turn.felt.is_upset and Strategy.EM in turn.allowed:
            groups.append(GROUPS.index(UPSET))
        chosen = turn.free.strategy
        sums[groups] += (1, chosen is turn.strategy, chosen is Strategy.EM, turn.strategy is Strategy.EM)
    return sums.ravel()


def figures_by_feeling(sums: Sums) -> dict[str, FeelingFigures]:
    """Return the figures of each of `GROUPS` in which there are turns.

    Args:
        sums: of dialogues, shape [dialogues, FELT_SUMS].
    """
    total = sums.sum(0).reshape(-1, 4)
    found = [place for place, counts in enumerate(total) if counts[_TURNS]]
    shares = [ratio(4 * place + part, 4 * place + _TURNS) for place in found for part in (_RIGHT, _EMPATHY)]
    estimates = iter(estimate_all(sums, shares) if found else [])
    return {
        GROUPS[place]: FeelingFigures(
            int(total[place, _TURNS]),
            next(estimates),
            next(estimates),
            float(total[place, _REFERENCE] / total[place, _TURNS]),
        )
        for place in found
    }
