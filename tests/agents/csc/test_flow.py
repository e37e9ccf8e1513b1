"""The flow rules: every call that follows them is sound, every breach is named."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.csc.dialogue import GoalOutcome, Turn
from agents.csc.flow import (
    ANSWERS,
    FEWEST_ANSWERS,
    MOST_IDENTITY_TURNS,
    MOST_TURNS_WITHOUT_ANSWER,
    Limits,
    Progress,
    allowed_strategies,
    broken_rules,
    playable_outcomes,
    playable_strategies,
    possible_outcomes,
)
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from tests.conftest import EN_CALL, make_turns

limits = st.tuples(st.integers(4, 30), st.integers(8, 60)).filter(lambda pair: pair[0] < pair[1])


def supporter(code: str) -> Turn:
    return Turn(speaker=Speaker.SUPPORTER, text="x", strategy=Strategy(code))


def customer(*, ends_call: bool = False) -> Turn:
    return Turn(speaker=Speaker.CUSTOMER, text="y", ends_call=ends_call)


@pytest.mark.parametrize(
    ("choices", "outcomes_of"), [(allowed_strategies, possible_outcomes), (playable_strategies, playable_outcomes)]
)
@given(bounds=limits, data=st.data())
def test_any_call_that_only_makes_allowed_choices_is_sound(
    choices: Callable[[Progress, Limits], tuple[Strategy, ...]],
    outcomes_of: Callable[[Progress, Limits], tuple[GoalOutcome, ...]],
    bounds: tuple[int, int],
    data: st.DataObject,
) -> None:
    bound = Limits(min_utterances=bounds[0], max_utterances=bounds[1])
    turns: list[Turn] = []
    while not turns or turns[-1].strategy is not Strategy.AC:
        allowed = choices(Progress.of(turns), bound)
        assert allowed, f"no way on after {[turn.strategy for turn in turns]}"
        turns.append(supporter(data.draw(st.sampled_from(allowed))))
        if turns[-1].strategy is not Strategy.AC:
            outcomes = outcomes_of(Progress.of(turns), bound)
            turns.append(customer(ends_call=data.draw(st.sampled_from(outcomes)) is not GoalOutcome.OPEN))

    codes = [turn.strategy for turn in turns if turn.strategy]
    ended = any(turn.ends_call for turn in turns)
    assert not broken_rules(turns, bound)
    if choices is playable_strategies:
        assert codes.count(Strategy.IV) <= MOST_IDENTITY_TURNS
        ended_after = sum(
            turn.strategy in ANSWERS for turn in itertools.takewhile(lambda turn: not turn.ends_call, turns)
        )
        assert not ended or ended_after >= FEWEST_ANSWERS
        for first in range(len(codes) - MOST_TURNS_WITHOUT_ANSWER):
            some = codes[first : first + MOST_TURNS_WITHOUT_ANSWER + 1]
            assert ANSWERS & set(some) or some[-1] in {Strategy.AC, Strategy.FR, Strategy.RC}
    assert len(turns) <= bound.max_utterances
    assert codes[0] is Strategy.GT and codes.count(Strategy.GT) == 1
    assert codes[-1] is Strategy.AC and codes.count(Strategy.AC) == 1
    assert not any(a == b == c for a, b, c in zip(codes, codes[1:], codes[2:], strict=False))
    if not ended:
        assert len(turns) >= bound.min_utterances
        assert Strategy.IV in codes[1:3]
    if len(turns) < bound.max_utterances - 1 and not ended:
        assert ANSWERS & set(codes), "a call that closes has got somewhere"
    for index, turn in enumerate(turns):
        if turn.ends_call:
            before = {other.strategy for other in turns[:index]}
            assert before & ANSWERS or index >= bound.min_utterances, "the customer had cause to end it"
    for acting in (Strategy.PS, Strategy.RI):
        if acting in codes:
            assert Strategy.IV in codes[: codes.index(acting)]
    if Strategy.FR in codes:
        assert {Strategy.PS, Strategy.ID, Strategy.RI} & set(codes[: codes.index(Strategy.FR)])
    assert not allowed_strategies(Progress.of(turns), bound)


@given(codes=st.lists(st.sampled_from(list(Strategy)), min_size=1, max_size=12))
def test_a_turn_is_a_breach_exactly_when_it_was_not_allowed(codes: list[Strategy]) -> None:
    turns = [turn for code in codes for turn in (supporter(code), customer())][:-1]
    bound = Limits()
    forbidden = [
        index
        for index in range(0, len(turns), 2)
        if turns[index].strategy not in allowed_strategies(Progress.of(turns[:index]), bound)
    ]
    assert sorted({breach.turn for breach in broken_rules(turns, bound)}) == forbidden


def test_the_sample_call_is_sound() -> None:
    assert not broken_rules(make_turns(EN_CALL), Limits())


@pytest.mark.parametrize(
    ("codes", "rule"),
    [
        (["IV"], "greeting"),
        (["GT", "GT"], "greeting"),
        (["GT", "PS"], "identity-before-action"),
        (["GT", "RP", "RP"], "identity-early"),
        (["GT", "IV", "PR", "PR", "PR"], "no-third-in-a-row"),
        (["GT", "IV", "FR"], "feedback-after-solution"),
        (["GT", "IV", "RC"], "relationship-after-answer"),
        (["GT", "IV", "AC"], "no-early-closure"),
        (["GT", "IV", "PR", "EM", "PR", "AC"], "closure-after-answer"),
        (["GT", "AC", "PS"], "closure-is-last"),
    ],
)
def test_each_rule_catches_its_breach(codes: list[str], rule: str) -> None:
    turns = [turn for code in codes for turn in (supporter(code), customer())][:-1]
    assert rule in [breach.rule.name for breach in broken_rules(turns, Limits())]


def test_when_the_customer_ends_the_supporter_closes_after_one_courtesy() -> None:
    start = [supporter("GT"), customer(), supporter("IV"), customer(), supporter("ID"), customer(ends_call=True)]
    bound = Limits()
    assert set(allowed_strategies(Progress.of(start), bound)) == {Strategy.FR, Strategy.RC, Strategy.AC}
    thanked = [*start, supporter("RC"), customer()]
    assert allowed_strategies(Progress.of(thanked), bound) == (Strategy.AC,)
    late = [*thanked, supporter("PS"), customer()]
    assert "close-after-customer-end" in [breach.rule.name for breach in broken_rules(late, bound)]


def test_a_courtesy_that_the_call_has_had_does_not_follow_the_customers_end() -> None:
    codes = ["GT", "IV", "ID", "FR"]
    turns = [turn for code in codes for turn in (supporter(code), customer())]
    turns[-1] = customer(ends_call=True)
    assert set(allowed_strategies(Progress.of(turns), Limits())) == {Strategy.RC, Strategy.AC}


@pytest.mark.parametrize(
    ("codes", "outcomes"),
    [
        (["GT", "IV"], {"open"}),
        (["GT", "IV", "PR", "EM"], {"open"}),
        (["GT", "IV", "OT"], {"open", "reached", "given_up"}),
        (["GT", "IV", "PR", "EM", "RP", "EM"], {"open", "given_up"}),
        (["GT", "IV", "PR", "ID", "RI"], {"open", "reached", "given_up"}),
    ],
)
def test_the_customer_ends_a_call_that_has_got_somewhere_or_has_taken_long(
    codes: list[str], outcomes: set[str]
) -> None:
    turns = [turn for code in codes for turn in (supporter(code), customer())][:-1]
    assert set(possible_outcomes(Progress.of(turns), Limits())) == outcomes
    breaches = {breach.rule.name for breach in broken_rules([*turns, customer(ends_call=True)], Limits())}
    assert bool(breaches) is (outcomes == {"open"})


def test_the_customer_ends_a_call_once() -> None:
    turns = [supporter("GT"), customer(), supporter("IV"), customer(), supporter("ID"), customer(ends_call=True)]
    again = [*turns, supporter("FR"), customer(ends_call=True)]
    assert [breach.rule.name for breach in broken_rules(again, Limits())] == ["one-end"]


def test_the_last_slot_under_the_cap_closes() -> None:
    bound = Limits(min_utterances=4, max_utterances=8)
    turns = [supporter("GT"), customer(), supporter("IV"), customer(), supporter("ID"), customer()]
    assert allowed_strategies(Progress.of(turns), bound) == (Strategy.AC,)
    open_end = [*turns, supporter("PS")]
    assert "last-slot-closes" in [breach.rule.name for breach in broken_rules(open_end, bound)]


def test_limits_leave_room_to_close() -> None:
    with pytest.raises(ValueError, match="must be below"):
        Limits(min_utterances=20, max_utterances=20)
