"""The OpenAI-compatible endpoint, asked by OpenAI's own client, on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from agents.csc.language import Language
from agents.csc.strategies import Strategy
from graphs.probe.call import agents_messages
from graphs.serve.http import openai_api
from tests.support.loopback import Loopback
from tests.support.service import KEY, client_of, on_socket, service_on


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[openai.AsyncOpenAI]:
    async with service_on(Loopback(), tmp_path, keys=(KEY,)) as service, on_socket(service) as port:
        address = f"http://127.0.0.1:{port}/v1"
        async with openai.AsyncOpenAI(base_url=address, api_key=KEY, max_retries=0) as asking:
            yield asking


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


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"n": 2}, "n: a chat gets one answer"),
        ({"tools": [{"type": "function", "function": {"name": "refund"}}]}, "tools: the supporter calls none"),
        ({"response_format": {"type": "json_object"}}, "response_format: answers are plain text"),
        ({"logprobs": True}, "logprobs: none are told"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content: Input should be a valid string"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "only parts of type text"),
        ({"messages": [{"role": "tool", "content": "42"}]}, "messages.0.role: Input should be 'system'"),
        ({"messages": [{"role": "user", "content": "Hi."}] * 201}, "at most 200 items"),
        ({"messages": [{"role": "user", "content": "a" * 1001}]}, "more than 1000 characters"),
    ],
)
async def test_what_another_kind_of_answer_is_asked_for_by_is_refused_in_a_line(
    tmp_path: Path, asked: dict[str, Any], told: str
) -> None:
    chat = {"messages": [{"role": "user", "content": "My card is lost."}]}
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        answer = await client.post("/v1/chat/completions", json=chat | asked)
    message = answer.json()["error"]["message"]
    assert answer.status_code in (400, 413)
    assert told in message and "\n" not in message and "Value error" not in message


async def test_what_only_says_how_answers_are_drawn_is_passed_over(tmp_path: Path) -> None:
    drawn: dict[str, Any] = {
        "temperature": 1.9,
        "top_p": 0.1,
        "seed": 3,
        "stop": ["."],
        "max_tokens": 1,
        "presence_penalty": 1.0,
    }
    left_out = ("n", "stream", "stream_options", "tools", "response_format", "logprobs", "user")
    nothing: dict[str, Any] = dict.fromkeys(left_out)
    words = "My card is lost."
    parts = [{"type": "text", "text": "My card"}, {"type": "text", "text": "is lost."}]
    asked: list[tuple[Any, dict[str, Any]]] = [
        (words, {}),
        (words, drawn),
        (words, nothing),
        (parts, {"n": 1, "tools": [{"type": "function"}], "tool_choice": "none"}),
    ]
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        usual, *others = [
            await client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": said}]} | more)
            for said, more in asked
        ]
    for answer in others:
        assert answer.status_code == 200, answer.text
        assert answer.json()["choices"] == usual.json()["choices"]


async def test_a_client_that_goes_away_leaves_nothing_behind(tmp_path: Path) -> None:
    loopback = Loopback(delay=0.1)
    async with service_on(loopback, tmp_path) as service, on_socket(service) as port:
        body = json.dumps({"messages": [{"role": "user", "content": "My card is lost."}], "stream": True}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        for is_early in (True, False):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
            if is_early:
                while not loopback.in_flight:
                    await asyncio.sleep(0.01)
            else:
                await asyncio.wait_for(reader.readuntil(b"data: "), 10)
            writer.transport.abort()
        while len(service.settings.audit_file.read_text().splitlines()) < 2:
            await asyncio.sleep(0.01)
        assert not service.budgets._in_flight
        assert service.budgets.spent() > 0, "what was asked for is paid"
        loopback.delay = 0.0
        async with client_of(service) as client:
            assert (
                await client.post(
                    "/v1/chat/completions",
                    content=body.replace(b"true", b"false"),
                    headers={"Content-Type": "application/json"},
                )
            ).status_code == 200


async def test_the_supporter_opens_an_empty_chat(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        answer = (await client.post("/v1/chat/completions", json={"messages": [], "temperature": 2})).json()
        assert answer["choices"][0]["message"]["rolecs"]["strategy"] == "GT"


@pytest.mark.parametrize("language", Language)
async def test_the_supporter_greets_who_probes_it_and_goes_on_from_there(tmp_path: Path, language: Language) -> None:
    words = {Language.EN: "My card is lost.", Language.ZH: "我的卡丢了。"}[language]
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        messages: Any = agents_messages([], language)
        strategies = []
        for said in (words, words):
            answer = (await client.post("/v1/chat/completions", json={"messages": messages})).json()
            message = answer["choices"][0]["message"]
            strategies.append(message["rolecs"]["strategy"])
            messages += [message, {"role": "user", "content": said}]
    assert strategies[0] == "GT" and strategies[1] != "GT"


@pytest.mark.parametrize("role", ["system", "developer"])
async def test_the_situation_is_told_by_either_role(tmp_path: Path, role: str) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        chat = [{"role": role, "content": "Acme sells shoes."}, {"role": "user", "content": "My shoe is torn."}]
        assert (await client.post("/v1/chat/completions", json={"messages": chat})).status_code == 200
    assert "Acme sells shoes." in loopback.requests[0]["messages"][0]["content"]


def test_of_too_many_answers_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_api, "MOST_REMEMBERED", 2)
    memory = openai_api.Memory()
    chats = [[("user", text)] for text in "abc"]
    for chat in chats:
        memory.keep(chat, Strategy.PR)
    assert [memory.find(chat) for chat in chats] == [None, Strategy.PR, Strategy.PR]
