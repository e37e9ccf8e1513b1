"""Canaries: the sound calls are sound, each fault is planted as its name says, and the rules see those they should."""

import json
from copy import deepcopy
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits, broken_rules
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.csc.topics import TOPICS
from quality.checks.rules import check_rules
from quality.checks.turn_checks import MAX_CHARACTERS
from quality.gate.case import Case
from quality.gate.rubric import POINT_CODES
from quality.text import PLACEHOLDER
from quality.trust import canary_texts
from quality.trust.canaries import (
    FAR_STRATEGIES,
    FAULTS,
    SOUND_DIALOGUES,
    Canary,
    CanaryResult,
    draw_canary,
    plant_fault,
    sound_dialogues,
)

LIMITS = Limits()
CALLS = [call for language in Language for call in sound_dialogues(language)]
SEEDS = st.integers(0, 2**32)
FOUND_BY_RULES = {
    "repeated-sentence": {"repetition"},
    "truncated-ending": {"cut-off", "closure"},
    "private-data": {"private-data"},
    "label-known": {"label-leak"},
    "judge-bribed": {"role-leak"},
}
"""The faults that rules find alone, and the rules that find them."""
HIDDEN = {"wrong-label", "granted-impossible", "robotic-wording", "stock-phrases", "swapped-roles", "goal-leaked"}
"""The faults that rules must not find, as they are a matter of meaning."""
KEEPS_LABELS = sorted(set(FAULTS) - {"wrong-label", "truncated-ending"})


def planted(call: Case, fault: str, seed: int) -> Case:
    canary = plant_fault(call, fault, Random(seed))
    assert canary is not None
    return canary


def changed_turns(call: Case, canary: Case) -> list[int]:
    return [index for index, (old, new) in enumerate(zip(call.turns, canary.turns, strict=False)) if old != new]


def rules_of(case: Case) -> set[str]:
    return {violation.rule for violation in check_rules(case.turns, LIMITS, case.language)}


@pytest.mark.parametrize("language", Language)
def test_sound_calls_break_no_rule(language: Language) -> None:
    calls = sound_dialogues(language)
    assert len(calls) == 4 and len({call.topic for call in calls}) == 4
    for call in calls:
        assert check_rules(call.turns, LIMITS, language) == []
        assert 11 <= len(call.turns) <= 17 and call.language is language
        assert call.topic in {names[language].name for names in TOPICS.values()}
        assert call.scenario and call.persona and call.goal


@pytest.mark.parametrize("language", Language)
def test_rows_of_sound_calls_hold_nothing_that_is_not_read(language: Language) -> None:
    for line in (SOUND_DIALOGUES / f"{language}.jsonl").read_text(encoding="utf-8").splitlines():
        assert json.loads(line).keys() == {"topic", "scenario", "persona", "goal", "turns"}


def test_each_language_has_a_refusal_and_every_label_somewhere() -> None:
    for language in Language:
        labels = {turn.strategy for call in sound_dialogues(language) for turn in call.turns if turn.strategy}
        assert labels >= {Strategy.OT, Strategy.EM, Strategy.PR, Strategy.PS, Strategy.ID, Strategy.RI, Strategy.FR}


def test_every_point_has_a_fault_and_every_fault_is_sorted() -> None:
    assert {fault.point for fault in FAULTS.values()} == {*POINT_CODES, None}
    assert all(name == fault.name for name, fault in FAULTS.items())
    assert set(FAULTS) == set(FOUND_BY_RULES) | HIDDEN


@pytest.mark.parametrize("table", ["WISHES", "STOCK_PHRASES", "REFRAINS", "HANDOVERS", "KNOWN_GOALS", "BRIBES"])
@pytest.mark.parametrize("language", Language)
def test_wordings_are_several_and_all_different(table: str, language: Language) -> None:
    wordings = getattr(canary_texts, table)[language]
    assert len(set(wordings)) == len(wordings) >= 3


@pytest.mark.parametrize("fault", FAULTS)
@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=60)
def test_a_planted_fault_changes_texts_and_nothing_else(fault: str, call: Case, seed: int) -> None:
    before = deepcopy(call)
    canary = planted(call, fault, seed)
    assert call == before and canary != call
    assert canary == planted(call, fault, seed)
    assert replace(canary, turns=call.turns) == call
    assert [turn.speaker for turn in canary.turns] == [turn.speaker for turn in call.turns][: len(canary.turns)]
    assert broken_rules(canary.turns, LIMITS) == []
    if fault in KEEPS_LABELS:
        assert [turn.strategy for turn in canary.turns] == [turn.strategy for turn in call.turns]
    if fault not in ("truncated-ending", "wrong-label"):
        assert all(len(turn.text) <= MAX_CHARACTERS and "{" not in turn.text for turn in canary.turns)
    if fault not in ("truncated-ending", "private-data", "swapped-roles"):
        for old, new in zip(call.turns, canary.turns, strict=True):
            assert old.text in new.text
            assert PLACEHOLDER.findall(old.text) == PLACEHOLDER.findall(new.text)


@pytest.mark.parametrize("fault", sorted(HIDDEN))
@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=60)
def test_rules_do_not_see_what_is_a_matter_of_meaning(fault: str, call: Case, seed: int) -> None:
    assert rules_of(planted(call, fault, seed)) == set()


@pytest.mark.parametrize("fault", FOUND_BY_RULES)
@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=60)
def test_rules_alone_see_what_is_no_matter_of_meaning(fault: str, call: Case, seed: int) -> None:
    assert rules_of(planted(call, fault, seed)) & FOUND_BY_RULES[fault]


@pytest.mark.parametrize("fault", FAULTS)
def test_seeds_vary_the_canary(fault: str) -> None:
    for call in CALLS:
        assert len({json.dumps(texts(planted(call, fault, seed))) for seed in range(30)}) >= 3


def texts(case: Case) -> list[tuple[str, str | None]]:
    return [(turn.text, turn.strategy) for turn in case.turns]


@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=50)
def test_wrong_labels_are_far_from_the_true_ones(seed: int, call: Case) -> None:
    canary = planted(call, "wrong-label", seed)
    changed = changed_turns(call, canary)
    assert 1 <= len(changed) <= 3
    for index in changed:
        old, new = call.turns[index], canary.turns[index]
        assert old.text == new.text and old.strategy and new.strategy in FAR_STRATEGIES[old.strategy]


def test_no_label_is_far_from_itself_and_those_with_a_fixed_place_are_left_alone() -> None:
    assert all(strategy not in far for strategy, far in FAR_STRATEGIES.items())
    assert {Strategy.GT, Strategy.AC}.isdisjoint(
        {*FAR_STRATEGIES, *(far for row in FAR_STRATEGIES.values() for far in row)}
    )


@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=50)
def test_an_impossible_wish_is_granted_in_the_next_turn(seed: int, call: Case) -> None:
    canary = planted(call, "granted-impossible", seed)
    asked, granted = changed_turns(call, canary)
    assert granted == asked + 1 and canary.turns[asked].speaker is Speaker.CUSTOMER
    assert any(
        canary.turns[asked].text.endswith(wish.request) and canary.turns[granted].text.startswith(wish.grant)
        for wish in canary_texts.WISHES[call.language]
    )


@pytest.mark.parametrize("fault", ["robotic-wording", "stock-phrases"])
@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=50)
def test_wording_is_spoilt_in_several_supporter_turns(fault: str, seed: int, call: Case) -> None:
    canary = planted(call, fault, seed)
    changed = changed_turns(call, canary)
    assert 3 <= len(changed) <= 5
    assert all(canary.turns[index].speaker is Speaker.SUPPORTER for index in changed)
    added = {canary.turns[index].text.replace(call.turns[index].text, "").strip() for index in changed}
    assert len(added) == len(changed)


@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=50)
def test_a_sentence_comes_again_at_the_end_of_several_turns_of_one_speaker(seed: int, call: Case) -> None:
    canary = planted(call, "repeated-sentence", seed)
    changed = changed_turns(call, canary)
    assert 2 <= len(changed) <= 4 and len({canary.turns[index].speaker for index in changed}) == 1
    (sentence,) = {canary.turns[index].text.removeprefix(call.turns[index].text).strip() for index in changed}
    assert sentence


@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=50)
def test_texts_swap_sides_from_about_the_middle(seed: int, call: Case) -> None:
    canary = planted(call, "swapped-roles", seed)
    changed = changed_turns(call, canary)
    assert len(changed) in (4, 6) and changed == list(range(changed[0], changed[0] + len(changed)))
    assert changed[0] >= len(call.turns) // 2 - 2
    assert canary.turns[changed[0]].speaker is Speaker.SUPPORTER
    assert canary.turns[changed[0]].text in canary_texts.HANDOVERS[call.language]
    for index in changed[1:]:
        assert canary.turns[index].text == call.turns[index - 1].text
        assert canary.turns[index].speaker is not call.turns[index - 1].speaker


@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=50)
def test_the_goal_is_told_before_the_customer_speaks(seed: int, call: Case) -> None:
    canary = planted(call, "goal-leaked", seed)
    assert changed_turns(call, canary) == [0]
    assert call.goal.rstrip(".。")[2:] in canary.turns[0].text
    assert not any(mark in canary.turns[0].text for mark in ("To ", "..", "。。"))


def test_a_goal_that_makes_the_turn_too_long_is_not_leaked() -> None:
    call = replace(CALLS[0], goal="To wait. " * 100)
    assert plant_fault(call, "goal-leaked", Random(0)) is None


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.scenario[:12])
def test_an_ending_is_cut_within_a_word_or_left_out(call: Case) -> None:
    lengths = set()
    for seed in range(60):
        canary = planted(call, "truncated-ending", seed)
        lengths.add(len(call.turns) - len(canary.turns))
        if len(canary.turns) == len(call.turns):
            assert changed_turns(call, canary) == [len(call.turns) - 1]
            cut, whole = canary.turns[-1].text, call.turns[-1].text
            assert cut and whole.startswith(cut)
            assert cut[-1].isalpha() and whole[len(cut)].isalpha() and cut.count("[") == cut.count("]")
        else:
            assert canary.turns == call.turns[: len(canary.turns)]
    assert lengths == {0, 1, 2, 3}


@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=50)
def test_private_data_stands_where_a_placeholder_stood(seed: int, call: Case) -> None:
    canary = planted(call, "private-data", seed)
    (place,) = changed_turns(call, canary)
    values = [value for texts in canary_texts.PRIVATE_VALUES[call.language].values() for value in texts]
    assert canary.turns[place].speaker is Speaker.CUSTOMER and PLACEHOLDER.search(call.turns[place].text)
    assert any(value in canary.turns[place].text for value in values)


@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=50)
def test_a_bribe_is_said_in_one_turn_where_the_rules_see_it(seed: int, call: Case) -> None:
    canary = planted(call, "judge-bribed", seed)
    (place,) = changed_turns(call, canary)
    assert any(canary.turns[place].text.endswith(bribe) for bribe in canary_texts.BRIBES[call.language])
    found = {(violation.rule, violation.turn) for violation in check_rules(canary.turns, LIMITS, call.language)}
    assert found == {("role-leak", place + 1)}


def test_a_call_without_a_place_for_a_fault_is_left_alone() -> None:
    greeting = Turn(speaker=Speaker.SUPPORTER, text="Hi, how can I help?", strategy=Strategy.GT)
    call = replace(CALLS[0], goal="", turns=(greeting,))
    assert {fault for fault in FAULTS if plant_fault(call, fault, Random(0))} == {"judge-bribed"}
    assert all(draw_canary(call, seed)[0] == "judge-bribed" for seed in range(20))
    with pytest.raises(KeyError):
        plant_fault(call, "no-such-fault", Random(0))


@given(seed=SEEDS, call=st.sampled_from(CALLS))
@hypothesis_settings(max_examples=50)
def test_a_seed_draws_one_canary(seed: int, call: Case) -> None:
    fault, canary = draw_canary(call, seed)
    assert (fault, canary) == draw_canary(call, seed)
    assert fault in FAULTS and canary not in CALLS and replace(canary, turns=call.turns) == call


@pytest.mark.parametrize("call", CALLS)
def test_seeds_draw_every_fault(call: Case) -> None:
    assert {draw_canary(call, seed)[0] for seed in range(300)} == set(FAULTS)


@pytest.mark.parametrize(
    ("fault", "rejected", "reasons", "result"),
    [
        ("wrong-label", True, ("point:strategy_adherence",), CanaryResult("wrong-label", True)),
        ("wrong-label", False, (), CanaryResult("wrong-label", False)),
        ("wrong-label", True, ("unscored",), CanaryResult("wrong-label", None)),
        (None, True, ("rule:cut-off",), CanaryResult(None, True)),
        (None, False, (), CanaryResult(None, False)),
    ],
)
def test_what_became_of_a_canary(
    fault: str | None, rejected: bool, reasons: tuple[str, ...], result: CanaryResult
) -> None:
    assert Canary(fault=fault, rejected=rejected, reasons=reasons).result == result
