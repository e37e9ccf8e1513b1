"""The split keeps dialogues and personas together; an epoch has every row once, those of a side in one step."""

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from outputs.datasets.roles import ChatMessage, RoleRow
from outputs.training.packing import TokenRow
from outputs.training.plan import Item, even_budget, make_packs, plan_epoch, split_rows

MESSAGES = (ChatMessage(role="user", content="Hello."),)
dialogues = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4)), min_size=1, max_size=20)
"""Rows by dialogue and persona; persona 0 is unknown."""


def make_rows(pairs: list[tuple[int, int]]) -> list[RoleRow]:
    return [
        RoleRow(
            id=str(number),
            role="r",
            dialogue=f"d{dialogue}",
            persona=f"p{persona}" if persona else "",
            messages=MESSAGES,
            answer=f"Yes, {dialogue}.",
        )
        for number, (dialogue, persona) in enumerate(pairs)
    ]


@given(dialogues, st.floats(0, 0.99), st.integers(0, 3), st.randoms())
def test_neither_a_dialogue_nor_a_persona_is_on_both_sides(pairs, share, seed, random) -> None:  # type: ignore[no-untyped-def]
    rows = make_rows(pairs)
    train, held_out = split_rows(rows, share, seed)
    assert sorted(row.id for row in (*train, *held_out)) == sorted(row.id for row in rows) and train
    for key in ("dialogue", "persona"):
        assert not {getattr(row, key) for row in train} & {getattr(row, key) for row in held_out} - {""}
    shuffled = random.sample(rows, len(rows))
    assert {row.id for row in split_rows(shuffled, share, seed).held_out} == {row.id for row in held_out}


def test_a_dialogue_under_two_ids_is_held_out_as_one() -> None:
    rows = make_rows([(number, 0) for number in range(20)])
    again = [row.model_copy(update={"id": f"again-{row.id}", "dialogue": f"again-{row.dialogue}"}) for row in rows]
    for seed in range(5):
        train, held_out = split_rows([*again, *rows], 0.5, seed)
        assert len(train) == len(held_out) == 20 and not {row.answer for row in train} & {
            row.answer for row in held_out
        }


def test_the_share_is_one_of_dialogues_and_something_is_held_out_where_it_can_be() -> None:
    rows = make_rows([(number, 0) for number in range(100) for _ in range(number % 7 + 1)])
    for share, count in ((0.0, 0), (0.1, 10), (0.5, 50)):
        assert len({row.dialogue for row in split_rows(rows, share, 1).held_out}) == count
    assert len({row.dialogue for row in split_rows(make_rows([(1, 0), (2, 0)]), 0.01, 1).held_out}) == 1
    other = {row.dialogue for row in split_rows(rows, 0.5, 2).held_out}
    assert other != {row.dialogue for row in split_rows(rows, 0.5, 1).held_out}


def make_items(sides: list[int]) -> list[Item]:
    return [
        Item(TokenRow(np.array([side, 9, number], np.int32), 2), "r", (str(side), ""))
        for number, side in enumerate(sides)
    ]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.integers(1, 12), st.integers(0, 3))
def test_an_epoch_has_every_row_once_and_whole_sides_in_a_step(sides: list[int], batch: int, epoch: int) -> None:
    items = make_items(sides)
    steps = plan_epoch(items, batch, 7, epoch)
    assert sorted(index for step in steps for index in step) == list(range(len(items)))
    for step, following in pairwise(steps):
        assert len(step) >= batch and not {sides[index] for index in step} & {sides[index] for index in following}
        # A step is full as soon as its sides have enough rows.
        largest = max(Counter(sides[index] for index in step).values())
        assert len(step) - largest < batch
    for step in steps:
        assert [sides[index] for index in step] == sorted(sides[index] for index in step)
    assert steps == plan_epoch(items, batch, 7, epoch)


def test_epochs_have_orders_of_their_own() -> None:
    items = make_items(list(range(30)))
    assert len({str(plan_epoch(items, 4, 7, epoch)) for epoch in range(3)}) == 3


def test_packs_say_whose_answers_they_hold() -> None:
    items = make_items([1, 1, 2, 2])
    assert [sorted(set(packed.rows.tolist())) for packed in make_packs(items, 4)] == [[0, 1], [2, 3]]
    assert [packed.rows.tolist() for packed in make_packs(items, None)] == [[0], [1], [2], [3]]


@given(st.lists(st.integers(2, 40), min_size=1, max_size=30), st.integers(20, 200), st.integers(1, 4))
def test_processes_share_a_step_evenly(lengths: list[int], budget: int, processes: int) -> None:
    items = [
        Item(TokenRow(np.full(length, number, np.int32), 1), "r", (str(number), ""))
        for number, length in enumerate(lengths)
    ]

    def passes(of: int) -> int:
        return -(-len(make_packs(items, of)) // processes)

    even = even_budget(items, budget, processes)
    # A row that is longer than the budget has a pack of its own, whatever it is.
    assert even <= budget and (max(lengths) > budget or passes(even) <= passes(budget))
