"""The line formats of shards: each makes rows of a record, and is a pure function of it."""

import json
import operator
from collections.abc import Callable, Iterator
from dataclasses import asdict
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from agents.csc.dialogue import CustomerView, Turn
from agents.csc.flow import Limits
from agents.csc.speakers import SPEAKER_NAMES, Speaker
from agents.csc.strategies import Strategy, authors_label
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import on_one_line, render, render_fixed
from agents.roles.customer import customer_turn_messages
from agents.roles.supporter import supporter_turn_messages
from outputs.datasets.dialogues import Labelled
from outputs.datasets.roles import PLAYING_ROLES, ChatMessage, RoleRow, role_rows
from outputs.datasets.rows import (
    SOURCE_ID,
    FeltRow,
    FeltTurn,
    MessagesRow,
    PreferenceRow,
    PromptCompletionRow,
    PublishedRow,
    PublishedTurn,
    RejectedFeltRow,
    RejectedRow,
    RolecsRow,
    Row,
    RowPersona,
    RowTurn,
    ShareGptMessage,
    ShareGptRow,
)
from outputs.runs.record import Record
from outputs.runs.rewriting import Rewriting
from personas.persona import Persona


class Format(StrEnum):
    """A line format: our own, the published one, or one that a trainer takes as it is."""

    ROLECS = "rolecs"
    CSCONV = "csconv"
    ROLES = "roles"
    MESSAGES = "messages"
    PROMPT_COMPLETION = "prompt-completion"
    SHAREGPT = "sharegpt"
    PREFS = "prefs"


class StrategyLabels(StrEnum):
    """Where chats have the strategies of their supporter: in front of the words, or nowhere."""

    INLINE = "inline"
    OFF = "off"


CHATS = frozenset({Format.MESSAGES, Format.PROMPT_COMPLETION, Format.SHAREGPT})
"""Formats that show a dialogue as a chat: strategies are in them if they stand in its words."""


class Shape(BaseModel):
    """What rows are made: a format, whether chats have strategies in their words, whose requests become role rows.

    `emotions` says that the dialogues were played with them, so that rolecs rows have that key. Rows
    `with_source` have a key more, `source_id`: the real call that a dialogue was rewritten from. Published rows
    have none: theirs and ours stand in one data set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format
    strategies: StrategyLabels = StrategyLabels.INLINE
    roles: tuple[Role, ...] = PLAYING_ROLES
    # Left out where there are none, as in the manifests of builds that knew none.
    emotions: bool = Field(False, exclude_if=operator.not_)
    with_source: bool = Field(False, exclude_if=operator.not_)


def label_inline(strategy: Strategy, text: str) -> str:
    """Return a supporter's words with their strategy in front.

    >>> label_inline(Strategy.GT, "Good morning.")
    '[GT] Good morning.'
    """
    return f"[{strategy}] {text}"


def format_lines(record: Record, shape: Shape, limits: Limits) -> Iterator[str]:
    """Yield the lines that a kept record becomes.

    Args:
        record: a dialogue that was played to its end.
        shape: what rows to make of it.
        limits: the lengths that it was played under; requests say what they allowed.
    """
    for row in _ROWS[shape.format](record, shape, limits):
        # The published rows have no key without a value.
        yield _sourced(row, record, shape).model_dump_json(by_alias=True, exclude_none=shape.format is Format.CSCONV)


def rejected_line(record: Record, shape: Shape) -> str:
    """Return the line that a rejected record becomes: a rolecs row and the reasons."""
    rejected_row = RejectedFeltRow if record.course else RejectedRow
    row = rejected_row(**_rolecs_fields(record), rejected_for=tuple(record.reasons))
    return _sourced(row, record, shape).model_dump_json()


@cache
def _with_source(base: type[BaseModel]) -> type[BaseModel]:
    fields: dict[str, Any] = {SOURCE_ID: (str, ...)}
    return create_model(base.__name__, __base__=base, **fields)


def _sourced(row: BaseModel, record: Record, shape: Shape) -> BaseModel:
    if not (shape.with_source and isinstance(record, Rewriting)):
        return row
    return _with_source(type(row)).model_validate(row.model_dump(by_alias=True) | {SOURCE_ID: record.source_id})


def _rolecs_fields(record: Record) -> dict[str, Any]:
    verdict = record.verdict.model_dump(exclude_none=True) if record.verdict else {}
    metadata = {
        "seed": record.seed,
        "model": record.model,
        "judge_model": record.judge_model,
        "repairs": [repair.model_dump(exclude={"said", "text"}) for repair in record.repairs],
        "usage": {role: asdict(spent) for role, spent in record.usage.items()},
    }
    if record.course:
        heard = record.emotion_labelling
        metadata |= {"course": record.course, "emotion_labelling": heard.model_dump(mode="json") if heard else None}
    if record.own_topic:
        metadata["topic"] = record.own_topic.model_dump(mode="json")
    if isinstance(record, Rewriting):
        compared = {"steps", "fidelity", "before"}
        metadata["rewriting"] = record.model_dump(mode="json", include=compared, exclude_none=True)
    turn_type = FeltTurn if record.course else RowTurn
    return _row_fields(Labelled.of(record), record.persona, turn_type, verdict, metadata)


def labelled_row(dialogue: Labelled, persona: Persona) -> RolecsRow:
    """Return a dialogue that no run has played as a row: without a verdict, and with nothing said of its making."""
    return RolecsRow(**_row_fields(dialogue, persona, RowTurn, {}, {}))


def _row_fields(
    dialogue: Labelled, persona: Persona, turn_type: type[RowTurn], verdict: dict[str, Any], metadata: dict[str, Any]
) -> dict[str, Any]:
    names = SPEAKER_NAMES[dialogue.language]
    return {
        "id": dialogue.id,
        "source": dialogue.topic,
        "language": dialogue.language,
        "scenario": dialogue.scenario,
        "customer_goal": dialogue.goal,
        "persona": RowPersona.model_validate(persona.model_dump(include=set(RowPersona.model_fields))),
        "dialogue": tuple(turn_type(**turn.model_dump(), stage=turn.stage) for turn in dialogue.turns),
        "strategy_list": tuple(
            authors_label(turn.strategy, dialogue.language) if turn.strategy else "" for turn in dialogue.turns
        ),
        "dialogue_list": tuple(f"{names[turn.speaker]}: {turn.text}" for turn in dialogue.turns),
        "verdict": _json(verdict),
        "metadata": _json({"number": dialogue.number} | metadata),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _rolecs(record: Record, shape: Shape, limits: Limits) -> Iterator[Row]:
    yield (FeltRow if record.course else RolecsRow)(**_rolecs_fields(record))


def _csconv(record: Record, shape: Shape, limits: Limits) -> Iterator[Row]:
    names, language = SPEAKER_NAMES[record.language], record.language
    turns = tuple(
        PublishedTurn(
            speaker=names[turn.speaker],
            strategy=authors_label(turn.strategy, language) if turn.strategy else None,
            text=turn.text,
        )
        for turn in record.turns
    )
    yield PublishedRow(source=record.full_topic.name, dialogue=turns)


def _roles(record: Record, shape: Shape, limits: Limits) -> Iterator[Row]:
    yield from role_rows(Labelled.of(record), limits, shape.roles)


def _chat(record: Record, shape: Shape) -> list[ChatMessage]:
    """Return the call as the supporter hears it, behind a system line with the situation and an opening user line."""
    dialogue, language = Labelled.of(record), record.language
    is_inline = shape.strategies is StrategyLabels.INLINE
    company, topic = record.full_topic.company, on_one_line(dialogue.topic)
    system = render(
        language, "export_system", company=on_one_line(company.name), topic=topic, scenario=dialogue.scenario
    )
    if is_inline:
        system = f"{system} {render_fixed(language, 'export_strategies')}"
    if company.is_known:
        system = f"{system}\n\n{render_fixed(language, 'supporter_company', company=company)}"
    messages = [
        ChatMessage(role="system", content=system),
        ChatMessage(role="user", content=render_fixed(language, "opening")),
    ]
    for turn in record.turns:
        text = label_inline(turn.strategy, turn.text) if turn.strategy and is_inline else turn.text
        messages.append(ChatMessage(role="assistant" if turn.speaker is Speaker.SUPPORTER else "user", content=text))
    return messages


def _messages(record: Record, shape: Shape, limits: Limits) -> Iterator[Row]:
    yield MessagesRow(id=record.id, persona=record.persona.id, messages=tuple(_chat(record, shape)))


def _prompt_completion(record: Record, shape: Shape, limits: Limits) -> Iterator[Row]:
    messages = _chat(record, shape)
    before = len(messages) - len(record.turns)
    for index, turn in enumerate(record.turns):
        if turn.strategy:
            yield PromptCompletionRow(
                id=f"{record.id}-{index + 1:02}",
                dialogue=record.id,
                persona=record.persona.id,
                prompt=tuple(messages[: before + index]),
                completion=(messages[before + index],),
                strategy=turn.strategy,
            )


def _sharegpt(record: Record, shape: Shape, limits: Limits) -> Iterator[Row]:
    system, *rest = _chat(record, shape)
    conversations = tuple(
        ShareGptMessage(sender="gpt" if message.role == "assistant" else "human", value=message.content)
        for message in rest
    )
    yield ShareGptRow(id=record.id, persona=record.persona.id, conversations=conversations, system=system.content)


def _preferences(record: Record, shape: Shape, limits: Limits) -> Iterator[Row]:
    for number, repair in enumerate(record.repairs):
        said = repair.said
        if said is None or not _stands(record, number):
            continue
        before, chosen = record.turns[: repair.turn - 1], record.turns[repair.turn - 1]
        if chosen == said or _told(chosen) != _told(said):
            continue  # said by another decision after all: no pair, and the same words are none
        yield PreferenceRow(
            id=f"{record.id}-{repair.turn:02}-{number:02}",
            dialogue=record.id,
            persona=record.persona.id,
            check=repair.check,
            prompt=tuple(ChatMessage.model_validate(message) for message in _request(record, before, said)),
            chosen=(ChatMessage(role="assistant", content=chosen.text),),
            rejected=(ChatMessage(role="assistant", content=said.text),),
        )


def _stands(record: Record, number: int) -> bool:
    """Tell whether the dialogue still begins with the turns that stood before a repair.

    A dialogue that goes back loses the last two turns that it had when its next one failed, or its only one.
    """
    repair = record.repairs[number]
    kept = [max(later.turn - 3, 0) for later in record.repairs[number:] if later.action == "rewound"]
    return min(kept, default=repair.turn) >= repair.turn - 1 and repair.turn <= len(record.turns)


def _told(turn: Turn) -> tuple[object, ...]:
    """Return what a speaker was told to say: two turns that were told the same answer the same request."""
    return turn.speaker, turn.strategy, turn.direction, turn.ends_call, turn.emotion


def _request(record: Record, before: tuple[Turn, ...], turn: Turn) -> list[Message]:
    """Return the request that a turn answered, without the hint that a later try got."""
    dialogue = Labelled.of(record)
    if turn.strategy:
        return supporter_turn_messages(dialogue.supporter_view(before), turn.strategy)
    customer = CustomerView(record.language, dialogue.persona, dialogue.scenario, before, turn.emotion is not None)
    return customer_turn_messages(customer, turn.direction or "", ends_call=turn.ends_call, emotion=turn.emotion)


_ROWS: dict[Format, Callable[[Record, Shape, Limits], Iterator[Row]]] = {
    Format.ROLECS: _rolecs,
    Format.CSCONV: _csconv,
    Format.ROLES: _roles,
    Format.MESSAGES: _messages,
    Format.PROMPT_COMPLETION: _prompt_completion,
    Format.SHAREGPT: _sharegpt,
    Format.PREFS: _preferences,
}
ROW_TYPES: dict[Format, type[BaseModel]] = {
    Format.ROLECS: RolecsRow,
    Format.CSCONV: PublishedRow,
    Format.ROLES: RoleRow,
    Format.MESSAGES: MessagesRow,
    Format.PROMPT_COMPLETION: PromptCompletionRow,
    Format.SHAREGPT: ShareGptRow,
    Format.PREFS: PreferenceRow,
}


def row_type(shape: Shape) -> type[BaseModel]:
    """Return the type of the rows of a shape."""
    row = FeltRow if shape.emotions and shape.format is Format.ROLECS else ROW_TYPES[shape.format]
    return _with_source(row) if shape.with_source else row


def rejected_type(shape: Shape) -> type[BaseModel]:
    """Return the type of the rows that rejected dialogues become beside those of a shape."""
    row = RejectedFeltRow if shape.emotions else RejectedRow
    return _with_source(row) if shape.with_source else row
