"""The front door of rolecs: its commands, and how errors become one line and an exit code.

Exit codes: 0 done, 1 something failed, 2 wrong use, 130 interrupted by Ctrl-C, 143 stopped by SIGTERM before its end.
"""

import sys
from collections.abc import Callable
from importlib import metadata
from typing import Annotated

import typer

import agents
from agents.errors import RolecsError, UsageError
from graphs.cli.calibrate import calibrate
from graphs.cli.chat import chat
from graphs.cli.compare import compare
from graphs.cli.dedup import dedup
from graphs.cli.distill import distill
from graphs.cli.engine import engine
from graphs.cli.estimate import estimate
from graphs.cli.evaluate import evaluate
from graphs.cli.export import export
from graphs.cli.flags import JobCommand
from graphs.cli.generate import generate
from graphs.cli.graph import graph
from graphs.cli.inspect import inspect
from graphs.cli.judge import judge
from graphs.cli.label import label
from graphs.cli.probe import probe
from graphs.cli.probe_report import probe_report
from graphs.cli.push import push
from graphs.cli.rate import rate
from graphs.cli.report import report
from graphs.cli.rewrite import rewrite
from graphs.cli.scorecard import scorecard
from graphs.cli.serve import serve
from graphs.cli.status import status
from graphs.cli.streams import open_streams
from graphs.cli.terminal import progress
from graphs.cli.topics import topics
from graphs.cli.train import train
from graphs.cli.verify import verify

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Play calls and look at them": (generate, estimate, status, inspect, report),
    "Real calls": (distill, dedup, rewrite, label, compare),
    "The gate, and people beside it": (judge, calibrate, rate),
    "Data sets": (export, verify, push),
    "Models": (train, evaluate),
    "Put a model to work, or try an agent": (chat, serve, scorecard, probe, probe_report),
    "Other": (topics, engine, graph),
}
"""The commands, as the help groups them."""
for panel, commands in PANELS.items():
    for command in commands:
        takes_ray = command in (generate, estimate)
        app.command(cls=JobCommand if takes_ray else None, rich_help_panel=panel)(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rolecs {metadata.version('rolecs')}")
        raise typer.Exit


@app.callback()
def rolecs(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Play synthetic support calls between five LLM roles, keep the flawless ones, export them for training."""


def main() -> None:
    """Run the command line; a known error becomes one line on standard error and an exit code."""
    open_streams()
    try:
        if getattr(agents, "DISTRIBUTION", None) != "rolecs":
            raise UsageError(
                f"another package named 'agents' hides ours ({agents.__file__}); openai-agents installs one: "
                "give rolecs an environment of its own"
            )
        if (words := " ".join(sys.argv)) != words.encode(errors="ignore").decode():
            raise UsageError("an argument is no UTF-8 text: give the file or folder another name")
        app()
    except RolecsError as error:
        progress.print(f"rolecs: {error}")
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except OSError as error:  # a file that went away, a full disk: nothing that a traceback would explain
        progress.print(f"rolecs: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
