"""What is trained on and in which order: the split, the steps of an epoch, the packs of a step. All of it is pure."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from agents.digests import digest
from outputs.datasets.roles import RoleRow
from outputs.training.packing import Pack, TokenRow, count_nodes, pack, plan_packs


class Item(NamedTuple):
    """A row to train on or to measure with: its tokens, its role, and the side of a dialogue that it belongs to.

    A side is named by the dialogue and what its requests begin with.
    `choice` numbers the request that a row to measure with answers, `is_answer` tells the right answer from the other
    options; `choice` is None where a request lets the model choose nothing.
    """

    tokens: TokenRow
    role: str
    side: tuple[str, str]
    choice: int | None = None
    is_answer: bool = True


class Split(NamedTuple):
    """Rows to train on, and rows held out to measure with."""

    train: list[RoleRow]
    held_out: list[RoleRow]


def split_rows(rows: Sequence[RoleRow], share: float, seed: int) -> Split:
    """Hold out the rows of a share of the dialogues: whole dialogues, and all those of a persona together.

    Which ones depends on `seed` and their ids alone, not on their order. Something is left to train on always; with a
    share above 0 something is held out where there are two that have neither dialogue nor persona in common.
    """
    groups = _groups(rows)
    dialogues: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        dialogues[groups[row.dialogue]].add(row.dialogue)
    wanted = share * sum(map(len, dialogues.values()))
    held: set[str] = set()
    count = 0
    for group in sorted(dialogues, key=lambda name: hashlib.sha256(f"{seed}\0{name}".encode()).digest()):
        if count >= wanted or len(held) == len(dialogues) - 1:
            break
        held.add(group)
        count += len(dialogues[group])
    return Split(
        [row for row in rows if groups[row.dialogue] not in held],
        [row for row in rows if groups[row.dialogue] in held],
    )


def _groups(rows: Iterable[RoleRow]) -> dict[str, str]:
    """Return for each dialogue the name of its group: dialogues that share a persona, directly or over others.

    A dialogue that is there under two ids is one: both have the same longest request, with the same answer.
    """
    parents: dict[tuple[str, str], tuple[str, str]] = {}

    def find(node: tuple[str, str]) -> tuple[str, str]:
        while parents.setdefault(node, node) != node:
            parents[node] = node = parents[parents[node]]
        return node

    longest: dict[str, RoleRow] = {}
    shared: list[tuple[str, tuple[str, str]]] = []
    for row in rows:
        find(("dialogue", row.dialogue))
        if row.persona:
            shared.append((row.dialogue, ("persona", row.persona)))
        longest[row.dialogue] = max(longest.get(row.dialogue, row), row, key=_length)
    shared += [(name, ("words", digest((row.messages, row.answer)))) for name, row in longest.items()]
    for name, what in shared:
        # The smaller one becomes the root, so that the name does not depend on the order of the rows.
        one, other = sorted((find(("dialogue", name)), find(what)))
        parents[other] = one
    return {name: "/".join(find((kind, name))) for kind, name in list(parents) if kind == "dialogue"}


def _length(row: RoleRow) -> tuple[int, str, str]:
    """Return by what the longest request of a dialogue is told, in whatever order its rows come."""
    return len(row.messages), row.answer, row.role


def plan_epoch(items: Sequence[Item], batch: int, seed: int, epoch: int) -> list[list[int]]:
    """Return the steps of an epoch, each as indices of items.

    The sides of the dialogues come in an order of their own in each epoch; whole ones fill a step until it has `batch`
    rows. Within a step sides that begin alike lie side by side, as they share a pack then.
    """
    sides: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        sides[item.side].append(index)
    order = list(sides.values())
    np.random.default_rng([seed, epoch]).shuffle(order)
    steps: list[list[int]] = []
    step: list[list[int]] = []
    for position, side in enumerate(order, start=1):
        step.append(side)
        if sum(map(len, step)) >= batch or position == len(order):
            step.sort(key=lambda side: items[side[0]].tokens.tokens.tolist())
            steps.append([index for side in step for index in side])
            step = []
    return steps


def even_budget(items: Sequence[Item], budget: int, processes: int) -> int:
    """Return the smallest budget, to 5%, with which no process makes more passes than it has to with `budget`.

    All processes wait for the one whose packs are largest: a full pack beside a rest would leave most of them idle.
    """
    rows = [item.tokens for item in items]
    nodes = count_nodes(rows, budget)
    passes = math.ceil(nodes / (budget * processes))
    even = math.ceil(nodes / (passes * processes))
    while even < budget and len(list(plan_packs(rows, even))) > passes * processes:
        even = math.ceil(even * 1.05)
    return min(even, budget)


def make_packs(items: Sequence[Item], budget: int | None) -> list[Pack]:
    """Return the packs of some items; without a budget each item is alone in its pack."""
    rows = [item.tokens for item in items]
    packs = []
    for indices in plan_packs(rows, budget):
        packed = pack([rows[index] for index in indices])
        packs.append(packed._replace(rows=np.array(indices, np.int32)[packed.rows]))
    return packs
