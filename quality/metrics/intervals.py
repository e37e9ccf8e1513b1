"""Estimates with bootstrap intervals over dialogues (Efron 1979), alone and as paired differences.

A metric is given as sums and a statistic. Each dialogue contributes a row of sums, such as how many of its answers were
right and how many there were; the statistic turns the sums over all dialogues into the metric. Turns of one dialogue
depend on each other, so whole dialogues are drawn, with replacement.
"""

from collections.abc import Callable, Iterator

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


def estimate(sums: Sums, statistic: Statistic) -> Estimate:
    """Return a metric over dialogues.

    Args:
        sums: shape [dialogues, sums], none or more dialogues.
        statistic: the metric.
    """
    if not len(sums):
        return Estimate(value=None)
    return _summarise(statistic(sums.sum(0)), [statistic(drawn) for (drawn,) in _resample(sums)], len(sums))


def estimate_difference(sums: Sums, others: Sums, statistic: Statistic) -> Estimate:
    """Return by how much a metric is higher in `sums` than in `others`, paired: both draw the same dialogues.

    Args:
        sums: shape [dialogues, sums].
        others: the same dialogues in the same order, as something else has answered them.
        statistic: the metric.

    Raises:
        ValueError: there are not as many dialogues of each.
    """
    if len(sums) != len(others):
        raise ValueError(f"pairs are needed, not {len(sums)} dialogues and {len(others)}")
    if not len(sums):
        return Estimate(value=None)
    value = statistic(sums.sum(0)) - statistic(others.sum(0))
    drawn = [statistic(one) - statistic(other) for one, other in _resample(sums, others)]
    return _summarise(value, drawn, len(sums))


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
