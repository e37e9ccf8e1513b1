"""An agent that is reached by HTTP: JSON out, JSON back, a session with cookies of its own for each call."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr
from pydantic_core import to_json

from agents.errors import shorten
from agents.llm.endpoint import is_loopback
from agents.llm.request import Message
from agents.llm.retry import BUSY_STATUSES
from agents.llm.transport import KEEP_ALIVE_S, trusted_certificates
from graphs.probe.agent import MAX_ANSWER, SHOWN, AgentError, Conversation, Reply, parse_answer, read_reply
from graphs.probe.spec import HttpSpec, Placeholders, fill, look_up, resolve_headers


class HttpAgent:
    """An agent behind a URL; use it with `http_agent`."""

    def __init__(
        self, spec: HttpSpec, headers: Mapping[str, str], timeout_s: float, sockets: aiohttp.BaseConnector
    ) -> None:
        self.name = spec.name
        self._spec = spec
        # Packed answers are not asked for: a few bytes of one can unpack to more than there is memory.
        defaults = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        given = {name.lower() for name in headers}
        self._headers = {name: value for name, value in defaults.items() if name.lower() not in given} | dict(headers)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._sockets = sockets

    @asynccontextmanager
    async def call(self, key: str) -> AsyncIterator[Conversation]:
        """Begin a call."""
        async with aiohttp.ClientSession(
            connector=self._sockets,
            connector_owner=False,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers=self._headers,
            timeout=self._timeout,
            trust_env=not is_loopback(urlsplit(self._spec.url).hostname or ""),
            auto_decompress=False,
        ) as session:
            yield _HttpConversation(self._spec, session, key)


class _HttpConversation:
    def __init__(self, spec: HttpSpec, session: aiohttp.ClientSession, key: str) -> None:
        self._spec = spec
        self._session = session
        self._key = key
        self._agents_session: Any = None

    async def send(self, messages: Sequence[Message]) -> Reply:
        spec = self._spec
        told = [{"role": message["role"], "content": message["content"]} for message in messages]
        turn = sum(message["role"] == "user" for message in told)
        values = Placeholders(told[-1]["content"], told, self._key, self._agents_session, turn)
        body = to_json(fill(spec.request, values))
        began = time.perf_counter()
        content = await self._post(body)
        seconds = time.perf_counter() - began
        answer = parse_answer(content)
        if spec.session:
            found = look_up(answer, spec.session)
            self._agents_session = self._agents_session if found in (None, "") else found
        ends_call = spec.ends_call is not None and look_up(answer, spec.ends_call) is True
        return Reply(read_reply(answer, spec.reply), seconds, ends_call)

    async def _post(self, body: bytes) -> bytes:
        try:
            # A redirection is no answer, and would carry the headers to wherever it leads.
            async with self._session.request(
                self._spec.method, self._spec.url, data=body, allow_redirects=False
            ) as response:
                content = await _read(response)
        except TimeoutError:
            raise AgentError("timeout", f"no whole answer within {self._session.timeout.total:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            # Where no connection was made, the agent has not heard of the turn.
            never_sent = isinstance(error, aiohttp.ClientConnectorError)
            # Without what the library puts around it: host, port and TLS as Python objects.
            told = (error.strerror if isinstance(error, aiohttp.ClientConnectorError) else None) or str(error)
            detail = shorten(told, SHOWN) or type(error).__name__
            raise AgentError("no-connection", detail, may_pass=never_sent) from None
        if response.status >= 300:
            shown = shorten(content[: 4 * SHOWN].decode(errors="replace"), SHOWN)
            raise AgentError(
                "http-status",
                f"HTTP {response.status}: {shown}",
                may_pass=response.status in BUSY_STATUSES,
                retry_after=response.headers.get("Retry-After"),
            )
        return content


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise AgentError("too-large", f"more than {MAX_ANSWER:,} bytes")
    return bytes(content)


@asynccontextmanager
async def http_agent(spec: HttpSpec, timeout_s: float, key: SecretStr | None) -> AsyncIterator[HttpAgent]:
    """Yield an agent for the length of the context.

    Args:
        spec: how it is reached.
        timeout_s: that it has for each answer.
        key: sent as a bearer token, unless the spec has a header for it.

    Raises:
        UsageError: a header is to come from the environment, and is not there.
    """
    headers = resolve_headers(spec.headers)
    if key and "authorization" not in map(str.lower, headers):
        headers["Authorization"] = f"Bearer {key.get_secret_value()}"
    # No limit on connections: as many calls are in flight as the job has, and none is to wait here.
    async with aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S, ssl=trusted_certificates()) as sockets:
        yield HttpAgent(spec, headers, timeout_s, sockets)
