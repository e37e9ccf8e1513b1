"""`rolecs export`: writes a run's kept dialogues as shards."""

from pathlib import Path
from typing import Annotated

import typer

from agents.errors import UsageError
from agents.llm.usage import Role
from graphs.cli.terminal import RunFolder, command_line, output
from outputs.datasets.formats import CHATS, Format, Shape, StrategyLabels
from outputs.datasets.roles import PLAYING_ROLES
from outputs.runs.rewriting import read_made


def export(
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="Folder for the shards.")],
    form: Annotated[Format, typer.Option("--format", help="Line format.")] = Format.ROLECS,
    strategies: Annotated[
        StrategyLabels | None,
        typer.Option(help="Where chats have their strategies: inline, in front of the words (the default), or off."),
    ] = None,
    roles: Annotated[
        str | None,
        typer.Option(help="Roles whose requests the format roles has, separated by commas; all by default."),
    ] = None,
    shard_lines: Annotated[int, typer.Option(min=1, help="Lines a shard.")] = 1000,
    rejected: Annotated[bool, typer.Option("--rejected", help="Write the rejected dialogues beside them.")] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write Parquet instead of JSONL.")] = False,
) -> None:
    """Write the kept dialogues of a run as shards, with manifest and dataset card."""
    from outputs.datasets.export import export_run

    if strategies and form not in CHATS:
        raise UsageError(f"--strategies goes with the formats {', '.join(sorted(CHATS))}")
    if roles and form is not Format.ROLES:
        raise UsageError(f"--roles goes with --format {Format.ROLES}")
    shape = Shape(format=form, strategies=strategies or StrategyLabels.INLINE, roles=_parse_roles(roles))
    with read_made(run) as store:
        manifest = export_run(
            store, out, shape=shape, shard_lines=shard_lines, with_rejected=rejected, as_parquet=parquet
        )
    for shard in manifest.files:
        output.print(f"{out / shard.name}: {shard.lines:,} lines, {shard.bytes:,} bytes")
    if not manifest.shards:
        output.print("No dialogue of this run became a row, so there is no training shard.")
    output.print(f"Next: {command_line('rolecs', 'verify', out)}")


def _parse_roles(names: str | None) -> tuple[Role, ...]:
    if not names:
        return PLAYING_ROLES
    given = {name.strip() for name in names.split(",")}
    if unknown := given - set(PLAYING_ROLES):
        raise UsageError(f"--roles: {', '.join(sorted(unknown))}: the roles are {', '.join(PLAYING_ROLES)}")
    return tuple(role for role in PLAYING_ROLES if role in given)
