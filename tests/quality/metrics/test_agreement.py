"""Krippendorff's alpha by the example of his paper, and what holds of any ratings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.metrics.agreement import krippendorff_alpha

EXAMPLE = [
    [1, 1, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [5, 5, 5],
    [1, 1],
    [3],
]
"""Twelve units and four observers, some of whom say nothing (Krippendorff 2011, sections C and E)."""


def test_the_example_of_the_paper() -> None:
    assert krippendorff_alpha(EXAMPLE, is_ordinal=False) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(EXAMPLE, is_ordinal=True) == pytest.approx(0.815, abs=5e-4)


def test_by_hand() -> None:
    # Two raters, units (1, 2) and (1, 1): four values, of them three ones; 2 of 4 in disagreement by 2 * 3 * 1 / 3.
    assert krippendorff_alpha([[1, 2], [1, 1]], is_ordinal=False) == pytest.approx(1 - 2 / (2 * 3 / 3))


@pytest.mark.parametrize("is_ordinal", [False, True])
def test_raters_at_random_have_an_alpha_near_0(is_ordinal: bool) -> None:
    units = np.random.default_rng(3).integers(1, 6, size=(400, 3)).tolist()
    alpha = krippendorff_alpha(units, is_ordinal=is_ordinal)
    assert alpha is not None and abs(alpha) < 0.06


def test_nothing_to_disagree_on_has_no_alpha() -> None:
    for units in ([], [[3]], [[3, 3], [3, 3]]):
        assert krippendorff_alpha(units, is_ordinal=True) is None


UNITS = st.lists(st.lists(st.integers(1, 5), max_size=4), max_size=8)


@settings(max_examples=30)
@given(UNITS)
def test_no_order_counts_and_perfect_is_1(units: list[list[int]]) -> None:
    for is_ordinal in (False, True):
        alpha = krippendorff_alpha(units, is_ordinal=is_ordinal)
        turned = krippendorff_alpha([unit[::-1] for unit in units[::-1]], is_ordinal=is_ordinal)
        assert (alpha is None) == (turned is None)
        if alpha is not None:
            assert alpha <= 1 and turned == pytest.approx(alpha)
        same = krippendorff_alpha([unit[:1] * 2 for unit in units], is_ordinal=is_ordinal)
        assert same is None or same == pytest.approx(1)
