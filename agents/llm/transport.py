"""The lean way of a request to a model server: JSON out, bytes back, over one pool of connections.

The openai client is what is configured: base URL, query, key and headers come from it. Its own requests pass through
layers that cost more CPU than all else on the way of a call (a scan of the pool that grows with the connections, a
recursive transform of the body), so the hot path goes to aiohttp directly.
"""

import ipaddress
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

from agents.errors import UsageError
from agents.llm.endpoint import is_loopback, read_address
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
                charset = response.charset or "utf-8"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswerError(error) from error
        if response.status >= 400:
            raise StatusError(response.status, response.reason or "", response.headers, content)
        return content if charset.startswith(("utf-8", "utf8")) else _as_utf8(content, charset)


def _as_utf8(content: bytes, charset: str) -> bytes:
    """Return a body, which its header says is in some encoding, in UTF-8; as it is where nobody knows that encoding."""
    try:
        return content.decode(charset).encode()
    except (LookupError, UnicodeError):
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
        proxy=_proxy_for(URL(base_url)),
        trust_env=False,
    )


def _proxy_for(url: URL) -> str | None:
    """Return the proxy that the environment names for a server; never one for a server on this machine.

    Raises:
        UsageError: it is one that is not spoken, such as SOCKS.
    """
    host = url.host or ""
    named = urllib.request.getproxies()
    if is_loopback(host) or _is_excepted(url, named.get("no", "")):
        return None
    proxy = named.get(url.scheme) or named.get("all")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        raise UsageError(
            f"the environment names {proxy.partition('://')[0]}://... as the proxy for {host}, and only http proxies "
            f"are spoken: set {url.scheme}_proxy to one, or no_proxy={host} to go without"
        )
    return proxy


def _is_excepted(url: URL, exceptions: str) -> bool:
    """Tell whether NO_PROXY names a server: by host, with or without port, by domain, or by network (10.0.0.0/8)."""
    host = url.host or ""
    address = read_address(host)
    for entry in filter(None, map(str.strip, exceptions.lower().split(","))):
        if "/" in entry and address:
            try:
                if address in ipaddress.ip_network(entry, strict=False):
                    return True
            except ValueError:
                continue
        named = entry.lstrip("*.")
        forms = (host, f"{host}:{url.port}", f"[{host}]", f"[{host}]:{url.port}")
        if entry == "*" or (named and any(form == named or form.endswith(f".{named}") for form in forms)):
            return True
    return False
