"""`rolecs serve`: serves the supporter over REST."""

from typing import TYPE_CHECKING

import typer

from agents.errors import UsageError
from graphs.cli.flags import read_flags, takes
from graphs.cli.terminal import JUDGE, SERVERS, Config, command_line, output, progress
from graphs.config.loading import load_settings
from graphs.config.serving import ServeSettings
from graphs.scheduling.interrupts import run_interruptible

if TYPE_CHECKING:
    from graphs.serve.dialogues.service import Service


@takes(
    ServeSettings,
    *("host", "port", "db", "audit", "key_file", "sites", "allow_host", "proxy", "language", "topics", "topic"),
    *("about", "scrub_model", "keep_days", "session_minutes", "requests_per_minute", "visitor_daily_tokens"),
    *("daily_tokens", "max_characters", "turn_timeout_s", "repairs", "temperature", "thinking_tokens", "grace_period"),
    *("seed", "practice", "personas", "log", "log_texts", *JUDGE, *SERVERS),
)
def serve(context: typer.Context, config: Config = None) -> None:
    """Serve the supporter over REST, with sessions, scorecards and an OpenAI-compatible endpoint; Ctrl-C stops it."""
    settings = load_settings(ServeSettings, config, read_flags(context, ServeSettings))
    try:
        from graphs.serve.http.pages import page_routes
        from graphs.serve.server import serve as serve_until_stopped
    except ModuleNotFoundError as error:
        raise UsageError(f"serving needs the extra serve ({error}): pip install 'rolecs[serve]'") from error

    def show(service: "Service", address: str) -> None:
        output.print(f"{service.model} is served at {address}, its API is told at {address}/docs")
        output.print(f"Scorecards: {command_line('rolecs', 'scorecard', settings.db)}")
        output.print(f"Pause: {command_line('touch', service.pause.path)}")

    run_interruptible(
        lambda interruption: serve_until_stopped(settings, progress, interruption, show, page_routes),
        progress,
        lambda: "The service is stopped.",
        settings.grace_period,
        is_service=True,
    )
