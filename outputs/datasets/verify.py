"""Verification: reads an exported folder again and names everything that is wrong with it."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from agents.csc.speakers import Speaker, parse_speaker
from agents.errors import UsageError, describe_invalid
from agents.llm.usage import Role
from outputs.datasets.formats import rejected_type, row_type
from outputs.datasets.manifest import Manifest, Shard, read_manifest
from outputs.datasets.parquet import read_parquet
from outputs.datasets.roles import RoleRow
from outputs.datasets.rows import (
    FeltRow,
    MessagesRow,
    PreferenceRow,
    PromptCompletionRow,
    PublishedRow,
    RolecsRow,
    RowPersona,
    ShareGptRow,
)
from outputs.datasets.trainers import DATASET_INFO, dataset_info
from quality.checks.artifacts import find_artifact
from quality.checks.rules import check_rules
from quality.gate.verdict import Verdict

_FOLDERS = ("data", "rejected")
_WHO = {*RowPersona.model_fields} - {"id"}
_SAID: dict[type[BaseModel], Any] = {
    RolecsRow: {"scenario": True, "customer_goal": True, "persona": _WHO, "dialogue": {"__all__": {"direction"}}},
    PublishedRow: {"dialogue"},
    RoleRow: {"messages", "answer"},
    MessagesRow: {"messages"},
    PromptCompletionRow: {"prompt", "completion"},
    ShareGptRow: {"conversations"},
    PreferenceRow: {"prompt", "chosen"},
}
"""What models wrote in a row of each type, as pydantic selects fields; the turns of a rolecs row go by the rules."""


def verify_export(folder: Path) -> Iterator[str]:
    """Yield a line for everything wrong in `folder`: nothing when the export is whole and every kept row flawless.

    Raises:
        UsageError: the folder holds no export, or Parquet files and pyarrow is not installed.
    """
    manifest = read_manifest(folder)
    named = {shard.name for shard in manifest.files}
    found = {path.relative_to(folder).as_posix() for place in _FOLDERS for path in folder.glob(f"{place}/**/*")}
    for name in sorted(found - named):
        yield f"{name}: not in the manifest"
    yield from _verify_info(folder, manifest)
    ids: set[str] = set()
    for shard in manifest.shards:
        yield from _verify_shard(folder, shard, manifest, ids, kept=True)
    for shard in manifest.rejected:
        yield from _verify_shard(folder, shard, manifest, ids, kept=False)


def _verify_info(folder: Path, manifest: Manifest) -> Iterator[str]:
    path, wanted = folder / DATASET_INFO, dataset_info(manifest)
    try:
        told = json.loads(path.read_bytes()) if path.exists() else {}
    except ValueError as error:
        yield f"{DATASET_INFO}: no JSON: {error}"
        return
    if told != wanted:
        yield f"{DATASET_INFO}: not that of this export"


def _verify_shard(folder: Path, shard: Shard, manifest: Manifest, ids: set[str], *, kept: bool) -> Iterator[str]:
    try:
        data = (folder / shard.name).read_bytes()
    except OSError as error:
        yield f"{shard.name}: {error.strerror}"
        return
    if len(data) != shard.bytes:
        yield f"{shard.name}: {len(data)} bytes, the manifest says {shard.bytes}"
    if hashlib.sha256(data).hexdigest() != shard.sha256:
        yield f"{shard.name}: the SHA-256 is not that of the manifest"
    if shard.name.endswith(".parquet"):
        try:
            rows: list[Any] = list(read_parquet(folder / shard.name))
        except UsageError as error:
            yield f"{shard.name}: {error}"
            return
    else:
        rows = data.split(b"\n")
        if rows.pop() != b"":
            yield f"{shard.name}: the last line has no end"
    if len(rows) != shard.lines:
        yield f"{shard.name}: {len(rows)} lines, the manifest says {shard.lines}"
    expected = row_type(manifest.shape) if kept else rejected_type(manifest.shape)
    for number, content in enumerate(rows, start=1):
        where = f"{shard.name}:{number}"
        try:
            row = _parse(content, expected)
        except ValidationError as error:
            yield f"{where}: {describe_invalid(error)}"
            continue
        if (id_ := getattr(row, "id", None)) is not None:
            if id_ in ids:
                yield f"{where}: id {id_} is used twice"
            ids.add(id_)
        if kept:
            yield from (f"{where}: {problem}" for problem in _problems(row, manifest))


def _parse(content: Any, expected: type[BaseModel]) -> BaseModel:
    if isinstance(content, bytes):
        return expected.model_validate_json(content)
    return expected.model_validate(content)


def _problems(row: BaseModel, manifest: Manifest) -> Iterator[str]:
    """Yield what speaks against a kept row."""
    said = row.model_dump(mode="json", include=_said(row))
    if isinstance(row, RoleRow) and row.role in (Role.PLANNER, Role.CUSTOMER_ASSISTANT):
        with suppress(ValueError):
            said["answer"] = json.loads(row.answer)
    for where, text in _texts(said):
        if artifact := find_artifact(text):
            yield f"{where}: artifact: {artifact!r}"
    if isinstance(row, RolecsRow):
        yield from _dialogue_problems(row, manifest)
    elif isinstance(row, RoleRow):
        if row.role not in manifest.shape.roles:
            yield f"role {row.role} is none of those exported"
        if row.options and row.answer not in row.options:
            yield f"the answer {row.answer} is none of the options"
    elif isinstance(row, PublishedRow):
        speakers = [parse_speaker(turn.speaker) for turn in row.dialogue]
        if any(speaker is other for speaker, other in pairwise(speakers)):
            yield "the speakers do not alternate"


def _said(row: BaseModel) -> Any:
    return next(said for kind, said in _SAID.items() if isinstance(row, kind))


def _texts(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts in some data, each with its place, but for what the system is told.

    >>> list(_texts({"messages": [{"role": "system", "content": "Play."}, {"content": "Hello."}], "answer": "Yes."}))
    [('messages.1.content', 'Hello.'), ('answer', 'Yes.')]
    """
    match value:
        case str():
            yield where, value
        case list():
            for index, part in enumerate(value):
                yield from _texts(part, f"{where}.{index}")
        case dict() if value.get("role") != "system":
            for name, part in value.items():
                yield from _texts(part, f"{where}.{name}".lstrip("."))


def _dialogue_problems(row: RolecsRow, manifest: Manifest) -> Iterator[str]:
    """Yield what speaks against a kept dialogue: a broken rule, or a verdict that is not flawless."""
    for violation in check_rules(row.turns, manifest.limits, row.language, row.scenario):
        yield f"turn {violation.turn}: {violation.rule}: {violation.detail}"
    if isinstance(row, FeltRow):
        for number, turn in enumerate(row.dialogue, start=1):
            if turn.speaker is Speaker.CUSTOMER and not turn.emotion:
                yield f"turn {number}: a customer turn without an emotion"
    try:
        verdict = Verdict.model_validate_json(row.verdict)
        json.loads(row.metadata)
    except ValueError as error:
        yield f"verdict or metadata is no JSON: {error}"
        return
    if not verdict.is_flawless:
        yield "the verdict is not flawless"
