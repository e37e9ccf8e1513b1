"""`rolecs engine`: serves a model alone."""

from typing import Annotated

import typer

from graphs.cli.flags import read_flags, takes
from graphs.cli.terminal import output, progress
from graphs.config.loading import load_settings
from graphs.config.settings import ServerSettings
from graphs.scheduling.interrupts import run_interruptible


@takes(ServerSettings, "model", "engine_args")
def engine(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Loopback port; a free one by default.")] = None,
) -> None:
    """Start vLLM alone, so that several jobs can share it; Ctrl-C stops it."""
    settings = load_settings(ServerSettings, None, read_flags(context, ServerSettings))

    from graphs.jobs.engine import serve

    def show(base_url: str, name: str) -> None:
        output.print(f"{name} is served at {base_url}")
        output.print(f"Next, in another terminal: rolecs generate --base-url {base_url}")

    run_interruptible(
        lambda _: serve(settings, port, progress, on_ready=show),
        progress,
        lambda: "The engine is stopped.",
        is_service=True,
    )
