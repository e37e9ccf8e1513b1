"""The grammar of texts in structured answers: what people write fits it, what models slip into does not."""

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, create_model

from agents.csc.language import Language
from agents.roles.answers import text_field
from agents.roles.customer_assistant import direction_type
from agents.roles.planner import GOAL_MARKS, SCENARIO_MARKS, plan_type
from tests.support import DATA

EN, ZH = Language.EN, Language.ZH


def pattern_of(answer: type[BaseModel], field: str) -> re.Pattern[str]:
    return re.compile(answer.model_json_schema()["properties"][field]["pattern"])


def pattern(language: Language, marks: int) -> re.Pattern[str]:
    fields: Any = {"text": (str, text_field(language, marks))}
    return pattern_of(create_model("Answer", **fields), "text")


@pytest.mark.parametrize("language", list(Language))
def test_plans_that_people_wrote_fit(language: Language) -> None:
    rows = [json.loads(line) for line in (DATA / "gold" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        assert pattern(language, SCENARIO_MARKS).match(row["scenario"]), row["scenario"]
        assert pattern(language, GOAL_MARKS).match(row["customer_goal"]), row["customer_goal"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (", the app shows an error.", EN),
        (":end the call now.", EN),
        ("}", EN),
        ("done.", EN),
        ("Ask.", EN),
        ("Ask about the fee", EN),
        ("Ask about it. And then. And then. And then.", EN),
        ("Ask about\nthe fee.", EN),
        ("问这笔手续费是怎么回事。", EN),
        ("Ask what the fee is about.", ZH),
        ("，问手续费是怎么回事。", ZH),
        ("问。", ZH),
        ("问手续费是怎么回事", ZH),
    ],
)
def test_what_models_slip_into_does_not(text: str, language: Language) -> None:
    assert not pattern(language, 3).match(text)


@pytest.mark.parametrize(
    ("language", "sound", "unsound"),
    [
        (
            EN,
            "The customer's card was declined on 3 May. It had been paid off.",
            (
                "You paid 40 pounds with your card.",
                "I'm a technical support agent.",
                "The customer paid. It failed. It failed again. They call.",
            ),
        ),
        (ZH, "客户的卡5月3日被拒。账单已还清。", ("您在5月3日刷卡失败。", "客户刷卡。没成功。又刷一次。还是不行。")),
    ],
)
def test_a_plan_that_is_asked_for_again_is_told_from_outside(
    language: Language, sound: str, unsound: tuple[str, ...]
) -> None:
    first, again = (pattern_of(plan_type(language, again=which), "scenario") for which in (False, True))
    assert again.match(sound) and first.match(sound)
    for text in unsound:
        assert first.match(text) and not again.match(text), text


@pytest.mark.parametrize(
    ("language", "sound", "unsound"),
    [
        (
            EN,
            "Ask what the fee of £4.50 is for.",
            (
                "You can transfer money by following these steps.",
                "Tell the customer to contact the bank.",
                "Ask what the fee is for. Then ask for the money back.",
            ),
        ),
        (
            ZH,
            "追问客服4.5元手续费是怎么回事。",
            ("您可以按以下步骤转账。", "回答客户的疑问。", "追问客服手续费是怎么回事。再要求退钱。"),
        ),
    ],
)
def test_a_direction_that_is_asked_for_again_is_one_sentence_of_what_the_customer_does(
    language: Language, sound: str, unsound: tuple[str, ...]
) -> None:
    first, again = (pattern_of(direction_type(language, (), again=which), "direction") for which in (False, True))
    assert again.match(sound) and first.match(sound)
    for text in unsound:
        assert first.match(text) and not again.match(text), text


def test_a_decimal_can_be_read_in_one_way_alone() -> None:
    """A mark before a digit is none: what is ambiguous makes masks dearer with each decimal of a text."""
    assert pattern(EN, 2).match("Ask the bank why 3.5 percent became 4.25 percent. It was 2.75 before.")
    assert not pattern(EN, 2).match("Ask about the fee!5 percent is too much.")
    assert pattern(ZH, 2).match("问手续费是怎么回事。5月3日扣了3.5元。")
