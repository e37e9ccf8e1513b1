"""The lean path to the engine: one model on one OpenAI-compatible server, its answers read and their usage counted.

The openai package is what is configured and finds out about the server; completions go by the lean transport. Its own
retries are off: `agents/llm/retry.py` owns them.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2
import openai
from pydantic import BaseModel, Field, SecretStr, ValidationError

from agents.errors import UnreadableAnswerError, UsageError, describe_invalid, shorten
from agents.llm.endpoint import Endpoint, normalise_base_url
from agents.llm.failures import NoCompletionError
from agents.llm.observer import ObservedRequest, Observer
from agents.llm.retry import ResultT, RetryPolicy, try_until_answered
from agents.llm.transport import Transport
from agents.llm.usage import Usage

CHECK_TIMEOUT_S = 20.0
"""Seconds that a server may take to say which models it has."""
RETRY_TEMPERATURE = 0.5
"""Greedy decoding would repeat an unreadable answer: it is asked for again at least this warm."""


class _TokenDetails(BaseModel):
    cached_tokens: int | None = None


class _TokenCounts(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _TokenDetails | None = None


class _AnswerMessage(BaseModel):
    content: str | None = None


class _AnswerChoice(BaseModel):
    message: _AnswerMessage
    finish_reason: str | None = None


class _Completion(BaseModel):
    """The part of a chat completion that is read; the rest of the body is ignored."""

    choices: list[_AnswerChoice] = Field(min_length=1)
    usage: _TokenCounts = _TokenCounts()


class _ServedModel(BaseModel):
    id: str
    owned_by: str | None = None


class _ModelList(BaseModel):
    data: list[_ServedModel]


def _describe(error: openai.APIError) -> str:
    """Say in one line what a question about the server met."""
    if isinstance(error, openai.APIStatusError):
        told = error.body.get("message") if isinstance(error.body, dict) else error.response.text
        return f"HTTP {error.status_code}: {shorten(str(told or error.response.reason_phrase))}"
    if isinstance(error, openai.APITimeoutError):
        return "no answer in time"
    cause: BaseException = error
    while cause.__cause__:
        cause = cause.__cause__
    return shorten(str(cause)) or type(cause).__name__


class ChatClient:
    """One model on one server, with a shared connection pool. It is what the retry policy knows of the server.

    Use it with `async with`, and `check` it before the first request.

    Attributes:
        base_url: of the server, as `normalise_base_url` gives it.
        model: its name; empty until `check` has found the server's only one.
        is_vllm: the server speaks vLLM's dialect; False until `check` has found out.
        usage: what all answers cost.
        busy_answers: number of answers by which the server turned a request away for the moment.
        observer: watches the requests, if any does.
        retry_policy: how long and how often to try.
        away_s: seconds for which the server may answer nobody before it is gone.
        last_answer: when it last answered, on the monotonic clock.
    """

    def __init__(
        self,
        base_url: str,
        model: str | None,
        *,
        api_key: SecretStr | None = None,
        retry_policy: RetryPolicy | None = None,
        connections: int = 256,
        away_s: float | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Make a client.

        Args:
            base_url: of the server.
            model: a model of the server; its only one by default.
            api_key: the server's key, if it asks for one.
            retry_policy: how long and how often to try.
            connections: number of connections to the server at most.
            away_s: seconds for which the server may answer nobody, at most the policy's `outage_s`, which is the
                default: fewer where there is another server to turn to.
            observer: watches the requests.

        Raises:
            UsageError: the base URL is none.
        """
        self.base_url = normalise_base_url(base_url)
        self.model = model or ""
        self.is_vllm = False
        self.usage = Usage()
        self.busy_answers = 0
        self.observer = observer
        self.retry_policy = retry_policy or RetryPolicy()
        self.away_s = self.retry_policy.outage_s if away_s is None else min(away_s, self.retry_policy.outage_s)
        self.last_answer = time.monotonic()
        self._openai = openai.AsyncOpenAI(
            base_url=self.base_url,
            api_key=api_key.get_secret_value() if api_key else "none",
            max_retries=0,
        )
        self._transport = Transport(
            self._openai, connections=connections, timeout_s=self.retry_policy.request_timeout_s
        )

    async def __aenter__(self) -> "ChatClient":
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.__aexit__()
        await self._openai.close()

    @property
    def endpoint(self) -> Endpoint:
        """The model and where it is served, as far as it is known yet."""
        return Endpoint(self.base_url, self.model, self.is_vllm)

    async def check(self) -> None:
        """Find out whether the server is there and serves the model, and whether it speaks vLLM's dialect.

        Raises:
            UsageError: no OpenAI-compatible server there, or one without the model; says what it answered or has.
        """
        try:
            response = await self._openai.get("/models", cast_to=httpx2.Response, options={"timeout": CHECK_TIMEOUT_S})
            served = _ModelList.model_validate_json(response.content).data
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise UsageError(
                f"{self.base_url} refuses the key ({_describe(error)}); set ROLECS_API_KEY (for a judge of its own: "
                "ROLECS_JUDGE_API_KEY)"
            ) from None
        except openai.APIError as error:
            raise UsageError(f"no model server at {self.base_url}: {_describe(error)}") from None
        except ValidationError:
            raise UsageError(
                f"{self.base_url} is no OpenAI-compatible server: /models answered {shorten(response.text, 120)!r}"
            ) from None
        names = [model.id for model in served]
        if not self.model and len(names) == 1:
            self.model = names[0]
        if self.model not in names:
            problem = f"has no model {self.model!r}" if self.model else "has several models, name one with --model"
            raise UsageError(f"{self.base_url} {problem}; it has: {', '.join(names) or 'none'}")
        self.is_vllm = any(model.owned_by == "vllm" for model in served)

    async def ask(
        self,
        body: dict[str, Any],
        parse: Callable[[str], ResultT],
        *,
        seed_of: Callable[[int], int],
        count: Callable[[Usage], None],
        session: str | None = None,
        observed: ObservedRequest | None = None,
    ) -> ResultT:
        """Send a chat completion until its answer can be parsed or the retry policy gives up.

        Args:
            body: the request but for model and seed; its temperature is raised after an unreadable answer.
            parse: turns the answer's text into the result; raises ValueError when it is not in the demanded form.
            seed_of: returns the seed, given the number of answers so far that could not be read.
            count: is told what each answer cost, readable or not.
            session: what the request belongs to, the same for all requests of a dialogue; goes into the header
                `X-Session-ID`, by which routers keep a dialogue on one server.
            observed: is told what becomes of each attempt.

        Raises:
            UnreadableAnswerError: every answer was cut off, empty or not in the demanded form.
            RequestError: the server refused the request, or failed on it however often it was asked.
            EngineError: the server answered nobody for longer than the retry policy allows.
        """
        temperature = body["temperature"]

        async def attempt(unreadable: int) -> ResultT:
            warmth = max(temperature, RETRY_TEMPERATURE) if unreadable else temperature
            request = {"model": self.model, **body, "temperature": warmth, "seed": seed_of(unreadable)}
            if observed:
                observed.sent(request)
            headers = {"X-Session-ID": session} if session else None
            content = await self._transport.post("chat/completions", request, headers)
            return self._read(content, parse, count, observed)

        return await try_until_answered(self, attempt, observed.asked_again if observed else None)

    def _read(
        self,
        content: bytes,
        parse: Callable[[str], ResultT],
        count: Callable[[Usage], None],
        observed: ObservedRequest | None,
    ) -> ResultT:
        """Count what an answer cost, and parse it."""
        try:
            completion = _Completion.model_validate_json(content)
        except ValidationError:
            shown = shorten(content.decode(errors="replace"), 120)
            raise NoCompletionError(f"the server answered no chat completion but {shown!r}") from None
        self.last_answer = time.monotonic()
        counts = completion.usage
        details = counts.prompt_tokens_details
        usage = Usage(
            requests=1,
            prompt_tokens=counts.prompt_tokens,
            cached_tokens=(details.cached_tokens or 0) if details else 0,
            completion_tokens=counts.completion_tokens,
        )
        self.usage += usage
        count(usage)
        answer = completion.choices[0]
        if observed:
            observed.answered(answer.finish_reason, usage, answer.message.content)
        if answer.finish_reason == "length":
            raise UnreadableAnswerError(f"the answer was cut off after {counts.completion_tokens} tokens")
        if answer.finish_reason != "stop":
            raise UnreadableAnswerError(f"the answer ended with finish_reason {answer.finish_reason!r}")
        try:
            return parse(answer.message.content or "")
        except ValidationError as error:
            raise UnreadableAnswerError(f"the answer is not in the demanded form: {describe_invalid(error)}") from None
        except ValueError as error:
            raise UnreadableAnswerError(str(error)) from None


class Clients(NamedTuple):
    """The model that plays and the one that judges; often the same."""

    play: ChatClient
    judge: ChatClient
