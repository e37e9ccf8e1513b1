"""Runs the service on uvicorn: its engine, its listening socket, its time limits, and its end."""

import asyncio
import contextlib
import hashlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from rich.console import Console
from starlette.routing import BaseRoute
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agents.csc.topics import topic_rows
from agents.engine.adapter import read_adapter
from agents.errors import EngineEndedError, UsageError
from agents.llm.preflight import Kinds
from agents.llm.usage import Role
from agents.roles.kinds import played_kinds
from graphs.backends.local import LocalBackend, shared_log
from graphs.config.serving import ServeSettings
from graphs.config.settings import Secrets
from graphs.scheduling.interrupts import Interruption
from graphs.scheduling.runner import rare_collection
from graphs.serve.dialogues.grounds import Grounds
from graphs.serve.dialogues.service import Service, read_keys
from graphs.serve.http.app import build_app
from graphs.serve.http.guard import MOST_BYTES, MOST_HEADER_BYTES
from graphs.serve.protection.audit import Audit
from graphs.serve.protection.sites import Sites, read_sites
from graphs.telemetry.progress import LoadingDisplay
from graphs.telemetry.telemetry import log_to
from outputs.scorecards.store import ScorecardStore
from personas.pool import load_pools
from quality.gate.gate import gate_kinds

HEADER_S = 10.0
"""Seconds that a client may take to send the head of a request, on a new connection and after each answer."""
MOST_WIRE_BYTES = 2 * (MOST_HEADER_BYTES + MOST_BYTES)
"""Largest request as it comes, chunks' frames and trailers included."""
MOST_CONNECTIONS = 2_000
SHORT_LIFE_S = 60.0
"""An engine that ends sooner than this after its start is not started again."""
WEIGHTS = "adapter_model.safetensors"

Pages = Callable[[Service], Sequence[BaseRoute]]


class ImpatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 by uvicorn, closing connections on which no whole request head comes in time (slowloris), or no end.

    llhttp, which parses, bounds neither heads nor what chunks are framed by; and it hands out trailers like headers.
    """

    _by: asyncio.TimerHandle | None = None
    _is_head = True
    _unfinished = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on, unless a request is too large to come to an end."""
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > (MOST_HEADER_BYTES if self._is_head else MOST_WIRE_BYTES):
            self.transport.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what comes behind a body is none, whoever may believe it."""
        if self._is_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin the request."""
        self._is_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the request."""
        self._is_head, self._unfinished = True, 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        if self._by:
            self._by.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait()

    def _wait(self) -> None:
        if self._by:
            self._by.cancel()
        self._by = self.loop.call_later(HEADER_S, self._close_idle)

    def _close_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


class _Server(uvicorn.Server):
    """A server whose signals are handled by who runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_server(service: Service, pages: Sequence[BaseRoute] = ()) -> uvicorn.Server:
    """Return what answers requests to a service."""
    settings = service.settings
    config = uvicorn.Config(
        build_app(service, pages),
        http=ImpatientProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxy),
        forwarded_allow_ips=list(settings.proxy),
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=int(HEADER_S),
        timeout_graceful_shutdown=max(1, round(settings.grace_period)),
    )
    # What it has to say is told by answers, metrics and the audit log.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    return _Server(config)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        UsageError: the address is not to be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, UnicodeError) as error:  # the latter: of a name that cannot be one of a host
        raise UsageError(f"cannot listen at {host}, port {port}: {getattr(error, 'strerror', None) or error}") from None
    listener.setblocking(False)
    return listener


async def serve(
    settings: ServeSettings,
    console: Console,
    interruption: Interruption,
    on_ready: Callable[[Service, str], None],
    pages: Pages = lambda service: (),
) -> None:
    """Serve until an interruption; what is in flight then has the grace period to end.

    Args:
        settings: of the service.
        console: where a person is told what happens.
        interruption: asks to stop.
        on_ready: gets the service and its address once it answers.
        pages: makes further routes.

    Raises:
        UsageError: a file, key, site, server or address is wrong.
        EngineError: the managed engine cannot be started, or keeps ending.
    """
    keys = read_keys(settings.key_file)
    topics = topic_rows(settings.topics)
    sites = read_sites(settings.sites, topics, settings.topic) if settings.sites else Sites()
    personas = load_pools(settings.personas) if settings.offers_practice else {}
    async with AsyncExitStack() as stack:
        if settings.log:
            stack.enter_context(log_to(settings.log, texts=settings.log_texts))
        listener = stack.enter_context(contextlib.closing(listen(settings.host, settings.port)))
        store = stack.enter_context(ScorecardStore.open(settings.db))
        audit = stack.enter_context(Audit(settings.audit_file))
        service = Service(
            settings, store, sites, audit, Grounds(topics), keys, adapter_digest(settings.model), personas
        )
        backend = await _connect(settings, stack)
        await _start(backend, service, console)
        await stack.enter_async_context(service.running())
        server = make_server(service, pages(service))
        host, port = listener.getsockname()[:2]
        on_ready(service, f"http://{f'[{host}]' if ':' in host else host}:{port}")
        audit.note("started", model=service.model, adapter=service.adapter)
        stack.enter_context(rare_collection())
        with interruption.finishing(lambda: setattr(server, "should_exit", True)):
            await stack.enter_async_context(_minding(backend, service, console, server))
            await server.serve(sockets=[listener])
        audit.note("stopped")


async def _connect(settings: ServeSettings, stack: AsyncExitStack) -> LocalBackend[Any, Any]:
    """Return the servers that the settings name, tried out, or an engine that is still to be started."""

    async def carry_out(planned: Any, clients: Any) -> Any:
        raise AssertionError("the service asks the clients itself")

    backend: LocalBackend[Any, Any] = LocalBackend(settings, Secrets(), carry_out, stack, kinds=asked_kinds(settings))
    await backend.connect()
    return backend


def asked_kinds(settings: ServeSettings) -> Kinds:
    """Return the kinds of requests that the service makes: the supporter's, and those of practice if it is offered."""
    supporter = (Role.SUPPORTER_ASSISTANT, Role.SUPPORTER)
    served = [kind for kind in played_kinds(settings.language, settings.sampling) if kind.role in supporter]
    if not settings.offers_practice:
        return Kinds(served)
    played = played_kinds(settings.language, settings.customer_sampling)
    called = [kind for kind in played if kind.role is not Role.SUPPORTER_ASSISTANT]
    return Kinds([*served, *called], gate_kinds(settings.judge_sampling))


async def _start(backend: LocalBackend[Any, Any], service: Service, console: Console) -> None:
    """Start the managed engine, if there is to be one, and let the service ask the servers."""
    with LoadingDisplay(console, backend.model) as loading:
        await backend.start(shared_log(), loading)
    service.replicas.clients = [place.play for place in backend.places]
    service.judges.clients = list(dict.fromkeys(place.clients.judge for place in backend.places))


@contextlib.asynccontextmanager
async def _minding(
    backend: LocalBackend[Any, Any], service: Service, console: Console, server: uvicorn.Server
) -> AsyncIterator[None]:
    """Start a managed engine again that has ended, for the length of the context; one that keeps ending ends it."""

    async def mind() -> None:
        try:
            while True:
                began = time.monotonic()
                try:
                    await backend.watch()
                except EngineEndedError:
                    service.replicas.clients = service.judges.clients = ()
                    service.audit.note("engine ended")
                    if time.monotonic() - began < SHORT_LIFE_S:
                        raise
                await _start(backend, service, console)
        finally:
            server.should_exit = True

    minding = asyncio.create_task(mind())
    try:
        yield
    finally:
        is_done = minding.done()
        minding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            if is_done:
                minding.result()
            await minding


def adapter_digest(model: str | None) -> str:
    """Return the SHA-256 of the weights of the adapter in the folder `model`; empty where that is none."""
    if not model or read_adapter(model) is None:
        return ""
    weights = Path(model) / WEIGHTS
    if not weights.is_file():
        return ""
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
