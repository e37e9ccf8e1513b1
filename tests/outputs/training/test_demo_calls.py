"""The calls that teach the demo model: whole, sound by every check, and none of those that measure the gate."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import outputs.training
from agents.csc.dialogue import Plan, Turn
from agents.csc.flow import Limits, Progress, possible_outcomes
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.csc.topics import ROLECS_TOPICS, TOPICS
from personas.pool import load_pool
from quality.checks.rules import check_rules
from quality.checks.structured_checks import check_direction, check_plan
from quality.trust.canaries import sound_dialogues
from tests.support import DATA

EN = Language.EN
RICH = 168
"""Number of calls at the beginning that were not written for so small a model."""
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
FILE = Path(outputs.training.__file__).parent / "demo" / "calls.jsonl"
CALLS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def turns_of(call: dict[str, Any]) -> list[Turn]:
    return [Turn.model_validate(turn) for turn in call["turns"]]


def test_every_topic_persona_and_strategy_is_heard() -> None:
    personas = Counter(call["persona"] for call in CALLS)
    assert len(CALLS) == len({call["id"] for call in CALLS}) == 756
    assert personas.keys() == {persona.id for persona in load_pool(None, EN)} and set(personas.values()) == {27}
    assert Counter(call["topic"] for call in CALLS) == dict.fromkeys(ROLECS_TOPICS, 108)
    used = Counter(turn.strategy for call in CALLS for turn in turns_of(call))
    assert min(used[strategy] for strategy in Strategy) >= 200


def test_every_call_passes_every_check() -> None:
    personas = {persona.id: persona for persona in load_pool(None, EN)}
    found = []
    for call in CALLS:
        turns, plan = turns_of(call), Plan(scenario=call["scenario"], customer_goal=call["customer_goal"])
        found += [(call["id"], violation) for violation in check_rules(turns, Limits(), EN)]
        description = personas[call["persona"]].description
        found += [(call["id"], fault) for fault in check_plan(plan, description, TOPICS[call["topic"]][EN], EN)]
        for index, turn in enumerate(turns):
            if turn.direction:
                found += [(call["id"], fault) for fault in check_direction(turn.direction, plan.customer_goal, EN)]
                assert turn.outcome in possible_outcomes(Progress.of(turns[:index]), Limits())
    assert not found


def test_the_supporter_of_the_plain_calls_names_no_number_that_nobody_told() -> None:
    for call in CALLS[RICH:]:
        told = set(NUMBER.findall(f"{call['scenario']} {call['customer_goal']}"))
        for turn in turns_of(call):
            numbers = set(NUMBER.findall(turn.text))
            assert turn.speaker is Speaker.CUSTOMER or numbers <= told, (call["id"], turn.text)
            told |= numbers


def test_nothing_that_measures_the_gate_is_taught() -> None:
    taught = {turn.text for call in CALLS for turn in turns_of(call) if len(turn.text) > 40}
    gold = (json.loads(line) for line in (DATA / "gold" / "en.jsonl").read_text(encoding="utf-8").splitlines())
    measured = {turn["text"] for row in gold for turn in row["dialogue"]}
    measured |= {turn.text for call in sound_dialogues(EN) for turn in call.turns}
    assert not taught & measured
