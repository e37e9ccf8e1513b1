"""The way of a request: what an answer's failure is called, and what is sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import openai
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from agents.llm.failures import NoAnswerError, StatusError
from agents.llm.transport import Transport, _proxy_for


@asynccontextmanager
async def serve(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[Transport]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with TestServer(app) as server:
        client = openai.AsyncOpenAI(base_url=str(server.make_url("/v1")), api_key="key-1")
        async with client, Transport(client, connections=4, timeout_s=0.5) as transport:
            yield transport


async def post(transport: Transport) -> bytes:
    return await transport.post("chat/completions", {"text": "这 \u2028 é", "numbers": [1, 2.5, None]})


async def test_what_is_sent_and_what_comes_back() -> None:
    seen = {}

    async def echo(request: web.Request) -> web.Response:
        seen.update(request.headers)
        return web.json_response(await request.json())

    async with serve(echo) as transport:
        content = await post(transport)
    assert content.decode() == '{"text": "\\u8fd9 \\u2028 \\u00e9", "numbers": [1, 2.5, null]}'
    assert seen["Authorization"] == "Bearer key-1" and seen["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"error": {"message": "no such\\nmodel"}}', "no such model"),
        ('{"error": "overloaded"}', "overloaded"),
        ('{"message": "too long"}', "too long"),
        ('["odd"]', "['odd']"),
        ("<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        ("", "Bad Gateway"),
        ("x" * 1000, "x" * 300 + "..."),
    ],
)
async def test_a_status_is_told_with_what_the_server_says(body: str, told: str) -> None:
    async def fail(_: web.Request) -> web.Response:
        return web.Response(status=502, text=body, headers={"Retry-After": "7"})

    async with serve(fail) as transport:
        with pytest.raises(StatusError) as caught:
            await post(transport)
    assert str(caught.value) == f"HTTP 502: {told}"
    assert caught.value.status == 502 and caught.value.headers["retry-after"] == "7"


async def test_a_body_that_drips_takes_too_long() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(30):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    async with serve(drip) as transport:
        with pytest.raises(NoAnswerError, match="no answer in time") as caught:
            await post(transport)
    assert caught.value.timed_out


async def test_a_body_that_breaks_off_is_no_answer() -> None:
    async def reset(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"choices"')
        assert request.transport is not None
        request.transport.abort()
        return response

    async with serve(reset) as transport:
        with pytest.raises(NoAnswerError) as caught:
            await post(transport)
    assert not caught.value.timed_out and str(caught.value)


async def test_a_closed_transport_says_so() -> None:
    client = openai.AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="x")
    with pytest.raises(RuntimeError, match="async with"):
        await post(Transport(client, connections=1, timeout_s=1.0))


def test_the_environments_proxy_is_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    assert _proxy_for(URL("http://10.0.0.7:8000/v1")) == "http://proxy:3128"
    assert _proxy_for(URL("http://127.0.0.1:8000/v1")) is None
    assert _proxy_for(URL("https://10.0.0.7:8000/v1")) is None
