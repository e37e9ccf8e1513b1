"""How calls go that a model has supported: flow rules, closing, length, and what a judge says; sums over dialogues."""

from collections.abc import Sequence

import numpy as np

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits, broken_rules
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from quality.gate.rubric import POINT_CODES
from quality.gate.verdict import Verdict
from quality.metrics.intervals import Statistic, Sums, ratio

_CALLS, _CLEAN, _CLOSED, _UTTERANCES, _JUDGED, _FLAWLESS, _POINTS = range(7)
CALL_SUMS = _POINTS + len(POINT_CODES)
"""How many sums there are of calls."""


def broken_by(turns: Sequence[Turn], limits: Limits) -> set[str]:
    """Return the names of the flow rules that a call broke."""
    return {breach.rule.name for breach in broken_rules(turns, limits)}


def count_call(turns: Sequence[Turn], limits: Limits, verdict: Verdict | None) -> Sums:
    """Return the sums of one call, shape [CALL_SUMS].

    Args:
        turns: of the call, the supporter's with the strategies that they were said to.
        limits: of its length.
        verdict: the judge's; one without points, that is not unscored either, passes none; None and unscored ones
            count as not judged.
    """
    sums = np.zeros(CALL_SUMS)
    supporters = [turn for turn in turns if turn.speaker is Speaker.SUPPORTER]
    sums[_CALLS] = 1
    sums[_CLEAN] = bool(supporters) and not broken_by(turns, limits)
    sums[_CLOSED] = bool(supporters) and supporters[-1].strategy is Strategy.AC
    sums[_UTTERANCES] = len(turns)
    if verdict is not None and verdict.unscored is None:
        sums[_JUDGED] = 1
        sums[_FLAWLESS] = verdict.is_flawless
        failed = verdict.failed_points if verdict.points else POINT_CODES
        sums[_POINTS:] = [code not in failed for code in POINT_CODES]
    return sums


clean_calls = ratio(_CLEAN, _CALLS)
closed_calls = ratio(_CLOSED, _CALLS)
mean_utterances = ratio(_UTTERANCES, _CALLS)
flawless_calls = ratio(_FLAWLESS, _JUDGED)
passed_points: dict[str, Statistic] = {code: ratio(_POINTS + i, _JUDGED) for i, code in enumerate(POINT_CODES)}
"""Share of the judged calls that pass, by point."""
