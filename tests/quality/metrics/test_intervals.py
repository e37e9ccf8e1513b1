"""Bootstrap intervals: what they cover, how they pair, and what is done where there is nothing to draw from."""

import numpy as np
import pytest

from quality.metrics.intervals import Sums, estimate, estimate_all, estimate_difference, ratio


def share(sums: Sums) -> float:
    return float(sums[0] / sums[1]) if sums[1] else float("nan")


def drawn(right: float, dialogues: int, seed: int) -> Sums:
    chance = np.random.default_rng(seed)
    return np.column_stack([chance.binomial(10, right, dialogues), np.full(dialogues, 10)]).astype(float)


def test_the_standard_error_is_that_of_the_mean() -> None:
    sums = drawn(0.3, 400, seed=1)
    found = estimate(sums, share)
    assert estimate_all(sums, [share, ratio(1, 0)])[0] == found, "what else is estimated makes no difference"
    assert found.value == pytest.approx(sums[:, 0].sum() / 4000)
    assert found.error == pytest.approx(np.std(sums[:, 0] / 10) / np.sqrt(400), rel=0.1)
    assert found.low is not None and found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * found.error, rel=0.1)
    assert found == estimate(sums, share), "the same data give the same interval"


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    found = [estimate(drawn(0.3, 60, seed), share) for seed in range(60)]
    assert sum(it.low <= 0.3 <= it.high for it in found) >= 51  # type: ignore[operator]


def test_pairs_are_drawn_together() -> None:
    hard = drawn(0.5, 100, seed=2)
    better = hard + np.array([1.0, 0.0])
    found = estimate_difference(better, hard, share)
    # Each dialogue is better by a tenth: however unlike the dialogues are, nothing is left to chance.
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))
    assert estimate(better, share).error > 0.01  # type: ignore[operator]
    with pytest.raises(ValueError, match="100 dialogues and 99"):
        estimate_difference(hard, hard[1:], share)


def test_degenerate_sets() -> None:
    nothing = np.zeros((0, 2))
    assert estimate(nothing, share).value is None and estimate_difference(nothing, nothing, share).value is None
    one = estimate(np.array([[3.0, 4.0]]), share)
    assert (one.value, one.low, one.high, one.error) == (0.75, None, None, None)
    assert estimate(np.zeros((5, 2)), share).value is None, "nothing counted is no value"
    # One dialogue of two has nothing to count: draws without the other are left out.
    assert estimate(np.array([[1.0, 1.0], [0.0, 0.0]]), share).low == 1.0
