"""Serves a model alone, so that several jobs can share it."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from rich.console import Console

from agents.engine.demo_model import DEMO_MODEL
from agents.engine.managed import managed_engine
from graphs.backends.local import shared_log
from graphs.config.settings import ServerSettings
from graphs.telemetry.progress import LoadingDisplay


async def serve(
    settings: ServerSettings, port: int | None, console: Console, on_ready: Callable[[str, str], None]
) -> None:
    """Serve the settings' model until the engine ends or this is cancelled; `on_ready` gets base URL and model.

    Raises:
        UsageError, EngineError: the engine cannot be started, or ended.
    """
    model, log = settings.model or DEMO_MODEL, shared_log()
    async with AsyncExitStack() as stack:
        with LoadingDisplay(console, model) as loading:
            engine = await stack.enter_async_context(
                managed_engine(model, log, port=port, extra_args=settings.engine_args, on_wait=loading)
            )
        console.print(f"The engine writes to {log}")
        on_ready(engine.base_url, model)
        await engine.watch()
