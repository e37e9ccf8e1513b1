"""The lean path to the engine: one model on one OpenAI-compatible server, its answers read and their usage counted.

The openai package is what is configured and lists the server's models; completions go by the lean transport. Its own
retries are off: `agents/llm/retry.py` owns them.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpx2
import openai
from pydantic import SecretStr, ValidationError

from agents.errors import UnreadableAnswerError, UsageError, describe_invalid, shorten
from agents.llm.completion import read_completion
from agents.llm.dialect import Dialect, begin_dialect
from agents.llm.endpoint import Endpoint, normalise_base_url
from agents.llm.failures import StatusError, TransportError
from agents.llm.observer import ObservedRequest, Observer
from agents.llm.retry import ResultT, RetryPolicy, try_until_answered
from agents.llm.transport import Transport, http_client
from agents.llm.usage import Usage

CHECK_TIMEOUT_S = 20.0
"""Seconds that a server may take to say which models it has."""
RETRY_TEMPERATURE = 0.5
"""Greedy decoding would repeat an unreadable answer: it is asked for again at least this warm."""
KEY_STATUSES = frozenset({401, 403})
"""Statuses by which a server refuses a key."""


class _Served(NamedTuple):
    """The models that a server lists, their names with all aliases, and whether it calls itself vLLM."""

    models: list[str]
    names: list[str]
    is_vllm: bool


def _read_models(content: bytes) -> _Served | None:
    """Return what a list of models says, as servers write it: objects or names, in an object or bare; None for none."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    if isinstance(body, dict) and ("data" in body or "models" in body):
        body = body.get("data") or body.get("models") or []
    if not isinstance(body, list):
        return None
    models: list[str] = []
    aliases: list[str] = []
    is_vllm = False
    for listed in body:
        model = listed if isinstance(listed, dict) else {"id": listed}
        name, others = model.get("id") or model.get("name"), model.get("aliases")
        if isinstance(name, str):
            models.append(name)
            aliases += [alias for alias in others if isinstance(alias, str)] if isinstance(others, list) else []
            is_vllm |= model.get("owned_by") == "vllm"
    return _Served(models, [*models, *aliases], is_vllm) if models or not body else None


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
        held: what is not to be found out about the server's dialect, but fixed: the fields that are set.
        dialect: how requests are worded; the usual one until `check` has found out whether the server is vLLM.
        remarks: what else was found out about the server, a phrase for each thing.
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
        headers: Mapping[str, str] | None = None,
        held: Dialect | None = None,
        retry_policy: RetryPolicy | None = None,
        connections: int = 256,
        away_s: float | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Make a client.

        Args:
            base_url: of the server; its query goes with each request.
            model: a model of the server; its only one by default.
            api_key: the server's key, if it asks for one.
            headers: go with each request; they win over those that the client sends by itself.
            held: see above; nothing by default.
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
        self.held = held or Dialect()
        self.dialect = begin_dialect(is_vllm=False, held=self.held)
        self.remarks: list[str] = []
        self.usage = Usage()
        self.busy_answers = 0
        self.observer = observer
        self.retry_policy = retry_policy or RetryPolicy()
        self.away_s = self.retry_policy.outage_s if away_s is None else min(away_s, self.retry_policy.outage_s)
        self.last_answer = time.monotonic()
        self._is_known = False
        parts = urlsplit(self.base_url)
        # Without a key no header for it is sent: some servers refuse each key that they do not know.
        self._sent: Any = {} if api_key else {"Authorization": openai.Omit()}
        self._sent |= {name.title(): value for name, value in (headers or {}).items()}
        self._openai = openai.AsyncOpenAI(
            base_url=parts._replace(query="").geturl(),
            api_key=api_key.get_secret_value() if api_key else "none",
            default_headers=self._sent,
            default_query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            http_client=http_client(self.base_url, CHECK_TIMEOUT_S),
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
        return Endpoint(
            base_url=self.base_url, model=self.model, dialect=self.dialect, remarks=tuple(dict.fromkeys(self.remarks))
        )

    async def check(self) -> None:
        """Find out whether the server is there and serves the model, and whether it is vLLM.

        A model that the server does not list is asked for a word: it may have other names than it is listed under, and
        some servers list nothing.

        Raises:
            UsageError: no OpenAI-compatible server there, or one without the model; says what it answered or has.
        """
        served = await self._list_models()
        if isinstance(served, _Served):
            if not self.model and not served.models:
                raise UsageError(f"{self.base_url} lists no model: load one there, or name one with --model")
            if not self.model and len(served.models) == 1:
                self.model = served.models[0]
            has = f"it has: {', '.join(served.models) or 'none'}"
            if not self.model:
                raise UsageError(f"{self.base_url} has several models, name one with --model; {has}")
            if self.model not in served.names:
                await self._ask_unlisted(f"has no model {self.model!r}; {has}")
                self.remarks.append(f"it does not list {self.model!r} ({has}) and answers to it")
        elif self.model:
            await self._ask_unlisted(served)
            self.remarks.append(f"it has no list of models and answers to {self.model!r}")
        else:
            raise UsageError(f"{self.base_url} {served}; if it is one that lists no models, name one with --model")
        if not self._is_known:
            # Later checks of a server that was away leave alone what has been found out since.
            self.dialect = begin_dialect(is_vllm=isinstance(served, _Served) and served.is_vllm, held=self.held)
            self._is_known = True

    def refuse_key(self, error: Exception | str) -> UsageError:
        """Return the error of a server that refuses the key."""
        return UsageError(
            f"{self.base_url} refuses the key ({error}); set ROLECS_API_KEY (for a judge of its own: "
            "ROLECS_JUDGE_API_KEY), or name the header that holds it by --header"
        )

    async def _list_models(self) -> _Served | str:
        """Return the models that the server lists, or why it is none that does.

        Raises:
            UsageError: it is not there, or refuses the key.
        """
        try:
            response = await self._openai.get(
                "/models", cast_to=httpx2.Response, options={"timeout": CHECK_TIMEOUT_S, "headers": self._sent}
            )
        except openai.APIStatusError as error:
            told = _describe(error)
            if error.status_code == 401 or (error.status_code == 403 and not self.model):
                raise self.refuse_key(told) from None
            if error.status_code >= 500 and error.status_code != 501:
                raise UsageError(f"no model server at {self.base_url}: {told}") from None
            return f"is no OpenAI-compatible server: /models answered {told}"
        except openai.APIError as error:
            raise UsageError(f"no model server at {self.base_url}: {_describe(error)}") from None
        served = _read_models(response.content)
        return served or f"is no OpenAI-compatible server: /models answered {shorten(response.text, 120)!r}"

    async def _ask_unlisted(self, problem: str) -> None:
        """Ask a model that is not listed for a word, with nothing in the request that a server may not know.

        Raises:
            UsageError: it is not there; `problem` says why it may not be.
        """
        hello = {"model": self.model, "messages": [{"role": "user", "content": "Say hello."}]}
        try:
            read_completion(await self._transport.post("chat/completions", hello))
        except TransportError as error:
            status = error.status if isinstance(error, StatusError) else None
            if status in KEY_STATUSES:
                raise self.refuse_key(error) from None
            if status is None or status in (404, 405) or "model" in str(error).lower():
                raise UsageError(f"{self.base_url} {problem} (asked for a word: {error})") from None
            # There is something that minds the request's form, or is busy: that is for the requests to come.

    async def ask(
        self,
        body: dict[str, Any],
        parse: Callable[[str], ResultT],
        *,
        seed_of: Callable[[int], int],
        count: Callable[[Usage], None],
        session: str | None = None,
        observed: ObservedRequest | None = None,
        whole: bool = True,
    ) -> ResultT:
        """Send a chat completion until its answer can be parsed or the retry policy gives up.

        Args:
            body: the request but for model and seed, before it is worded in the server's dialect; its temperature is
                raised after an unreadable answer.
            parse: turns the answer's text into the result; raises ValueError when it is not in the demanded form.
            seed_of: returns the seed, given the number of answers so far that could not be read.
            count: is told what each answer cost, readable or not.
            session: what the request belongs to, the same for all requests of a dialogue; goes into the header
                `X-Session-ID`, by which routers keep a dialogue on one server.
            observed: is told what becomes of each attempt.
            whole: an answer that was cut off is none.

        Raises:
            UnreadableAnswerError: every answer was cut off, empty or not in the demanded form.
            RequestError: the server refused the request, or failed on it however often it was asked.
            EngineError: the server answered nobody for longer than the retry policy allows.
        """
        temperature = body["temperature"]

        async def attempt(unreadable: int) -> ResultT:
            warmth = max(temperature, RETRY_TEMPERATURE) if unreadable else temperature
            request = {"model": self.model, **body, "temperature": warmth, "seed": seed_of(unreadable)}
            request = self.dialect.adapt(request)
            if observed:
                observed.sent(request)
            headers = {"X-Session-ID": session} if session else None
            content = await self._transport.post("chat/completions", request, headers)
            return self._read(content, parse, count, observed, body["max_tokens"], whole)

        return await try_until_answered(self, attempt, observed.asked_again if observed else None)

    def _read(
        self,
        content: bytes,
        parse: Callable[[str], ResultT],
        count: Callable[[Usage], None],
        observed: ObservedRequest | None,
        max_tokens: int,
        whole: bool,
    ) -> ResultT:
        """Count what an answer cost, and parse it."""
        completion = read_completion(content)
        self.last_answer = time.monotonic()
        self.usage += completion.usage
        count(completion.usage)
        if observed:
            observed.answered(completion.finish_reason, completion.usage, completion.text)
        text = completion.read(max_tokens, whole=whole)
        try:
            return parse(text)
        except ValidationError as error:
            raise UnreadableAnswerError(f"the answer is not in the demanded form: {describe_invalid(error)}") from None
        except ValueError as error:
            raise UnreadableAnswerError(str(error)) from None


class Clients(NamedTuple):
    """The model that plays and the one that judges; often the same."""

    play: ChatClient
    judge: ChatClient
