"""The way of a request: what an answer's failure is called, and what is sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import openai
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from yarl import URL

from agents.errors import UsageError
from agents.llm.chat import Chat
from agents.llm.client import ChatClient
from agents.llm.failures import NoAnswerError, StatusError
from agents.llm.request import Message, Sampling
from agents.llm.transport import Transport, _proxy_for, http_client
from agents.llm.usage import Role
from tests.support.loopback import Loopback
from tests.support.loopback import serve as serve_loopback

HELLO: Message = {"role": "user", "content": "hello"}


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
    monkeypatch.setenv("no_proxy", "10.0.0.8")
    assert _proxy_for(URL("http://10.0.0.7:8000/v1")) == "http://proxy:3128"
    assert _proxy_for(URL("http://10.0.0.8:8000/v1")) is None
    assert _proxy_for(URL("https://10.0.0.7:8000/v1")) is None


@pytest.mark.parametrize(
    ("exceptions", "is_excepted"),
    [
        ("*", True),
        ("10.0.0.0/8", True),
        ("10.0.0.7:8000", True),
        ("a.example, 10.0.0.7", True),
        ("10.0.0.7:9", False),
        ("10.1.0.0/16,no/network", False),
        ("", False),
    ],
)
def test_exceptions_from_the_proxy_have_several_forms(
    exceptions: str, is_excepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", "proxy:3128")
    monkeypatch.setenv("no_proxy", exceptions)
    proxy = _proxy_for(URL("http://10.0.0.7:8000/v1"))
    assert proxy is None if is_excepted else proxy == "http://proxy:3128"


@pytest.mark.parametrize(
    ("exceptions", "host", "is_excepted"),
    [
        ("example.com", "api.example.com", True),
        (".example.com", "api.example.com", True),
        ("*.example.com", "api.example.com", True),
        ("example.com:443", "api.example.com", True),
        (".", "api.example.com", False),
        ("Example.COM", "api.example.com", True),
        ("ample.com", "api.example.com", False),
        ("2001:db8::7", "[2001:db8::7]", True),
        ("[2001:db8::7]", "[2001:db8::7]", True),
        ("2001:db8::/32", "[2001:db8::7]", True),
    ],
)
def test_so_have_names_and_long_addresses(
    exceptions: str, host: str, is_excepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", exceptions)
    assert (_proxy_for(URL(f"https://{host}/v1")) is None) is is_excepted


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_a_proxy_that_is_not_spoken_is_named(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", f"{scheme}://me:secret@127.0.0.1:1080")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(UsageError, match=f"{scheme}://... as the proxy for api.example.com, and only http") as caught:
        ChatClient("http://api.example.com/v1", "m")
    assert "secret" not in str(caught.value)
    ChatClient("http://127.0.0.1:9/v1", "m")


async def test_an_answer_in_another_encoding_is_read_by_its_header() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body="您好".encode("gbk"), headers={"Content-Type": "application/json; charset=GBK"})

    async with serve(answer) as transport:
        assert (await post(transport)).decode() == "您好"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "me.localhost", "[::1]", "0.0.0.0"])
def test_no_proxy_stands_before_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert _proxy_for(URL(f"http://{host}:8000/v1")) is None


async def test_a_server_on_this_machine_is_reached_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing listens at the discard port.
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    async with serve_loopback(Loopback(metrics=lambda: "here")) as server, ChatClient(server.base_url, None) as client:
        await client.check()
        async with http_client(server.base_url, 5.0) as asking:
            assert (await asking.get(server.base_url.replace("/v1", "/metrics"))).text == "here"
        assert await Chat(client, Sampling(1.0, 1.0), 1).choose(Role.JUDGE, [HELLO], ["yes", "no"]) in ("yes", "no")


async def test_query_and_headers_go_with_each_request_and_no_key_is_made_up() -> None:
    seen: list[web.Request] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request)
        return web.json_response({"data": [{"id": "m"}]})

    app = web.Application()
    app.router.add_get("/openai/deployments/gpt/models", note)
    app.router.add_post("/openai/deployments/gpt/chat/completions", note)
    async with TestServer(app) as server:
        url = f"{server.make_url('/openai/deployments/gpt')}?api-version=2024-10-21&x="
        async with ChatClient(url, None, headers={"api-key": "k-1", "user-agent": "mine"}) as client:
            await client.check()
            await client._transport.post("chat/completions", {})
    for request in seen:
        assert dict(request.query) == {"api-version": "2024-10-21", "x": ""} and "Authorization" not in request.headers
        assert request.headers["api-key"] == "k-1" and request.headers.getall("User-Agent") == ["mine"]
    assert len(seen) == 2


async def test_a_header_that_the_user_names_wins_over_the_key() -> None:
    headers = {"authorization": "Basic YTpi"}
    client = ChatClient("http://127.0.0.1:9/v1", "m", api_key=SecretStr("k-2"), headers=headers)
    assert client._transport._headers["authorization"] == "Basic YTpi"
