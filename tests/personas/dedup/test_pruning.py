"""Dedup: just the rows that the plain loop keeps, whatever the vectors, their order and the sizes of the blocks."""

import math
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from personas.dedup import pruning as dedup
from personas.dedup.pruning import Floats, Ints, Pruning, prune

SMALL: dict[str, Any] = {
    "BLOCK": 16,
    "MAX_BLOCK": 32,
    "SLICE": 8,
    "LEAF": 5,
    "CROWD": 1,
    "TILE": 3,
    "CHUNK": 2,
    "SAMPLE": 8,
    "SAMPLE_STEP": 2,
    "BASIS": 5,
    "STEP": 2,
    "TABLES": 3,
    "CELL": 10,
    "MAX_CELLS": 4,
    "LOOKUP_FROM": 1,
    "CROWDED": 1,
}
"""Sizes with which a few dozen rows cross every border, and are looked up in tables."""
SIZES: tuple[dict[str, Any], ...] = (
    {},
    SMALL,
    SMALL | {"CLOSER_COST": 0.0, "LOOK_SHARE": 1.0},
    SMALL | {"CLOSER_COST": 0.0, "LOOK_SHARE": 1.0, "DECIDE_SHARE": 1.0},
    SMALL | {"LOOK_SHARE": 0.0, "TABLES": 1, "MAX_CELLS": 1},
    {"LEAF": 2, "TILE": 1, "SLICE": 1, "BLOCK": 7, "MAX_BLOCK": 7},
)


def unit(vectors: np.ndarray) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def exact(left: Floats, right: Floats) -> float:
    """Return the cosine that decides, computed on its own."""

    def dot(one: Floats, other: Floats) -> float:
        return float(np.sum(one.astype(np.float64) * other.astype(np.float64)))

    return min(dot(left, right) / math.sqrt(dot(left, left) * dot(right, right)), 1.0)


def plain_loop(vectors: Floats, preference: Ints, threshold: float) -> Pruning:
    """Select as the definition says; the earliest survivor absorbs."""
    kept: list[int] = []
    absorber = np.arange(len(vectors))
    similarity = np.ones(len(vectors))
    for row in preference.tolist():
        near = ((other, exact(vectors[row], vectors[other])) for other in kept)
        found = next(((other, cosine) for other, cosine in near if cosine >= threshold), None)
        if found:
            absorber[row], similarity[row] = found
        else:
            kept.append(row)
    return Pruning(np.array(sorted(kept), np.int64), absorber, similarity)


def check(vectors: Floats, preference: Ints, threshold: float) -> Pruning:
    """Prune, and compare with the plain loop, of which only the absorbers may differ."""
    pruning = prune(vectors, preference, threshold)
    assert np.array_equal(pruning.kept, plain_loop(vectors, preference, threshold).kept)
    rank = np.argsort(preference)
    for row, absorber in enumerate(pruning.absorber.tolist()):
        assert absorber in pruning.kept
        assert pruning.similarity[row] == exact(vectors[row], vectors[absorber])
        if row in pruning.kept:
            assert absorber == row
        else:
            assert rank[absorber] < rank[row] and pruning.similarity[row] >= threshold
    return pruning


@st.composite
def vector_sets(draw: st.DrawFn) -> Floats:
    """Draw clusters, chains, copies and strangers, mixed: the seed does the rest."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, dimensions = draw(st.integers(1, 70)), draw(st.integers(1, 24))
    centres = rng.standard_normal((draw(st.integers(1, count)), dimensions))
    near = centres[rng.integers(len(centres), size=count)]
    kind = draw(st.sampled_from(["clusters", "copies", "chain", "grid", "flat"]))
    if kind == "clusters":
        near = near + draw(st.sampled_from([1e-7, 0.1, 0.5])) * rng.standard_normal(near.shape)
    elif kind == "chain":
        turns = np.arange(count) * draw(st.floats(0.01, 1.0))
        near = np.zeros((count, dimensions + 1))
        near[:, 0], near[:, 1] = np.cos(turns), np.sin(turns)
    elif kind == "grid":
        # Few whole numbers: cosines such as 0.5 come up often, and exactly.
        near = rng.integers(-1, 2, (count, 4)) + np.array([0.0, 0.0, 0.0, 3.0]) * rng.integers(0, 2, (count, 1))
        near[~near.any(axis=1)] = 1.0
    elif kind == "flat":
        near = near * np.geomspace(1.0, 1e-4, dimensions)
    return unit(near)


@given(data=st.data(), vectors=vector_sets(), sizes=st.sampled_from(SIZES))
def test_keeps_just_what_the_plain_loop_keeps(data: st.DataObject, vectors: Floats, sizes: dict[str, Any]) -> None:
    preference = np.array(data.draw(st.permutations(range(len(vectors)))), np.int64)
    threshold = data.draw(st.sampled_from([0.05, 0.5, 0.7, 0.85, 0.999999, 1.0]) | st.floats(0.01, 1.0))
    with pytest.MonkeyPatch.context() as patch:
        for name, size in sizes.items():
            patch.setattr(dedup, name, size)
        check(vectors, preference, threshold)


@given(vectors=vector_sets(), seed=st.integers(0, 99), sizes=st.sampled_from(SIZES))
@settings(max_examples=50)
def test_does_not_depend_on_the_order_given(vectors: Floats, seed: int, sizes: dict[str, Any]) -> None:
    rng = np.random.default_rng(seed)
    preference, moved = rng.permutation(len(vectors)), rng.permutation(len(vectors))
    with pytest.MonkeyPatch.context() as patch:
        for name, size in sizes.items():
            patch.setattr(dedup, name, size)
        one = prune(vectors, preference, 0.8)
        other = prune(vectors[moved], np.argsort(moved)[preference], 0.8)
    assert np.array_equal(np.sort(moved[other.kept]), one.kept)
    assert np.array_equal(moved[other.absorber], one.absorber[moved])
    assert np.array_equal(other.similarity, one.similarity[moved])


@given(seed=st.integers(0, 2**32), dimensions=st.integers(2, 400), sizes=st.sampled_from(SIZES))
@example(seed=0, dimensions=384, sizes={})
@settings(max_examples=40)
def test_decides_to_the_last_bit_at_the_threshold(seed: int, dimensions: int, sizes: dict[str, Any]) -> None:
    rng = np.random.default_rng(seed)
    one = rng.standard_normal(dimensions)
    vectors = unit(np.stack([one, one + 0.1 * rng.standard_normal(dimensions)]))
    cosine = exact(vectors[0], vectors[1])
    with pytest.MonkeyPatch.context() as patch:
        for name, size in sizes.items():
            patch.setattr(dedup, name, size)
        for threshold, kept in ((math.nextafter(cosine, 0), 1), (cosine, 1), (math.nextafter(cosine, 2), 2)):
            if 0.0 < threshold <= 1.0:
                assert len(prune(vectors, np.array([1, 0]), threshold).kept) == kept


@pytest.mark.parametrize("preference", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_a_chain_loses_its_middle_or_both_ends(preference: list[int]) -> None:
    turns = np.radians([0.0, 30.0, 60.0])
    chain = unit(np.stack([np.cos(turns), np.sin(turns)], axis=1))
    pruning = check(chain, np.array(preference), 0.85)
    assert pruning.kept.tolist() == ([1] if preference[0] == 1 else [0, 2])


@pytest.mark.parametrize("threshold", [0.85, 1.0])
def test_copies_leave_the_most_preferred(threshold: float) -> None:
    rng = np.random.default_rng(1)
    vectors = unit(rng.standard_normal((3, 384)))[rng.permutation(3000) % 3]
    preference = rng.permutation(3000)
    pruning = prune(vectors, preference, threshold)
    first = {vectors[row].tobytes(): row for row in preference[::-1]}
    assert sorted(first.values()) == pruning.kept.tolist()
    assert (pruning.similarity == 1.0).all()
    assert all(first[vectors[row].tobytes()] == absorber for row, absorber in enumerate(pruning.absorber))


def test_no_rows_and_one_row() -> None:
    assert [part.tolist() for part in prune(np.empty((0, 384), np.float32), np.empty(0, np.int64), 0.85)] == [[]] * 3
    assert [part.tolist() for part in prune(np.ones((1, 1), np.float32), np.array([0]), 1.0)] == [[0], [0], [1.0]]


@pytest.fixture(scope="module")
def cluster_set() -> Floats:
    """Thousands of rows, many of them near-copies, as the sizes meant for production see them."""
    rng = np.random.default_rng(2)
    centres = unit(rng.standard_normal((1000, 384)) * np.arange(1, 385) ** -0.5)
    noise = unit(rng.standard_normal((4000, 384)) * np.arange(1, 385) ** -0.5)
    return unit(centres[rng.integers(1000, size=4000)] + rng.uniform(0.1, 0.8, (4000, 1)) * noise)


def kept_by_matrix(vectors: Floats, preference: Ints, threshold: float) -> list[int]:
    near = vectors.astype(np.float64) @ vectors.T.astype(np.float64) >= threshold
    gone = np.zeros(len(vectors), np.bool_)
    kept = []
    for row in preference:
        if not gone[row]:
            kept.append(int(row))
            gone |= near[row]
    return sorted(kept)


@pytest.mark.parametrize(
    "sizes",
    [{}, {"BLOCK": 1024, "MAX_BLOCK": 2048, "LOOKUP_FROM": 256, "SLICE": 300, "LEAF": 60, "TILE": 100, "CHUNK": 7}],
)
def test_thousands_of_rows_come_out_as_from_the_full_matrix(
    cluster_set: Floats, sizes: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in sizes.items():
        monkeypatch.setattr(dedup, name, size)
    preference = np.random.default_rng(3).permutation(len(cluster_set))
    told: list[int] = []
    pruning = prune(cluster_set, preference, 0.85, told.append)
    assert pruning.kept.tolist() == kept_by_matrix(cluster_set, preference, 0.85)
    assert 1000 <= len(pruning.kept) < 3500
    assert told == sorted(told) and told[-1] == len(cluster_set) and len(told) == (3 if sizes else 1)


@pytest.mark.parametrize("sizes", [{}, {"LEAF": 20, "TILE": 10}])
def test_one_block_absorbs_by_the_earliest(
    cluster_set: Floats, sizes: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in sizes.items():
        monkeypatch.setattr(dedup, name, size)
    some, preference = cluster_set[:300], np.arange(300)
    pruning, expected = prune(some, preference, 0.3), plain_loop(some, preference, 0.3)
    assert np.array_equal(pruning.absorber, expected.absorber)
    assert np.array_equal(pruning.similarity, expected.similarity)


def test_tables_find_a_survivor_for_nearly_all_copies(cluster_set: Floats, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[int, int]] = []
    look_up = dedup._Selection._look_up

    def counting(self: dedup._Selection, rows: dedup._Rows) -> dedup._Rows:
        rest = look_up(self, rows)
        left = rest.ids[(cluster_set[rest.ids] @ cluster_set[self.survivors().ids].T > 0.85).any(axis=1)]
        found.append((len(rows.ids) - len(rest.ids), len(left)))
        return rest

    monkeypatch.setattr(dedup._Selection, "_look_up", counting)
    monkeypatch.setattr(dedup, "BLOCK", 2000)
    monkeypatch.setattr(dedup, "LOOKUP_FROM", 100)
    monkeypatch.setattr(dedup, "CELL", 40)
    prune(cluster_set, np.arange(len(cluster_set)), 0.85)
    ((absorbed, missed),) = found
    assert absorbed > 10 * missed


def test_rows_that_differ_by_rounding_are_no_more_than_alike() -> None:
    one = unit(np.random.default_rng(6).standard_normal((1, 384)))
    rows = np.repeat(one, 200, axis=0)
    rows[np.arange(200), np.arange(200)] = np.nextafter(rows[np.arange(200), np.arange(200)], np.float32(2))
    assert prune(rows, np.arange(200), 0.9).similarity.max() == 1.0


def test_bursts_of_copies_are_not_paired_among_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    vectors = np.repeat(unit(rng.standard_normal((8, 64))), 1000, axis=0)
    decided = 0
    cosines = dedup._Selection._cosines

    def counting(self: dedup._Selection, rows: Ints, others: Ints) -> dedup.Doubles:
        nonlocal decided
        decided += len(rows)
        return cosines(self, rows, others)

    monkeypatch.setattr(dedup._Selection, "_cosines", counting)
    assert prune(vectors, np.arange(8000), 0.9).kept.tolist() == list(range(0, 8000, 1000))
    assert decided < 3 * len(vectors)


def test_cells_are_found_without_rounding(cluster_set: Floats) -> None:
    some = cluster_set[:400]
    hashed = dedup._Hash(cluster_set, 10**6)
    sketches = hashed.sketches(some)
    grid = (np.rint(some * dedup.GRID) - hashed._middle).astype(np.int64)
    whole = np.rint(grid @ hashed._projection.astype(np.int64) / dedup.SKETCH).astype(np.int64)
    assert np.array_equal(sketches, whole)
    for table in range(dedup.TABLES):
        nearness = whole @ hashed._directions[table].astype(np.int64)
        assert np.array_equal(hashed.cells(table, sketches), nearness.argmax(axis=1))


def test_memory_stays_far_below_a_matrix() -> None:
    rng = np.random.default_rng(5)
    strangers = unit(rng.standard_normal((20_000, 48)))
    tracemalloc.start()
    try:
        kept = prune(strangers, np.arange(len(strangers)), 0.99).kept
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(kept) == len(strangers)
    assert peak < 150e6 < 4 * len(strangers) ** 2 / 8


def bad_arguments() -> Iterator[tuple[object, object, object, str]]:
    good, order = unit(np.eye(3) + 0.1), np.arange(3)
    spoiled = good.copy()
    spoiled[1, 1] = np.nan
    yield good.astype(np.float64), order, 0.9, "float32 [rows, dimensions], not float64 [3, 3]"
    yield good[0], order, 0.9, "float32 [rows, dimensions], not float32 [3]"
    yield spoiled, order, 0.9, "every row of length 1"
    yield good * np.float32(1.01), order, 0.9, "every row of length 1"
    yield np.zeros((3, 3), np.float32), order, 0.9, "every row of length 1"
    yield np.empty((3, 0), np.float32), order, 0.9, "every row of length 1"
    yield good * np.float32(np.inf), order, 0.9, "every row of length 1"
    yield good, order[:2], 0.9, "permutation of 3 rows"
    yield good, np.array([0, 1, 1]), 0.9, "permutation of 3 rows"
    yield good, order.astype(np.int32), 0.9, "int64 permutation"
    yield good, order, 0.0, "over 0 and at most 1"
    yield good, order, 1.01, "over 0 and at most 1"
    yield good, order, math.nan, "over 0 and at most 1"


@pytest.mark.parametrize(("vectors", "preference", "threshold", "message"), list(bad_arguments()))
def test_bad_arguments_are_named(vectors: Floats, preference: Ints, threshold: float, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        prune(vectors, preference, threshold)
    assert message in str(raised.value)
