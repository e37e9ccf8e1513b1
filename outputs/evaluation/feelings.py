"""How a model answers feelings: its strategies by what the customer had felt in the utterance before."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from agents.csc.emotions import Emotion
from agents.csc.strategies import Strategy
from outputs.runs.evaluation import EvaluatedTurn
from quality.metrics.intervals import Estimate, Statistic, Sums, estimate_all, estimate_differences, ratio

UPSET = "strong and negative"
"""A feeling that the rules want answered: dissatisfied, fearful or abusive, of intensity 2."""
GROUPS = (*Emotion, UPSET)
"""What turns are grouped by; those after a feeling that is `UPSET` count in its emotion as well."""
_TURNS, _RIGHT, _EMPATHY, _REFERENCE = range(4)
FELT_SUMS = 4 * len(GROUPS)
"""How many sums there are of feelings."""
ENOUGH = 20
"""Turns after a feeling; of fewer, a difference between two models says little."""


class FeelingFigures(NamedTuple):
    """What a model chose, among all twelve, in the turns after a feeling, or by how much that is more than another's.

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
    return _figures(sums, _groups(sums, 1), lambda shares: estimate_all(sums, shares))


def differences_by_feeling(sums: Sums, others: Sums) -> dict[str, FeelingFigures]:
    """Return by how much a model's shares are higher than another's, paired, of `GROUPS` with `ENOUGH` turns in both.

    Args:
        sums: of dialogues, shape [dialogues, FELT_SUMS]; the turns that are told are counted there.
        others: of the same dialogues in the same order, as the other model has answered them.
    """
    found = [place for place in _groups(sums, ENOUGH) if place in _groups(others, ENOUGH)]
    return _figures(sums, found, lambda shares: estimate_differences(sums, others, shares))


def _groups(sums: Sums, least: int) -> list[int]:
    """Return the places of the groups of at least so many turns."""
    return [place for place, turns in enumerate(sums.sum(0)[_TURNS::4]) if turns >= least]


def _figures(
    sums: Sums, found: Sequence[int], estimate: Callable[[list[Statistic]], list[Estimate]]
) -> dict[str, FeelingFigures]:
    total = sums.sum(0).reshape(-1, 4)
    shares = [ratio(4 * place + part, 4 * place + _TURNS) for place in found for part in (_RIGHT, _EMPATHY)]
    estimates = iter(estimate(shares) if found else [])
    return {
        GROUPS[place]: FeelingFigures(
            int(total[place, _TURNS]),
            next(estimates),
            next(estimates),
            float(total[place, _REFERENCE] / total[place, _TURNS]),
        )
        for place in found
    }
