"""Reads labelled dialogues from JSONL files: rolecs rows and rows of the published data sets (CSConv, RoleCS)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from agents.csc.dialogue import Turn
from agents.csc.speakers import parse_speaker
from agents.csc.strategies import parse_strategy
from agents.errors import UsageError, describe_invalid
from outputs.datasets.formats import RolecsRow
from personas.persona import portray
from quality.gate.rubric import POINT_CODES


class Labelled(NamedTuple):
    """A labelled dialogue from a file; what the file does not say is empty.

    `gold` is what people say of it, by point: whether it passes; None where nobody has.
    """

    id: str
    topic: str
    scenario: str
    persona: str
    goal: str
    turns: tuple[Turn, ...]
    gold: dict[str, bool] | None


class _Gold(BaseModel):
    points: dict[str, bool]

    @field_validator("points")
    @classmethod
    def _check_codes(cls, points: dict[str, bool]) -> dict[str, bool]:
        if set(points) != set(POINT_CODES):
            raise ValueError(f"the points are {', '.join(POINT_CODES)}, each 0 or 1")
        return points


class _AnnotatedRow(RolecsRow):
    """A rolecs row beside whose keys others may stand, such as a rejected one's reasons: people add what they need."""

    model_config = ConfigDict(extra="ignore")


class _PublishedTurn(BaseModel):
    speaker: str
    text: str
    strategy: str | None = None


class _PublishedRow(BaseModel):
    source: str = ""
    dialogue: list[_PublishedTurn]


def read_dialogues(path: Path) -> Iterator[Labelled]:
    """Yield the dialogues of a file, one a line; keys of a row that are not ours are passed over.

    Raises:
        UsageError: the file cannot be read, or a line is no labelled dialogue (with file and line).
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _parse(line, path, number)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from None


def _parse(line: str, path: Path, number: int) -> Labelled:
    where = f"{path}:{number}"
    try:
        row: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(f"{where}: no JSON: {error}") from None
    if not isinstance(row, dict):
        raise UsageError(f"{where}: no labelled dialogue: a JSON object is needed")
    try:
        gold = _Gold.model_validate(row.pop("gold")).points if "gold" in row else None
        if "customer_goal" in row:
            return _from_rolecs(_AnnotatedRow.model_validate(row), gold)
        return _from_published(_PublishedRow.model_validate(row), f"{path.stem}-{number}", gold)
    except ValidationError as error:
        raise UsageError(f"{where}: no labelled dialogue: {describe_invalid(error)}") from None
    except ValueError as error:
        raise UsageError(f"{where}: no labelled dialogue: {error}") from None


def _from_rolecs(row: RolecsRow, gold: dict[str, bool] | None) -> Labelled:
    who = row.persona
    persona = portray(row.language, age=who.age, job=who.job, tone=who.tone, description=who.description)
    return Labelled(row.id, row.source, row.scenario, persona, row.customer_goal, row.turns, gold)


def _from_published(row: _PublishedRow, id_: str, gold: dict[str, bool] | None) -> Labelled:
    turns = []
    for turn in row.dialogue:
        speaker = parse_speaker(turn.speaker)
        strategy = parse_strategy(turn.strategy) if turn.strategy else None
        turns.append(Turn(speaker=speaker, text=turn.text, strategy=strategy))
    return Labelled(id_, row.source, "", "", "", tuple(turns), gold)
