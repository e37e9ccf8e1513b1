"""The service as tests and benchmarks run it: in this process, on the loopback server's answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from agents.csc.topics import topic_rows
from agents.llm.client import ChatClient
from graphs.config.serving import ServeSettings
from graphs.serve.dialogues.grounds import Grounds
from graphs.serve.dialogues.service import Service
from graphs.serve.dialogues.sessions import hash_token
from graphs.serve.http.app import build_app
from graphs.serve.protection.audit import Audit
from graphs.serve.protection.sites import Site, Sites
from graphs.serve.server import listen, make_server
from outputs.scorecards.store import ScorecardStore
from personas.pool import load_pools
from tests.support.loopback import Loopback, serve

KEY = "a-key-of-the-operators-0123456789"
ADDRESS = "http://127.0.0.1:8080"
SHOP = Site(id="shop", origins=("https://shop.example",), languages=("en", "zh"), about="The company sells shoes.")


@asynccontextmanager
async def service_on(
    loopback: Loopback, folder: Path, *sites: Site, keys: tuple[str, ...] = (), **settings: Any
) -> AsyncIterator[Service]:
    """Run a service on the loopback server, with its files in a folder."""
    told = ServeSettings(**{"db": folder / "serve.sqlite", "seed": 7, **settings})
    hashes = frozenset(map(hash_token, keys))
    listed = Sites({site.id: site for site in sites})
    async with serve(loopback):
        with ScorecardStore.open(told.db) as store, Audit(told.audit_file) as audit:
            grounds, personas = Grounds(topic_rows(told.topics)), load_pools(told.personas)
            service = Service(told, store, listed, audit, grounds, hashes, personas=personas)
            client = ChatClient(loopback.base_url, None, retry_policy=told.retry_policy)
            async with client, service.running():
                await client.check()
                service.replicas.clients = service.judges.clients = [client]
                yield service


@asynccontextmanager
async def on_socket(service: Service) -> AsyncIterator[int]:
    """Serve on a real socket; gives the port."""
    listener = listen("127.0.0.1", 0)
    server: Any = make_server(service)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    await task


def client_of(service: Service, address: str = "127.0.0.1", **headers: str) -> httpx2.AsyncClient:
    """Return a client that reaches a service without a socket, from an address, with headers of its own."""
    transport = httpx2.ASGITransport(app=build_app(service), client=(address, 40_000), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers)


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token or key."""
    return {"Authorization": f"Bearer {token}"}


async def open_session(client: httpx2.AsyncClient, **body: Any) -> tuple[str, dict[str, str]]:
    """Open a session; return its path and the header with its token."""
    answer = await client.post("/v1/sessions", json=body)
    assert answer.status_code == 201, answer.text
    opened = answer.json()
    return f"/v1/sessions/{opened['id']}", bearer(opened["token"])
