"""The rules find each planted fault, and nothing in sound calls."""

from collections.abc import Sequence

import pytest

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from quality.checks.rules import check_rules
from tests.conftest import EN_CALL, ZH_CALL, make_turns

LIMITS = Limits()


def rules_of(turns: Sequence[Turn], language: Language = Language.EN) -> list[tuple[str, int | None]]:
    return [(violation.rule, violation.turn) for violation in check_rules(turns, LIMITS, language)]


@pytest.mark.parametrize(("call", "language"), [(EN_CALL, Language.EN), (ZH_CALL, Language.ZH)])
def test_a_sound_call_breaks_no_rule(call: tuple[tuple[str | None, str], ...], language: Language) -> None:
    assert rules_of(make_turns(call), language) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty-turn"),
        ("so " * 300, "long-turn"),
        ("I will do that. [PS] Please wait.", "label-leak"),
        ("好的。【提供建议】您稍等。", "label-leak"),
        ("My strategy: Greeting comes first.", "label-leak"),
        ("按策略6 来说，您可以先等等。", "label-leak"),
        ("Sure. Customer: thank you!", "role-leak"),
        ("好的。客户：谢谢！", "role-leak"),
        ("As an AI language model I cannot know.", "role-leak"),
        ("作为一个AI，我无法回答。", "role-leak"),
        ("[Say] The next turn.", "role-leak"),
    ],
)
def test_a_fault_in_a_text_is_found_at_its_turn(text: str, rule: str) -> None:
    turns = list(make_turns(EN_CALL))
    turns[8] = turns[8].model_copy(update={"text": text})
    assert (rule, 9) in rules_of(turns)


def test_faults_of_shape_are_found() -> None:
    turns = make_turns(EN_CALL)
    assert ("alternation", 2) in rules_of([turns[0], turns[2], *turns[3:]])
    assert ("alternation", 1) in rules_of(turns[1:])
    assert ("length", None) in rules_of([*turns[:2], turns[-1]])
    assert ("length", None) in rules_of(turns[:-1] * 5)
    assert ("closure", 12) in rules_of(turns[:-1])
    assert ("length", None) in rules_of([])


def test_a_wrong_label_and_a_flow_breach_are_found() -> None:
    turns = list(make_turns(EN_CALL))
    turns[1] = turns[1].model_copy(update={"strategy": Strategy.EM})
    assert ("label", 2) in rules_of(turns)
    turns = list(make_turns(EN_CALL))
    turns[8] = turns[8].model_copy(update={"strategy": Strategy.GT})
    (violation,) = check_rules(turns, LIMITS, Language.EN)
    assert (violation.rule, violation.turn, violation.detail) == (
        "greeting",
        9,
        "GT: GT opens the call and never returns",
    )


def test_a_call_that_the_customer_ends_may_be_short() -> None:
    turns = [
        *make_turns(EN_CALL)[:4],
        Turn(speaker=Speaker.SUPPORTER, text="I see a block on it that I may not lift by phone.", strategy=Strategy.OT),
        Turn(speaker=Speaker.CUSTOMER, text="Forget it. Bye.", ends_call=True),
        make_turns(EN_CALL)[-1],
    ]
    assert rules_of(turns) == []
