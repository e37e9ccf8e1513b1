"""Packs of rows as tries: what rows share at their beginning goes through the model once.

The requests of one side of a dialogue share nearly all of their prompt. The token sequences of rows (prompt and answer)
are put into a trie, and its nodes laid out depth first: a node's position is its depth, and it attends to its ancestors
and itself alone. Each node then sees exactly the tokens that it would see in its row alone, so every answer has the
same likelihood as unpacked; the loss is taken on the edges that lead through answers. A dialogue as chat messages, the
loss on each of the assistant's turns, is such a trie as well: a single chain.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]


class TokenRow(NamedTuple):
    """A row as tokens: `tokens` are the prompt's and the answer's, `answer` is the index of the answer's first."""

    tokens: Ints
    answer: int


class Pack(NamedTuple):
    """Rows laid out as a trie, for one pass through the model.

    For each of n nodes `tokens`, `depths` (its position) and `ends` (the first node behind its subtree); for each of m
    answer tokens `sources` (the node whose output predicts it), `targets` (the token) and `rows` (the index of its row
    among those packed).
    """

    tokens: Ints
    depths: Ints
    ends: Ints
    sources: Ints
    targets: Ints
    rows: Ints


def pack(rows: Sequence[TokenRow]) -> Pack:
    """Lay rows out as a trie, depth first.

    >>> row = TokenRow(np.array([7, 8, 9], np.int32), 2)
    >>> other = TokenRow(np.array([7, 8, 5, 6], np.int32), 2)
    >>> packed = pack([row, other])
    >>> packed.tokens.tolist(), packed.depths.tolist(), packed.ends.tolist()
    ([7, 8, 5, 6, 9], [0, 1, 2, 3, 2], [5, 5, 4, 4, 5])
    >>> packed.sources.tolist(), packed.targets.tolist(), packed.rows.tolist()
    ([1, 2, 1], [5, 6, 9], [1, 1, 0])
    """
    order = sorted(range(len(rows)), key=lambda index: _sort_key(rows[index].tokens))
    tokens: list[Ints] = []
    depths: list[Ints] = []
    ends = np.zeros(sum(len(row.tokens) for row in rows), np.int32)
    sources: list[Ints] = []
    targets: list[Ints] = []
    owners: list[Ints] = []
    count = 0
    path: Ints = np.empty(0, np.int32)  # the nodes from the root to the last one laid out
    before: Ints = np.empty(0, np.int32)
    for index in order:
        row = rows[index]
        shared = _shared_length(before, row.tokens)
        ends[path[shared:]] = count
        new = len(row.tokens) - shared
        tokens.append(row.tokens[shared:])
        depths.append(np.arange(shared, len(row.tokens), dtype=np.int32))
        path = np.concatenate([path[:shared], np.arange(count, count + new, dtype=np.int32)])
        sources.append(path[row.answer - 1 : -1])
        targets.append(row.tokens[row.answer :])
        owners.append(np.full(len(row.tokens) - row.answer, index, np.int32))
        count += new
        before = row.tokens
    ends[path] = count
    return Pack(
        np.concatenate(tokens),
        np.concatenate(depths),
        ends[:count],
        np.concatenate(sources),
        np.concatenate(targets),
        np.concatenate(owners),
    )


class _Open:
    """A pack to which rows are still added: what it holds in the order of the tokens, and its number of nodes."""

    def __init__(self) -> None:
        self.indices: list[int] = []
        self.nodes = 0
        self._keys: list[bytes] = []
        self._tokens: list[Ints] = []

    def cost(self, tokens: Ints) -> int:
        """Return the number of nodes that a row would add; of all rows its neighbours share the most with it."""
        place = bisect_left(self._keys, _sort_key(tokens))
        neighbours = self._tokens[max(0, place - 1) : place + 1]
        return len(tokens) - max((_shared_length(other, tokens) for other in neighbours), default=0)

    def add(self, index: int, tokens: Ints) -> None:
        key = _sort_key(tokens)
        place = bisect_left(self._keys, key)
        self.nodes += self.cost(tokens)
        self.indices.append(index)
        self._keys.insert(place, key)
        self._tokens.insert(place, tokens)


def plan_packs(rows: Iterable[TokenRow], budget: int | None) -> Iterator[list[int]]:
    """Yield the indices of rows that go into one pack, in their order: as many as fit into `budget` nodes.

    A row that is longer than the budget has a pack of its own: nothing is ever cut. Without a budget each row has one.
    """
    for packed in _fill(rows, budget):
        yield packed.indices


def count_nodes(rows: Iterable[TokenRow], budget: int | None) -> int:
    """Return the number of nodes in all packs of `plan_packs`."""
    return sum(packed.nodes for packed in _fill(rows, budget))


def _fill(rows: Iterable[TokenRow], budget: int | None) -> Iterator[_Open]:
    packed = _Open()
    for index, row in enumerate(rows):
        if packed.indices and (budget is None or packed.nodes + packed.cost(row.tokens) > budget):
            yield packed
            packed = _Open()
        packed.add(index, row.tokens)
    if packed.indices:
        yield packed


def _sort_key(tokens: Ints) -> bytes:
    """Return bytes that sort as the tokens do."""
    return tokens.astype(">u4").tobytes()


def _shared_length(one: Ints, other: Ints) -> int:
    """Return how many tokens two sequences share at their beginning."""
    length = min(len(one), len(other))
    differs = one[:length] != other[:length]
    return int(differs.argmax()) if differs.any() else length
