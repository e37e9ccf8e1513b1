"""Servers as they are: whole jobs on each dialect, to a kept dialogue or to one clear line before any is played."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from rich.console import Console

from agents.errors import UsageError
from agents.llm.dialect import VLLM, Dialect
from graphs.config.settings import Settings
from graphs.jobs.generate import generate
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from tests.support.jobs import run
from tests.support.loopback import Loopback, Manners, serve

NOT_MAX_TOKENS = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
ONE_TEMPERATURE = "Unsupported value: 'temperature' does not support 0.8 with this model. Only the default (1) value."
NO_BOUNDS = {
    "minItems": "invalid schema for response format: response_format/json_schema/Opinion: minItems is not supported",
    "maxLength": "Unable to submit request because response schemas specified unsupported field max_length",
    "pattern": "Invalid schema for response_format: pattern is not permitted",
    "$ref": "Invalid schema for response_format: $ref is not permitted",
}
NO_SCHEMAS = {"json_schema": "This response_format type is unavailable now"}
AZURE = {"query": {"api-version": "2024-10-21"}, "headers": {"api-key": "k-1"}, "models": 404}


class Played(NamedTuple):
    """A server, the dialect that it is found to speak, a part of what is told, and settings beside the usual ones."""

    server: Loopback
    dialect: Dialect
    told: str | None = None
    settings: Mapping[str, Any] = MappingProxyType({})


def other(**manners: Any) -> Loopback:
    """Return a server that is not vLLM."""
    return Loopback(owned_by="someone", manners=Manners(**manners))


def vllm(**manners: Any) -> Loopback:
    return Loopback(manners=Manners(**manners))


def streamed(completion: dict[str, Any]) -> web.Response:
    """Send the events of a stream, the text in two pieces."""
    (choice,) = completion["choices"]
    text = choice["message"]["content"]
    pieces: list[dict[str, Any]] = [{"role": "assistant"}, {"content": text[:5]}, {"content": text[5:]}]
    chunks = [{"choices": [{"delta": piece, "finish_reason": None}]} for piece in pieces]
    chunks.append({"choices": [{"delta": {}, "finish_reason": choice["finish_reason"]}], "usage": completion["usage"]})
    events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return web.Response(text=f"{events}data: [DONE]\n\n", content_type="text/event-stream")


def in_gbk(completion: dict[str, Any]) -> web.Response:
    return web.Response(text=json.dumps(completion, ensure_ascii=False), charset="gbk", content_type="application/json")


def marked(completion: dict[str, Any]) -> web.Response:
    return web.Response(body=f"\n\ufeff{json.dumps(completion)}".encode(), content_type="text/plain")


def page(_: dict[str, Any]) -> web.Response:
    return web.Response(text="<html>Please log in</html>", content_type="text/html")


NAMED = {"model": "loopback"}
PLAYED = {
    "vLLM": Played(vllm(), VLLM),
    "OpenAI": Played(other(), Dialect()),
    "a reasoning model at OpenAI": Played(
        other(
            refused={"max_tokens": NOT_MAX_TOKENS, "temperature": ONE_TEMPERATURE}
            | {"top_p": "Unsupported parameter: 'top_p' is not supported with this model."}
        ),
        Dialect(length="max_completion_tokens", omits=("temperature", "top_p")),
        "answers are bounded by max_completion_tokens; no temperature",
    ),
    "no seed": Played(
        other(refused={"seed": "body.seed: Extra inputs are not permitted"}, refusal_status=422),
        Dialect(omits=("seed",)),
        "no seeds, so that the same run may come out otherwise",
    ),
    "no seed, and no word on it": Played(other(refused={"seed": "Bad Request"}), Dialect(omits=("seed",)), "no seeds"),
    "neither seed nor top_p, and no word on it": Played(
        other(refused={"seed": "Bad Request", "top_p": "Bad Request"}),
        Dialect(omits=("seed", "top_p")),
        "no seeds",
    ),
    "no system message": Played(
        other(refused={"system": "System role not supported"}), Dialect(omits=("system",)), "goes to the user's"
    ),
    "vLLM with a tokenizer of Mistral's": Played(
        vllm(refused={"chat_template_kwargs": "chat_template is not supported for Mistral tokenizers."}),
        VLLM.model_copy(update={"omits": ("chat_template_kwargs",)}),
        "thinking is not turned off",
    ),
    "vLLM's stop texts refused by a gateway": Played(
        vllm(refused={"include_stop_str_in_output": "Unknown parameter: 'include_stop_str_in_output'."}),
        VLLM.model_copy(update={"omits": ("stop",)}),
        "no stop texts",
    ),
    "schemas without bounds": Played(other(refused=NO_BOUNDS), Dialect(schemas="plain"), "schemas without bounds"),
    "schemas without bounds, by an error of its own": Played(
        other(refused=NO_BOUNDS, refusal_status=501), Dialect(schemas="plain"), "schemas without bounds"
    ),
    "JSON mode": Played(other(refused=NO_SCHEMAS), Dialect(schemas="json"), "JSON mode alone"),
    "JSON mode, in a fence": Played(other(refused=NO_SCHEMAS, fenced=True), Dialect(schemas="json"), "JSON mode alone"),
    "no structured answers": Played(
        other(refused={"response_format": "Unknown field response_format"}, fenced=True),
        Dialect(schemas="text"),
        "no structured answers",
    ),
    "structured answers ignored": Played(
        other(ignored=frozenset({"response_format"}), fenced=True), Dialect(schemas="json"), "JSON mode alone"
    ),
    "an old vLLM": Played(
        vllm(ignored=frozenset({"structured_outputs"})),
        VLLM.model_copy(update={"choice": "guided_choice"}),
        "choices are made by guided_choice",
    ),
    "a very old vLLM": Played(
        vllm(ignored=frozenset({"structured_outputs"}), refused=NO_SCHEMAS),
        VLLM.model_copy(update={"choice": "guided_choice", "schemas": "guided_json"}),
        "JSON schemas by guided_json",
    ),
    "vLLM behind a gateway that drops its fields": Played(
        vllm(ignored=frozenset({"structured_outputs", "guided_choice"})),
        VLLM.model_copy(update={"choice": "schema"}),
        "choices are made by a schema",
    ),
    "no list of models": Played(other(models=404), Dialect(), "no list of models and answers to 'loopback'", NAMED),
    "a list that is forbidden": Played(other(models=403), Dialect(), "answers to 'loopback'", NAMED),
    "a bare list of models": Played(other(models=[{"id": "loopback"}]), Dialect()),
    "a bare list of names": Played(other(models=["loopback"]), Dialect()),
    "models by name, with aliases": Played(
        other(models={"models": [{"name": "a.gguf", "aliases": ["loopback"]}]}), Dialect(), None, NAMED
    ),
    "a model that is listed under another name": Played(
        other(models={"data": [{"id": "loopback-2024-08-06"}]}), Dialect(), "does not list 'loopback'", NAMED
    ),
    "Azure": Played(
        other(**AZURE), Dialect(), "no list of models", NAMED | {"headers": {"api-key": "k-1"}, "query": "2024-10-21"}
    ),
    "no usage": Played(other(usage=None), Dialect(), "it counts no tokens"),
    "usage that is no object": Played(other(usage=[]), Dialect(), "it counts no tokens"),
    "fractional and null counts": Played(other(usage="fractions"), Dialect()),
    "contents in parts": Played(other(parts=True), Dialect()),
    "thinking refused for whole answers": Played(
        other(demanded={"enable_thinking": "parameter.enable_thinking must be set to false for non-streaming calls"}),
        Dialect(thinking_off=True),
        "thinking is turned off by enable_thinking",
    ),
    "a stream that nobody asked for": Played(other(send=streamed), Dialect()),
    "answers in GBK": Played(other(send=in_gbk), Dialect(), None, {"language": "zh"}),
    "a byte order mark": Played(other(send=marked), Dialect()),
    "thoughts beside the content": Played(other(message={"reasoning_content": "Hm.", "tool_calls": []}), Dialect()),
    "ends by eos_token": Played(other(finish_reason="eos_token"), Dialect()),
    "ends by end": Played(other(finish_reason="end"), Dialect()),
    "ends by STOP": Played(other(finish_reason="STOP"), Dialect()),
    "ends without a reason": Played(other(finish_reason=None), Dialect()),
    "what the user says": Played(
        other(refused={"seed": "Bad Request"} | NO_SCHEMAS),
        Dialect(omits=("seed",), schemas="json"),
        "JSON mode alone",
        {"dialect": {"omits": "seed", "schemas": "json"}},
    ),
}


def make_settings(server: Loopback, folder: Path, **fields: Any) -> Settings:
    query = fields.pop("query", None)
    url = server.base_url + (f"?api-version={query}" if query else "")
    known = {"base_url": [url], "run": folder, "dialogues": 2, "canaries": 0, "gate_trial": "skip", "max_similarity": 1}
    known |= {"retry_policy": {"attempts": 2, "outage_s": 60}, "limits": {"min_utterances": 4, "max_utterances": 8}}
    return Settings.model_validate(known | {"preflight": True} | fields)


async def play(server: Loopback, folder: Path, **fields: Any) -> tuple[dict[Outcome, int], str]:
    console = Console(file=io.StringIO(), width=1000)
    generated = await run(generate, make_settings(server, folder, **fields), console=console)
    return generated.funnel.outcomes, console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", PLAYED)
async def test_a_dialect_is_found_and_played(name: str, tmp_path: Path) -> None:
    server, dialect, told, settings = PLAYED[name]
    async with serve(server):
        outcomes, shown = await play(server, tmp_path, **settings)
    assert outcomes[Outcome.KEPT] and not outcomes[Outcome.FAILED], shown
    with RunStore.read(DIALOGUES, tmp_path) as store:
        (endpoint,) = store.endpoints
        assert endpoint.dialect == dialect
        assert all(record.is_scored is not False for record in store.records(Outcome.REJECTED))
        assert "k-1" not in store.provenance.model_dump_json()
    lines = [line for line in shown.splitlines() if line.startswith(server.base_url)]
    assert (told in lines[0] if told else not lines) and len(lines) <= 1
    assert server.refusals <= 24, "what is refused in the preflight is not sent again"


HELLO = Loopback(owned_by="someone", say=lambda body: "Hello.")
REFUSED = {
    "no model of that name": (other(), {"model": "gpt"}, "has no model 'gpt'; it has: loopback"),
    "no list and no name": (other(models=404), {}, r"/models answered HTTP 404.*name one with --model"),
    "no header": (other(**AZURE), NAMED | {"query": "2024-10-21"}, r"refuses the key \(HTTP 401: Access denied\)"),
    "an end that nobody knows": (other(finish_reason="weird"), {}, "finish_reason 'weird'"),
    "a filter": (other(finish_reason="content_filter"), {}, "finish_reason 'content_filter'"),
    "no content": (other(content=lambda text: None), {}, "the answer holds no words"),
    "thoughts alone": (other(content=lambda text: None, finish_reason="length"), {}, "--thinking-tokens"),
    "content of another kind": (other(content=lambda text: {"a": 1}), {}, "the answer's content is dict, not text"),
    "thoughts in the place of the content": (
        other(message={"content": None, "reasoning_content": "Hello."}),
        {},
        r"thoughts alone, no words \('Hello.'\): .*turn its reasoning parser off",
    ),
    "a refusal": (other(message={"content": None, "refusal": "I cannot."}), {}, "the model refused: 'I cannot.'"),
    "a tool": (
        other(message={"content": None, "tool_calls": [{"function": {"name": "hello"}}]}),
        {},
        "a call of a tool, not text",
    ),
    "a page": (other(send=page), {}, "no JSON but '<html>Please log in</html>'"),
    "nothing but words": (HELLO, {}, "begins with 'Hello.'"),
    "no money": (other(refused={"messages": "Insufficient credits"}, refusal_status=402), {}, "Insufficient credits"),
    "what the user says does not do": (
        other(refused=NO_SCHEMAS),
        {"dialect": {"schemas": "full"}},
        "This response_format type is unavailable now",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_server_that_cannot_be_used_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    server, settings, message = REFUSED[name]
    async with serve(server):
        with pytest.raises(UsageError, match=message) as caught:
            await play(server, tmp_path / "run", **settings)
    assert server.base_url in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists(), "nothing is begun"


async def test_the_judge_is_tried_out_as_well_and_each_kind_once(tmp_path: Path) -> None:
    players, judge = vllm(), other(refused=NO_SCHEMAS)
    async with serve(players), serve(judge):
        outcomes, shown = await play(players, tmp_path, judge_base_url=judge.base_url, dialogues=1)
        assert outcomes[Outcome.KEPT] and judge.base_url in shown and players.base_url not in shown
        tried = [body for body in players.requests if body["messages"][-1]["content"].startswith("Say hello.")]
        assert ["stop" in body for body in tried] == [True, False, False, False]
        assert [*tried[1]["structured_outputs"]] == ["choice"]
        names = [body["response_format"]["json_schema"]["name"] for body in tried[2:]]
        assert names == ["Plan", "Direction"]
        with RunStore.read(DIALOGUES, tmp_path) as store:
            assert [endpoint.dialect.schemas for endpoint in store.endpoints] == ["full", "json"]
        before = judge.calls["all"]
        await run(generate, make_settings(players, tmp_path, judge_base_url=judge.base_url, dialogues=1), resume=True)
        assert judge.calls["all"] == before, "where nothing is to do, nobody is asked for anything"
