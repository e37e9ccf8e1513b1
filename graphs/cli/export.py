"""`rolecs export`: writes a run's kept dialogues as shards."""

from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.terminal import RunFolder, command_line, output
from outputs.datasets.formats import Format
from outputs.runs.record import DIALOGUES
from outputs.runs.store import RunStore


def export(
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="Folder for the shards.")],
    form: Annotated[Format, typer.Option("--format", help="Line format.")] = Format.ROLECS,
    shard_lines: Annotated[int, typer.Option(min=1, help="Lines a shard.")] = 1000,
    rejected: Annotated[bool, typer.Option("--rejected", help="Write the rejected dialogues beside them.")] = False,
) -> None:
    """Write the kept dialogues of a run as shards, with manifest and dataset card."""
    from outputs.datasets.export import export_run

    with RunStore.read(DIALOGUES, run) as store:
        manifest = export_run(store, out, form=form, shard_lines=shard_lines, with_rejected=rejected)
    for shard in (*manifest.shards, *manifest.rejected):
        output.print(f"{out / shard.name}: {shard.lines:,} lines, {shard.bytes:,} bytes", markup=False)
    if not manifest.shards:
        output.print("No dialogue of this run was kept, so there is no training shard.")
    output.print(f"Next: {command_line('rolecs', 'verify', out)}", markup=False)
