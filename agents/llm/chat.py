"""The requests that roles make: say, choose and fill, on behalf of one dialogue."""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, create_model

from agents.errors import RequestError
from agents.llm.client import ChatClient
from agents.llm.request import Message, Sampling
from agents.llm.retry import ResultT
from agents.llm.usage import Role, Usage

AnswerT = TypeVar("AnswerT", bound=BaseModel)

CHOICE_TOKENS = 16
"""Number of tokens that is enough for any option and the JSON around it; a constrained choice stops by itself."""


@lru_cache(maxsize=256)
def _json_format(answer_type: type[BaseModel]) -> dict[str, Any]:
    """Return the wire form of a type: a JSON schema without free keys, its properties in the order declared."""
    schema = answer_type.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        part["additionalProperties"] = False
    json_schema = {"name": answer_type.__name__, "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": json_schema}}


@lru_cache(maxsize=256)
def _option_type(options: tuple[str, ...]) -> Any:
    """Return the type of a JSON answer that names one of `options`, for servers without vLLM's `choice`."""
    choice: Any = Literal[options]
    return create_model("Choice", choice=(choice, ...))


class Chat:
    """The requests of one dialogue to one model: seeds follow from the dialogue's seed, usage is counted by role.

    Requests of a dialogue are made one after the other, so request k of a dialogue always gets the same seed. `session`
    is the dialogue's key, for routers that keep a dialogue on one server.
    """

    def __init__(self, client: ChatClient, sampling: Sampling, seed: int, session: str | None = None) -> None:
        self.usage: dict[Role, Usage] = {}
        self._client = client
        self._sampling = sampling
        self._seed = seed
        self._session = session
        self._requests = 0

    async def say(
        self,
        role: Role,
        messages: Sequence[Message],
        *,
        clean: Callable[[str], str],
        stop: Sequence[str],
        max_tokens: int,
    ) -> str:
        """Return the answer's text after `clean`.

        Args:
            role: who asks; what the answer costs is counted for it.
            messages: the request's.
            clean: returns the speech in an answer's text.
            stop: texts behind which an answer ends, at most four. vLLM leaves them in; other servers would leave them
                out, and words of a thinking model's thoughts would set them off: they are not told.
            max_tokens: longest answer, in tokens, thinking not counted.

        Raises:
            UnreadableAnswerError: every answer was empty or cut off.
            RequestError, EngineError: see `ChatClient.ask`.
        """

        def parse(text: str) -> str:
            speech = clean(text)
            if not speech:
                raise ValueError("the answer holds no words")
            return speech

        form: dict[str, Any] = {"max_tokens": max_tokens}
        if self._client.is_vllm and not self._sampling.thinking_tokens:
            form |= {"stop": list(stop), "include_stop_str_in_output": True}
        return await self._ask(role, messages, form, parse)

    async def choose(self, role: Role, messages: Sequence[Message], options: Sequence[str]) -> str:
        """Return one of `options`, by constrained decoding.

        Args:
            role: who asks; what the answer costs is counted for it.
            messages: the request's.
            options: what to choose from.

        Raises:
            UnreadableAnswerError: every answer was something else.
            RequestError, EngineError: see `ChatClient.ask`.
        """
        if not self._client.is_vllm:
            option_type = _option_type(tuple(options))
            return str((await self.fill(role, messages, option_type, max_tokens=CHOICE_TOKENS)).choice)

        def parse(text: str) -> str:
            if text not in options:
                raise ValueError(f"{text!r} is none of {', '.join(options)}")
            return text

        form = {"structured_outputs": {"choice": list(options)}, "max_tokens": CHOICE_TOKENS}
        return await self._ask(role, messages, form, parse)

    async def fill(
        self,
        role: Role,
        messages: Sequence[Message],
        answer_type: type[AnswerT],
        *,
        max_tokens: int,
        temperature: float | None = None,
        check: Callable[[AnswerT], None] | None = None,
    ) -> AnswerT:
        """Return an instance of `answer_type`, by a JSON schema that constrains the decoding.

        Args:
            role: who asks; what the answer costs is counted for it.
            messages: the request's.
            answer_type: a pydantic model.
            max_tokens: longest answer, in tokens, thinking not counted.
            temperature: instead of the dialogue's.
            check: raises ValueError on an answer that says what it must not: it is sent back like an unreadable one.

        Raises:
            UnreadableAnswerError: every answer was cut off, invalid or sent back.
            RequestError, EngineError: see `ChatClient.ask`.
        """

        def parse(text: str) -> AnswerT:
            answer = answer_type.model_validate_json(text)
            if check:
                check(answer)
            return answer

        form = _json_format(answer_type) | {"max_tokens": max_tokens}
        if temperature is not None:
            form["temperature"] = temperature
        return await self._ask(role, messages, form, parse)

    async def _ask(
        self, role: Role, messages: Sequence[Message], form: dict[str, Any], parse: Callable[[str], ResultT]
    ) -> ResultT:
        self._requests += 1
        number = self._requests
        sampling = self._sampling
        body = {"messages": messages, "temperature": sampling.temperature, "top_p": sampling.top_p, **form}
        if sampling.thinking_tokens:
            body["max_tokens"] += sampling.thinking_tokens
        elif self._client.is_vllm:
            body["chat_template_kwargs"] = {"enable_thinking": False}

        def count(usage: Usage) -> None:
            self.usage[role] = self.usage.get(role, Usage()) + usage

        def seed_of(unreadable: int) -> int:
            return derive_seed(self._seed, number, unreadable)

        session = self._session
        try:
            if observer := self._client.observer:
                with observer.request(role, session, self._client.endpoint) as observed:
                    return await self._client.ask(
                        body, parse, seed_of=seed_of, count=count, session=session, observed=observed
                    )
            return await self._client.ask(body, parse, seed_of=seed_of, count=count, session=session)
        except RequestError as error:
            raise type(error)(f"{role}, request {number}: {error}") from error


def derive_seed(*parts: object) -> int:
    """Return a 31-bit seed that depends on all `parts`, the same on every machine.

    >>> derive_seed(7, "a") == derive_seed(7, "a") != derive_seed(7, "b")
    True
    """
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) >> 1
