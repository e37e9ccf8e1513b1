"""Watches requests: what is sent, answered and asked for again goes into the log, and into a span where one is made.

A client without an observer pays one check a request.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agents.events import tell
from agents.llm.endpoint import Endpoint
from agents.llm.failures import name_error
from agents.llm.usage import Role, Usage

if TYPE_CHECKING:
    # It needs opentelemetry, which an extra brings.
    from agents.llm.spans import RequestSpan, Tracing

_log = logging.getLogger("rolecs.client")


class Observer:
    """Watches the requests of a job; with `tracing` each becomes a span."""

    def __init__(self, tracing: "Tracing | None" = None) -> None:
        self._tracing = tracing

    @contextmanager
    def request(self, role: Role, key: str | None, endpoint: Endpoint) -> Iterator["ObservedRequest"]:
        """Watch a request to an endpoint for the length of the context; `key` is that of its dialogue."""
        with self._tracing.request(role, endpoint) if self._tracing else nullcontext() as span:
            yield ObservedRequest(role, key, span)


class ObservedRequest:
    """One request, which may take several attempts: the client tells what becomes of each."""

    def __init__(self, role: Role, key: str | None, span: "RequestSpan | None") -> None:
        self._fields: dict[str, object] = {"key": key, "role": role}
        self._span = span
        self._request: Mapping[str, Any] = {}

    def sent(self, request: Mapping[str, Any]) -> None:
        """Note the body of an attempt."""
        self._request = request
        if self._span:
            self._span.sent(request)

    def answered(self, finish_reason: str | None, usage: Usage, text: str | None) -> None:
        """Note an answer, readable or not, and what it cost."""
        if self._span:
            self._span.answered(finish_reason, usage)
        if _log.isEnabledFor(logging.DEBUG):
            tell(
                _log,
                "call answered",
                logging.DEBUG,
                texts={"messages": self._request["messages"], "answer": text},
                **self._fields,
                seed=self._request.get("seed"),
                finish_reason=finish_reason,
                usage=asdict(usage),
            )

    def asked_again(self, error: BaseException, wait_s: float) -> None:
        """Note that an attempt failed, and the seconds that the client waits before the next one."""
        kind, wait_s = name_error(error), round(wait_s, 3)
        tell(
            _log,
            "call asked again",
            logging.WARNING,
            texts={"error_message": str(error)},
            **self._fields,
            error=kind,
            wait_s=wait_s,
        )
        if self._span:
            self._span.asked_again(kind, wait_s)
