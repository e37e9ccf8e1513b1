"""Spans and log events of single calls, and that they hold nothing that anybody said."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from agents.errors import EngineError, RequestError, UnreadableAnswerError
from agents.llm.chat import Chat
from agents.llm.client import ChatClient
from agents.llm.failures import NoAnswerError, StatusError, name_error
from agents.llm.observer import Observer
from agents.llm.request import Message, Sampling
from agents.llm.retry import RetryPolicy
from agents.llm.spans import Tracing
from agents.llm.usage import Role
from graphs.telemetry.telemetry import log_to
from tests.support.loopback import Faults, Loopback, serve

ASKED: list[Message] = [{"role": "user", "content": "a very private question"}]
ANSWER = "a very private answer"
QUICK = RetryPolicy(request_timeout_s=2.0, attempts=3, outage_s=0.5)


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(spans: InMemorySpanExporter) -> Iterator[Tracing]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    yield Tracing(provider.get_tracer("test"))
    provider.shutdown()


@asynccontextmanager
async def open_chat(server: Loopback, tracing: Tracing | None) -> AsyncIterator[Chat]:
    async with ChatClient(server.base_url, None, retry_policy=QUICK, observer=Observer(tracing)) as client:
        await client.check()
        yield Chat(client, Sampling(0.8, 0.95), seed=1, session="key-1")


async def say(chat: Chat) -> str:
    return await chat.say(Role.SUPPORTER, ASKED, clean=str.strip, stop=(".\n",), max_tokens=50)


def speak(body: dict[str, Any]) -> str:
    return ANSWER


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_a_call_is_a_span_of_the_conventions(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    async with serve(Loopback(say=speak)) as server, open_chat(server, tracing) as chat:
        await say(chat)
        port = int(server.base_url.removesuffix("/v1").rpartition(":")[2])
    (span,) = spans.get_finished_spans()
    assert (span.name, span.kind, span.status.status_code) == ("chat loopback", SpanKind.CLIENT, StatusCode.UNSET)
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "vllm",
        "gen_ai.request.model": "loopback",
        "gen_ai.request.temperature": 0.8,
        "gen_ai.request.top_p": 0.95,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.seed": server.requests[0]["seed"],
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": len(ASKED[0]["content"]) // 4,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.output_tokens": len(ANSWER) // 4,
        "server.address": "127.0.0.1",
        "server.port": port,
        "rolecs.role": "supporter",
    }


async def test_the_names_are_those_of_the_conventions_that_are_installed(
    tracing: Tracing, spans: InMemorySpanExporter
) -> None:
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes

    known = {value for value in vars(gen_ai_attributes).values() if isinstance(value, str)}
    async with serve(Loopback()) as server, open_chat(server, tracing) as chat:
        await say(chat)
    (span,) = spans.get_finished_spans()
    named = {name for name in attributes(span) if name.startswith("gen_ai.")}
    assert len(named) == 11 and named <= known


async def test_attempts_are_events_of_one_span(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    faults = Loopback(say=speak, faults=Faults(truncated=1.0), faulty_requests=1)
    async with serve(faults) as server, open_chat(server, tracing) as chat:
        await say(chat)
    (span,) = spans.get_finished_spans()
    (event,) = span.events
    assert (event.name, dict(event.attributes or {})) == (
        "rolecs.asked_again",
        {"error.type": "unreadable", "rolecs.wait_s": 0.0},
    )
    found = attributes(span)
    assert found["gen_ai.response.finish_reasons"] == ("stop",) and span.status.status_code is StatusCode.UNSET
    assert found["gen_ai.usage.output_tokens"] == len(ANSWER[: len(ANSWER) // 2]) // 4 + len(ANSWER) // 4
    assert found["gen_ai.request.seed"] == server.requests[1]["seed"] != server.requests[0]["seed"]


@pytest.mark.parametrize(
    ("faults", "kind"), [(Faults(error_500=1.0), "500"), (Faults(invalid=1.0), "unreadable"), (Faults(), "unreadable")]
)
async def test_a_failed_call_tells_its_kind_alone(
    tracing: Tracing, spans: InMemorySpanExporter, faults: Faults, kind: str
) -> None:
    async with serve(Loopback(say=speak, faults=faults)) as server, open_chat(server, tracing) as chat:
        with pytest.raises(RequestError):
            await chat.choose(Role.SUPPORTER_ASSISTANT, ASKED, ["PS", "PR"])
    (span,) = spans.get_finished_spans()
    assert attributes(span)["error.type"] == kind
    assert span.status.status_code is StatusCode.ERROR and span.status.description is None
    assert [event.name for event in span.events] == ["rolecs.asked_again"] * (QUICK.attempts - 1)
    assert "private" not in span.to_json() and "no such thing" not in span.to_json()


async def test_a_call_belongs_to_its_dialogue(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    async with serve(Loopback()) as server, open_chat(server, tracing) as chat:
        with tracing.dialogue("key-1", "complaint-dispute") as dialogue:
            await say(chat)
            dialogue.ended("rejected", ["point:wording"], None)
        with tracing.dialogue("key-2", None) as dialogue:
            dialogue.ended("failed", [], "CallError")
    call, one, two = spans.get_finished_spans()
    assert call.parent and one.context and call.parent.span_id == one.context.span_id
    assert (one.name, one.parent, one.status.status_code) == ("rolecs.dialogue", None, StatusCode.UNSET)
    assert attributes(one) == {
        "rolecs.key": "key-1",
        "rolecs.topic": "complaint-dispute",
        "rolecs.outcome": "rejected",
        "rolecs.reasons": ("point:wording",),
    }
    assert attributes(two)["error.type"] == "CallError" and two.status.status_code is StatusCode.ERROR


def read(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


async def test_the_log_names_attempts_and_holds_texts_only_when_asked(tmp_path: Path) -> None:
    for texts in (False, True):
        faults = Loopback(say=speak, faults=Faults(error_500=0.5, truncated=0.5), faulty_requests=2)
        with log_to(tmp_path / f"{texts}.jsonl", texts=texts):
            async with serve(faults) as server, open_chat(server, None) as chat:
                await say(chat)
    without, with_texts = read(tmp_path / "False.jsonl"), read(tmp_path / "True.jsonl")
    assert {line["event"] for line in without} == {"call asked again"}
    for line in without:
        assert line["time"].endswith("+00:00") and line["wait_s"] >= 0 and line["error"] in {"500", "unreadable"}
        assert (line["level"], line["logger"]) == ("WARNING", "rolecs.client")
        assert (line["key"], line["role"]) == ("key-1", "supporter")
        assert set(line) == {"time", "event", "level", "logger", "key", "role", "error", "wait_s"}
    assert "private" not in (tmp_path / "False.jsonl").read_text(encoding="utf-8")
    answered = [line for line in with_texts if line["event"] == "call answered"]
    assert answered[-1]["messages"] == ASKED and answered[-1]["answer"] == ANSWER
    assert any("error_message" in line for line in with_texts if line["event"] == "call asked again")


async def test_nothing_is_logged_without_a_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with log_to(tmp_path / "log.jsonl", texts=True):
        pass
    faults = Loopback(faults=Faults(invalid=1.0), faulty_requests=1)
    async with serve(faults) as server, open_chat(server, None) as chat:
        await chat.choose(Role.SUPPORTER_ASSISTANT, ASKED, ["PS", "PR"])
    assert server.calls["all"] == 2
    assert (tmp_path / "log.jsonl").read_text(encoding="utf-8") == "" and capfd.readouterr() == ("", "")


def caused(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StatusError(503, "", {}, b"secret"), "503"),
        (NoAnswerError(TimeoutError()), "timeout"),
        (caused(EngineError("secret"), NoAnswerError(OSError("secret"))), "no answer"),
        (caused(UnreadableAnswerError("secret"), ValueError("secret")), "unreadable"),
        (caused(RequestError("secret"), caused(RequestError("secret"), StatusError(400, "", {}, b"secret"))), "400"),
        (KeyError("secret"), "KeyError"),
    ],
)
def test_the_kind_of_an_error(error: Exception, kind: str) -> None:
    assert name_error(error) == kind
