"""The lean way of a request to a model server: JSON out, bytes back, over one pool of connections.

The openai client is what is configured: base URL, query, key and headers come from it. Its own requests pass through
layers that cost more CPU than all else on the way of a call (a scan of the pool that grows with the connections, a
recursive transform of the body), so the hot path goes to aiohttp directly.
"""

import ssl
import urllib.request
from collections.abc import Mapping
from functools import cache
from typing import Any

import aiohttp
import certifi
import httpx2
import openai
from pydantic_core import to_json
from yarl import URL

from agents.llm.endpoint import is_loopback
from agents.llm.failures import NoAnswerError, StatusError

KEEP_ALIVE_S = 4.0
"""Seconds that an idle connection is kept: fewer than the 5 after which vLLM closes it, lest a request meet that."""


class Transport:
    """Posts to one server. Use it with `async with`."""

    def __init__(self, client: openai.AsyncOpenAI, *, connections: int, timeout_s: float) -> None:
        """Make a transport.

        Args:
            client: holds base URL, query, key and headers.
            connections: number of connections at most.
            timeout_s: longest wait for one answer, in seconds.
        """
        self._base_url = URL(str(client.base_url))
        self._query = {name: str(value) for name, value in client.default_query.items()}
        self._headers: dict[str, str] = {}
        # Those that the user names win; what is no text is a header that the client leaves out.
        for name, told in (*client.auth_headers.items(), *client.default_headers.items()):
            if isinstance(told, str):
                self._headers[name.lower()] = told
            else:
                self._headers.pop(name.lower(), None)
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        # Looked up once: aiohttp would do so for each request.
        self._proxy = _proxy_for(self._base_url)
        self._urls: dict[str, URL] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Transport":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=KEEP_ALIVE_S, ssl=trusted_certificates()
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            timeout=self._timeout,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> bytes:
        """Send a JSON body to a path under the base URL and return the content of the answer.

        Raises:
            StatusError: the answer's status is an error's.
            NoAnswerError: there was none, in time or at all.
        """
        if self._session is None:
            raise RuntimeError("a transport is used with `async with`")
        url = self._urls.get(path) or self._urls.setdefault(path, (self._base_url / path).with_query(self._query))
        try:
            async with self._session.post(url, data=to_json(body), headers=headers, proxy=self._proxy) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswerError(error) from error
        if response.status >= 400:
            raise StatusError(response.status, response.reason or "", response.headers, content)
        return content


@cache
def trusted_certificates() -> ssl.SSLContext:
    """Return what a server's certificate is checked by: the system's authorities, or SSL_CERT_FILE's, and certifi's."""
    trusted = ssl.create_default_context()
    trusted.load_verify_locations(certifi.where())
    return trusted


def http_client(base_url: str, timeout_s: float) -> httpx2.AsyncClient:
    """Return a client for what is asked of a server beside requests to its model; proxies as there.

    Args:
        base_url: of the server.
        timeout_s: longest wait for an answer, in seconds.
    """
    return httpx2.AsyncClient(
        timeout=timeout_s,
        follow_redirects=True,
        verify=trusted_certificates(),
        trust_env=not is_loopback(URL(base_url).host or ""),
    )


def _proxy_for(url: URL) -> str | None:
    """Return the proxy that the environment names for a server; never one for a server on this machine."""
    if is_loopback(url.host or "") or urllib.request.proxy_bypass(url.host or ""):
        return None
    return urllib.request.getproxies().get(url.scheme)
