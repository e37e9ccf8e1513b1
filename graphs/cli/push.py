"""`rolecs push`: uploads an export to a dataset hub."""

from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.terminal import command_line, output, progress
from graphs.scheduling.interrupts import interruptible


def push(
    folder: Annotated[Path, typer.Argument(help="An exported folder.", metavar="DIR")],
    repository: Annotated[str, typer.Argument(help="The data set on the hub: owner/name.", metavar="REPO")],
    public: Annotated[bool, typer.Option("--public", help="Let anybody read it; private by default.")] = False,
) -> None:
    """Upload an export with its card to the Hugging Face hub, with the token in HF_TOKEN."""
    from outputs.datasets.push import push_export

    again = command_line("rolecs", "push", folder, repository, *(["--public"] if public else []))
    with interruptible(progress, lambda: f"What has been sent is not sent again; go on with: {again}"):
        page = push_export(folder, repository, public=public)
    output.print(f"Pushed: {page}")
