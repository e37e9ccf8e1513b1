"""`rolecs verify`: reads an export again."""

from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.terminal import output


def verify(folder: Annotated[Path, typer.Argument(help="An exported folder.", metavar="DIR")]) -> None:
    """Read an export again and name everything that is wrong with it."""
    from outputs.datasets.verify import verify_export

    problems = 0
    for problem in verify_export(folder):
        output.print(problem)
        problems += 1
    found = f"problems found: {problems}" if problems else "every shard is whole and as the manifest says"
    output.print(f"{folder}: {found}")
    raise typer.Exit(1 if problems else 0)
