"""How far raters agree: Krippendorff's alpha (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability).

The package `krippendorff` computes the same; the sum below is shorter than what a dependency costs.
"""

from collections.abc import Sequence

import numpy as np


def krippendorff_alpha(units: Sequence[Sequence[int]], *, is_ordinal: bool) -> float | None:
    """Return alpha: 1 is perfect agreement, 0 what chance gives, below 0 is less than that.

    Args:
        units: what the raters gave each unit, in any order, those who gave nothing left out; a unit with one value has
            no pair and does not count.
        is_ordinal: the values are ranks, so that a near miss weighs less than a far one; else they are names.

    Returns:
        None when there is no pair, or when all values are the same: then nothing could have disagreed.
    """
    paired = [unit for unit in units if len(unit) > 1]
    values = sorted({value for unit in paired for value in unit})
    place = {value: i for i, value in enumerate(values)}
    # How often each two values meet in a unit, in both orders; each unit weighs as many as it has values.
    together = np.zeros((len(values), len(values)))
    for unit in paired:
        count = np.bincount([place[value] for value in unit], minlength=len(values)).astype(float)
        together += (np.outer(count, count) - np.diag(count)) / (len(unit) - 1)
    given = together.sum(axis=1)
    if is_ordinal:
        rank = given.cumsum() - given / 2
        difference = (rank[:, None] - rank) ** 2
    else:
        difference = 1.0 - np.eye(len(values))
    by_chance = given @ difference @ given
    return float(1 - (given.sum() - 1) * (together * difference).sum() / by_chance) if by_chance else None
