"""The judge: five verdicts make a keeper, anything unreadable is unscored."""

import json
from typing import Any

import pytest

from agents.chat import Chat
from agents.client import ChatClient
from agents.csc import Language
from agents.dialogue import Turn
from agents.options import Patience, Sampling
from quality.judge import Case, judge_call
from quality.rubric import POINT_CODES, RUBRIC
from quality.verdict import Verdict
from tests.conftest import flawless
from tests.loopback import Loopback, serve


def answer(verdict: int = 1, turns: tuple[int, ...] = (1,), **changes: Any) -> str:
    points = {code: {"reason": "Turn 1.", "turns": turns, "verdict": verdict} for code in POINT_CODES}
    return json.dumps(points | changes)


async def judge(turns: tuple[Turn, ...], text: str, language: Language = Language.EN) -> tuple[Verdict, Loopback]:
    server = Loopback(say=lambda body: text)
    async with serve(server), ChatClient(server.base_url, None, patience=Patience(attempts=2)) as client:
        await client.check()
        case = Case(language, "topic", "scenario", "persona", "goal", turns)
        return await judge_call(Chat(client, Sampling(0.0, 1.0), 1), case), server


async def test_five_ones_are_flawless(en_turns: tuple[Turn, ...]) -> None:
    verdict, server = await judge(en_turns, answer())
    assert verdict.is_flawless and verdict.unscored is None and verdict.failed_points == []
    schema = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == list(POINT_CODES)
    (point,) = schema["$defs"].values()
    assert list(point["properties"]) == ["reason", "turns", "verdict"], "reasons come before verdicts"
    assert point["properties"]["turns"]["items"]["maximum"] == len(en_turns)
    assert point["properties"]["verdict"]["enum"] == [0, 1]


async def test_a_single_zero_is_not(en_turns: tuple[Turn, ...]) -> None:
    zero = {"reason": "Turn 3 is stiff.", "turns": [3], "verdict": 0}
    verdict, _ = await judge(en_turns, answer(natural_wording=zero))
    assert not verdict.is_flawless and verdict.failed_points == ["natural_wording"]


@pytest.mark.parametrize(
    "text",
    [
        "five out of five!",
        answer(verdict=5),
        answer(turns=()),
        answer(turns=(99,)),
        answer(natural_wording={"turns": [1], "verdict": 1}),
        json.dumps({"natural_wording": {"reason": "Turn 1.", "turns": [1], "verdict": 1}}),
    ],
)
async def test_what_cannot_be_read_is_unscored(en_turns: tuple[Turn, ...], text: str) -> None:
    verdict, server = await judge(en_turns, text)
    assert verdict.unscored and not verdict.is_flawless and verdict.points == {}
    assert server.calls["all"] == 2


async def test_the_judge_sees_labels_numbers_and_everything_given(zh_turns: tuple[Turn, ...]) -> None:
    _, server = await judge(zh_turns, answer(), Language.ZH)
    system, user = (message["content"] for message in server.requests[0]["messages"])
    assert all(point.question in system for point in RUBRIC[Language.ZH])
    assert "[3] 客服（IV）：" in user and "[2] 客户：" in user
    assert all(word in user for word in ("topic", "scenario", "persona", "goal"))


def test_both_languages_ask_for_the_same_points() -> None:
    assert all(tuple(point.code for point in RUBRIC[language]) == POINT_CODES for language in Language)
    assert flawless().is_flawless
    assert not Verdict().is_flawless
