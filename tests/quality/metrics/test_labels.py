"""Metrics of chosen strategies: against scikit-learn, and cases worked out by hand."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from agents.csc.strategies import Strategy
from quality.metrics.intervals import Sums
from quality.metrics.labels import (
    Choice,
    accuracy,
    by_label,
    confusion,
    count_choices,
    macro_f1,
    stage_accuracy,
    top_accuracy,
)

GT, IV, PS, ID, OT = Strategy.GT, Strategy.IV, Strategy.PS, Strategy.ID, Strategy.OT


def count(pairs: list[tuple[Strategy, Strategy | None]]) -> Sums:
    return count_choices(Choice(*pair) for pair in pairs)


def test_the_right_one_may_be_chosen_second_or_third() -> None:
    asked = [Choice(GT, GT, ()), Choice(ID, PS, (ID,)), Choice(ID, PS, (OT, None)), Choice(PS, None, ())]
    sums = count_choices([*asked, Choice(OT, OT)])
    assert top_accuracy(sums) == 0.5, "only where somebody asked on"
    assert accuracy(sums) == 0.4


def test_by_hand() -> None:
    sums = count([(GT, GT), (ID, ID), (ID, PS), (PS, None)])
    assert accuracy(sums) == 0.5
    # F1: GT 1, ID 2 * 1 / (2 + 1), PS 0.
    assert macro_f1(sums) == pytest.approx((1 + 2 / 3 + 0) / 3)
    figures = by_label(sums)
    assert figures[ID].model_dump() == {
        "count": 2, "chosen": 1, "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3)
    }  # fmt: skip
    assert figures[OT].model_dump() == {"count": 0, "chosen": 0, "precision": None, "recall": None, "f1": 0.0}
    assert confusion(sums).sum() == 4 and confusion(sums)[list(Strategy).index(PS), -1] == 1


def test_the_stage_counts_where_the_strategy_does_not() -> None:
    assert stage_accuracy(count([(GT, IV), (GT, PS), (OT, OT), (OT, None)])) == 0.5


def test_nothing_chosen_is_no_value() -> None:
    sums = count([])
    assert all(math.isnan(metric(sums)) for metric in (accuracy, macro_f1, stage_accuracy, top_accuracy))
    assert accuracy(count([(GT, None)])) == 0.0 and macro_f1(count([(GT, None)])) == 0.0


codes = st.sampled_from(Strategy)


@settings(max_examples=30)
@given(st.lists(st.tuples(codes, codes | st.none()), min_size=1))
def test_as_scikit_learn_takes_it(pairs: list[tuple[Strategy, Strategy | None]]) -> None:
    right, chosen = [a for a, _ in pairs], [str(b) for _, b in pairs]
    sums = count(pairs)
    assert accuracy(sums) == pytest.approx(accuracy_score(right, chosen))
    occurring = sorted({*right, *chosen} - {"None"})
    assert macro_f1(sums) == pytest.approx(f1_score(right, chosen, labels=occurring, average="macro", zero_division=0))
