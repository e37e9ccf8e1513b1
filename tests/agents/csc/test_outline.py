"""The outline of a rewritten call: whatever is chosen, it obeys the flow rules and covers the original in its order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits, broken_rules
from agents.csc.outline import ADDABLE, Cover, Option, Outline, Step, has_room
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy


def alternating(first: Speaker, count: int) -> list[Speaker]:
    other = Speaker.CUSTOMER if first is Speaker.SUPPORTER else Speaker.SUPPORTER
    return [first if number % 2 == 0 else other for number in range(count)]


@settings(max_examples=30)
@given(st.sampled_from(Speaker), st.integers(2, 44), st.randoms(use_true_random=False))
def test_every_outline_obeys_the_rules_and_covers_the_original(first: Speaker, count: int, chance: object) -> None:
    speakers, limits = alternating(first, count), Limits()
    assert has_room(count, limits)
    outline = Outline(speakers, limits)
    while not outline.is_done:
        outline.take(chance.choice(outline.options()))  # type: ignore[attr-defined]
    steps = outline.steps
    turns = [Turn(speaker=step.speaker, text="x", strategy=step.strategy) for step in steps]
    assert broken_rules(turns, limits) == []
    assert limits.min_utterances <= len(steps) <= limits.max_utterances
    assert [step.speaker for step in steps] == alternating(Speaker.SUPPORTER, len(steps))
    whole = [step.line for step in steps if step.cover is Cover.WHOLE]
    assert whole == list(range(1, count + 1))
    covered = [step.line for step in steps if step.line]
    assert covered == sorted(covered)
    assert all(speakers[step.line - 1] is step.speaker for step in steps if step.line)


@settings(max_examples=30)
@given(st.sampled_from(Speaker), st.integers(2, 44), st.randoms(use_true_random=False))
def test_what_is_added_solves_nothing(first: Speaker, count: int, chance: object) -> None:
    outline = Outline(alternating(first, count), Limits())
    while not outline.is_done:
        outline.take(chance.choice(outline.options()))  # type: ignore[attr-defined]
    added = {step.strategy for step in outline.steps if step.line is None and step.strategy}
    assert added <= ADDABLE | {Strategy.OT}


def test_the_shortest_way() -> None:
    outline = Outline(alternating(Speaker.CUSTOMER, 3), Limits(min_utterances=4, max_utterances=12))
    assert outline.options() == (Option(Strategy.GT, Cover.NONE),)
    outline.take(Option(Strategy.GT, Cover.NONE))
    assert outline.steps[-1] == Step(speaker=Speaker.CUSTOMER, line=1, cover=Cover.WHOLE) and outline.pending == 2
    with pytest.raises(ValueError, match="may not come here"):
        outline.take(Option(Strategy.PS, Cover.NONE))
    outline.take(Option(Strategy.ID, Cover.WHOLE))
    # All is covered: what is left is to prove who called, and to close.
    assert {option.cover for option in outline.options()} == {Cover.NONE}
    assert not has_room(7, Limits(min_utterances=4, max_utterances=12))
