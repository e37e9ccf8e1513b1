"""The requests that roles make: say, choose and fill, on behalf of one dialogue."""

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, create_model
from pydantic_core import from_json, to_json

from agents.errors import RequestError
from agents.llm.client import ChatClient
from agents.llm.dialect import bare_json, demand
from agents.llm.request import Message, Sampling
from agents.llm.retry import ResultT
from agents.llm.usage import Role, Usage

AnswerT = TypeVar("AnswerT", bound=BaseModel)

CHOICE_TOKENS = 16
"""Number of tokens that is enough for any option and the JSON around it; a constrained choice stops by itself."""
TRIAL_TOKENS = 64
"""Number of tokens that is enough to see what an answer is."""
_FIRST_KEY = re.compile(r'\s*(?:```(?:json)?\s*)?\{\s*"(\w+)"', re.IGNORECASE)
"""The first key of a JSON object, of which no more may be there than that."""


class Kind(NamedTuple):
    """A kind of request that a run makes: who asks, how the answers are drawn, and what they are.

    That is speech where `answer` is None, else one of some options, or an instance of a type.
    """

    role: Role
    sampling: Sampling
    answer: type[BaseModel] | tuple[str, ...] | None


@lru_cache(maxsize=256)
def _option_type(options: tuple[str, ...]) -> Any:
    """Return the type of a JSON answer that names one of `options`, for servers without a choice of their own."""
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

        return await self._ask(role, messages, self._speech_form(stop, max_tokens), parse)

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
        if self._client.dialect.choice == "schema":
            option_type = _option_type(tuple(options))
            return str((await self.fill(role, messages, option_type, max_tokens=CHOICE_TOKENS)).choice)

        def parse(text: str) -> str:
            choice = text.strip()
            if choice not in options:
                raise ValueError(f"{text!r} is none of {', '.join(options)}")
            return choice

        return await self._ask(role, messages, self._choice_form(options), parse)

    async def fill(
        self,
        role: Role,
        messages: Sequence[Message],
        answer_type: type[AnswerT],
        *,
        max_tokens: int,
        temperature: float | None = None,
        check: Callable[[AnswerT], None] | None = None,
        whole: bool = True,
    ) -> AnswerT:
        """Return an instance of `answer_type`, by a JSON schema that constrains the decoding.

        Args:
            role: who asks; what the answer costs is counted for it.
            messages: the request's.
            answer_type: a pydantic model.
            max_tokens: longest answer, in tokens, thinking not counted.
            temperature: instead of the dialogue's.
            check: raises ValueError on an answer that says what it must not: it is sent back like an unreadable one.
            whole: an answer that was cut off is none; else it is one with its last text as far as that came.

        Raises:
            UnreadableAnswerError: every answer was cut off, invalid or sent back.
            RequestError, EngineError: see `ChatClient.ask`.
        """

        def parse(text: str) -> AnswerT:
            found = bare_json(text)
            answer = answer_type.model_validate_json(found if whole else _completed(found))
            if check:
                check(answer)
            return answer

        messages, form = self._demand(messages, answer_type, max_tokens)
        if temperature is not None:
            form["temperature"] = temperature
        return await self._ask(role, messages, form, parse, whole=whole)

    async def try_out(self, kind: Kind, messages: Sequence[Message]) -> None:
        """Make a request of a kind as it is made in earnest, and look at the beginning of its answer.

        The messages are not to tell the model in what form to answer: then the answer shows whether the server did.

        Raises:
            UnreadableAnswerError: no answer was in the demanded form; of a structured one only the first key counts,
                for what values a model gives is not the server's matter.
            RequestError, EngineError: see `ChatClient.ask`.
        """
        if isinstance(kind.answer, tuple) and self._client.dialect.choice != "schema":
            await self.choose(kind.role, messages, kind.answer)
            return
        if kind.answer is None:
            await self._ask(kind.role, messages, self._speech_form((".\n",), TRIAL_TOKENS), str.strip, whole=False)
            return
        answer_type = _option_type(kind.answer) if isinstance(kind.answer, tuple) else kind.answer

        def parse(text: str) -> None:
            found = _FIRST_KEY.match(text.rpartition("</think>")[2])
            if not found or found[1] not in answer_type.model_fields:
                raise ValueError(f"the answer is not in the demanded form: it begins with {text[:TRIAL_TOKENS]!r}")

        messages, form = self._demand(messages, answer_type, TRIAL_TOKENS)
        await self._ask(kind.role, messages, form, parse, whole=False)

    def _speech_form(self, stop: Sequence[str], max_tokens: int) -> dict[str, Any]:
        if self._client.dialect.vllm and not self._sampling.thinking_tokens:
            return {"max_tokens": max_tokens, "stop": list(stop), "include_stop_str_in_output": True}
        return {"max_tokens": max_tokens}

    def _choice_form(self, options: Sequence[str]) -> dict[str, Any]:
        if self._client.dialect.choice == "guided_choice":
            return {"guided_choice": list(options), "max_tokens": CHOICE_TOKENS}
        return {"structured_outputs": {"choice": list(options)}, "max_tokens": CHOICE_TOKENS}

    def _demand(
        self, messages: Sequence[Message], answer_type: type[BaseModel], max_tokens: int
    ) -> tuple[Sequence[Message], dict[str, Any]]:
        """Return messages and fields that ask for an answer of a type."""
        demanded = demand(answer_type, self._client.dialect.schemas)
        if demanded.told:
            *others, last = messages
            messages = [*others, {"role": last["role"], "content": last["content"] + demanded.told}]
        return messages, demanded.form | {"max_tokens": max_tokens + demanded.room}

    async def _ask(
        self,
        role: Role,
        messages: Sequence[Message],
        form: dict[str, Any],
        parse: Callable[[str], ResultT],
        *,
        whole: bool = True,
    ) -> ResultT:
        self._requests += 1
        number = self._requests
        sampling = self._sampling
        body = {"messages": messages, "temperature": sampling.temperature, "top_p": sampling.top_p, **form}
        if sampling.thinking_tokens:
            body["max_tokens"] += sampling.thinking_tokens
        elif self._client.dialect.vllm:
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
                        body, parse, seed_of=seed_of, count=count, session=session, observed=observed, whole=whole
                    )
            return await self._client.ask(body, parse, seed_of=seed_of, count=count, session=session, whole=whole)
        except RequestError as error:
            raise type(error)(f"{role}, request {number}: {error}") from error


def _completed(text: str) -> str:
    """Return JSON that may have been cut off, its last string ended where it was; what is no JSON as it is."""
    try:
        return to_json(from_json(text, allow_partial="trailing-strings")).decode()
    except ValueError:
        return text


def derive_seed(*parts: object) -> int:
    """Return a 31-bit seed that depends on all `parts`, the same on every machine.

    >>> derive_seed(7, "a") == derive_seed(7, "a") != derive_seed(7, "b")
    True
    """
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) >> 1
