"""In which traits two sets of dialogues differ: a distance for each, beside what it is by chance.

By chance means: the same dialogues dealt at random into two sets of these sizes (a permutation test). Dialogues of one
persona or source are alike because of it, so they are dealt together.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.sparse import csr_array  # type: ignore[import-untyped]

SHUFFLES = 200
"""How often the dialogues are dealt anew."""
CHANCE = 0.95
"""The share of these in which the distance is smaller than what is given as its size by chance."""
SHOWN_ITEMS = 3
"""How many of the items that differ the most are named, on either side."""
_SEED = 1

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class Item(BaseModel):
    """Something that occurs, such as a word, and the share of the dialogues in which it does."""

    model_config = ConfigDict(frozen=True)

    text: str
    synthetic: float
    real: float


class Difference(BaseModel):
    """How the sets differ in a trait.

    Attributes:
        trait: its name.
        distance: of a number the largest gap between the two cumulative distributions (Kolmogorov-Smirnov), of counts
            the share of one distribution that would have to change to become the other (total variation). 0 to 1.
        chance: what it stays under by chance in 95 of 100 cases.
        synthetic, real: the means of a number; None for counts.
        items: what differs the most in the share of dialogues that have it, of counts.
    """

    model_config = ConfigDict(frozen=True)

    trait: str
    distance: float
    chance: float
    synthetic: float | None = None
    real: float | None = None
    items: tuple[Item, ...] = ()

    @property
    def excess(self) -> float:
        """By how much the distance is over what it may be by chance; not above 0: the sets do not differ in it."""
        return self.distance - self.chance


def differences_of_numbers(
    names: Sequence[str], numbers: Floats, is_synthetic: Bools, groups: Ints
) -> Iterator[Difference]:
    """Yield how the sets differ in traits that are numbers.

    Args:
        names: of the traits.
        numbers: their values, of shape [dialogues, traits].
        is_synthetic: which dialogues those are.
        groups: the number of each dialogue's group, from 0; none has dialogues of both sets.
    """
    for name, values in zip(names, numbers.T, strict=True):
        order = np.argsort(values, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(values[order]) > 0, True))

        def distance(mask: Bools, order: Ints = order, ends: Ints = ends) -> float:
            ones = np.cumsum(mask[order])[ends]
            others = ends + 1 - ones
            return float(np.abs(ones / max(1, ones[-1]) - others / max(1, others[-1])).max())

        yield Difference(
            trait=name,
            distance=distance(is_synthetic),
            chance=_by_chance(distance, is_synthetic, groups),
            synthetic=float(values[is_synthetic].mean()),
            real=float(values[~is_synthetic].mean()),
        )


def differences_of_counts(
    counts: Sequence[Mapping[str, Counter[str]]], is_synthetic: Bools, groups: Ints
) -> Iterator[Difference]:
    """Yield how the sets differ in traits that are counts; see `differences_of_numbers`.

    A trait of which one of the sets has none, such as strategies, is left out.

    Args:
        counts: of each dialogue, by trait.
        is_synthetic: which dialogues those are.
        groups: the number of each dialogue's group.
    """
    for name in counts[0]:
        table, items = _tabulate([dialogue[name] for dialogue in counts])
        has_any = table.sum(axis=1) > 0
        if not (has_any[is_synthetic].any() and has_any[~is_synthetic].any()):
            continue

        def distance(mask: Bools, table: csr_array = table) -> float:
            ones, others = mask @ table, ~mask @ table
            return float(np.abs(ones / max(1, ones.sum()) - others / max(1, others.sum())).sum() / 2)

        yield Difference(
            trait=name,
            distance=distance(is_synthetic),
            chance=_by_chance(distance, is_synthetic, groups),
            items=_differing_items(table, items, is_synthetic),
        )


def _tabulate(counts: Sequence[Counter[str]]) -> tuple[csr_array, list[str]]:
    """Return counts as a matrix [dialogues, items], and what its columns count."""
    columns: dict[str, int] = {}
    cells = [
        (row, columns.setdefault(item, len(columns)), n) for row, of in enumerate(counts) for item, n in of.items()
    ]
    rows, places, values = np.array(cells, np.int64).reshape(-1, 3).T
    return csr_array((values.astype(np.float64), (rows, places)), shape=(len(counts), len(columns))), list(columns)


def _differing_items(table: csr_array, items: Sequence[str], is_synthetic: Bools) -> tuple[Item, ...]:
    occurs = (table > 0).astype(np.float64)
    ours, theirs = (mask @ occurs / mask.sum() for mask in (is_synthetic, ~is_synthetic))
    order = np.argsort(theirs - ours, kind="stable")
    chosen = dict.fromkeys([*order[:SHOWN_ITEMS].tolist(), *order[: -SHOWN_ITEMS - 1 : -1].tolist()])
    return tuple(
        Item(text=items[i], synthetic=float(ours[i]), real=float(theirs[i])) for i in chosen if ours[i] != theirs[i]
    )


def _by_chance(distance: Callable[[Bools], float], is_synthetic: Bools, groups: Ints) -> float:
    """Return what a distance stays under by chance, when whole groups are dealt into two sets."""
    chance = np.random.default_rng(_SEED)
    label = np.zeros(groups.max() + 1, np.bool_)
    label[groups] = is_synthetic
    return float(np.quantile([distance(chance.permutation(label)[groups]) for _ in range(SHUFFLES)], CHANCE))
