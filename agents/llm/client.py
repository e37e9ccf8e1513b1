"""The lean path to the engine: one model on one OpenAI-compatible server, one retry policy, usage counted.

The openai package is what is configured and finds out about the server; completions go by the lean transport. Its own
retries are off: tenacity owns them here, and is built only for a call whose first try failed.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import httpx2
import openai
import tenacity
from pydantic import BaseModel, Field, SecretStr, ValidationError

from agents.errors import EngineError, RequestError, UnreadableAnswerError, UsageError, describe_invalid, shorten
from agents.llm.observer import ObservedRequest, Observer
from agents.llm.options import RetryPolicy, normalise_base_url
from agents.llm.transport import NoAnswerError, StatusError, Transport, TransportError
from agents.llm.usage import Usage

ResultT = TypeVar("ResultT")

CHECK_TIMEOUT_S = 20.0
MAX_BACKOFF_S = 10.0
MAX_RETRY_AFTER_S = 60.0
RETRY_TEMPERATURE = 0.5
"""Greedy decoding would repeat an unreadable answer: it is asked for again at least this warm."""
_BUSY = frozenset({429, 502, 503, 504})


class NoCompletionError(TransportError):
    """What came back is no chat completion, but a gateway's page, say: the request failed on the way."""


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


def _is_retryable(error: BaseException) -> bool:
    if isinstance(error, StatusError):
        return error.status in {408, 409, 429} or error.status >= 500
    return isinstance(error, NoAnswerError | NoCompletionError | UnreadableAnswerError)


def _is_outage(error: BaseException | None) -> bool:
    """Tell whether the server is away or busy, rather than failing on this request."""
    if isinstance(error, StatusError):
        return error.status in _BUSY
    return isinstance(error, NoAnswerError)


_backoff = tenacity.wait_random_exponential(multiplier=0.25, max=MAX_BACKOFF_S)


def _wait(state: tenacity.RetryCallState) -> float:
    """Ask at once for another answer, wait as long as a busy server says, else back off with jitter."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, UnreadableAnswerError):
        return 0.0
    if isinstance(error, StatusError):
        try:
            return min(float(error.headers["retry-after"]), MAX_RETRY_AFTER_S)
        except (KeyError, ValueError):
            pass  # no such header, or one that holds a date
    return _backoff(state)


class _Trouble:
    """One call's failures since the first of them, and when they are enough.

    Unreadable answers and failures on the way are counted apart, so that the latter leave no trace in what is played.
    """

    def __init__(self, client: "ChatClient") -> None:
        self.unreadable = 0
        self.is_gone = False
        """After the last failure: the server answers nobody."""
        self._failed = 0
        self._client = client
        self._since: float | None = None
        """When the call first failed."""
        self._dark_since: float | None = None
        """When the call first failed after the last answer that the server gave anybody, as far as it has seen."""

    @property
    def dark_seconds(self) -> float:
        """Seconds for which the server has answered nobody."""
        return time.monotonic() - self._dark_since if self._dark_since else 0.0

    def is_enough(self, state: tenacity.RetryCallState) -> bool:
        """Decide after a failure whether to give up.

        A busy server is given `outage_s`, one that answers nobody `away_s`; any other failure a number of attempts.
        """
        now = time.monotonic()
        self._since = self._since or now
        is_dark = self._dark_since is not None and self._client.last_answer < self._dark_since
        # Where others were answered meanwhile, the failure is the request's own.
        is_own = self._dark_since is not None and not is_dark
        if not is_dark:
            self._dark_since = now
        error = state.outcome.exception() if state.outcome else None
        self.is_gone = not is_own and _is_outage(error)
        if isinstance(error, UnreadableAnswerError):
            self.unreadable += 1
            self._failed = 0
            return self.unreadable >= self._client.retry_policy.attempts
        busy = isinstance(error, StatusError) and error.status in _BUSY
        away = isinstance(error, NoAnswerError) and not error.timed_out
        self._client.busy_answers += busy
        if busy:
            return now - self._since >= self._client.retry_policy.outage_s
        if away and not is_own:
            return self.dark_seconds >= self._client.away_s
        self._failed += 1
        return self._failed >= self._client.retry_policy.attempts


class ChatClient:
    """One model on one server, with a shared connection pool; `usage` counts all its answers.

    `busy_answers` counts those by which the server turned a request away for the moment. `away_s` is how long it may
    answer nobody before it is gone: the retry policy's `outage_s`, unless there is another server to turn to.
    `observer` watches the requests, if any does.

    Use it with `async with`, and `check` it before the first call. Without a `model`, the server's only one is taken.
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
            seed_of: the seed after so many unreadable answers; a request that only failed on the way is repeated as
                it was, so that such failures leave no trace in what is played.
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
        trouble = _Trouble(self)
        failed: TransportError | UnreadableAnswerError | None = None

        async def attempt() -> ResultT:
            nonlocal failed
            if failed:
                # The loop begins behind the first try.
                error, failed = failed, None
                raise error
            warmth = max(temperature, RETRY_TEMPERATURE) if trouble.unreadable else temperature
            request = {"model": self.model, **body, "temperature": warmth, "seed": seed_of(trouble.unreadable)}
            if observed:
                observed.sent(request)
            content = await self._transport.post(
                "chat/completions", request, {"X-Session-ID": session} if session else None
            )
            return self._read(content, parse, count, observed)

        try:
            try:
                return await attempt()
            except (TransportError, UnreadableAnswerError) as error:
                failed = error
            retrying = tenacity.AsyncRetrying(
                retry=tenacity.retry_if_exception(_is_retryable),
                wait=_wait,
                stop=trouble.is_enough,
                before_sleep=observed.asked_again if observed else None,
                reraise=True,
            )
            return await retrying(attempt)
        except TransportError as error:
            if trouble.is_gone:
                seconds = trouble.dark_seconds
                raise EngineError(f"{self.base_url} gave no answer for {seconds:.0f} s ({error})") from error
            raise RequestError(str(error)) from error

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
