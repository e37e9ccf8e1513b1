"""Spans of OpenTelemetry for dialogues and requests; these are named by its semantic conventions for generative AI.

The conventions: https://github.com/open-telemetry/semantic-conventions-genai (spans of inference). Spans hold no text
that a model or a person wrote. This module needs the extra `otel`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from yarl import URL

from agents.llm.endpoint import Endpoint
from agents.llm.failures import name_error
from agents.llm.usage import Role, Usage

_SENT = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
}
"""The keys of a request's body that become attributes."""


class Tracing:
    """Makes the spans of a job."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def dialogue(self, key: str, topic: str | None) -> Iterator["DialogueSpan"]:
        """Make a span of a dialogue, the parent of those of its requests."""
        attributes = {"rolecs.key": key} | ({"rolecs.topic": topic} if topic else {})
        with self._open("rolecs.dialogue", SpanKind.INTERNAL, attributes) as span:
            yield DialogueSpan(span)

    @contextmanager
    def request(self, role: Role, endpoint: Endpoint) -> Iterator["RequestSpan"]:
        """Make a span of a request to an endpoint, with all its attempts."""
        url = URL(endpoint.base_url)
        attributes: dict[str, str | int] = {
            "gen_ai.operation.name": "chat",
            # The conventions have no name for vLLM; "openai" is theirs for what speaks that protocol.
            "gen_ai.provider.name": "vllm" if endpoint.dialect.vllm else "openai",
            "gen_ai.request.model": endpoint.model,
            "server.address": url.host or "",
            "server.port": url.port or 0,
            "rolecs.role": role.value,
        }
        with self._open(f"chat {endpoint.model}", SpanKind.CLIENT, attributes) as span:
            yield RequestSpan(span)

    @contextmanager
    def _open(self, name: str, kind: SpanKind, attributes: Mapping[str, str | int]) -> Iterator[Span]:
        # An exception's message may quote what a model said, so that only its kind is recorded.
        with self._tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                _fail(span, name_error(error))
                raise


class DialogueSpan:
    """The span of a dialogue."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def ended(self, outcome: str, reasons: Sequence[str], error: str | None) -> None:
        """Note how the dialogue ended; `error` is the kind of what made it fail."""
        self._span.set_attributes({"rolecs.outcome": outcome, "rolecs.reasons": list(reasons)})
        if error:
            _fail(self._span, error)


class RequestSpan:
    """The span of a request. Tokens are summed up over its answers, all else is of the last attempt."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._usage = Usage()

    def sent(self, request: Mapping[str, Any]) -> None:
        """Note how an attempt draws its answer."""
        self._span.set_attributes({name: request[key] for key, name in _SENT.items() if key in request})

    def answered(self, finish_reason: str | None, usage: Usage) -> None:
        """Note an answer, and what it cost."""
        self._usage += usage
        self._span.set_attributes(
            {
                "gen_ai.response.finish_reasons": [finish_reason or "none"],
                "gen_ai.usage.input_tokens": self._usage.prompt_tokens,
                "gen_ai.usage.cache_read.input_tokens": self._usage.cached_tokens,
                "gen_ai.usage.output_tokens": self._usage.completion_tokens,
            }
        )

    def asked_again(self, error: str, wait_s: float) -> None:
        """Note that an attempt failed, with what kind of error, and the seconds until the next one."""
        self._span.add_event("rolecs.asked_again", {"error.type": error, "rolecs.wait_s": wait_s})


def _fail(span: Span, error: str) -> None:
    span.set_attribute("error.type", error)
    span.set_status(StatusCode.ERROR)
