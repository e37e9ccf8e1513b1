"""The chat client against a loopback server: answers, retries, errors, usage, dialects."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import BaseModel, SecretStr

from agents.errors import EngineError, RequestError, UnreadableAnswerError, UsageError
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import ChatClient
from agents.llm.endpoint import normalise_base_url
from agents.llm.request import Message, Sampling
from agents.llm.retry import RetryPolicy
from agents.llm.usage import Role, Usage
from tests.support.loopback import Faults, Loopback, Manners, serve

HELLO: list[Message] = [{"role": "user", "content": "hello"}]
QUICK = RetryPolicy(request_timeout_s=2.0, attempts=3, outage_s=0.5)


class Reason(BaseModel):
    reason: str


class Pick(BaseModel):
    reason: str
    verdict: Literal[0, 1]


async def open_chat(client: ChatClient, temperature: float = 0.8) -> Chat:
    await client.check()
    return Chat(client, Sampling(temperature, 0.95), seed=1)


async def say(chat: Chat) -> str:
    return await chat.say(Role.SUPPORTER, HELLO, clean=str.strip, stop=(".\n",), max_tokens=50)


async def test_three_calls_and_their_usage() -> None:
    async with serve(Loopback()) as server, ChatClient(server.base_url, None, retry_policy=QUICK) as client:
        chat = await open_chat(client)
        assert (await say(chat)).endswith(".")
        assert await chat.choose(Role.SUPPORTER_ASSISTANT, HELLO, ["PS", "PR"]) in {"PS", "PR"}
        assert (await chat.fill(Role.JUDGE, HELLO, Pick, max_tokens=50)).verdict in {0, 1}
    spoken, chosen, filled = server.requests
    assert spoken["model"] == "loopback" and spoken["stop"] == [".\n"] and spoken["max_tokens"] == 50
    assert spoken["chat_template_kwargs"] == {"enable_thinking": False}
    assert chosen["structured_outputs"] == {"choice": ["PS", "PR"]}
    schema = filled["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["reason", "verdict"] and schema["additionalProperties"] is False
    assert len({body["seed"] for body in server.requests}) == 3
    assert chat.usage[Role.SUPPORTER].requests == 1 and set(chat.usage) == {
        Role.SUPPORTER,
        Role.SUPPORTER_ASSISTANT,
        Role.JUDGE,
    }
    assert client.usage == sum(chat.usage.values(), Usage())


async def test_servers_other_than_vllm_get_only_standard_fields() -> None:
    server = Loopback(owned_by="someone")
    async with serve(server), ChatClient(server.base_url, None, retry_policy=QUICK) as client:
        chat = await open_chat(client)
        await say(chat)
        assert await chat.choose(Role.SUPPORTER_ASSISTANT, HELLO, ["PS", "PR"]) in {"PS", "PR"}
    standard = {"model", "messages", "temperature", "top_p", "max_tokens", "seed", "response_format"}
    assert all(set(body) <= standard for body in server.requests)
    schema = server.requests[1]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["choice"]["enum"] == ["PS", "PR"]


async def test_thinking_gets_its_room_and_no_stop() -> None:
    async with serve(Loopback()) as server, ChatClient(server.base_url, None) as client:
        await client.check()
        await say(Chat(client, Sampling(0.8, 0.95, thinking_tokens=1000), seed=1))
    (body,) = server.requests
    assert body["max_tokens"] == 1050 and "stop" not in body and "chat_template_kwargs" not in body


async def test_the_same_seed_sends_the_same_calls() -> None:
    sent = []
    for _ in range(2):
        async with serve(Loopback()) as server, ChatClient(server.base_url, None) as client:
            chat = await open_chat(client)
            await say(chat)
            await say(chat)
        sent.append(server.requests)
    assert sent[0] == sent[1]


@pytest.mark.parametrize("fault", ["error_500", "drop", "truncated", "empty"])
async def test_a_passing_fault_is_retried(fault: str) -> None:
    server = Loopback(faults=Faults(**{fault: 1.0}), faulty_requests=2)
    async with serve(server), ChatClient(server.base_url, None) as client:
        chat = await open_chat(client, temperature=0.0)
        assert await say(chat)
    seeds = {body["seed"] for body in server.requests}
    temperatures = [body["temperature"] for body in server.requests]
    if fault in {"truncated", "empty"}:
        assert (len(seeds), temperatures, chat.usage[Role.SUPPORTER].requests) == (3, [0.0, 0.5, 0.5], 3)
    else:
        assert (len(seeds), temperatures, chat.usage[Role.SUPPORTER].requests) == (1, [0.0, 0.0, 0.0], 1)


@pytest.mark.parametrize(
    ("fault", "message"),
    [("truncated", "cut off after"), ("empty", "holds no words")],
)
async def test_a_lasting_bad_answer_is_unreadable(fault: str, message: str) -> None:
    server = Loopback(faults=Faults(**{fault: 1.0}))
    async with serve(server), ChatClient(server.base_url, None, retry_policy=QUICK) as client:
        chat = await open_chat(client)
        with pytest.raises(UnreadableAnswerError, match=f"supporter, request 1: the answer .*{message}"):
            await say(chat)
    assert server.calls["all"] == 3


async def test_a_structured_answer_that_was_cut_off_counts_as_far_as_it_came_where_that_is_asked_for() -> None:
    server = Loopback(faults=Faults(truncated=1.0))
    async with serve(server), ChatClient(server.base_url, None, retry_policy=QUICK) as client:
        chat = await open_chat(client)
        with pytest.raises(UnreadableAnswerError, match="cut off after"):
            await chat.fill(Role.JUDGE, HELLO, Reason, max_tokens=50)
        assert server.calls["all"] == 3
        assert (await chat.fill(Role.JUDGE, HELLO, Reason, max_tokens=50, whole=False)).reason
        assert server.calls["all"] == 4
        with pytest.raises(UnreadableAnswerError, match="not in the demanded form: verdict: Field required"):
            await chat.fill(Role.JUDGE, HELLO, Pick, max_tokens=50, whole=False)


async def test_a_choice_that_is_none_and_invalid_json_are_unreadable() -> None:
    server = Loopback(faults=Faults(invalid=1.0))
    async with serve(server), ChatClient(server.base_url, None, retry_policy=QUICK) as client:
        chat = await open_chat(client)
        with pytest.raises(UnreadableAnswerError, match="is none of PS, PR"):
            await chat.choose(Role.SUPPORTER_ASSISTANT, HELLO, ["PS", "PR"])
        with pytest.raises(UnreadableAnswerError, match="not in the demanded form: Invalid JSON"):
            await chat.fill(Role.JUDGE, HELLO, Pick, max_tokens=50)
        with pytest.raises(UnreadableAnswerError, match="not in the demanded form: Invalid JSON"):
            await chat.fill(Role.JUDGE, HELLO, Pick, max_tokens=50, whole=False)


async def test_a_lasting_500_fails_the_call_alone() -> None:
    server = Loopback(faults=Faults(error_500=1.0))
    async with serve(server), ChatClient(server.base_url, None, retry_policy=QUICK) as client:
        chat = await open_chat(client)
        with pytest.raises(RequestError, match="HTTP 500: engine trouble"):
            await say(chat)
    assert server.calls["all"] == 3


async def test_a_refused_request_is_not_sent_again() -> None:
    calls = itertools.count()

    async def refuse(request: web.Request) -> web.Response:
        next(calls)
        return web.json_response({"error": {"message": "maximum context length is 10"}}, status=400)

    async with _serve_completions(refuse) as base_url, ChatClient(base_url, None, retry_policy=QUICK) as client:
        with pytest.raises(RequestError, match="HTTP 400: maximum context length is 10"):
            await say(await open_chat(client))
    assert next(calls) == 1


async def test_retry_after_is_respected() -> None:
    answers = iter([web.json_response({}, status=429, headers={"Retry-After": "0.3"})])
    times = []

    async def busy_once(request: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        return next(answers, None) or web.json_response(
            {"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]}
        )

    async with _serve_completions(busy_once) as base_url, ChatClient(base_url, None, retry_policy=QUICK) as client:
        assert await say(await open_chat(client)) == "Yes."
    assert times[1] - times[0] >= 0.3


async def test_a_server_that_is_gone_is_an_engine_error() -> None:
    async with serve(Loopback()) as server:
        pass
    async with ChatClient(server.base_url, "loopback", retry_policy=QUICK) as client:
        with pytest.raises(EngineError, match=r"gave no answer for \d s"):
            await say(Chat(client, Sampling(0.8, 0.95), 1))


async def test_a_body_that_is_no_completion_leaves_no_trace() -> None:
    async with serve(Loopback()) as server, ChatClient(server.base_url, None, retry_policy=QUICK) as client:
        sound = await say(await open_chat(client))
    server = Loopback(faults=Faults(garbage=1.0), faulty_requests=1)
    async with serve(server), ChatClient(server.base_url, None, retry_policy=QUICK) as client:
        assert await say(await open_chat(client)) == sound and server.calls["garbage"] == 1
    async with (
        serve(Loopback(faults=Faults(garbage=1.0))) as server,
        ChatClient(server.base_url, None, retry_policy=QUICK) as client,
    ):
        with pytest.raises(RequestError, match="the server answered no JSON but"):
            await say(await open_chat(client))


async def test_check_says_what_is_wrong_with_a_server() -> None:
    with pytest.raises(UsageError, match=r"no model server at http://127.0.0.1:9/v1: All connection attempts failed"):
        async with ChatClient("http://127.0.0.1:9", None) as client:
            await client.check()
    async with serve(Loopback()) as server:
        with pytest.raises(UsageError, match="has no model 'gpt'; it has: loopback"):
            async with ChatClient(server.base_url, "gpt") as client:
                await client.check()
    async with serve(Loopback(manners=Manners(models={"object": "list", "data": []}))) as server:
        with pytest.raises(UsageError, match="lists no model: load one there, or name one with --model"):
            async with ChatClient(server.base_url, None) as client:
                await client.check()


async def test_check_knows_a_web_page_from_a_model_server() -> None:
    async def welcome(request: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome</html>")

    app = web.Application()
    app.router.add_get("/v1/models", welcome)
    async with _run(app) as base_url, ChatClient(base_url, None) as client:
        with pytest.raises(UsageError, match="no OpenAI-compatible server: /models answered '<html>Welcome</html>'"):
            await client.check()


async def test_the_key_is_sent_and_a_refused_key_is_explained() -> None:
    seen = []

    async def models(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.json_response({"error": {"message": "bad key"}}, status=401)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    async with _run(app) as base_url, ChatClient(base_url, None, api_key=SecretStr("s3cret")) as client:
        with pytest.raises(UsageError, match=r"refuses the key .*ROLECS_API_KEY") as caught:
            await client.check()
    assert seen == ["Bearer s3cret"] and "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host/v1", "http://user:pass@host/v1"])
def test_bad_base_urls_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="base URL") as caught:
        normalise_base_url(url)
    assert "pass@" not in str(caught.value)


def test_seeds_are_the_same_on_every_machine() -> None:
    assert derive_seed(7, "planner", 1) == 1506964086


async def _models(request: web.Request) -> web.Response:
    return web.json_response({"data": [{"id": "m"}]})


@asynccontextmanager
async def _serve_completions(handler: Any) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/v1/models", _models)
    app.router.add_post("/v1/chat/completions", handler)
    async with _run(app) as base_url:
        yield base_url


@asynccontextmanager
async def _run(app: web.Application) -> AsyncIterator[str]:
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}/v1"
