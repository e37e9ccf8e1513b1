"""The OpenAI-compatible endpoint, asked by OpenAI's own client, on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from agents.csc.strategies import Strategy
from graphs.serve.server import listen, make_server
from tests.support.loopback import Loopback
from tests.support.service import KEY, client_of, service_on


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[openai.AsyncOpenAI]:
    async with service_on(Loopback(), tmp_path, keys=(KEY,)) as service:
        listener = listen("127.0.0.1", 0)
        server: Any = make_server(service)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        async with openai.AsyncOpenAI(base_url=address, api_key=KEY, max_retries=0) as asking:
            yield asking
        server.should_exit = True
        await task


async def test_openais_client_holds_a_call(client: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["loopback"]
    messages: Any = [{"role": "system", "content": "The company sells shoes."}]
    strategies = []
    for text in ("My shoe is torn.", "I am Ann.", "It is the left one.", "Yes.", "And now?"):
        messages.append({"role": "user", "content": text})
        answer = await client.chat.completions.create(model="any", messages=messages)
        message = answer.choices[0].message
        served: Any = message.model_extra and message.model_extra["rolecs"]
        strategies.append(served["strategy"])
        messages.append({"role": "assistant", "content": message.content})
        assert answer.usage
        assert answer.usage.total_tokens > 0
    # The strategies of earlier answers are remembered: the identity is asked for within three turns, and once.
    assert "GT" not in strategies
    assert Strategy.IV in strategies[:2]


async def test_what_is_streamed_is_the_same(client: openai.AsyncOpenAI) -> None:
    messages: Any = [{"role": "user", "content": "我的卡丢了。"}]
    whole = await client.chat.completions.create(model="any", messages=messages)
    options: Any = {"include_usage": True}
    stream = await client.chat.completions.create(model="any", messages=messages, stream=True, stream_options=options)
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    last = next(chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason == "stop")
    assert last.choices[0].delta.model_extra
    assert last.choices[0].delta.model_extra["rolecs"] == (whole.choices[0].message.model_extra or {})["rolecs"]
    assert chunks[-1].usage == whole.usage


async def test_the_call_is_closed_and_then_over(client: openai.AsyncOpenAI) -> None:
    messages: Any = [{"role": "user", "content": "Thank you, that is all."}]
    for _ in range(4):
        answer = await client.chat.completions.create(
            model="any", messages=messages, extra_body={"rolecs": {"ends_call": True, "language": "en"}}
        )
        message: Any = answer.choices[0].message
        messages += [{"role": "assistant", "content": message.content, "rolecs": message.rolecs}]
        if message.rolecs["over"]:
            break
        messages += [{"role": "user", "content": "Goodbye."}]
    assert message.rolecs["strategy"] == "AC"
    with pytest.raises(openai.ConflictError, match="the call is over"):
        await client.chat.completions.create(model="any", messages=[*messages, {"role": "user", "content": "Wait!"}])


async def test_a_wrong_key_is_an_openai_error(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="another").models.list()
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model="any", messages=[{"role": "assistant", "content": "Hello."}])


async def test_the_supporter_opens_an_empty_chat(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        answer = (await client.post("/v1/chat/completions", json={"messages": [], "temperature": 2})).json()
        assert answer["choices"][0]["message"]["rolecs"]["strategy"] == "GT"
