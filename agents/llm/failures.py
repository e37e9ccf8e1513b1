"""How a request can fail on its way, and what kind of failure an error is."""

import json
from collections.abc import Mapping
from typing import Any

from agents.errors import UnreadableAnswerError, shorten


class TransportError(Exception):
    """A request that came to no answer of use. The message says in one line what it met."""


class StatusError(TransportError):
    """The server answered with an error's status."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str], content: bytes) -> None:
        super().__init__(f"HTTP {status}: {shorten(_told(content) or reason)}")
        self.status = status
        self.headers = headers


class NoAnswerError(TransportError):
    """No answer came, or only a part of one. `timed_out`: the server was there but took too long."""

    def __init__(self, cause: BaseException) -> None:
        self.timed_out = isinstance(cause, TimeoutError)
        super().__init__("no answer in time" if self.timed_out else shorten(str(cause)) or type(cause).__name__)


class NoCompletionError(TransportError):
    """What came back is no chat completion, but a gateway's page, say: the request failed on the way."""


def _told(content: bytes) -> str:
    """Return what a server's error says: the message in its JSON, or the text as it is."""
    text = content.decode(errors="replace")
    try:
        body: Any = json.loads(text)
    except ValueError:
        return text
    error = body.get("error", body) if isinstance(body, dict) else body
    return str(error.get("message") or text) if isinstance(error, dict) else str(error)


def name_error(error: BaseException | None) -> str:
    """Return what kind of error ended a request or an attempt, without anything that its message may quote.

    That is an HTTP status, "no answer", "timeout", "unreadable" or the name of a class; where the error was raised from
    another one, it is the kind of the innermost that tells one.

    >>> name_error(UnreadableAnswerError("'Sure!' is none of PS, PR")), name_error(NoAnswerError(TimeoutError()))
    ('unreadable', 'timeout')
    """
    found, kind = error, type(error).__name__
    while found is not None:
        if isinstance(found, StatusError):
            return str(found.status)
        if isinstance(found, NoAnswerError):
            return "timeout" if found.timed_out else "no answer"
        if isinstance(found, UnreadableAnswerError):
            kind = "unreadable"
        found = found.__cause__
    return kind
