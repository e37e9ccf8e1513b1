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


def told_by(body: Any) -> str:
    """Return what a server says of an error: the message in a JSON body, or the body as it is."""
    error = (body.get("error") or body) if isinstance(body, dict) else body
    return str(error.get("message") or error.get("detail") or body) if isinstance(error, dict) else str(error)


def _told(content: bytes) -> str:
    text = content.decode(errors="replace")
    try:
        return told_by(json.loads(text))
    except ValueError:
        return text


def find_status(error: BaseException | None) -> int | None:
    """Return the HTTP status that an error comes from; None where it comes from none."""
    while error is not None:
        if isinstance(error, StatusError):
            return error.status
        error = error.__cause__
    return None


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
