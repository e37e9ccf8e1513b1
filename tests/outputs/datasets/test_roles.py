"""Role rows are the requests of the play, rendered again; dialogues from elsewhere have rows for what they say."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.csc.dialogue import GoalOutcome, Turn
from agents.csc.flow import Limits
from agents.llm.usage import Role
from graphs.config.settings import Settings
from outputs.datasets.dialogues import Labelled
from outputs.datasets.reader import parse_dialogue
from outputs.datasets.roles import PLAYING_ROLES, RoleRow, role_rows
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from tests.support.jobs import run_quietly
from tests.support.loopback import Loopback, serve

STAR = {
    "dialogue_id": "star-1",
    "domains": ["bank"],
    "user_task": "You want to know your balance.",
    "turns": [
        {"speaker": "customer", "text": "Hello!", "direction": "You are Anna. Be brief."},
        {"speaker": "agent", "text": "Hello, how can I help?", "action": "hello", "strategy": "GT"},
        {"speaker": "customer", "text": "My balance, please."},
        {"speaker": "agent", "text": "One moment."},
        {"speaker": "agent", "text": "Your name?", "action": "ask_name", "strategy": "IV"},
        {"speaker": "customer", "text": "Anna.", "direction": "Tell your name."},
        {"speaker": "agent", "text": "It is 10.", "action": "inform", "strategy": "ID"},
    ],
}


async def test_rows_are_the_requests_as_they_were_made(tmp_path: Path) -> None:
    run = tmp_path / "run"
    async with serve(Loopback()) as server:
        known = {"base_url": [server.base_url], "gate_trial": "skip", "max_similarity": 1, "canaries": 0}
        await run_quietly(Settings.model_validate(known | {"dialogues": 8, "run": run}))
    compared = 0
    with RunStore.read(DIALOGUES, run) as store:
        limits = Limits.model_validate(store.provenance.configuration["limits"])
        for record in store.records(Outcome.KEPT):
            sent = [body for body, id_ in zip(server.requests, server.sessions, strict=True) if id_ == record.id]
            rows = list(role_rows(Labelled.of(record), limits))
            assert [row.role for row in rows[:3]] == ["planner", "supporter", "customer_assistant"]
            assert {row.role for row in rows} == set(PLAYING_ROLES)
            for row in rows:
                # Also where something was said again: the sound request is the one of the first try.
                messages = [message.model_dump() for message in row.messages]
                body = next(body for body in sent if body["messages"] == messages)
                assert list(row.options) == body.get("structured_outputs", {}).get("choice", [])
                if schema := body.get("response_format", {}).get("json_schema", {}).get("schema"):
                    assert list(json.loads(row.answer)) == list(schema["properties"])
            if not record.repairs:
                assert [[message.model_dump() for message in row.messages] for row in rows] == [
                    body["messages"] for body in sent[: len(rows)]
                ]
            compared += len(rows)
    assert compared > 50


def rows_of(dialogue: Labelled, *roles: Role) -> list[RoleRow]:
    return list(role_rows(dialogue, Limits(), roles or tuple(Role)))


def test_a_labelled_transcript_has_rows_for_what_it_says() -> None:
    rows = rows_of(parse_dialogue(STAR, "star:1", "x"))
    # The customer speaks first: that is no answer to anything. What has no label and no direction has no row; the only
    # strategy that the rules allow is not asked for.
    assert [row.id for row in rows] == [
        "star-1-02-supporter",
        "star-1-04-supporter_assistant",
        "star-1-04-supporter",
        "star-1-05-customer_assistant",
        "star-1-05-customer",
        "star-1-06-supporter_assistant",
        "star-1-06-supporter",
    ]
    assert {row.dialogue for row in rows} == {"star-1"}
    greeting, choice, asking, direction, reply, *_ = rows
    assert [message.role for message in greeting.messages] == ["system", "user"]
    assert greeting.messages[1].content.startswith("Hello!\n\n")
    assert (choice.answer, asking.answer) == ("IV", "One moment. Your name?") and "IV" in choice.options
    assert [message.role for message in reply.messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "You are Anna" in direction.messages[0].content and direction.answer == '{"direction":"Tell your name."}'
    assert reply.answer == "Anna."


def make_turns(*turns: dict[str, Any]) -> tuple[Turn, ...]:
    return tuple(Turn.model_validate({"text": "Yes."} | turn) for turn in turns)


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (GoalOutcome.REACHED, '{"outcome":"reached","direction":"Hang up."}'),
        (GoalOutcome.GIVEN_UP, '{"outcome":"given_up","direction":"Hang up."}'),
        (None, None),
    ],
)
def test_an_end_is_an_answer_where_somebody_says_how_it_stands(outcome: GoalOutcome | None, answer: str | None) -> None:
    turns = make_turns(
        {"speaker": "supporter", "strategy": "GT"},
        {"speaker": "customer", "direction": "Ask."},
        {"speaker": "supporter", "strategy": "IV"},
        {"speaker": "customer", "direction": "Tell."},
        {"speaker": "supporter", "strategy": "ID"},
        {"speaker": "customer", "direction": "Hang up.", "ends_call": True, "outcome": outcome},
    )
    dialogue = Labelled("d", "topic", "scenario", "persona", "goal", turns)
    rows = {row.id: row for row in rows_of(dialogue, Role.CUSTOMER_ASSISTANT, Role.CUSTOMER)}
    last = rows.get("d-06-customer_assistant")
    assert (last.answer if last else None) == answer
    assert "d-06-customer" in rows and rows["d-02-customer_assistant"].answer == '{"direction":"Ask."}'


def test_what_the_rules_forbid_is_no_choice() -> None:
    turns = make_turns(
        {"speaker": "supporter", "strategy": "GT"}, {"speaker": "customer"}, {"speaker": "supporter", "strategy": "PS"}
    )
    rows = rows_of(Labelled("d", "topic", "scenario", "persona", "goal", turns))
    assert [row.id for row in rows] == ["d-01-supporter", "d-03-supporter"]
