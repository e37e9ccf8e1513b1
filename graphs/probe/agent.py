"""What a live agent is to a probe: somebody who is called, answers turn by turn, and may fail to."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

from agents.errors import RolecsError, shorten
from agents.llm.request import Message
from agents.reading import parse_json
from graphs.probe.spec import JsonPath, look_up
from outputs.runs.probe import FailureKind

MAX_ANSWER = 1 << 20
"""Bytes of an answer that are read; a longer one is a failure."""
MAX_REPLY = 4000
"""Characters that a reply may have: what is longer would fill the customer's and the judge's context."""
SHOWN = 200
"""Characters of what an agent sent that a failure quotes."""


class Reply(NamedTuple):
    """What an agent said, the seconds that it took, and whether it ended the call with it."""

    text: str
    seconds: float
    ends_call: bool = False


class AgentError(RolecsError):
    """An agent did not answer a turn; `may_pass` says that it has not taken the turn in, and may be asked again.

    `retry_after` is the header of that name, if there was one.
    """

    def __init__(
        self, kind: FailureKind, detail: str, *, may_pass: bool = False, retry_after: str | None = None
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.may_pass = may_pass
        self.retry_after = retry_after


class Conversation(Protocol):
    """One call to an agent."""

    async def send(self, messages: Sequence[Message]) -> Reply:
        """Send the customer's last turn and return the agent's next one.

        Args:
            messages: the whole call from the agent's side: its own turns are the assistant's, the customer's the
                user's, of which the last one is new.

        Raises:
            AgentError: there was no answer to be used.
        """


class Agent(Protocol):
    """Somebody's agent."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def call(self, key: str) -> AbstractAsyncContextManager[Conversation]:
        """Begin a call; `key` tells it from all others."""


def parse_answer(content: bytes) -> Any:
    """Return the JSON value that an agent answered with.

    Raises:
        AgentError: it is none.
    """
    try:
        return parse_json(content.decode())
    except ValueError as error:
        shown = shorten(content[: 4 * SHOWN].decode(errors="replace"), SHOWN)
        raise AgentError("not-json", f"{shorten(str(error), 80)}; it begins with {shown!r}") from None


def read_reply(answer: Any, path: JsonPath) -> str:
    """Return the text at a place of an answer.

    Raises:
        AgentError: there is none, it has no words, or more than `MAX_REPLY` characters.
    """
    text = look_up(answer, path)
    if not isinstance(text, str):
        held = shorten(repr(answer)[: 4 * SHOWN], SHOWN)
        raise AgentError("no-reply", f"no text at {'.'.join(map(str, path))} of {held}")
    # Half of a surrogate pair, which JSON can escape, is no text that can be stored or sent on.
    text = text.encode(errors="replace").decode().strip()
    if not text:
        raise AgentError("empty", "the reply has no words")
    if len(text) > MAX_REPLY:
        raise AgentError("too-long", f"{len(text):,} characters, beginning with {shorten(text[: 4 * SHOWN], SHOWN)!r}")
    return text
