"""Merging: the richest persona of a group stays, carries what it absorbed, and nothing is counted twice."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.csc.language import Language
from personas.dedup.merging import merge_duplicates
from personas.persona import UNKNOWN, Persona, call_of, source_of


def make(id_: str, description: str = "You are you.", **fields: object) -> Persona:
    known = {
        "age": UNKNOWN,
        "job": UNKNOWN,
        "risk_tolerance": UNKNOWN,
        "financial_situation": UNKNOWN,
        "recent_stress": UNKNOWN,
        "tone": "calm",
        "communication_habits": UNKNOWN,
    }
    given = {"id": id_, "language": Language.EN, "description": description, "sources": (f"call-{id_}",)}
    return Persona.model_validate(known | given | fields)


def unit(*angles: float) -> np.ndarray:
    """Return unit vectors in the plane at these angles, in degrees."""
    turns = np.radians(angles)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


def test_the_richest_stays_and_carries_the_sources() -> None:
    personas = [
        make("poor"),
        make("rich", job="nurse"),
        make("wordy", "You are you, and more is to be said of you.", stands_for=2, sources=("a", "b")),
        make("alone"),
    ]
    merged = merge_duplicates(personas, unit(0, 10, 20, 90), 0.85)
    (group, alone) = merged.groups
    assert group.survivor.id == "rich" and alone.survivor == personas[3] and not alone.absorbed
    assert [(persona.id, round(cosine, 3)) for persona, cosine in group.absorbed] == [("poor", 0.985), ("wordy", 0.985)]
    assert group.survivor.sources == ("call-rich", "call-poor", "a", "b") and group.survivor.stands_for == 4
    assert max(merged.nearest_after) < 0.85 <= min(merged.nearest_before[:3])


def test_a_chain_keeps_both_ends_when_the_middle_is_poorer() -> None:
    personas = [make("left", job="x"), make("middle"), make("right", job="x")]
    merged = merge_duplicates(personas, unit(0, 30, 60), 0.85)
    assert [group.survivor.id for group in merged.groups] == ["left", "right"]
    personas[1] = make("middle", job="x", age="26-35")
    merged = merge_duplicates(personas, unit(0, 30, 60), 0.85)
    assert [group.survivor.id for group in merged.groups] == ["middle"]


def test_the_same_persona_of_two_pools_counts_once() -> None:
    once = make("a", stands_for=2, sources=("x", "y"))
    merged = merge_duplicates([make("a", sources=("x",)), once, make("b", sources=("y",))], unit(0, 0, 0), 0.85)
    (group,) = merged.groups
    assert group.survivor == once and len(group.absorbed) == 2
    seeds = [make("a", sources=()), make("b", sources=(), stands_for=3)]
    (group,) = merge_duplicates(seeds, unit(0, 0), 0.85).groups
    assert group.survivor.id == "b" and group.survivor.stands_for == 4


def test_a_call_counts_once_whatever_its_files_call_it() -> None:
    one, two = make("a", sources=("calls-1-3fa2b1c4",)), make("b", sources=("calls (1)-7-3fa2b1c4", "d-0123456a"))
    (group,) = merge_duplicates([one, two.model_copy(update={"stands_for": 2})], unit(0, 0), 0.85).groups
    assert set(map(call_of, group.survivor.sources)) == {"3fa2b1c4", "0123456a"} and group.survivor.stands_for == 2
    dates = [make("a", sources=("x-20240131",)), make("b", sources=("y-20240131",))]
    assert merge_duplicates(dates, unit(0, 0), 0.85).groups[0].survivor.stands_for == 2


@given(st.text("0123456789abcdef", min_size=8, max_size=32), st.text("0123456789", min_size=8, max_size=8))
def test_a_call_is_known_by_its_words_whatever_its_id_and_its_digest(words: str, number: str) -> None:
    for digest in (words, number):
        assert call_of(source_of("monday-1", digest)) == call_of(source_of("tuesday 7", digest)) != "monday-1"


@given(st.permutations(range(4)))
def test_pools_of_pools_lose_no_call(order: list[int]) -> None:
    """A persona has absorbed another in each of two pools; theirs meet again, below a richer one or not."""
    merged = [
        make("a", sources=("a", "b"), stands_for=2),
        make("a", sources=("a", "c"), stands_for=2),
        make("seed", sources=(), stands_for=3),
        make("seed", sources=(), stands_for=1),
    ]
    for richer in ([], [make("rich", job="nurse", sources=("r",))]):
        personas = [merged[i] for i in order] + richer
        (group,) = merge_duplicates(personas, unit(*[0] * len(personas)), 0.85).groups
        assert set(group.survivor.sources) == {"a", "b", "c", *(one.sources[0] for one in richer)}
        assert group.survivor.stands_for == len(group.survivor.sources) + 3


def test_one_and_none() -> None:
    assert merge_duplicates([], np.zeros((0, 2), np.float32), 0.85).groups == []
    merged = merge_duplicates([make("a")], unit(0), 0.85)
    assert [group.survivor.id for group in merged.groups] == ["a"] and merged.nearest_before == []


@given(
    angles=st.lists(st.integers(0, 359), min_size=1, max_size=12),
    threshold=st.sampled_from([0.5, 0.85, 0.99]),
    order=st.randoms(use_true_random=False),
)
def test_the_survivors_do_not_depend_on_the_order(angles: list[int], threshold: float, order: object) -> None:
    personas = [make(f"p{i}", f"You are number {i}.", job="x" if i % 3 else UNKNOWN) for i in range(len(angles))]
    rows = list(range(len(angles)))
    order.shuffle(rows)  # type: ignore[attr-defined]
    one = merge_duplicates(personas, unit(*angles), threshold)
    two = merge_duplicates([personas[row] for row in rows], unit(*(angles[row] for row in rows)), threshold)
    by_id = {group.survivor.id: group.absorbed for group in two.groups}
    assert {group.survivor.id: group.absorbed for group in one.groups} == by_id
