"""The line formats of shards, each a pure function of a record.

Every key is written in every line with the same type, because `datasets` infers the features from the first lines: what
has no fixed shape (verdict, metadata) is a JSON string.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.dialogue import GoalOutcome, Turn
from agents.csc.language import Language
from agents.csc.speakers import SPEAKER_NAMES, Speaker
from agents.csc.strategies import Stage, Strategy, authors_label
from agents.csc.topics import TOPICS
from agents.prompts.rendering import render, render_fixed
from outputs.datasets.roles import ChatMessage
from outputs.runs.record import Record
from personas.persona import Persona


class Format(StrEnum):
    """A line format: our own, or one that a trainer takes as it is."""

    ROLECS = "rolecs"
    MESSAGES = "messages"
    PROMPT_COMPLETION = "prompt-completion"
    SHAREGPT = "sharegpt"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str


class RowTurn(BaseModel):
    """An utterance in a rolecs row; customer turns have null labels, supporter turns no direction and outcome."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: Speaker
    strategy: Strategy | None
    stage: Stage | None
    text: str
    direction: str | None = None
    outcome: GoalOutcome | None = None
    ends_call: bool


class RowPersona(BaseModel):
    """A persona in a rolecs row, without provenance; the pool has that under the same id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    age: str
    job: str
    risk_tolerance: str
    financial_situation: str
    recent_stress: str
    tone: str
    communication_habits: str
    description: str


class RolecsRow(_Row):
    """A dialogue with everything known of it. `source` is the topic, as in the published data sets."""

    source: str
    language: Language
    scenario: str
    customer_goal: str
    persona: RowPersona
    dialogue: tuple[RowTurn, ...]
    strategy_list: tuple[str, ...]
    dialogue_list: tuple[str, ...]
    verdict: str
    metadata: str

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The dialogue as the rules take it."""
        return tuple(
            Turn(
                speaker=turn.speaker,
                text=turn.text,
                strategy=turn.strategy,
                direction=turn.direction,
                outcome=turn.outcome,
                ends_call=turn.ends_call,
            )
            for turn in self.dialogue
        )


class RejectedRow(RolecsRow):
    """A rejected dialogue, and what it was rejected for."""

    rejected_for: tuple[str, ...]


class MessagesRow(_Row):
    """A dialogue as chat messages, opened by a synthetic user line because the supporter speaks first."""

    messages: tuple[ChatMessage, ...]


class PromptCompletionRow(_Row):
    """One supporter turn: the messages before it, the turn, and its strategy."""

    prompt: tuple[ChatMessage, ...]
    completion: tuple[ChatMessage, ...]
    strategy: Strategy


class ShareGptMessage(BaseModel):
    """A message in the form of ShareGPT and LLaMA-Factory."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    sender: Literal["human", "gpt"] = Field(alias="from")
    value: str


class ShareGptRow(_Row):
    """A dialogue in the form of ShareGPT: the human at odd positions."""

    conversations: tuple[ShareGptMessage, ...]
    system: str


def _rolecs_fields(record: Record) -> dict[str, Any]:
    if record.plan is None:
        raise ValueError(f"dialogue {record.id} has no plan: only played dialogues are exported")
    names = SPEAKER_NAMES[record.language]
    verdict = record.verdict.model_dump(exclude_none=True) if record.verdict else {}
    metadata = {
        "number": record.number,
        "seed": record.seed,
        "model": record.model,
        "judge_model": record.judge_model,
        "repairs": [repair.model_dump(exclude={"said"}) for repair in record.repairs],
        "usage": {role: asdict(spent) for role, spent in record.usage.items()},
    }
    return {
        "id": record.id,
        "source": TOPICS[record.topic][record.language].name,
        "language": record.language,
        "scenario": record.plan.scenario,
        "customer_goal": record.plan.customer_goal,
        "persona": _row_persona(record.persona),
        "dialogue": tuple(
            RowTurn(
                speaker=turn.speaker,
                strategy=turn.strategy,
                stage=turn.stage,
                text=turn.text,
                direction=turn.direction,
                outcome=turn.outcome,
                ends_call=turn.ends_call,
            )
            for turn in record.turns
        ),
        "strategy_list": tuple(
            authors_label(turn.strategy, record.language) if turn.strategy else "" for turn in record.turns
        ),
        "dialogue_list": tuple(f"{names[turn.speaker]}: {turn.text}" for turn in record.turns),
        "verdict": _json(verdict),
        "metadata": _json(metadata),
    }


def _row_persona(persona: Persona) -> RowPersona:
    return RowPersona.model_validate(persona.model_dump(include=set(RowPersona.model_fields)))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _messages(record: Record) -> list[ChatMessage]:
    """Return the call as the supporter hears it, behind a system line with the situation and an opening user line."""
    fields = {
        "topic": TOPICS[record.topic][record.language].name,
        "scenario": record.plan.scenario if record.plan else "",
    }
    return [
        ChatMessage(role="system", content=render(record.language, "export_system", **fields)),
        ChatMessage(role="user", content=render_fixed(record.language, "opening")),
        *(
            ChatMessage(role="assistant" if turn.speaker is Speaker.SUPPORTER else "user", content=turn.text)
            for turn in record.turns
        ),
    ]


def _rolecs(record: Record) -> list[_Row]:
    return [RolecsRow(**_rolecs_fields(record))]


def _messages_rows(record: Record) -> list[_Row]:
    return [MessagesRow(id=record.id, messages=tuple(_messages(record)))]


def _prompt_completion(record: Record) -> list[_Row]:
    messages = _messages(record)
    before = len(messages) - len(record.turns)
    return [
        PromptCompletionRow(
            id=f"{record.id}-{index + 1:02}",
            prompt=tuple(messages[: before + index]),
            completion=(messages[before + index],),
            strategy=turn.strategy,
        )
        for index, turn in enumerate(record.turns)
        if turn.strategy
    ]


def _sharegpt(record: Record) -> list[_Row]:
    system, *rest = _messages(record)
    conversations = tuple(
        ShareGptMessage(sender="gpt" if message.role == "assistant" else "human", value=message.content)
        for message in rest
    )
    return [ShareGptRow(id=record.id, conversations=conversations, system=system.content)]


_ROWS: dict[Format, Callable[[Record], list[_Row]]] = {
    Format.ROLECS: _rolecs,
    Format.MESSAGES: _messages_rows,
    Format.PROMPT_COMPLETION: _prompt_completion,
    Format.SHAREGPT: _sharegpt,
}
ROW_TYPES: dict[Format, type[_Row]] = {
    Format.ROLECS: RolecsRow,
    Format.MESSAGES: MessagesRow,
    Format.PROMPT_COMPLETION: PromptCompletionRow,
    Format.SHAREGPT: ShareGptRow,
}


def format_lines(record: Record, form: Format) -> list[str]:
    """Return the lines that a kept record becomes in `form`."""
    return [row.model_dump_json(by_alias=True) for row in _ROWS[form](record)]


def rejected_line(record: Record) -> str:
    """Return the line that a rejected record becomes: a rolecs row and the reasons."""
    return RejectedRow(**_rolecs_fields(record), rejected_for=tuple(record.reasons)).model_dump_json()
