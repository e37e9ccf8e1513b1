"""Verification: reads an exported folder again and names everything that is wrong with it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from agents.errors import describe_invalid
from outputs.datasets.formats import ROW_TYPES, RejectedRow, RolecsRow
from outputs.datasets.manifest import Manifest, Shard, read_manifest
from quality.checks.rules import check_rules
from quality.gate.verdict import Verdict


def verify_export(folder: Path) -> Iterator[str]:
    """Yield a line for everything wrong in `folder`: nothing when the export is whole and every kept row flawless.

    Raises:
        UsageError: the folder holds no export.
    """
    manifest = read_manifest(folder)
    named = {shard.name for shard in (*manifest.shards, *manifest.rejected)}
    found = {path.name for stem in ("train", "rejected") for path in folder.glob(f"{stem}-*.jsonl")}
    for name in sorted(found - named):
        yield f"{name}: not in the manifest"
    ids: set[str] = set()
    for shard in manifest.shards:
        yield from _verify_shard(folder, shard, manifest, ids, kept=True)
    for shard in manifest.rejected:
        yield from _verify_shard(folder, shard, manifest, ids, kept=False)


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
    lines = data.split(b"\n")
    if lines.pop() != b"":
        yield f"{shard.name}: the last line has no end"
    if len(lines) != shard.lines:
        yield f"{shard.name}: {len(lines)} lines, the manifest says {shard.lines}"
    row_type = ROW_TYPES[manifest.format] if kept else RejectedRow
    for number, line in enumerate(lines, start=1):
        where = f"{shard.name}:{number}"
        try:
            row = row_type.model_validate_json(line)
        except ValidationError as error:
            yield f"{where}: {describe_invalid(error)}"
            continue
        if row.id in ids:
            yield f"{where}: id {row.id} is used twice"
        ids.add(row.id)
        if kept and isinstance(row, RolecsRow):
            yield from (f"{where}: {problem}" for problem in _problems(row, manifest))


def _problems(row: RolecsRow, manifest: Manifest) -> Iterator[str]:
    """Yield what speaks against a kept row: a broken rule, or a verdict that is not flawless."""
    for violation in check_rules(row.turns, manifest.limits, row.language, row.scenario):
        yield f"turn {violation.turn}: {violation.rule}: {violation.detail}"
    try:
        verdict = Verdict.model_validate_json(row.verdict)
        json.loads(row.metadata)
    except ValueError as error:
        yield f"verdict or metadata is no JSON: {error}"
        return
    if not verdict.is_flawless:
        yield "the verdict is not flawless"
