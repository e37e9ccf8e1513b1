"""How a job is watched: the log of its events, its spans, its metrics; each only where the settings ask for it."""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pythonjsonlogger.json import JsonFormatter
from rich.console import Console

from agents.errors import UsageError
from agents.events import EVENTS, OFF, tell
from agents.llm.endpoint import Endpoint
from agents.llm.observer import Observer
from graphs.config.settings import Goal, ServerSettings
from graphs.scheduling.counters import Counters
from graphs.scheduling.dispatcher import Dispatcher
from graphs.scheduling.interrupts import Interruption, run_in_thread
from graphs.scheduling.stopping import Halt
from graphs.telemetry.progress import LoadingDisplay, show_progress
from graphs.telemetry.prometheus import MetricsFile
from outputs.runs.run import EndedItem, Funnel, Outcome
from outputs.runs.store import RunStore

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

    from agents.llm.spans import Tracing

_log = logging.getLogger("rolecs.job")


class JobTelemetry:
    """The `Telemetry` of a job; log, spans and metrics only where the settings ask for them."""

    def __init__(
        self,
        console: Console,
        observer: Observer | None = None,
        tracing: "Tracing | None" = None,
        metrics: MetricsFile | None = None,
    ) -> None:
        self.observer = observer
        self._console = console
        self._tracing = tracing
        self._metrics = metrics
        self._reached: set[Endpoint] = set()

    @contextlib.contextmanager
    def running(
        self, store: RunStore[Any, Any], interruption: Interruption, *, retry_failed: bool = False
    ) -> Iterator[None]:
        """Tell how a job on a run begins and, at the end of the context, how it ends and how the run stands then."""
        if not (self._metrics or _log.isEnabledFor(logging.INFO)):
            yield
            return
        provenance, outcomes, began = store.provenance, store.funnel().outcomes, time.monotonic()
        tell(
            _log,
            "job started",
            run=str(store.folder),
            model=provenance.configuration["model"],
            judge_model=provenance.configuration.get("judge_model"),
            planned=sum(outcomes.values()),
            pending=outcomes[Outcome.PLANNED] + (outcomes[Outcome.FAILED] if retry_failed else 0),
            versions=provenance.versions,
        )
        is_cancelled = False
        try:
            yield
        except asyncio.CancelledError:
            is_cancelled = True
            raise
        except Exception as error:
            texts = {"error_message": str(error)}
            tell(_log, "job failed", logging.ERROR, texts=texts, error=type(error).__name__)
            raise
        finally:
            if is_cancelled or interruption.requested:
                tell(_log, "job interrupted", logging.WARNING)
            # That a store cannot be read any more is told by what failed before.
            with contextlib.suppress(sqlite3.Error):
                self._end(store.funnel(), time.monotonic() - began)

    def _end(self, funnel: Funnel, seconds: float) -> None:
        tell(
            _log,
            "job ended",
            seconds=round(seconds, 3),
            outcomes=funnel.outcomes,
            reasons=funnel.reasons,
            usage={role: asdict(spent) for role, spent in funnel.usage.items()},
        )
        if self._metrics:
            self._metrics.end(funnel.outcomes)

    def reached(self, endpoints: Sequence[Endpoint]) -> None:
        """Log the dialects of endpoints, and show what is worked around; once for each."""
        for endpoint in endpoints:
            if endpoint in self._reached:
                continue
            self._reached.add(endpoint)
            found = endpoint.dialect.model_dump(mode="json")
            tell(
                _log,
                "dialect found",
                server=endpoint.base_url,
                model=endpoint.model,
                **found,
                remarks=list(endpoint.remarks),
            )
            if told := endpoint.describe():
                self._console.print(told, markup=False)

    def loading(self, model: str) -> LoadingDisplay:
        """Show in the console that the engine loads."""
        return LoadingDisplay(self._console, model)

    @contextlib.asynccontextmanager
    async def following(
        self, counters: Counters, dispatcher: Dispatcher[Any, Any], goal: Goal, ends: Mapping[Outcome, str]
    ) -> AsyncIterator[None]:
        """Show the figures in the console, and keep the metrics up to date."""
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(show_progress(counters, dispatcher.describe, goal, ends, self._console))
            if self._metrics:
                await stack.enter_async_context(self._metrics.follow(counters, dispatcher))
            yield

    @contextlib.contextmanager
    def item(self, key: str, topic: str | None = None) -> Iterator[Callable[[EndedItem], None]]:
        """Make a span of an item, where spans are made."""
        if self._tracing is None:
            yield lambda record: None
            return
        with self._tracing.dialogue(key, topic) as span:
            yield lambda record: span.ended(record.outcome, record.reasons, record.error.kind if record.error else None)

    def ended(self, record: EndedItem, seconds: float) -> None:
        """Log that an item has ended."""
        tell(
            _log,
            "dialogue ended",
            texts={"error_message": str(record.error)} if record.error else None,
            key=record.id,
            outcome=record.outcome,
            reasons=record.reasons,
            error=record.error.kind if record.error else None,
            seconds=round(seconds, 3),
            usage=asdict(record.total_usage),
        )

    def halted(self, halt: Halt | None) -> None:
        """Log why the job starts no further item, if so."""
        if halt:
            tell(_log, "job halted", kind=halt.kind, reason=halt.reason)


@contextlib.asynccontextmanager
async def open_telemetry(settings: ServerSettings, console: Console) -> AsyncIterator[JobTelemetry]:
    """Open what the settings ask for, and close it in the end, also that of an interrupted job.

    Raises:
        UsageError: the log or the metrics cannot be written, or spans are wanted and the extra for them is missing.
    """
    async with contextlib.AsyncExitStack() as stack:
        tracing = metrics = None
        if settings.trace:
            tracing, provider = _open_tracing()
            # It sends what is left, which takes its time.
            stack.push_async_callback(run_in_thread, provider.shutdown)
        if settings.log:
            stack.enter_context(log_to(settings.log, texts=settings.log_texts))
        if settings.metrics:
            metrics = MetricsFile(settings.metrics, settings.run, settings.prices)
        observer = Observer(tracing) if settings.log or tracing else None
        yield JobTelemetry(console, observer, tracing, metrics)


@contextlib.contextmanager
def log_to(path: Path, *, texts: bool) -> Iterator[None]:
    """Append the events of the job to a file, a JSON object a line, for the length of the context.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write the log {path}: {error}") from error
    names = {"message": "event", "levelname": "level", "name": "logger"}
    handler.setFormatter(JsonFormatter(list(names), rename_fields=names, timestamp="time", json_ensure_ascii=False))
    EVENTS.addHandler(handler)
    EVENTS.setLevel(logging.DEBUG if texts else logging.INFO)
    try:
        yield
    finally:
        EVENTS.setLevel(OFF)
        EVENTS.removeHandler(handler)
        handler.close()


def make_exporter() -> "SpanExporter":
    """Return what sends spans, by OTLP over HTTP; it reads endpoint and headers from the standard OTEL_* variables."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _open_tracing() -> "tuple[Tracing, TracerProvider]":
    """Return what makes spans, and what they are sent by, which is to be shut down.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from agents.llm.spans import Tracing

        exporter = make_exporter()
    except ImportError as error:
        raise UsageError(f"--trace needs the extra otel ({error}): pip install 'rolecs[otel]'") from error
    resource = Resource.create()
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "rolecs"}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Tracing(provider.get_tracer("rolecs")), provider
