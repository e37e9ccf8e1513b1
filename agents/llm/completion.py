"""Reads chat completions as servers send them: what is there is read, whatever form its server gives it.

The OpenAI protocol says more than servers keep to: token counts are null or fractions, contents are lists of parts,
ends have other names.
"""

import json
import re
from math import inf
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from agents.errors import UnreadableAnswerError, describe_invalid, shorten
from agents.llm.failures import NoCompletionError, told_by
from agents.llm.usage import Usage

_LINE_END = re.compile(r"\r\n|\r|\n")
"""What ends a line of a stream of events (html.spec.whatwg.org/multipage/server-sent-events.html), and no more."""
CUT_OFF = frozenset({"length", "max_tokens", "max_completion_tokens", "model_length", "token_limit"})
"""Reasons for the end of an answer, in lower case, that say it had no room left."""
_ENDED = frozenset(
    {"stop", "eos", "eos_token", "end", "end_turn", "end_of_text", "stop_sequence", "stop_token", "complete"}
    | {"completed", "finished", "none", "null", ""}
)
"""Reasons that say it was whole."""
SHOWN = 60
"""Characters of an answer that is no JSON which are shown."""


class Completion(NamedTuple):
    """What was answered.

    Attributes:
        text: the answer's; empty where it has none.
        finish_reason: why it ended, in the server's words.
        usage: what it cost, as far as the server tells.
        problem: what is wrong with the answer, in words, if it can be read by nobody.
    """

    text: str
    finish_reason: str | None
    usage: Usage
    problem: str | None = None

    def read(self, max_tokens: int, *, whole: bool) -> str:
        """Return the text.

        Args:
            max_tokens: of the request: an answer without a reason that is as long was cut off.
            whole: an answer that was cut off is none; else its beginning is one.

        Raises:
            UnreadableAnswerError: there is no text, or it was cut off, or ended for a reason that makes it no answer.
        """
        if self.problem:
            raise UnreadableAnswerError(self.problem)
        reason = self.finish_reason
        if reason != "stop":
            name = (reason or "").lower()
            full = name in CUT_OFF or (name in _ENDED and self.usage.completion_tokens >= max_tokens)
            if full and (whole or not self.text.strip()):
                said = "" if self.text.strip() else ", all of them thoughts: --thinking-tokens gives room for more"
                tokens = self.usage.completion_tokens or max_tokens
                raise UnreadableAnswerError(f"the answer was cut off after {tokens} tokens{said}")
            if not full and name not in _ENDED:
                raise UnreadableAnswerError(f"the answer ended with finish_reason {reason!r}")
        if not self.text.strip():
            raise UnreadableAnswerError("the answer holds no words")
        return self.text


class _Message(BaseModel):
    content: Any = None
    refusal: Any = None
    tool_calls: Any = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: Any = None


class _Body(BaseModel):
    """The part of a chat completion that is read; the rest is ignored."""

    choices: list[_Choice] = Field(min_length=1)
    usage: Any = None


def read_completion(content: bytes) -> Completion:
    """Read the body of an answer.

    Raises:
        NoCompletionError: it is something else, such as a gateway's page: the request failed on its way.
    """
    try:
        body = _Body.model_validate_json(content)
    except ValidationError:
        return _read_odd(content)
    return _read_body(body)


def _read_odd(content: bytes) -> Completion:
    """Read what is no completion at first sight: it may hold half a character, or be a malformed one."""
    text = content.decode(errors="replace").lstrip("\ufeff \t\r\n")
    try:
        loaded = _join_events(text) if text.startswith(("data:", ":", "event:")) else json.loads(text)
    except ValueError:
        shown = f"{shorten(text, SHOWN)!r}" if text.strip() else "nothing"
        raise NoCompletionError(f"the server answered no JSON but {shown}") from None
    if not isinstance(loaded, dict) or "choices" not in loaded:
        told = told_by(loaded)
        raise NoCompletionError(f"the server answered no chat completion but {shorten(told, SHOWN * 2)!r}")
    try:
        completion = _read_body(_Body.model_validate(loaded))
        # Half of a character, which JSON can hold and nothing can store.
        text = completion.text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return completion._replace(text=text)
    except ValidationError as error:
        problem = f"the answer is no chat completion: {describe_invalid(error)}"
        return Completion("", None, _read_usage(loaded.get("usage")), problem)


def _join_events(text: str) -> Any:
    """Return the completion that a stream of events tells in pieces: some servers stream whether asked or not.

    Raises:
        ValueError: it is none.
    """
    events = [line.removeprefix("data:").strip() for line in _LINE_END.split(text) if line.startswith("data:")]
    whole: dict[str, Any] = {"usage": None}
    said: list[str] = []
    reason = None
    for event in events:
        piece = json.loads(event) if event != "[DONE]" else {}
        choices = piece.get("choices") if isinstance(piece, dict) else None
        if not isinstance(choices, list):
            if piece:
                return piece
            continue
        whole["usage"] = piece.get("usage") or whole["usage"]
        for choice in choices:
            delta = choice.get("delta") if isinstance(choice, dict) else None
            if not isinstance(delta, dict):
                raise ValueError("no piece of a chat completion")
            said += [words] if isinstance(words := delta.get("content"), str) else []
            reason = choice.get("finish_reason") or reason
    # A stream that breaks off tells no end; nor does one without choices make an answer.
    if not events or reason is None:
        raise ValueError("no whole stream")
    return whole | {"choices": [{"message": {"content": "".join(said)}, "finish_reason": reason}]}


def _read_body(body: _Body) -> Completion:
    choice, usage = body.choices[0], _read_usage(body.usage)
    message, reason = choice.message, choice.finish_reason
    content = message.content
    reason = reason if reason is None or isinstance(reason, str) else str(reason)
    if not content and (problem := _other_than_text(message, (reason or "").lower())):
        return Completion("", reason, usage, problem)
    if type(content) is str:
        return Completion(content, reason, usage)
    if isinstance(content, list):
        return Completion("".join(map(_text_of, content)), reason, usage)
    if text := _text_of(content):
        return Completion(text, reason, usage)
    if content is None:
        return Completion("", reason, usage)
    return Completion("", reason, usage, f"the answer's content is {type(content).__name__}, not text")


def _other_than_text(message: _Message, reason: str) -> str | None:
    """Say what a message holds instead of a content, if it is anything; thoughts without room for more are not told."""
    if message.refusal:
        return f"the model refused: {shorten(str(message.refusal), SHOWN)!r}"
    if message.tool_calls:
        return f"the answer is a call of a tool, not text: {shorten(str(message.tool_calls), SHOWN)!r}"
    if reason not in CUT_OFF and (thoughts := message.reasoning_content or message.reasoning):
        return (
            f"the answer holds thoughts alone, no words ({shorten(str(thoughts), SHOWN)!r}): the server takes all for "
            "thought; turn its reasoning parser off"
        )
    return None


def _text_of(part: Any) -> str:
    """Return the text of a part of a content; thoughts, pictures and sounds have none."""
    if isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
        part = part.get("text")
        part = part.get("value") if isinstance(part, dict) else part
    return part if isinstance(part, str) else ""


def _read_usage(usage: Any) -> Usage:
    if not isinstance(usage, dict):
        return Usage(requests=1)
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return Usage(1, _count(prompt), _count(cached), _count(completion))


def _count(told: Any) -> int:
    """Return a count of tokens as a whole number; 0 for what is none.

    >>> _count(7), _count(7.5), _count(None), _count(float("nan"))
    (7, 8, 0, 0)
    """
    return round(told) if isinstance(told, int | float) and 0 < told < inf else 0
