"""Export: shards as a pure, ordered function of the run store, so that each export of a run has the same bytes.

The rows to train on lie in a folder of their own, and nothing else does: trainers that take a folder take that one.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from agents.csc.flow import Limits
from agents.errors import UsageError
from outputs.datasets.card import render_card
from outputs.datasets.formats import Format, Shape, format_lines, rejected_line, rejected_type, row_type
from outputs.datasets.manifest import MANIFEST, REJECTED, TRAIN, Manifest, Shard, read_manifest
from outputs.datasets.parquet import to_parquet
from outputs.datasets.trainers import DATASET_INFO, dataset_info
from outputs.files import require_folder, write_bytes, write_whole
from outputs.runs.record import Record
from outputs.runs.rewriting import REWRITINGS
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore


def export_run(
    store: RunStore[Any, Record],
    out: Path,
    *,
    shape: Shape,
    shard_lines: int,
    with_rejected: bool = False,
    as_parquet: bool = False,
) -> Manifest:
    """Write the kept dialogues of a run to `out` as shards, with manifest and dataset card.

    An earlier export in `out` is replaced, the manifest last; until then `verify` reports the folder as broken.

    Args:
        store: the run.
        out: the folder.
        shape: what rows to make of a dialogue.
        shard_lines: number of rows of a shard.
        with_rejected: write the rejected dialogues as well, apart from the others.
        as_parquet: write Parquet instead of JSONL.

    Raises:
        UsageError: `out` holds other things than an export, or cannot be written; or Parquet cannot be.
    """
    old = require_export_folder(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with store.snapshot():
            provenance = store.provenance
            rewritten = store.command == REWRITINGS.command
            with_source = rewritten and shape.format is not Format.CSCONV
            has_emotions = "emotions" in provenance.configuration
            shape = shape.model_copy(update={"with_source": with_source, "emotions": has_emotions})
            limits = Limits.model_validate(provenance.configuration["limits"])
            lines = (line for record in store.records(Outcome.KEPT) for line in format_lines(record, shape, limits))
            shards = _write_shards(out, TRAIN, lines, shard_lines, row_type(shape) if as_parquet else None)
            rejected: tuple[Shard, ...] = ()
            if with_rejected:
                lines = (rejected_line(record, shape) for record in store.records(Outcome.REJECTED))
                rejected = _write_shards(
                    out, REJECTED, lines, shard_lines, rejected_type(shape) if as_parquet else None
                )
            manifest = Manifest(
                shape=shape,
                run=provenance.digest,
                limits=limits,
                outcomes=store.funnel().outcomes,
                versions=provenance.versions,
                shards=shards,
                rejected=rejected,
            )
        write_whole(out / "README.md", [render_card(manifest, provenance, rewritten=rewritten)])
        info = dataset_info(manifest)
        if info:
            write_whole(out / DATASET_INFO, [json.dumps(info, indent=2)])
        manifest.write(out)
        for name in old - {shard.name for shard in manifest.files} - ({DATASET_INFO} if info else set()):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error}") from error
    return manifest


def require_export_folder(out: Path) -> set[str]:
    """Make sure that an export can be written to a folder.

    Returns:
        The names of the files that an earlier export left there, but for those that every export has.

    Raises:
        UsageError: it holds other things than an export, or cannot be written.
    """
    require_folder(out)
    if not out.exists():
        return set()
    if not out.is_dir():
        raise UsageError(f"{out} is not a folder: name another by --out")
    if not any(out.iterdir()):
        return set()
    if not (out / MANIFEST).exists():
        raise UsageError(f"{out} holds files but no export (no {MANIFEST}): name an empty folder by --out")
    return {shard.name for shard in read_manifest(out).files} | {DATASET_INFO}


def _write_shards(
    out: Path, stem: str, lines: Iterator[str], shard_lines: int, parquet_type: type[BaseModel] | None
) -> tuple[Shard, ...]:
    """Write rows as shards: as Parquet where the type of the rows is given, else as JSONL."""
    shards = []
    for number, batch in enumerate(_batches(lines, shard_lines)):
        path = out / f"{stem}-{number:05}.{'parquet' if parquet_type else 'jsonl'}"
        path.parent.mkdir(exist_ok=True)
        written = write_bytes(path, [to_parquet(batch, parquet_type)]) if parquet_type else write_whole(path, batch)
        name = path.relative_to(out).as_posix()
        shards.append(Shard(name=name, lines=len(batch), bytes=written.bytes, sha256=written.sha256))
    return tuple(shards)


def _batches(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield `lines` in lists of `size`; the last may be shorter.

    >>> [len(batch) for batch in _batches("abcde", 2)]
    [2, 2, 1]
    """
    iterator = iter(lines)
    while batch := list(islice(iterator, size)):
        yield batch
