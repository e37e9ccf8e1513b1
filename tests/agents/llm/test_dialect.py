"""Dialects: what becomes of requests and schemas, and what is written down of them."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from agents.errors import UnreadableAnswerError, UsageError
from agents.llm.chat import Chat, Kind
from agents.llm.client import ChatClient
from agents.llm.dialect import VLLM, Dialect, bare_json, begin_dialect, demand
from agents.llm.endpoint import normalise_base_url
from agents.llm.preflight import find_dialect
from agents.llm.request import Sampling
from agents.llm.retry import RetryPolicy
from agents.llm.usage import Role
from graphs.config.loading import load_settings
from graphs.config.settings import Settings
from tests.support.loopback import Loopback, Manners, serve

REQUEST = {
    "model": "m",
    "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi."}],
    "temperature": 0.8,
    "top_p": 0.9,
    "max_tokens": 9,
    "seed": 1,
    "stop": ["\n"],
    "include_stop_str_in_output": True,
}


class Part(BaseModel):
    pattern: str = Field(min_length=1, max_length=9, json_schema_extra={"pattern": "^a"})
    kind: Literal["unknown"]


class Whole(BaseModel):
    parts: tuple[Part, ...] = Field(min_length=1, max_length=3)
    default: Literal["x"] | Part
    number: int = Field(ge=1, le=5)


def test_the_usual_dialect_leaves_a_request_as_it_is() -> None:
    assert Dialect().adapt(REQUEST) is REQUEST and VLLM.adapt(REQUEST) is REQUEST
    assert Dialect().describe() == VLLM.describe() == []


def test_what_is_left_out_is_left_out_and_no_word_is_lost() -> None:
    dialect = Dialect(length="max_completion_tokens", omits=("seed", "stop", "system", "temperature"))
    assert dialect.adapt(dict(REQUEST)) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Be kind.\n\nHi."}],
        "top_p": 0.9,
        "max_completion_tokens": 9,
    }


def keys(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(keys, part))
    if not isinstance(part, dict):
        return set()
    inner = [keys(value) for key, value in part.items() if key != "properties"]
    return set(part).union(*inner, *map(keys, part.get("properties", {}).values()))


def test_plain_schemas_have_all_properties_and_neither_bounds_nor_references() -> None:
    schema = demand(Whole, "plain").form["response_format"]["json_schema"]["schema"]
    assert keys(schema) == {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum"}
    assert list(schema["properties"]) == ["parts", "default", "number"]
    part = schema["properties"]["parts"]["items"]
    assert list(part["properties"]) == ["pattern", "kind"] and part["properties"]["kind"]["enum"] == ["unknown"]
    assert part["additionalProperties"] is schema["additionalProperties"] is False
    full = demand(Whole, "full").form["response_format"]["json_schema"]["schema"]
    assert {"minItems", "maxLength", "pattern", "$ref", "minimum"} < keys(full)


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', '```json\n{"a": 1}\n```', '``` \n{"a": 1}```', 'Hm {"b"}</think>\n\n{"a": 1}', ' {"a": 1}\n'],
)
def test_json_is_found_in_fences_and_behind_thoughts(text: str) -> None:
    assert bare_json(text).strip() == '{"a": 1}'


def test_prose_around_json_is_not_read() -> None:
    assert bare_json('Sure: {"a": 1}') == 'Sure: {"a": 1}'


def test_only_what_is_set_is_held_and_written_down() -> None:
    settings = load_settings(Settings, None, {"dialect": {"omits": "seed, top_p"}})
    stored = settings.model_dump(mode="json")
    assert stored["dialect"] == {"omits": ["seed", "top_p"]} and stored["judge_dialect"] == {}
    again = load_settings(Settings, None, {"dialect": {"vllm": "true"}}, stored)
    assert again.dialect.model_fields_set == {"omits", "vllm"}
    assert begin_dialect(is_vllm=False, held=again.dialect) == VLLM.model_copy(update={"omits": ("seed", "top_p")})
    assert begin_dialect(is_vllm=True, held=Dialect(vllm=False)) == Dialect()


def test_headers_are_neither_written_down_nor_shown() -> None:
    settings = load_settings(Settings, None, {"headers": {"api-key": "k-1"}, "judge_headers": {"x": "k-2"}})
    assert settings.headers == {"api-key": "k-1"}
    for shown in (repr(settings), settings.model_dump_json(), settings.for_node()):
        assert "k-1" not in shown and "k-2" not in shown


def test_headers_do_not_reach_a_cluster() -> None:
    with pytest.raises(UsageError, match="not sent to a cluster's nodes"):
        load_settings(Settings, None, {"headers": {"api-key": "k-1"}, "ray": "auto"})


@pytest.mark.parametrize("headers", [{"api key": "1"}, {"": "1"}, {"a": "1\r\nb: 2"}, {"a": "é"}])
def test_what_is_no_header_is_refused_unseen(headers: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no name and value of an HTTP header") as caught:
        load_settings(Settings, None, {"headers": headers})
    assert "b: 2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://host:1", "http://host:1/v1"),
        ("http://host:1/?a=b", "http://host:1/v1?a=b"),
        ("http://host:1/v1/chat/completions", "http://host:1/v1"),
        ("https://host/openai/v1/?api-version=preview", "https://host/openai/v1?api-version=preview"),
    ],
)
def test_base_urls_keep_their_query(url: str, normal: str) -> None:
    assert normalise_base_url(url) == normal == normalise_base_url(normal)


@pytest.mark.parametrize("name", ["key", "api_key", "API-KEY", "token"])
def test_a_key_in_a_base_url_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="put the key into ROLECS_API_KEY") as caught:
        normalise_base_url(f"https://host/v1?a=1&{name}=s3cret")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("before", ["", "<think>Well.</think>\n"])
async def test_the_beginning_of_an_answer_is_enough_for_the_preflight(before: str) -> None:
    manners = Manners(refused={"json_schema": "No."}, fenced=True, finish_reason="length")
    manners.content = lambda text: before + text[:30]
    async with serve(Loopback(owned_by="me", manners=manners)) as server, ChatClient(server.base_url, None) as client:
        await client.check()
        await find_dialect(client, [Kind(Role.JUDGE, Sampling(0.0, 1.0), Whole)])
        assert client.dialect == Dialect(schemas="json")


async def test_a_malformed_answer_is_asked_for_with_another_seed() -> None:
    server = Loopback(manners=Manners(content=lambda text: {"odd": text}))
    policy = RetryPolicy(attempts=3)
    async with serve(server), ChatClient(server.base_url, None, retry_policy=policy) as client:
        await client.check()
        with pytest.raises(UnreadableAnswerError, match="the answer's content is dict, not text"):
            await Chat(client, Sampling(0.8, 1.0), 1).choose(Role.JUDGE, [{"role": "user", "content": "?"}], ["a", "b"])
    assert len({body["seed"] for body in server.requests}) == 3
