"""Reads labelled dialogues: rolecs rows, rows of the published data sets (CSConv, RoleCS), labelled transcripts."""

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator

from agents.csc.dialogue import Turn
from agents.csc.emotions import COURSES, Feeling, with_course
from agents.csc.language import Language
from agents.csc.speakers import Speaker, parse_speaker
from agents.csc.strategies import parse_strategy
from agents.csc.topics.topic import Topic
from agents.errors import UsageError, describe_invalid
from agents.reading import Value, read_values_and_problems
from outputs.datasets.dialogues import Labelled
from outputs.datasets.manifest import MANIFEST, read_manifest
from outputs.datasets.parquet import read_parquet
from outputs.datasets.rows import FeltRow
from outputs.runs.connections import STORE_FILE
from personas.persona import portray
from quality.gate.rubric import POINT_CODES
from quality.text import CHINESE_CHARACTER


class _Gold(BaseModel):
    points: dict[str, bool]

    @field_validator("points")
    @classmethod
    def _check_codes(cls, points: dict[str, bool]) -> dict[str, bool]:
        if set(points) != set(POINT_CODES):
            raise ValueError(f"the points are {', '.join(POINT_CODES)}, each 0 or 1")
        return points


class _AnnotatedRow(FeltRow):
    """A rolecs row beside whose keys others may stand, such as a rejected one's reasons: people add what they need."""

    model_config = ConfigDict(extra="ignore")


class _Line(BaseModel):
    speaker: str
    text: str
    strategy: str | None = None
    direction: str | None = None
    emotion: Feeling | None = None

    def turn(self) -> Turn:
        """Return the line as a turn.

        Raises:
            ValueError: an unknown speaker or strategy, or a label of the other side's.
        """
        speaker = parse_speaker(self.speaker)
        strategy = parse_strategy(self.strategy) if self.strategy else None
        if strategy and speaker is Speaker.CUSTOMER:
            raise ValueError(f"a customer's turn has strategy {strategy}; only supporter turns carry one")
        if self.emotion and speaker is Speaker.SUPPORTER:
            raise ValueError("a supporter's turn has an emotion; only customer turns carry one")
        direction = self.direction if speaker is Speaker.CUSTOMER else None
        return Turn(speaker=speaker, text=self.text, strategy=strategy, direction=direction, emotion=self.emotion)


def _as_id(value: object) -> object:
    """Return a number as the text that it is as an id; nothing where there is none."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


_Id = Annotated[str, BeforeValidator(_as_id)]


class _PublishedRow(BaseModel):
    """A row of the published data sets, which have no ids; who adds one means it."""

    id: _Id = ""
    source: str = ""
    dialogue: list[_Line]


class _LabelledTranscript(BaseModel):
    """A transcript with strategies on its agent's lines and, it may be, what its customer was told to do."""

    dialogue_id: _Id = ""
    domains: list[str | None] = []
    user_task: str = ""
    turns: list[_Line]


class Unreadable(NamedTuple):
    """A row that holds no labelled dialogue: the id that it would have, and why not, with file and line."""

    id: str
    problem: str


def read_dialogues(path: Path) -> Iterator[Labelled]:
    """Yield the dialogues of a file or a folder; keys of a row that are not ours are passed over.

    Args:
        path: JSON lines or an array; or a folder of files of JSON lines, of which an exported one has the shards that
            its manifest names.

    Raises:
        UsageError: a file cannot be read, or a row is no labelled dialogue (with file and line).
    """
    for row in _read(path):
        if isinstance(row, Unreadable):
            raise UsageError(row.problem)
        yield row


def read_sound_dialogues(path: Path) -> tuple[list[Labelled], list[Unreadable]]:
    """Return the dialogues of a file or a folder, see `read_dialogues`, and the rows that cannot be read.

    Raises:
        UsageError: a file cannot be read, or no row can; says what is wrong with the first.
    """
    rows = list(_read(path))
    dialogues = [row for row in rows if isinstance(row, Labelled)]
    broken = [row for row in rows if isinstance(row, Unreadable)]
    if not dialogues:
        raise UsageError(broken[0].problem if broken else f"{path} holds no dialogue")
    return dialogues, broken


def _read(path: Path) -> Iterator[Labelled | Unreadable]:
    for file, name in name_files(path, find_files(path)).items():
        for where, number, row, problem in _rows(file):
            id_ = f"{name}-{number}"
            try:
                if problem:
                    raise UsageError(f"{where}: {problem}")
                yield parse_dialogue(_checked(row, where), where, id_)
            except UsageError as error:
                yield Unreadable(id_, str(error))


def find_files(path: Path) -> list[Path]:
    """Return the files of a folder that `read_dialogues` reads; of a file itself.

    Raises:
        UsageError: the folder is a run's, whose dialogues are in no file of rows.
    """
    if not path.is_dir():
        return [path]
    if (path / STORE_FILE).exists():
        command = shlex.join(["rolecs", "export", str(path), "--rejected", "--out", "shards"])
        raise UsageError(f"{path} is a run; write its dialogues to files by: {command}")
    if (path / MANIFEST).exists():
        return [path / shard.name for shard in read_manifest(path).shards]
    return sorted(path.rglob("*.jsonl"))


def name_files(folder: Path, files: Sequence[Path]) -> dict[Path, str]:
    """Return what begins the ids of rows without one, by file: its name, or its path in the folder where two share it.

    >>> list(name_files(Path("x"), [Path("x/a.jsonl"), Path("x/may/b.jsonl"), Path("x/june/b.jsonl")]).values())
    ['a', 'may/b', 'june/b']
    """
    files_named = Counter(file.stem for file in files)
    return {
        file: file.stem if files_named[file.stem] == 1 else file.relative_to(folder).with_suffix("").as_posix()
        for file in files
    }


def _rows(file: Path) -> Iterator[Value]:
    if file.suffix != ".parquet":
        return read_values_and_problems(file)
    return (Value(f"{file}:{number}", number, row) for number, row in enumerate(read_parquet(file), start=1))


def _checked(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise UsageError(f"{where}: no labelled dialogue: a JSON object is needed")
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise UsageError(f"{where}: half of a surrogate pair, which no file can hold: {half!a}") from None
    return row


def parse_dialogue(row: dict[str, Any], where: str, default_id: str) -> Labelled:
    """Return the dialogue in a row: a rolecs row, one of the published data sets, or a labelled transcript.

    Args:
        row: the row, with or without `gold`, what people say of it.
        where: file and line, for errors.
        default_id: the id of a dialogue that has none.

    Raises:
        UsageError: the row is no labelled dialogue.
    """
    try:
        gold = _Gold.model_validate(row["gold"]).points if "gold" in row else None
        row = {key: value for key, value in row.items() if key != "gold"}
        if "customer_goal" in row:
            dialogue = _from_rolecs(_AnnotatedRow.model_validate(row))
        elif "turns" in row:
            dialogue = _from_transcript(_LabelledTranscript.model_validate(row), default_id)
        else:
            dialogue = _from_published(_PublishedRow.model_validate(row), default_id)
    except ValidationError as error:
        raise UsageError(f"{where}: no labelled dialogue: {describe_invalid(error)}") from None
    except (ValueError, TypeError) as error:
        raise UsageError(f"{where}: no labelled dialogue: {error}") from None
    return dialogue._replace(gold=gold)


def _from_rolecs(row: FeltRow) -> Labelled:
    metadata = json.loads(row.metadata)
    if not isinstance(metadata, dict):
        raise ValueError("metadata is no JSON object")
    who = row.persona
    course = metadata.get("course")
    if course is not None and course not in COURSES:
        raise ValueError(f"metadata names a course of feelings that is none: {course!r}")
    portrait = portray(row.language, age=who.age, job=who.job, tone=who.tone, description=who.description)
    return Labelled(
        row.id,
        row.source,
        row.scenario,
        with_course(who.description, course, row.language),
        row.customer_goal,
        row.turns,
        language=row.language,
        persona_id=who.id,
        portrait=with_course(portrait, course, row.language),
        number=int(metadata.get("number", 1)),
        own_topic=Topic.model_validate(metadata["topic"]) if "topic" in metadata else None,
    )


def _from_published(row: _PublishedRow, id_: str) -> Labelled:
    turns = tuple(line.turn() for line in row.dialogue)
    return Labelled(row.id or id_, row.source, "", "", "", turns, language=_language_of(turns))


def _from_transcript(row: _LabelledTranscript, id_: str) -> Labelled:
    """Return a transcript whose customer was told what to do: the first direction says who they are."""
    turns = tuple(line.turn() for line in row.turns)
    persona = next((turn.direction for turn in turns if turn.direction), "")
    topic = ", ".join(filter(None, row.domains))
    return Labelled(row.dialogue_id or id_, topic, "", persona, row.user_task, turns, language=_language_of(turns))


def _language_of(turns: tuple[Turn, ...]) -> Language:
    """Return the language of a dialogue whose source does not say it."""
    return Language.ZH if any(CHINESE_CHARACTER.search(turn.text) for turn in turns) else Language.EN
