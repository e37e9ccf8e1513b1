"""The gate as a whole: rules first, a labeller who is blind, and a verdict that takes both."""

import json
from typing import Any

import pytest

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.llm.chat import Chat
from agents.llm.client import ChatClient
from agents.llm.request import Sampling
from agents.llm.retry import RetryPolicy
from agents.llm.usage import Role
from quality.gate.case import Case
from quality.gate.gate import Gate
from quality.gate.rubric import LABEL_POINT
from quality.gate.verdict import Findings
from tests.support.loopback import Loopback, serve

OPINION = json.dumps({"reason": "Turn 1.", "turns": [1], "verdict": 1})


def case_of(turns: tuple[Turn, ...], language: Language = Language.EN) -> Case:
    return Case(language, "topic", "scenario", "PERSONA", "GOAL", turns)


def labelling(labels: dict[int, str]) -> Any:
    """Return what a server says: these labels, and a yes on each point."""

    def say(body: dict[str, Any]) -> str:
        keys = body["response_format"]["json_schema"]["schema"]["properties"]
        if "verdict" in keys:
            return OPINION
        return json.dumps({key: labels.get(int(key.removeprefix("turn_")), "OT") for key in keys})

    return say


async def examine(server: Loopback, case: Case, min_agreement: float = 0.5) -> tuple[Findings, Chat]:
    async with serve(server), ChatClient(server.base_url, None, retry_policy=RetryPolicy(attempts=2)) as client:
        await client.check()
        chat = Chat(client, Sampling(0.0, 1.0), 1)
        return await Gate(Limits(), votes=1, min_agreement=min_agreement).examine(chat, case), chat


def true_labels(turns: tuple[Turn, ...]) -> dict[int, str]:
    return {number: turn.strategy for number, turn in enumerate(turns, start=1) if turn.strategy}


async def test_a_sound_call_passes(en_turns: tuple[Turn, ...]) -> None:
    findings, chat = await examine(Loopback(say=labelling(true_labels(en_turns))), case_of(en_turns))
    assert findings.reasons == [] and findings.verdict and findings.verdict.is_flawless
    assert findings.verdict.labelling and findings.verdict.labelling.agreement == 1.0
    assert {role: usage.requests for role, usage in chat.usage.items()} == {Role.LABELLER: 1, Role.JUDGE: 5}


@pytest.mark.parametrize(("min_agreement", "reasons"), [(0.6, [f"point:{LABEL_POINT}"]), (4 / 7, []), (0.0, [])])
async def test_labels_must_be_true_often_enough(
    en_turns: tuple[Turn, ...], min_agreement: float, reasons: list[str]
) -> None:
    labels = true_labels(en_turns) | {3: "OT", 5: "OT", 9: "PS"}
    findings, _ = await examine(Loopback(say=labelling(labels)), case_of(en_turns), min_agreement)
    assert findings.verdict and findings.verdict.labelling
    assert findings.verdict.labelling.labels[9] is Strategy.PS
    assert findings.verdict.labelling.agreement == 4 / 7 and findings.reasons == reasons


@pytest.mark.parametrize("language", Language)
async def test_the_labeller_is_blind(
    en_turns: tuple[Turn, ...], zh_turns: tuple[Turn, ...], language: Language
) -> None:
    turns = en_turns if language is Language.EN else zh_turns
    server = Loopback(say=labelling({}))
    await examine(server, case_of(turns, language))
    system, user = (message["content"] for message in server.requests[0]["messages"])
    assert "PERSONA" not in user and "GOAL" not in user and "[1]" in user and "[13]" in user
    assert not any(f"({code})" in user or f"（{code}）" in user for code in Strategy)
    assert all(f"{code} " in system for code in Strategy)
    swapped = tuple(turn.model_copy(update={"strategy": Strategy.OT}) if turn.strategy else turn for turn in turns)
    other = Loopback(say=labelling({}))
    async with serve(other), ChatClient(other.base_url, None) as client:
        await client.check()
        await Gate(Limits(), 1, 0.5).judge(Chat(client, Sampling(0.0, 1.0), 1), case_of(swapped, language))
    assert other.requests[0]["messages"] == server.requests[0]["messages"]
    options = server.requests[0]["response_format"]["json_schema"]["schema"]["$defs"]["Strategy"]["enum"]
    assert options == list(Strategy)


async def test_what_broke_a_rule_is_not_judged(en_turns: tuple[Turn, ...]) -> None:
    server = Loopback()
    findings, _ = await examine(server, case_of(en_turns[:-1]))
    assert findings.reasons == ["rule:closure"] and findings.verdict is None and server.calls["all"] == 0


@pytest.mark.parametrize("unreadable", ["turn_1", "verdict"])
async def test_what_cannot_be_read_is_unscored(en_turns: tuple[Turn, ...], unreadable: str) -> None:
    def say(body: dict[str, Any]) -> str:
        keys = body["response_format"]["json_schema"]["schema"]["properties"]
        return "well, well" if unreadable in keys else labelling(true_labels(en_turns))(body)

    findings, _ = await examine(Loopback(say=say), case_of(en_turns))
    assert findings.reasons == ["unscored"] and findings.verdict and findings.verdict.unscored
    assert not findings.verdict.is_flawless
