"""The grammar of texts in structured answers: what people write fits it, what models slip into does not."""

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, create_model

from agents.csc.language import Language
from agents.roles.answers import text_field
from agents.roles.planner import GOAL_MARKS, SCENARIO_MARKS
from tests.support import DATA

EN, ZH = Language.EN, Language.ZH


def pattern(language: Language, marks: int) -> re.Pattern[str]:
    fields: Any = {"text": (str, text_field(language, marks))}
    answer: type[BaseModel] = create_model("Answer", **fields)
    return re.compile(answer.model_json_schema()["properties"]["text"]["pattern"])


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
