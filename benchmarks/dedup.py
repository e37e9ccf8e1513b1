"""Seconds and memory that deduplicating vectors takes, beside other ways to do the same.

The vectors stand for the embeddings of persona texts: what all have in common, directions whose weight falls off like
1 / (3 + rank), and for every eight or so a centre of which they are noisy copies. 12% of the rows are centres; copies
have a cosine of 0.92 to 0.99 with theirs, so of over 0.85 with one another mostly. The worst case for the bound of
`personas.dedup.pruning` are vectors whose directions all weigh the same and of which none is a copy.

Each method selects greedily, rows in the same order: one stays unless an earlier one that stays is at or over the
threshold. Each runs in a process of its own, some rows for warming up first; its memory is the peak of the process
beside what it held then, the vectors included. Recall is the share of the rows pruned by the exact selection that a
method prunes too. semhash and faiss-cpu are no dependencies: they are measured where they are installed.
"""

import argparse
import importlib
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks._common import describe_machine, print_table
from personas.dedup.pruning import prune

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

DIMENSIONS = 384
THRESHOLD = 0.85
DISTINCT = 0.12
COMMON = 0.25
"""The share of the squared length that all vectors have in common, so about the mean cosine of strangers."""
CLOSENESS = (0.84, 0.98)
"""Squared cosines of copies with their centre, drawn evenly from between."""
WARM_UP = 256
SLOW_S = 20.0
"""What takes longer is measured once."""
NEIGHBOURS = 64


def make_vectors(count: int, seed: int = 0, *, isotropic: bool = False) -> Vectors:
    """Return unit vectors as described above, [count, DIMENSIONS], shuffled."""
    rng = np.random.default_rng(seed)
    vectors = np.empty((count, DIMENSIONS), np.float32)
    spread = np.ones(DIMENSIONS) if isotropic else (np.arange(DIMENSIONS) + 3.0) ** -0.5
    spread = (spread / np.linalg.norm(spread)).astype(np.float32)
    turn = np.linalg.qr(rng.standard_normal((DIMENSIONS, DIMENSIONS)))[0].astype(np.float32)
    distinct = count if isotropic else max(1, round(DISTINCT * count))
    centres = _draw(rng, distinct, spread)
    if not isotropic:
        centres *= np.float32((1.0 - COMMON) ** 0.5)
        centres[:, 0] += np.float32(COMMON**0.5)
        centres = _unit(centres)
    of = rng.permutation(np.concatenate([np.arange(distinct), rng.integers(distinct, size=count - distinct)]))
    for start in range(0, count, 65_536):
        part = slice(start, start + 65_536)
        near = centres[of[part]]
        if not isotropic:
            share = rng.uniform(*CLOSENESS, (len(near), 1)).astype(np.float32)
            near = np.sqrt(share) * near + np.sqrt(1.0 - share) * _unit(_draw(rng, len(near), spread))
        vectors[part] = _unit(near @ turn)
    return vectors


def _draw(rng: np.random.Generator, count: int, spread: Vectors) -> Vectors:
    return np.asarray(rng.standard_normal((count, DIMENSIONS), dtype=np.float32) * spread)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def by_rolecs(vectors: Vectors) -> Rows:
    return prune(vectors, np.arange(len(vectors)), THRESHOLD).kept


def by_scikit_learn(vectors: Vectors) -> Rows:
    """Select from scikit-learn's matrix of cosines."""
    pairwise: Any = importlib.import_module("sklearn.metrics.pairwise")
    return _by_matrix(pairwise.cosine_similarity(vectors))


def by_numpy(vectors: Vectors) -> Rows:
    return _by_matrix(vectors @ vectors.T)


def _by_matrix(cosines: Vectors) -> Rows:
    stays = np.ones(len(cosines), np.bool_)
    for row in range(len(cosines)):
        if stays[row]:
            stays[row + 1 :] &= cosines[row, row + 1 :] < THRESHOLD
    return np.flatnonzero(stays)


def by_plain_loop(vectors: Vectors) -> Rows:
    """Hold each row against those that stay so far, one after the other."""
    kept: list[int] = []
    staying = np.empty_like(vectors)
    for row, vector in enumerate(vectors):
        if not kept or (staying[: len(kept)] @ vector).max() < THRESHOLD:
            staying[len(kept)] = vector
            kept.append(row)
    return np.array(kept)


def by_semhash(vectors: Vectors) -> Rows:
    """Select by semhash as it comes: an approximate index of usearch, and a greedy selection."""
    semhash: Any = importlib.import_module("semhash")
    records = [str(row) for row in range(len(vectors))]
    found = semhash.SemHash.from_embeddings(vectors, records, model=_NoModel()).self_deduplicate(THRESHOLD)
    return np.array(sorted(map(int, found.selected)))


class _NoModel:
    """semhash asks for a model, and has nothing to encode with it where the vectors are given."""

    def encode(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def by_faiss_flat(vectors: Vectors) -> Rows:
    """Select from the lists of all neighbours that faiss finds by brute force."""
    faiss: Any = importlib.import_module("faiss")
    index = faiss.IndexFlatIP(DIMENSIONS)
    index.add(vectors)
    limits, _, neighbours = index.range_search(vectors, THRESHOLD)
    return _by_lists(np.split(neighbours, limits[1:-1].astype(np.int64)))


def by_faiss_hnsw(vectors: Vectors) -> Rows:
    """Select from lists of the nearest neighbours, found through a graph."""
    faiss: Any = importlib.import_module("faiss")
    index = faiss.IndexHNSWFlat(DIMENSIONS, 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efSearch = NEIGHBOURS
    index.add(vectors)
    cosines, neighbours = index.search(vectors, NEIGHBOURS)
    return _by_lists([row[near] for row, near in zip(neighbours, cosines >= THRESHOLD, strict=True)])


def _by_lists(neighbours: Sequence[Rows]) -> Rows:
    """Select by lists of neighbours, which need not know of one another."""
    stays = np.ones(len(neighbours), np.bool_)
    for row, near in enumerate(neighbours):
        stays[row] &= not stays[near[near < row]].any()
        if stays[row]:
            stays[near[near > row]] = False
    return np.flatnonzero(stays)


class Method(NamedTuple):
    """A way to select: its package if that may be missing, and up to how many rows it is measured."""

    select: Callable[[Vectors], Rows]
    most_rows: int
    beyond: str = ""
    package: str | None = None


METHODS = {
    "rolecs": Method(by_rolecs, sys.maxsize),
    "scikit-learn matrix": Method(by_scikit_learn, 30_000, "too much memory"),
    "NumPy matrix": Method(by_numpy, 30_000, "too much memory"),
    "plain loop": Method(by_plain_loop, 30_000, "over 5 minutes"),
    "semhash": Method(by_semhash, 30_000, "over 5 minutes", "semhash"),
    "faiss flat": Method(by_faiss_flat, 100_000, "over 5 minutes", "faiss"),
    "faiss HNSW": Method(by_faiss_hnsw, 100_000, "over 5 minutes", "faiss"),
}


def measure_here(name: str, folder: Path, rounds: int) -> None:
    """Measure a method in this process; print its seconds and megabytes, and save the rows that stay."""
    vectors: Vectors = np.load(folder / "vectors.npy")
    select = METHODS[name].select
    select(vectors[:WARM_UP])
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    seconds: list[float] = []
    while len(seconds) < rounds and sum(seconds) < SLOW_S:
        started = time.perf_counter()
        kept = select(vectors)
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    np.save(folder / f"{name}.npy", kept)
    print(json.dumps({"seconds": median(seconds), "megabytes": (peak - before) / 1e6}))


def measure(name: str, folder: Path, rounds: int) -> tuple[float, int, Rows]:
    """Measure a method in a process of its own; return its seconds, its megabytes and the rows that stay."""
    command = [sys.executable, "-m", "benchmarks.dedup", "--method", name, "--folder", str(folder)]
    done = subprocess.run([*command, "--rounds", str(rounds)], stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return found["seconds"], round(found["megabytes"]), np.load(folder / f"{name}.npy")


def compare(title: str, count: int, rounds: int, *, isotropic: bool = False) -> None:
    """Measure the methods on the same vectors, and print the table."""
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "vectors.npy", make_vectors(count, isotropic=isotropic))
        pruned, own_seconds = np.empty(0, np.int64), 0.0
        for name, method in METHODS.items():
            if method.package and not importlib.util.find_spec(method.package):
                rows.append((name, "not installed", "", "", "", ""))
            elif count > method.most_rows:
                rows.append((name, method.beyond, "", "", "", ""))
            else:
                seconds, megabytes, kept = measure(name, Path(folder), rounds)
                if name == "rolecs":
                    pruned, own_seconds = np.setdiff1d(np.arange(count), kept), seconds
                recall = f"{np.mean(~np.isin(pruned, kept)):.4f}" if len(pruned) else "-"
                rows.append((name, f"{seconds:,.3f}", f"{seconds / own_seconds:,.1f}", megabytes, len(kept), recall))
    print_table(title, ("method", "seconds", "to rolecs", "MB beside", "survivors", "recall"), rows)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.dedup", description="Measure the deduplication of vectors.")
    parser.add_argument("--sizes", default="16000,100000,1000000", help="numbers of vectors, with commas between")
    parser.add_argument("--isotropic", type=int, default=16_000, help="vectors without any structure; 0 for none")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median is told")
    parser.add_argument("--method", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.method:
        measure_here(arguments.method, arguments.folder, arguments.rounds)
        return

    for count in map(int, arguments.sizes.split(",")):
        title = f"{count:,} vectors of {DIMENSIONS} dimensions, {DISTINCT:.0%} distinct, threshold {THRESHOLD}"
        compare(title, count, arguments.rounds)
    if arguments.isotropic:
        title = f"{arguments.isotropic:,} vectors without any structure: the worst case of the bound"
        compare(title, arguments.isotropic, arguments.rounds, isotropic=True)
    print(describe_machine("numpy", "scikit-learn"))


if __name__ == "__main__":
    main()
