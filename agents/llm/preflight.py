"""The preflight: before a run, a server gets one request of each kind, and what it lacks is worked around if it can be.

What is asked for has little to do with calls, and nothing in its words tells the form of the answer. So the answer
shows whether the server heeds the form that is demanded: one that does not know a field may just as well ignore it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agents.errors import RequestError, UnreadableAnswerError, UsageError
from agents.llm.chat import Chat, Kind, derive_seed
from agents.llm.client import KEY_STATUSES, ChatClient
from agents.llm.dialect import Choice, Dialect, Schemas
from agents.llm.failures import find_status
from agents.llm.request import Message

HELLO: Sequence[Message] = (
    {"role": "system", "content": "You are on the phone."},
    {"role": "user", "content": "Say hello."},
)
"""What is said in all requests of a preflight."""
UNPAID, NOT_FOUND = 402, 404
"""Statuses that no other wording changes; gateways say 404 also where no model of theirs takes some field."""

_NAMED: Mapping[str, re.Pattern[str]] = {
    "length": re.compile(r"max_(completion_)?tokens"),
    "seed": re.compile(r"\bseed\b"),
    "temperature": re.compile(r"\btemperature\b"),
    "top_p": re.compile(r"\btop_p\b"),
    "stop": re.compile(r"include_stop_str_in_output|\bstop\b"),
    "chat_template_kwargs": re.compile(r"chat_template|enable_thinking"),
    "thinking_off": re.compile(r"enable_thinking"),
    "system": re.compile(r"\bsystem\b|\brole", re.IGNORECASE),
}
"""What can be changed about the fields of a request, and how a server's refusal names it."""
_VLLM_ALONE = frozenset({"stop", "chat_template_kwargs"})
_CHOICES: Sequence[Choice] = ("structured_outputs", "guided_choice")
_SCHEMAS: Sequence[Schemas] = ("full", "plain", "guided_json", "json", "text")


class Kinds(NamedTuple):
    """The kinds of requests that a run makes of the playing model, and of the judging one."""

    play: Sequence[Kind] = ()
    judge: Sequence[Kind] = ()


async def find_dialect(client: ChatClient, kinds: Sequence[Kind]) -> None:
    """Settle the dialect of a server that has been checked, by requests of all kinds, a few words each.

    What the user holds fixed of it stays. Requests go by the retry policy, like all.

    Args:
        client: of the server.
        kinds: what the run asks of it.

    Raises:
        UsageError: the server cannot be used by the run: it refuses the key, or answers some kind of request in no way.
        EngineError: it is gone.
    """
    for sampling in dict.fromkeys(kind.sampling for kind in kinds):
        chat = Chat(client, sampling, derive_seed("preflight"))
        await _Preflight(client, chat, [kind for kind in kinds if kind.sampling == sampling]).run()
    if kinds and not client.usage.total_tokens:
        client.remarks.append("it counts no tokens, so that budgets and costs see nothing of it")


class _Preflight:
    """The requests to one server by one chat."""

    def __init__(self, client: ChatClient, chat: Chat, kinds: Sequence[Kind]) -> None:
        self._client = client
        self._chat = chat
        self._kinds = kinds
        self._held = client.held.model_fields_set

    async def run(self) -> None:
        await self._settle_fields()
        options = [kind for kind in self._kinds if isinstance(kind.answer, tuple)]
        await self._settle_choice(options)
        structured = [kind for kind in self._kinds if isinstance(kind.answer, type)]
        await self._settle_schemas([*structured, *(options if self._client.dialect.choice == "schema" else ())])

    async def _settle_fields(self) -> None:
        """Find out, by a request for speech, which fields the server takes."""
        speech = Kind(self._kinds[0].role, self._kinds[0].sampling, None)
        first = await self._try(speech)
        if first is None:
            return
        if isinstance(first, UnreadableAnswerError) or find_status(first) == NOT_FOUND:
            raise self._refuse(first)
        before, error, left = self._client.dialect, first, self._changeable()
        # As a rule a refusal names what it is about; the next one may name something else.
        while name := next((name for name in left if _NAMED[name].search(str(error))), None):
            left.remove(name)
            self._change(name)
            if (refusal := await self._try(speech)) is None:
                return
            error = refusal
        self._client.dialect = before
        # What no server has to know is sent only to one that names it.
        everything = [name for name in self._changeable() if name != "thinking_off"]
        for names in [*([name] for name in everything), everything]:
            if await self._try_changes(before, names, speech):
                break
        else:
            raise self._refuse(first)
        needed = list(names)
        for name in names if len(names) > 1 else ():
            if await self._try_changes(before, [other for other in needed if other != name], speech):
                needed.remove(name)
        await self._try_changes(before, needed, speech)

    async def _try_changes(self, before: Dialect, names: Sequence[str], kind: Kind) -> bool:
        """Tell whether a kind is answered with these changes to a dialect, and no others."""
        self._client.dialect = before
        for name in names:
            self._change(name)
        return await self._try(kind) is None

    async def _settle_choice(self, options: Sequence[Kind]) -> None:
        """Find out how one of several options is asked for."""
        if not options or self._client.dialect.choice == "schema":
            return
        known = self._client.dialect.choice
        if "choice" in self._held:
            if error := await self._try(*options):
                raise self._refuse(error)
            return
        for way in _CHOICES[_CHOICES.index(known) :]:
            self._update(choice=way)
            if await self._try(*options) is None:
                return
        self._update(choice="schema")

    async def _settle_schemas(self, kinds: Sequence[Kind]) -> None:
        """Find out how structured answers are asked for."""
        if not kinds:
            return
        known = self._client.dialect.schemas
        if "schemas" in self._held:
            ways: Sequence[Schemas] = [known]
        else:
            # What has been found out by one chat, the next one goes on from.
            ways = [
                way for way in _SCHEMAS[_SCHEMAS.index(known) :] if way != "guided_json" or self._client.dialect.vllm
            ]
        errors = []
        for way in ways:
            self._update(schemas=way)
            if (error := await self._try(*kinds)) is None:
                return
            errors.append(error)
        raise self._refuse(errors[-1])

    async def _try(self, *kinds: Kind) -> RequestError | None:
        """Return what the first of these kinds fails by that does; None where all are answered.

        Raises:
            UsageError: the server refuses the key, or to work unpaid.
            EngineError: it is gone.
        """
        try:
            for kind in kinds:
                await self._chat.try_out(kind, HELLO)
        except RequestError as error:
            if find_status(error) in KEY_STATUSES:
                raise self._client.refuse_key(error) from None
            if find_status(error) == UNPAID:
                raise self._refuse(error) from None
            return error
        return None

    def _changeable(self) -> list[str]:
        """Return what is changed about the fields of a request, if need be: what is sent and not held fixed."""
        dialect = self._client.dialect
        names = [name for name in _NAMED if dialect.vllm or name not in _VLLM_ALONE]
        if "thinking_off" in self._held or dialect.thinking_off or dialect.vllm:
            names.remove("thinking_off")
        if "length" in self._held or dialect.length != "max_tokens":
            names.remove("length")
        if "omits" in self._held:
            return [name for name in names if name in ("length", "thinking_off")]
        return [name for name in names if name not in dialect.omits]

    def _change(self, name: str) -> None:
        if name == "length":
            self._update(length="max_completion_tokens")
        elif name == "thinking_off":
            self._update(thinking_off=True)
        else:
            self._update(omits=(*self._client.dialect.omits, name))

    def _update(self, **fields: Any) -> None:
        self._client.dialect = Dialect.model_validate(self._client.dialect.model_dump() | fields)

    def _refuse(self, error: RequestError) -> UsageError:
        return UsageError(
            f"{self._client.base_url} cannot play this: asked for a word, {self._client.model} gave no usable answer "
            f"({error}); nothing was spent but that"
        )
