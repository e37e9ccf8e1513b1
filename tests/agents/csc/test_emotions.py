"""Emotions: the tables are whole, no feeling pairs an emotion wrongly, and a strong one is to be answered."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.csc.dialogue import Turn
from agents.csc.emotions import COURSES, EMOTIONS, FEELINGS, Emotion, Feeling, draw_course, with_course
from agents.csc.flow import Limits, Progress, allowed_strategies, broken_rules
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.digests import canonical_json


def call(*steps: str) -> list[Turn]:
    """Make a call of steps: the code of a strategy for the supporter, that of a feeling for the customer."""
    return [
        Turn(speaker="supporter", text="x", strategy=Strategy(step))
        if step in set(Strategy)
        else Turn(speaker="customer", text="y", emotion=FEELINGS[step])
        for step in steps
    ]


def findings(*steps: str) -> list[int]:
    """Return the one-based turns in which the empathy rule was broken."""
    return [breach.turn + 1 for breach in broken_rules(call(*steps), Limits()) if breach.rule.name == "empathy"]


def test_there_are_thirteen_feelings_and_neutral_alone_has_no_intensity() -> None:
    assert len(FEELINGS) == 13 and list(FEELINGS)[:3] == ["neutral", "satisfied 1", "satisfied 2"]
    assert {feeling.code: feeling for feeling in FEELINGS.values()} == FEELINGS
    for name, intensity in (("neutral", 1), ("fearful", 0), ("abusive", 3)):
        with pytest.raises(ValidationError):
            Feeling(name=Emotion(name), intensity=intensity)


@pytest.mark.parametrize("language", list(Language))
def test_each_table_has_a_row_in_each_language(language: Language) -> None:
    assert set(EMOTIONS) == set(Emotion)
    texts = [text for wording in EMOTIONS.values() for text in wording[language]]
    texts += [course.wording[language] for course in COURSES.values()]
    assert all(texts) and len(set(texts)) == len(texts)


def test_courses_are_drawn_evenly_and_by_the_seed_alone() -> None:
    drawn = Counter(draw_course(seed).code for seed in range(1400))
    assert set(drawn) == set(COURSES) and min(drawn.values()) > 150
    assert draw_course(7) == draw_course(7)
    assert with_course("You are a nurse.", None, Language.EN) == "You are a nurse."
    assert with_course("You are a nurse.", "calm", Language.EN).startswith("You are a nurse. On this call")
    assert with_course("你是护士。", "calm", Language.ZH).startswith("你是护士。这通电话里")


def test_a_turn_without_an_emotion_is_dumped_as_before_there_were_any() -> None:
    turn = Turn(speaker="customer", text="y")
    assert "emotion" not in turn.model_dump() and b"emotion" not in canonical_json(turn)
    assert Turn.model_validate_json(call("fearful 2")[0].model_dump_json()) == call("fearful 2")[0]


def test_a_strong_negative_feeling_is_answered_by_em() -> None:
    assert findings("GT", "dissatisfied 2", "PR") == [3]
    assert findings("GT", "dissatisfied 2", "EM") == []
    assert findings("GT", "abusive 2", "IV", "fearful 2", "PS") == [3, 5]
    assert findings("GT", "dissatisfied 1", "PR", "excited 2", "IV", "apologetic 2", "PS", "neutral", "ID") == []


def test_em_is_not_asked_for_where_it_was_just_given_or_may_not_stand() -> None:
    assert findings("GT", "fearful 2", "EM", "fearful 2", "IV") == []
    assert findings("GT", "neutral", "PR", "fearful 2", "IV") == [], "only IV is allowed at the third turn"
    assert findings("GT", "fearful 2", "EM", "neutral", "EM", "fearful 2", "IV") == [], "no third EM in a row"


@given(st.lists(st.sampled_from([*FEELINGS, *Strategy]), max_size=12))
def test_the_rule_asks_only_for_what_the_others_allow_and_constrains_no_choice(steps: list[str]) -> None:
    turns = call(*steps)
    for breach in broken_rules(turns, Limits()):
        if breach.rule.name == "empathy":
            before = turns[: breach.turn]
            assert before[-1].emotion and before[-1].emotion.is_upset
            assert Strategy.EM in allowed_strategies(Progress.of(before), Limits())
    calm = [turn.model_copy(update={"emotion": None}) for turn in turns]
    assert allowed_strategies(Progress.of(turns), Limits()) == allowed_strategies(Progress.of(calm), Limits())
