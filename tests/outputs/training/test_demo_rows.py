"""The rows that teach the demo model are answers that roles, labeller, judge and distiller may give."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.llm.usage import Role
from outputs.datasets.reader import read_dialogues
from outputs.datasets.roles import RoleRow
from outputs.training.demo.rows import FAULTY, MIXED, SOUND, demo_rows, held_out_calls, main, own_calls
from personas.distill.extraction import profile_type
from personas.pool import load_pool
from quality.gate.judge import opinion_type
from quality.gate.rubric import RUBRIC
from quality.trust.canaries import FAULTS, sound_dialogues


@pytest.fixture(scope="module")
def rows() -> list[RoleRow]:
    return list(demo_rows())


def of_role(rows: list[RoleRow], role: Role) -> list[RoleRow]:
    return [row for row in rows if row.role == role]


def test_every_role_is_taught_and_every_persona_heard(rows: list[RoleRow]) -> None:
    played = {Role.PLANNER, Role.SUPPORTER_ASSISTANT, Role.SUPPORTER, Role.CUSTOMER_ASSISTANT, Role.CUSTOMER}
    assert {row.role for row in rows} == played | {Role.LABELLER, Role.JUDGE, Role.DISTILLER}
    calls = Counter(persona.id for _, persona in own_calls())
    assert set(calls) == {persona.id for persona in load_pool(None, Language.EN)}
    assert min(calls.values()) >= 3


def test_the_rows_are_the_same_each_time(rows: list[RoleRow]) -> None:
    assert list(demo_rows()) == rows
    assert len({row.id for row in rows}) == len(rows)


def test_calls_to_measure_with_are_read_again_and_share_no_persona_with_what_is_trained_on(
    rows: list[RoleRow], tmp_path: Path
) -> None:
    main(tmp_path / "rows.jsonl", tmp_path / "held-out.jsonl")
    assert len((tmp_path / "rows.jsonl").read_bytes().splitlines()) == len(rows)
    calls = [call for call, _ in held_out_calls(rows)]
    assert list(read_dialogues(tmp_path / "held-out.jsonl")) == calls
    ids = {call.id for call in calls}
    assert ids and not {call.persona_id for call in calls} & {row.persona for row in rows if row.dialogue not in ids}


def test_verdicts_can_be_read_and_speak_against_the_point_of_a_fault(rows: list[RoleRow]) -> None:
    verdicts: Counter[tuple[str, int]] = Counter()
    for row in of_role(rows, Role.JUDGE):
        told = row.id.removeprefix(f"{row.dialogue}-judge-")
        opinion = opinion_type(40).model_validate_json(row.answer)
        fault = next((name for name in FAULTY if told.startswith(f"{name}-")), None)
        code = told.removeprefix(f"{fault}-")
        assert opinion.verdict == int(fault is None or FAULTS[fault].point != code), row.id
        verdicts[code, opinion.verdict] += 1
    for point in RUBRIC[Language.EN]:
        # Neither answer is right so often that a model could learn to give it unread.
        shares = [verdicts[point.code, verdict] / sum(verdicts[point.code, it] for it in (0, 1)) for verdict in (0, 1)]
        assert min(shares) > 0.2, (point.code, shares)


def test_each_fault_of_the_judge_has_its_reasons() -> None:
    assert set(FAULTY) == {name for name, fault in FAULTS.items() if fault.point}
    assert set(SOUND) == {point.code for point in RUBRIC[Language.EN]}


def test_labels_are_those_of_the_turns_shown(rows: list[RoleRow]) -> None:
    strategies = {turn.text: turn.strategy for dialogue, _ in own_calls() for turn in dialogue.turns if turn.strategy}
    for row in of_role(rows, Role.LABELLER):
        labels = {int(key.removeprefix("turn_")): Strategy(label) for key, label in json.loads(row.answer).items()}
        shown = dict(re.findall(r'^\[(\d+)\] Supporter: (".*")$', row.messages[-1].content, re.MULTILINE))
        assert {number: strategies[json.loads(shown[str(number)])] for number in labels} == labels
        assert list(map(str, labels)) == list(shown)


def test_mixed_calls_hold_turns_of_one_customer_alone(rows: list[RoleRow]) -> None:
    """Rows are held out by persona: no turn of a held-out call may be learned from another one's row."""
    said: dict[str, str] = {}
    for dialogue, persona in own_calls():
        turns = "\n".join(json.dumps(turn.text, ensure_ascii=False) for turn in dialogue.turns)
        said[persona.id] = said.get(persona.id, "") + turns
    mixed = [row for row in of_role(rows, Role.LABELLER) if "-mixed-" in row.id]
    for row in mixed:
        shown = re.findall(r'^\[\d+\] \w+: (".*")$', row.messages[-1].content, re.MULTILINE)
        assert shown and all(text in said[row.persona] for text in shown)
    assert len(mixed) == MIXED * sum(1 for _ in own_calls())


def test_personas_can_be_read(rows: list[RoleRow]) -> None:
    for row in of_role(rows, Role.DISTILLER):
        profile_type(Language.EN, 50).model_validate_json(row.answer)


def test_nothing_that_the_gate_is_tried_on_is_taught() -> None:
    taught = {turn.text for dialogue, _ in own_calls() for turn in dialogue.turns}
    assert taught.isdisjoint(turn.text for case in sound_dialogues(Language.EN) for turn in case.turns)
