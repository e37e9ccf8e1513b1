"""Agreement of gate and people: the same figures as scikit-learn's, and intervals that behave."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, precision_score, recall_score

from quality.gate.rubric import POINT_CODES
from quality.metrics.intervals import Estimate
from quality.trust.calibration import ALL_POINTS, Agreement, Opinions, measure_agreement

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def agreement_of(pairs: list[tuple[bool, bool]]) -> Agreement:
    """Return the agreement on a point when people and gate say this of it."""
    calls = [Opinions(dict.fromkeys(POINT_CODES, good), dict.fromkeys(POINT_CODES, said), said) for good, said in pairs]
    agreement = measure_agreement(calls)
    assert len(set(map(repr, agreement.values()))) == 1, "all points, and the whole gate, were told the same"
    return agreement[ALL_POINTS]


@settings(max_examples=60)
@given(pairs=PAIRS)
def test_the_figures_are_those_of_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    found = agreement_of(pairs)
    people, gate = zip(*pairs, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is not defined
        expected = {
            "kappa": cohen_kappa_score(people, gate, labels=[False, True]),
            "precision": precision_score(people, gate, zero_division=float("nan")),
            "recall": recall_score(people, gate, zero_division=float("nan")),
            "false_accepts": 1 - recall_score(people, gate, pos_label=False, zero_division=float("nan")),
        }
    for name, value in expected.items():
        estimate = getattr(found, name)
        if estimate.value is None:
            assert value != value
        else:
            assert estimate.value == pytest.approx(value)
            assert (estimate.low is None) == (len(pairs) == 1) and (estimate.low or 0) <= (estimate.high or 0)
    assert found.calls == len(pairs)


@pytest.mark.parametrize("calls", range(2, 40))
def test_a_gate_that_passes_everything_agrees_by_chance_exactly(calls: int) -> None:
    kappa = agreement_of([(number % 3 > 0, True) for number in range(calls)]).kappa
    assert (kappa.value, kappa.low, kappa.high) in ((0, 0, 0), (None, None, None))


def test_intervals_hold_the_value_and_shrink_with_the_calls() -> None:
    pairs = [(True, True)] * 6 + [(True, False)] * 2 + [(False, False)] * 3 + [(False, True)]
    few, many = agreement_of(pairs), agreement_of(pairs * 30)
    for name in ("kappa", "precision", "recall", "false_accepts"):
        small, large = getattr(few, name), getattr(many, name)
        assert small.value == pytest.approx(large.value)
        assert small.low < large.low < large.value < large.high < small.high
    # The normal approximation of a share of 240 calls is good enough to compare with.
    deviation = (0.75 * 0.25 / 240) ** 0.5
    assert many.recall.low == pytest.approx(0.75 - 1.96 * deviation, abs=0.01)
    assert many.recall.high == pytest.approx(0.75 + 1.96 * deviation, abs=0.01)


def test_unscored_calls_count_for_the_whole_gate_alone() -> None:
    good = dict.fromkeys(POINT_CODES, True)
    found = measure_agreement([Opinions(good, good, True), Opinions(good, None, False)])
    assert found[ALL_POINTS].calls == 2 and found[ALL_POINTS].recall.value == 0.5
    assert {found[code].calls for code in POINT_CODES} == {1}
    none = Estimate(value=None)
    assert measure_agreement([])[ALL_POINTS] == Agreement(
        calls=0, kappa=none, precision=none, recall=none, false_accepts=none
    )
