"""Export: shards as a pure, ordered function of the run store, so that each export of a run has the same bytes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from agents.csc.flow import Limits
from agents.errors import UsageError
from outputs.datasets.card import render_card
from outputs.datasets.formats import Format, format_lines, rejected_line
from outputs.datasets.manifest import MANIFEST, Manifest, Shard, read_manifest
from outputs.files import write_whole
from outputs.runs.record import Planned, Record
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore


def export_run(
    store: RunStore[Planned, Record], out: Path, *, form: Format, shard_lines: int, with_rejected: bool
) -> Manifest:
    """Write the kept dialogues of a run to `out` as shards, with manifest and dataset card.

    An earlier export in `out` is replaced, the manifest last; until then `verify` reports the folder as broken.

    Raises:
        UsageError: `out` holds other things than an export, or cannot be written.
    """
    old = _earlier_export(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with store.snapshot():
            lines = (line for record in store.records(Outcome.KEPT) for line in format_lines(record, form))
            shards = _write_shards(out, "train", lines, shard_lines)
            rejected: tuple[Shard, ...] = ()
            if with_rejected:
                lines = (rejected_line(record) for record in store.records(Outcome.REJECTED))
                rejected = _write_shards(out, "rejected", lines, shard_lines)
            provenance = store.provenance
            manifest = Manifest(
                format=form,
                run=provenance.digest,
                limits=Limits.model_validate(provenance.configuration["limits"]),
                outcomes=store.funnel().outcomes,
                versions=provenance.versions,
                shards=shards,
                rejected=rejected,
            )
        write_whole(out / "README.md", [render_card(manifest, provenance)])
        manifest.write(out)
        for name in old - {shard.name for shard in (*shards, *rejected)}:
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error}") from error
    return manifest


def _earlier_export(out: Path) -> set[str]:
    """Return the names of the shards that an earlier export left in `out`."""
    if not out.exists():
        return set()
    if not out.is_dir():
        raise UsageError(f"{out} is not a folder: name another by --out")
    if not any(out.iterdir()):
        return set()
    if not (out / MANIFEST).exists():
        raise UsageError(f"{out} holds files but no export (no {MANIFEST}): name an empty folder by --out")
    manifest = read_manifest(out)
    return {shard.name for shard in (*manifest.shards, *manifest.rejected)}


def _write_shards(out: Path, stem: str, lines: Iterator[str], shard_lines: int) -> tuple[Shard, ...]:
    shards = []
    for number, batch in enumerate(_batches(lines, shard_lines)):
        written = write_whole(out / f"{stem}-{number:05}.jsonl", batch)
        shards.append(Shard(**written._asdict()))
    return tuple(shards)


def _batches(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield `lines` in lists of `size`; the last may be shorter.

    >>> [len(batch) for batch in _batches("abcde", 2)]
    [2, 2, 1]
    """
    iterator = iter(lines)
    while batch := list(islice(iterator, size)):
        yield batch
