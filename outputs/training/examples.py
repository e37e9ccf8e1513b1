"""Reads what is trained on: runs, exported folders, files of rows of any of our formats; as requests with answers."""

import glob
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.csc.flow import Limits
from agents.digests import digest
from agents.errors import UsageError, describe_invalid
from agents.llm.usage import Role
from agents.reading import read_text, read_values
from outputs.datasets.dialogues import Labelled
from outputs.datasets.manifest import MANIFEST, read_manifest
from outputs.datasets.parquet import read_parquet
from outputs.datasets.reader import name_files, parse_dialogue
from outputs.datasets.roles import PLAYING_ROLES, ChatMessage, RoleRow, role_rows
from outputs.datasets.rows import SOURCE_ID
from outputs.runs.connections import STORE_FILE
from outputs.runs.rewriting import read_made
from outputs.runs.run import Outcome
from outputs.training.result import RESULT, Source, Training

ASSISTANT = "assistant"
"""The role of answers in rows that are a chat."""
_SENDERS = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}


class _Row(BaseModel):
    """What rows of all formats have; trainers' own keys beside it are ignored."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    persona: str = ""


class _Messages(_Row):
    messages: tuple[ChatMessage, ...]


class _PromptCompletion(_Row):
    dialogue: str = ""
    prompt: tuple[ChatMessage, ...] = Field(min_length=1)
    completion: tuple[ChatMessage, ...] = Field(min_length=1, max_length=1)


class _ShareGptMessage(BaseModel):
    sender: str = Field(alias="from")
    value: str


class _ShareGpt(_Row):
    conversations: tuple[_ShareGptMessage, ...]
    system: str = ""


def read_examples(sources: Sequence[Path], roles: Collection[Role]) -> tuple[list[RoleRow], list[Source]]:
    """Return the rows of some sources, and what each source was.

    A source is a run folder (its kept dialogues), an exported folder (its training shards), another folder of JSONL
    files, or a file, JSONL (also gzipped) or Parquet, of role rows, messages, prompt-completion or ShareGPT rows, or of
    labelled dialogues; the requests of these are rendered here.

    Args:
        sources: files and folders.
        roles: roles whose requests are wanted; all when empty.

    Raises:
        UsageError: a source cannot be read, or holds something else (with file and line), or nothing.
    """
    rows: list[RoleRow] = []
    read: list[Source] = []
    for source in sources:
        found = [row for row in _read(source, roles or PLAYING_ROLES) if not roles or row.role in roles]
        hashed = hashlib.sha256()
        for row in found:
            hashed.update(row.model_dump_json().encode() + b"\n")
        read.append(Source(name=source.name, rows=len(found), sha256=hashed.hexdigest()))
        rows += _told_apart(found, rows)
    if not rows:
        wanted = f" of {', '.join(roles)}" if roles else ""
        raise UsageError(f"{', '.join(map(str, sources))}: no row{wanted} to train on")
    return rows, read


def _told_apart(rows: Sequence[RoleRow], before: Sequence[RoleRow]) -> Iterator[RoleRow]:
    """Yield the rows of a source; a dialogue gets another id where it has that of another one in sources before.

    Files may number their calls alike. The same dialogue in two forms has the answers of the smaller one in both; two
    dialogues have a greeting in common at most.
    """
    known, own = _answers(before), _answers(rows)
    for row in rows:
        there, here = known.get(row.dialogue), own[row.dialogue]
        if there and 2 * len(there & here) < min(len(there), len(here)):
            row = row.model_copy(update={"dialogue": f"{row.dialogue}-{digest(sorted(here))[:8]}"})
        yield row


def _answers(rows: Iterable[RoleRow]) -> dict[str, set[str]]:
    """Return the answers in rows by dialogue; one of some options only says something behind its request."""
    answers: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        answers[row.dialogue].add(digest((row.messages, row.answer)) if row.options else row.answer)
    return answers


class Found(NamedTuple):
    """What an adapter was trained on, as far as it is found: the rows, and the names of the missing sources."""

    rows: list[RoleRow]
    missing: tuple[str, ...]


def find_examples(adapter: Path) -> Found | None:
    """Return what an adapter was trained on; None where its folder does not say.

    `training.json` names its sources and tells them by digests of their rows, but not where they lay. They are looked
    for in the working folder and those in it, in the adapter's and in the one around that; what has another digest is
    something else.

    Raises:
        UsageError: `training.json` cannot be read.
    """
    if not (adapter / RESULT).is_file():
        return None
    try:
        training = Training.model_validate_json(read_text(adapter / RESULT))
    except ValidationError as error:
        raise UsageError(f"{adapter / RESULT} tells of no training: {describe_invalid(error)}") from None
    roles = [Role(role) for role in training.settings.get("roles", ())]
    rows: list[RoleRow] = []
    missing = []
    for source in training.sources:
        name = source.name
        places = [Path(name), adapter / name, adapter.resolve().parent / name, *Path().glob(f"*/{glob.escape(name)}")]
        for place in places:
            if found := _read_same(place, roles, source):
                rows += _told_apart(found, rows)
                break
        else:
            missing.append(source.name)
    return Found(rows, tuple(missing))


def _read_same(path: Path, roles: Collection[Role], source: Source) -> list[RoleRow]:
    """Return the rows of a source, where they are those that this is said to have; else none."""
    if not path.exists():
        return []
    try:
        rows, (read,) = read_examples([path], roles)
    except UsageError:
        return []
    return rows if read.sha256 == source.sha256 else []


def _read(source: Path, roles: Collection[Role]) -> Iterator[RoleRow]:
    if not source.is_dir():
        yield from _read_file(source, source.stem, Limits(), roles)
    elif (source / MANIFEST).exists():
        manifest = read_manifest(source)
        yield from _read_files(source, [source / shard.name for shard in manifest.shards], manifest.limits, roles)
    elif not (source / STORE_FILE).exists() and (files := sorted(source.rglob("*.jsonl"))):
        yield from _read_files(source, files, Limits(), roles)
    else:
        with read_made(source) as store:
            limits = Limits.model_validate(store.provenance.configuration["limits"])
            for record in store.records(Outcome.KEPT):
                yield from role_rows(Labelled.of(record), limits, roles)


def _read_files(folder: Path, files: Sequence[Path], limits: Limits, roles: Collection[Role]) -> Iterator[RoleRow]:
    for file, name in name_files(folder, files).items():
        yield from _read_file(file, name, limits, roles)


def _read_file(path: Path, name: str, limits: Limits, roles: Collection[Role]) -> Iterator[RoleRow]:
    """Yield the requests in a file; `name` begins the ids of rows without one."""
    for number, row in _rows(path):
        where = f"{path}:{number}"
        try:
            yield from _examples(row, where, f"{name}-{number}", limits, roles)
        except ValidationError as error:
            raise UsageError(f"{where}: {describe_invalid(error)}") from None


def _examples(
    row: dict[str, Any], where: str, default_id: str, limits: Limits, roles: Collection[Role]
) -> Iterator[RoleRow]:
    """Yield the requests in a row; what it is can be told by its keys."""
    if "answer" in row:
        yield RoleRow.model_validate({name: value for name, value in row.items() if name != SOURCE_ID})
    elif "messages" in row:
        chat = _Messages.model_validate(row)
        yield from _chat_examples(chat.id or default_id, chat.persona, chat.messages)
    elif "conversations" in row:
        talk = _ShareGpt.model_validate(row)
        yield from _chat_examples(talk.id or default_id, talk.persona, _sharegpt_messages(talk, where))
    elif "completion" in row:
        pair = _PromptCompletion.model_validate(row)
        id_ = pair.id or default_id
        yield _chat_row(id_, pair.dialogue or id_, pair.persona, pair.prompt, pair.completion[0].content)
    elif "chosen" in row:
        raise UsageError(f"{where}: a preference pair: train with TRL's DPOTrainer, see docs/training.md")
    elif "rejected_for" in row:
        raise UsageError(f"{where}: a rejected dialogue: nothing should learn from it")
    else:
        yield from role_rows(parse_dialogue(row, where, default_id), limits, roles)


def _sharegpt_messages(talk: _ShareGpt, where: str) -> tuple[ChatMessage, ...]:
    messages = [ChatMessage(role="system", content=talk.system)] if talk.system else []
    for message in talk.conversations:
        if message.sender not in _SENDERS:
            raise UsageError(f"{where}: unknown sender {message.sender!r}; the names are {', '.join(_SENDERS)}")
        messages.append(ChatMessage.model_validate({"role": _SENDERS[message.sender], "content": message.value}))
    return tuple(messages)


def _chat_examples(id_: str, persona: str, messages: tuple[ChatMessage, ...]) -> Iterator[RoleRow]:
    """Yield each of the assistant's messages as the answer to those before it."""
    for index, message in enumerate(messages):
        if message.role == "assistant" and index:
            yield _chat_row(f"{id_}-{index:02}", id_, persona, messages[:index], message.content)


def _chat_row(id_: str, dialogue: str, persona: str, messages: tuple[ChatMessage, ...], answer: str) -> RoleRow:
    return RoleRow(id=id_, role=ASSISTANT, dialogue=dialogue, persona=persona, messages=messages, answer=answer)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a file with their numbers.

    Raises:
        UsageError: the file cannot be read, or a line is no JSON object.
    """
    if path.suffix == ".parquet":
        yield from enumerate(read_parquet(path), start=1)
        return
    for where, number, row, _ in read_values(path):
        if not isinstance(row, dict):
            raise UsageError(f"{where}: a JSON object is needed")
        yield number, row
