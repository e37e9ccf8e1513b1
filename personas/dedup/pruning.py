"""Near-copies among vectors: which rows survive, and which survivor absorbed each of the others.

Leader selection (Hartigan, Clustering Algorithms, 1975), exact: rows come in order of preference, and one survives
unless an earlier survivor is at or over the threshold with it. What makes it fast proves that pairs need not be looked
at, or finds sooner what the full search would find as well:

- The cosine of a pair is decided in one place, in float64 with a fixed order of summation, so that no block size and
  no BLAS kernel can change a decision.
- Most pairs fall to a bound first. In coordinates rotated so that the leading few hold most of the length, a product
  is at most that of the leading ones plus that of the lengths of the rest (FEXIPRO: Li et al., SIGMOD 2017). The
  latter is but one coordinate more: a matrix product of a few dozen columns bounds a tile of pairs.
- In a large set most rows are copies. Tables of random cells (cross-polytope hashing: Andoni et al., NeurIPS 2015,
  arXiv 1509.02897) find a survivor for nearly all of them; only the others are held against every survivor.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint8]

BLOCK = 32_768
MAX_BLOCK = 131_072
"""Rows taken at once: as many as were before, within these. The tables hold the survivors of earlier blocks."""
SLICE = 8_192
"""Rows of a block held against all those survivors at once, after the rows of the block before them are settled."""
LEAF = 512
"""Rows whose pairs among themselves are listed at once, unless there are over `CROWD` for each row."""
CROWD = 16
TILE = 1_024
"""Rows on either side of a product: so few that it stays in the cache, and so many that Python hardly counts."""
CHUNK = 128
"""Vectors worked on at once in float64: they stay in the cache too."""
SAMPLE, SAMPLE_STEP = 2_048, 16
"""The most rows, and the most of all rows, one in so many, that the coordinates are fitted to and chosen by."""
BASIS = 128
"""The most coordinates that are kept; how many of them lead is chosen in steps of `STEP`."""
STEP = 8
CLOSER_COST = 12_000.0
"""What it costs to look closer at a pair, in columns of the product that bounds it."""
LOOK_SHARE, DECIDE_SHARE = 1 / 16, 1 / 128
"""The shares of pairs up to which it costs less to look closer at them, and to decide them, than a product in full."""
TABLES = 8
CELL = 4_096
"""Rows in all for each cell of a table: with fewer, Python would take more time than the products of a cell."""
MAX_CELLS = 256
SKETCH = 64
"""Columns to which vectors are projected, to find their cells at less cost."""
LOOKUP_FROM = 8_192
"""Survivors from which on the tables cost less than holding all rows against each survivor."""
CROWDED = 8
"""A cell of over one survivor in so many is not looked into: it saves too little."""
GRID = 1_024.0
"""Steps of the grid that vectors are put on before they are hashed, in a length of 1."""
NORM_TOLERANCE = 1e-4


class Pruning(NamedTuple):
    """What survived, and what became of the rest.

    `kept` holds the rows that survive, ascending; `absorber` for each row the survivor that absorbed it, itself for
    survivors; `similarity` their cosine, 1.0 for survivors.
    """

    kept: Ints
    absorber: Ints
    similarity: Doubles


def prune(
    vectors: Floats, preference: Ints, threshold: float, on_progress: Callable[[int], None] | None = None
) -> Pruning:
    """Let a row survive unless an earlier survivor's cosine with it is at or over `threshold`.

    Such a survivor absorbs the row: the earliest one among up to `BLOCK` rows, and among more the one that the search
    meets first. All of the result depends on the vectors in their order of preference alone, neither on the order in
    which they are given nor on the machine.

    Beside the vectors it takes some 200 MB, 50 bytes a row and 550 bytes a survivor. It spreads the work over threads,
    and holds the BLAS of the process to one thread meanwhile.

    Args:
        vectors: [rows, dimensions], every row of length 1.
        preference: [rows], the numbers of the rows, the most preferred first.
        threshold: a cosine over 0, at most 1.
        on_progress: is told now and then how many rows are done.

    Raises:
        ValueError: an argument is not as described, or a row is not finite.
    """
    if vectors.dtype != np.float32 or vectors.ndim != 2:
        raise ValueError(f"vectors must be float32 [rows, dimensions], not {vectors.dtype} {list(vectors.shape)}")
    if preference.dtype != np.int64 or not np.array_equal(np.sort(preference, axis=None), np.arange(len(vectors))):
        raise ValueError(f"preference must be an int64 permutation of {len(vectors)} rows")
    if not 0.0 < threshold <= 1.0:
        raise ValueError(f"threshold {threshold} must be over 0 and at most 1")
    if not len(vectors):
        return Pruning(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = _parts(len(vectors), CHUNK)
        squares = np.concatenate(list(pool.map(lambda part: _dots(vectors[part], vectors[part]), parts)))
        if not (np.abs(squares - 1.0) <= NORM_TOLERANCE).all():
            raise ValueError("vectors must be normalised: every row of length 1")
        selection = _Selection(vectors, squares, preference, threshold, pool)
        done = 0
        while done < len(vectors):
            rows = preference[done : done + min(max(done, BLOCK), MAX_BLOCK)]
            selection.take(rows)
            done += len(rows)
            if on_progress:
                on_progress(done)
    return Pruning(np.sort(selection.survivors().ids), selection.absorber, selection.similarity)


def _parts(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _dots(left: Floats, right: Floats) -> Doubles:
    """Return the products of rows: each term exact in float64, and summed in NumPy's fixed, pairwise order."""
    terms: Doubles = left.astype(np.float64) * right
    return np.asarray(terms.sum(axis=1))


class _Rows(NamedTuple):
    """Some rows of the vectors: their numbers, and their coordinates for bounding."""

    ids: Ints
    coordinates: Floats

    def at(self, index: "slice | Ints") -> "_Rows":
        if isinstance(index, slice):
            return _Rows(self.ids[index], self.coordinates[index])
        return _Rows(self.ids[index], self.coordinates.take(index, axis=0))


class _Bound:
    """Coordinates whose products are upper bounds of cosines, once they are compared with `floor`.

    The first is the length of all but the `leading` ones; then come the leading ones and the others of the basis; the
    last is the length of what lies beyond the basis. So the first `leading + 1` columns give a bound, and all but the
    first column a sharper one.

    Rounding in float32 moves a coordinate by at most `dimensions` units in the last place of 1, k of them together by
    sqrt(k) times that, and a product by twice as much. The slack is over all of this; it lowers the floor, and it
    raises the lengths, which are differences.
    """

    def __init__(self, sample: Floats, threshold: float) -> None:
        dimensions = sample.shape[1]
        self._slack = 4.0 * (dimensions + 4) ** 1.5 * 2.0**-24
        self.floor = np.float32(threshold - 2.0 * NORM_TOLERANCE - self._slack)
        self._basis = _principal(sample[::2], min(dimensions, BASIS))
        self.width = self._basis.shape[1] + 2
        self.leading = self._choose(sample[min(1, len(sample) - 1) :: 2])

    def coordinates(self, vectors: Floats, squares: Doubles) -> Floats:
        """Return the coordinates of vectors of these squared lengths, [rows, width]."""
        turned = vectors @ self._basis
        return np.column_stack(
            [self._beyond(squares, turned[:, : self.leading]), turned, self._beyond(squares, turned)]
        )

    def _beyond(self, squares: Doubles, turned: Floats) -> Floats:
        """Return the lengths of what these coordinates leave of vectors of these squared lengths."""
        left: Doubles = squares - np.einsum("ij,ij->i", turned, turned)
        lengths: Doubles = np.sqrt(np.maximum(left, 0.0) + self._slack)
        return lengths.astype(np.float32)

    def _choose(self, sample: Floats) -> int:
        """Return how many coordinates make it cheapest to bound a pair and to look closer if the bound is no proof."""
        turned = sample @ self._basis
        ones, half = np.ones(len(sample)), -(-len(sample) // 2)
        best, cheapest = 0, np.inf
        for leading in range(STEP, turned.shape[1] + STEP, STEP):
            if leading >= cheapest:
                break
            bounds = np.column_stack([self._beyond(ones, turned[:, :leading]), turned[:, :leading]])
            reach = bounds[:half] @ bounds[-half:].T >= self.floor
            cost = leading + CLOSER_COST * np.count_nonzero(reach) / reach.size
            if cost < cheapest:
                best, cheapest = min(leading, turned.shape[1]), cost
        return best


def _principal(sample: Floats, count: int) -> Floats:
    """Return orthonormal columns near the leading principal directions of `sample`, by subspace iteration."""
    basis = _signs(sample.shape[1], count, seed=0)
    for _ in range(2):
        basis = np.linalg.qr(sample.T @ (sample @ basis))[0]
    turned = sample @ basis
    basis = basis @ np.linalg.eigh(turned.T @ turned)[1][:, ::-1]
    return np.linalg.qr(basis.astype(np.float64))[0].astype(np.float32)


def _signs(rows: int, columns: int, seed: int) -> Floats:
    """Return random signs from the bare generator: NumPy may change its distributions, but not its streams of bits."""
    words = np.random.PCG64(seed).random_raw(rows * columns // 64 + 1)
    bits = np.unpackbits(words.view(np.uint8), count=rows * columns)
    return (2.0 * bits - 1.0).astype(np.float32).reshape(rows, columns)


class _Hash:
    """Puts vectors into a cell in each of `TABLES` tables, near ones often into the same.

    All is done in whole numbers below 2**24, on which float32 makes no error: so cells are alike on every machine.
    """

    def __init__(self, sample: Floats, count: int) -> None:
        cells = min(-(-count // CELL), MAX_CELLS)
        self._middle = np.rint(np.rint(sample * GRID).mean(axis=0, dtype=np.float64)).astype(np.float32)
        self._projection = _signs(sample.shape[1], SKETCH, seed=1)
        self._directions = _signs(TABLES * SKETCH, cells, seed=2).reshape(TABLES, SKETCH, cells)

    def sketches(self, vectors: Floats) -> Floats:
        """Return what the cells of vectors are found by, [rows, SKETCH]."""
        projected: Floats = (np.rint(vectors * GRID) - self._middle) @ self._projection
        return np.rint(projected / SKETCH)

    def cells(self, table: int, sketches: Floats) -> Codes:
        """Return the cells in a table: the direction nearest to each sketch."""
        nearness: Floats = sketches @ self._directions[table]
        return np.asarray(nearness.argmax(axis=1), np.uint8)


class _Selection:
    """The survivors so far, and what became of the rows taken."""

    def __init__(
        self, vectors: Floats, squares: Doubles, preference: Ints, threshold: float, pool: ThreadPoolExecutor
    ) -> None:
        count = len(vectors)
        self.absorber = np.full(count, -1, np.int64)
        self.similarity = np.ones(count)
        self._vectors, self._squares, self._threshold, self._pool = vectors, squares, threshold, pool
        sample = vectors[preference[:: max(-(-count // SAMPLE), SAMPLE_STEP)]]
        self._bound = _Bound(sample, threshold)
        self._hash = _Hash(sample, count)
        # Room for all to survive: what is never written to takes no memory.
        self._survivors = _Rows(np.empty(count, np.int64), np.empty((count, self._bound.width), np.float32))
        self._count = 0
        self._cells = np.empty((TABLES, 0), np.uint8)

    def survivors(self, start: int = 0) -> _Rows:
        """Return the survivors so far, in order of preference, from number `start` on."""
        return self._survivors.at(slice(start, self._count))

    def take(self, ids: Ints) -> None:
        """Select among the next rows."""
        rows = _Rows(ids, self._compute(self._coordinates, ids))
        if self._count >= LOOKUP_FROM:
            rows = self._look_up(rows)
        self._settle(rows, self._count)

    def _look_up(self, rows: _Rows) -> _Rows:
        """Absorb rows that share a cell with a survivor near enough; return the rest."""
        survivors = self.survivors()
        sketches = self._compute(self._sketches, survivors.ids[self._cells.shape[1] :])
        new = [self._compute(partial(self._hash.cells, table), sketches) for table in range(TABLES)]
        self._cells = np.concatenate([self._cells, new], axis=1)
        sketches = self._compute(self._sketches, rows.ids)
        for table in range(TABLES):
            cells = self._compute(partial(self._hash.cells, table), sketches)
            shared = zip(_by_cell(cells), _by_cell(self._cells[table]), strict=True)
            self._run(partial(self._look_into, rows, survivors), shared)
            rest = self._rest(rows)
            rows, sketches = rows.at(rest), sketches[rest]
        return rows

    def _look_into(self, rows: _Rows, survivors: _Rows, cell: tuple[Ints, Ints]) -> None:
        mine, theirs = cell
        if len(mine) and len(theirs) * CROWDED <= len(survivors.ids):
            others = survivors.at(theirs)
            for part in _parts(len(mine), TILE):
                self._absorb(rows.at(mine[part]), others)

    def _compare(self, rows: _Rows, survivors: _Rows) -> _Rows:
        """Absorb rows that are near to any of these survivors; return the rest."""
        self._run(lambda part: self._absorb(rows.at(part), survivors), _parts(len(rows.ids), TILE))
        return rows.at(self._rest(rows))

    def _settle(self, rows: _Rows, known: int) -> None:
        """Select among rows that none but the first `known` survivors may absorb, or they one another."""
        if known and len(rows.ids) <= SLICE:
            rows, known = self._compare(rows, self._survivors.at(slice(known))), 0
        if not known and len(rows.ids) <= LEAF:
            first, second = self._candidates(rows, rows)
            ahead = first < second
            if np.count_nonzero(ahead) <= CROWD * len(rows.ids):
                self._file(rows, first[ahead], second[ahead])
                return
        start, half = self._count, len(rows.ids) // 2
        self._settle(rows.at(slice(half)), known)
        self._settle(self._compare(rows.at(slice(half, None)), self.survivors(start)), known)

    def _file(self, rows: _Rows, first: Ints, second: Ints) -> None:
        """Select among rows of which no pairs but these, in ascending order, can be near; file the survivors."""
        cosines = self._cosines(rows.ids[first], rows.ids[second])
        near = cosines >= self._threshold
        survives = [True] * len(rows.ids)
        for one, other, cosine in zip(first[near].tolist(), second[near].tolist(), cosines[near].tolist(), strict=True):
            if survives[one] and survives[other]:
                survives[other] = False
                self._note(rows.ids[other], rows.ids[one], cosine)
        new = rows.at(np.flatnonzero(survives))
        self._note(new.ids, new.ids, 1.0)
        start, self._count = self._count, self._count + len(new.ids)
        filed = self.survivors(start)
        filed.ids[:], filed.coordinates[:] = new

    def _absorb(self, rows: _Rows, survivors: _Rows) -> None:
        """Note for each of at most `TILE` rows the first of these survivors that is near enough."""
        for tile in _parts(len(survivors.ids), TILE):
            others = survivors.at(tile)
            row, other = self._candidates(rows, others)
            cosines = self._cosines(rows.ids[row], others.ids[other])
            near = np.flatnonzero(cosines >= self._threshold)
            if len(near):
                first = near[np.flatnonzero(np.diff(row[near], prepend=-1))]
                self._note(rows.ids[row[first]], others.ids[other[first]], cosines[first])
                rows = rows.at(self._rest(rows))

    def _candidates(self, rows: _Rows, others: _Rows) -> tuple[Ints, Ints]:
        """Return the pairs that may be near, as indices into either, in ascending order."""
        floor, width = self._bound.floor, self._bound.leading + 1
        reach = rows.coordinates[:, :width] @ others.coordinates[:, :width].T >= floor
        if np.count_nonzero(reach) <= LOOK_SHARE * reach.size:
            row, other = _indices(reach)
            left, right = rows.coordinates.take(row, axis=0), others.coordinates.take(other, axis=0)
            close = np.flatnonzero(np.einsum("ij,ij->i", left[:, 1:], right[:, 1:]) >= floor)
            if len(close) <= DECIDE_SHARE * reach.size:
                return row[close], other[close]
        return _indices(self._vectors[rows.ids] @ self._vectors[others.ids].T >= floor)

    def _cosines(self, rows: Ints, others: Ints) -> Doubles:
        """Return what decides: the cosines of pairs of rows, by their numbers; of equal rows it is 1.0."""
        cosines = np.empty(len(rows))
        for part in _parts(len(rows), CHUNK):
            left, right = rows[part], others[part]
            dots = _dots(self._vectors.take(left, axis=0), self._vectors.take(right, axis=0))
            cosines[part] = dots / np.sqrt(self._squares[left] * self._squares[right])
        return np.minimum(cosines, 1.0)

    def _note(self, ids: Ints, absorbers: Ints, cosines: Doubles | float) -> None:
        self.absorber[ids] = absorbers
        self.similarity[ids] = cosines

    def _rest(self, rows: _Rows) -> Ints:
        """Return the indices of those not absorbed."""
        return np.flatnonzero(self.absorber[rows.ids] < 0)

    def _coordinates(self, ids: Ints) -> Floats:
        return self._bound.coordinates(self._vectors.take(ids, axis=0), self._squares[ids])

    def _sketches(self, ids: Ints) -> Floats:
        return self._hash.sketches(self._vectors.take(ids, axis=0))

    def _compute(self, function: Callable[[Any], Any], items: NDArray[Any]) -> Any:
        """Return what `function` gives for `items`, computed in parts by the threads."""
        return np.concatenate(list(self._pool.map(function, np.array_split(items, len(items) // TILE + 1))))

    def _run(self, job: Callable[[Any], None], items: Iterable[Any]) -> None:
        """Run a job for each item, by the threads. Each must note what becomes of rows of its own."""
        for _ in self._pool.map(job, items):
            pass


def _by_cell(cells: Codes) -> list[Ints]:
    """Return for each cell the indices of what lies in it, ascending."""
    return np.split(np.argsort(cells, kind="stable"), np.cumsum(np.bincount(cells, minlength=MAX_CELLS))[:-1])


def _indices(reach: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return what `numpy.nonzero` does, sooner where little is true."""
    rows = np.flatnonzero(reach.any(axis=1))
    row, column = np.divmod(np.flatnonzero(reach[rows]), reach.shape[1])
    return rows[row], column
