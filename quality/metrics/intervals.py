"""Estimates with bootstrap intervals over dialogues (Efron 1979), alone and as paired differences; shares of dialogues.

A metric is given as sums and a statistic. Each dialogue contributes a row of sums, such as how many of its answers were
right and how many there were; the statistic turns the sums over all dialogues into the metric. Turns of one dialogue
depend on each other, so whole dialogues are drawn, with replacement.
"""

from collections.abc import Callable, Iterator, Sequence
from math import comb, sqrt

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Sums = npt.NDArray[np.float64]
"""What is added up over dialogues: of one, shape [sums]; of several, shape [dialogues, sums]."""
Statistic = Callable[[Sums], float]
"""A metric of sums of shape [sums]; not a number where they count nothing."""

RESAMPLES = 1000
"""How often the dialogues are drawn anew."""
COVERAGE = 0.95
"""Share of the resampled values that lie in an interval."""
_SEED = 7
_Z = 1.959963984540054
"""The normal quantile of a two-sided interval of 95%."""
_AT_ONCE = 100


class Estimate(BaseModel):
    """A metric, its 95% bootstrap interval and its standard error; all None where nothing was counted.

    Of fewer than two dialogues there is no interval.
    """

    model_config = ConfigDict(frozen=True)

    value: float | None
    low: float | None = None
    high: float | None = None
    error: float | None = None


class Proportion(BaseModel):
    """How many of some things something is true of, that share, and its 95% Wilson interval; None of no things.

    Unlike a bootstrap's, the interval has a width where it is true of all or of none (Wilson 1927; Brown, Cai and
    DasGupta 2001 on why).
    """

    model_config = ConfigDict(frozen=True)

    count: int
    of: int
    value: float | None
    low: float | None
    high: float | None


def proportion(count: int, of: int) -> Proportion:
    """Return a share with its interval.

    >>> found = proportion(9, 10)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.9, 0.596, 0.982)
    """
    if not of:
        return Proportion(count=0, of=0, value=None, low=None, high=None)
    share, z = count / of, _Z
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return Proportion(count=count, of=of, value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def mcnemar(first_only: int, second_only: int) -> float:
    """Return the exact two-sided p-value of McNemar's test: by chance alone, pairs differ so unevenly or more.

    Args:
        first_only: pairs in which something is true of the first alone.
        second_only: pairs in which it is true of the second alone.

    >>> mcnemar(0, 0), mcnemar(5, 5), mcnemar(10, 1), round(mcnemar(600, 500), 4)
    (1.0, 1.0, 0.01171875, 0.0028)
    """
    differing = first_only + second_only
    fewer = sum(comb(differing, k) for k in range(min(first_only, second_only) + 1))
    return min(1.0, 2 * fewer / (1 << differing))  # of integers: powers of many pairs are no floats any more


def ratio(part: int, whole: int, scale: float = 1.0) -> Statistic:
    """Return the metric that divides one sum by another: a mean, or a share, times `scale`; not a number of nothing.

    >>> ratio(0, 1)(np.array([3.0, 4.0]))
    0.75
    """
    return lambda sums: float(scale * sums[part] / sums[whole]) if sums[whole] else float("nan")


def estimate_mean(sums: Sequence[tuple[float, int]]) -> Estimate:
    """Return a mean, given of each dialogue a sum and what it counts."""
    return estimate(np.array(sums, np.float64).reshape(-1, 2), ratio(0, 1))


def estimate(sums: Sums, statistic: Statistic) -> Estimate:
    """Return a metric over dialogues.

    Args:
        sums: shape [dialogues, sums], none or more dialogues.
        statistic: the metric.
    """
    return estimate_all(sums, [statistic])[0]


def estimate_all(sums: Sums, statistics: Sequence[Statistic]) -> list[Estimate]:
    """Return several metrics of the same dialogues, see `estimate`: they are drawn once for all."""
    if not len(sums):
        return [Estimate(value=None) for _ in statistics]
    total, drawn = sums.sum(0), [drawn for (drawn,) in _resample(sums)]
    return [_summarise(statistic(total), list(map(statistic, drawn)), len(sums)) for statistic in statistics]


def estimate_difference(sums: Sums, others: Sums, statistic: Statistic) -> Estimate:
    """Return by how much a metric is higher in `sums` than in `others`, paired: both draw the same dialogues.

    Args:
        sums: shape [dialogues, sums].
        others: the same dialogues in the same order, as something else has answered them.
        statistic: the metric.

    Raises:
        ValueError: there are not as many dialogues of each.
    """
    return estimate_differences(sums, others, [statistic])[0]


def estimate_differences(sums: Sums, others: Sums, statistics: Sequence[Statistic]) -> list[Estimate]:
    """Return several differences over the same dialogues, see `estimate_difference`: they are drawn once for all."""
    if len(sums) != len(others):
        raise ValueError(f"pairs are needed, not {len(sums)} dialogues and {len(others)}")
    if not len(sums):
        return [Estimate(value=None) for _ in statistics]
    total, other_total, drawn = sums.sum(0), others.sum(0), list(_resample(sums, others))
    return [
        _summarise(
            statistic(total) - statistic(other_total),
            [statistic(one) - statistic(other) for one, other in drawn],
            len(sums),
        )
        for statistic in statistics
    ]


def _resample(*paired: Sums) -> Iterator[tuple[Sums, ...]]:
    """Yield the sums over dialogues drawn with replacement, the same draw for all of `paired`; the same each time."""
    chance = np.random.default_rng(_SEED)
    dialogues = len(paired[0])
    shares = np.full(dialogues, 1 / dialogues)
    for _ in range(0, RESAMPLES, _AT_ONCE):
        times = chance.multinomial(dialogues, shares, size=_AT_ONCE).astype(np.float64)
        yield from zip(*(times @ sums for sums in paired), strict=True)


def _summarise(value: float, drawn: list[float], dialogues: int) -> Estimate:
    found = np.array(drawn)
    found = found[np.isfinite(found)]
    if not np.isfinite(value):
        return Estimate(value=None)
    if dialogues < 2 or not len(found):
        return Estimate(value=value)
    low, high = np.quantile(found, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Estimate(value=value, low=float(low), high=float(high), error=float(found.std()))
