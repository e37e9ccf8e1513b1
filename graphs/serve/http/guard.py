"""Stands before the routes: what a request may look like, who may send it from where, and how every answer is dressed.

A pure ASGI middleware. Bodies are read here, whole, within a size and a time; nothing behind it waits for a client.
"""

import asyncio
import json
import logging
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agents.events import tell
from graphs.serve.metrics import ServiceMetrics
from graphs.serve.refusal import Refusal, error_body

MOST_BYTES = 256 * 1024
"""Largest body, in bytes: a long chat fits."""
MOST_HEADER_BYTES = 16 * 1024
"""Largest head of a request, in bytes of its names and values."""
BODY_S = 10.0
"""Seconds that a body may take to arrive."""
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ODD_PATH = re.compile(r"[\x00-\x1f\x7f\\]|//|(?:^|/)\.{1,2}(?:/|$)")
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}
"""What every answer carries unless its route says otherwise."""
_CORS = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Expose-Headers": "Retry-After",
    "Access-Control-Max-Age": "600",
}
_log = logging.getLogger("rolecs.serve")


class Guard:
    """Checks requests to an application, and dresses its answers."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: frozenset[str] | None,
        origins: frozenset[str],
        metrics: ServiceMetrics,
        *,
        body_s: float = BODY_S,
    ) -> None:
        """Guard an application.

        Args:
            app: the application.
            hosts: names that requests may be sent to; None: any. A page that has its own name lead to this machine (DNS
                rebinding) does not know the right ones.
            origins: those of other sites' pages that may read answers.
            metrics: counts what is answered.
            body_s: seconds that a body may take to arrive.
        """
        self._app = app
        self._hosts = hosts
        self._origins = origins
        self._metrics = metrics
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0
        headers = _headers(scope)
        origin = headers.get("origin")

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(MutableHeaders(scope=message), origin)
            await send(message)

        try:
            self._check(scope, headers)
            if scope["method"] == "OPTIONS":
                await _answer(dressed, 204)
            else:
                await self._app(scope, _replay(await self._read(headers, receive), receive), dressed)
        except Refusal as refusal:
            self._metrics.refused(refusal.code)
            # What is left of the body is not read: nothing can follow on this connection.
            await _answer(dressed, refusal.status, refusal.body, {"Connection": "close"})
        except Exception as error:  # a boundary: a request that meets a bug of ours is answered, the service goes on
            tell(_log, "request failed", logging.ERROR, texts={"error_message": str(error)}, error=type(error).__name__)
            if status:
                raise
            await _answer(dressed, 500, error_body(500, "internal", "the service met an error of its own"))
        route = scope.get("endpoint")
        name = getattr(route, "__name__", "none")
        self._metrics.request(name, status, time.monotonic() - began)

    def _check(self, scope: Scope, headers: Mapping[str, str]) -> None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADER_BYTES:
            raise Refusal(431, "large_headers", f"the headers have more than {MOST_HEADER_BYTES:,} bytes")
        if (named := sum(name == b"host" for name, _ in scope["headers"])) > 1 or (
            not named and scope["http_version"] == "1.1"
        ):
            raise Refusal(400, "no_host", "one Host header is needed")
        if self._hosts is not None and host_name(headers.get("host", "")) not in self._hosts:
            raise Refusal(421, "wrong_host", "this service does not go by that name; see --allow-host")
        raw = scope.get("raw_path") or scope["path"].encode()
        if any(_ODD_PATH.search(path) for path in (scope["path"], unquote(scope["path"]), raw.decode("latin-1"))):
            raise Refusal(400, "odd_path", "this path is none")
        origin = headers.get("origin")
        is_foreign = origin and origin not in self._origins and not is_own_origin(headers)
        if is_foreign and scope["method"] not in ("GET", "HEAD"):
            raise Refusal(403, "foreign_origin", "pages of this origin may not use the service")

    async def _read(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > MOST_BYTES:
            raise Refusal(413, "too_large", f"the body has more than {MOST_BYTES:,} bytes")
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_s):
                while True:
                    message = await receive()
                    body += message.get("body", b"")
                    if len(body) > MOST_BYTES:
                        raise Refusal(413, "too_large", f"the body has more than {MOST_BYTES:,} bytes")
                    if message["type"] == "http.disconnect" or not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise Refusal(408, "slow_body", f"the body took more than {self._body_s:g} s") from None

    def _dress(self, headers: MutableHeaders, origin: str | None) -> None:
        for name, value in _SAFE.items():
            headers.setdefault(name, value)
        if self._origins:
            headers.add_vary_header("Origin")
        if origin in self._origins:
            for name, value in {"Access-Control-Allow-Origin": str(origin), **_CORS}.items():
                headers[name] = value


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port.

    >>> host_name("127.0.0.1:8080"), host_name("[::1]:80"), host_name("Shop.example")
    ('127.0.0.1', '[::1]', 'shop.example')
    """
    return re.sub(r":\d*$", "", host.strip().lower()).rstrip(".")


def is_own_origin(headers: Mapping[str, str]) -> bool:
    """Tell whether a request comes from a page of this service, by whichever scheme a proxy in front serves it."""
    try:
        return urlsplit(headers.get("origin", "")).netloc == headers.get("host")
    except ValueError:  # it is no address at all
        return False


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return what hands a body out that has been read, and after it what else comes."""
    is_read = False

    async def replayed() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


async def _answer(
    send: Send, status: int, body: Mapping[str, Any] | None = None, more: Mapping[str, str] | None = None
) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    headers = dict(more or {})
    if body is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})
