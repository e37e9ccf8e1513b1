"""The retry policy: which failures of a request are tried again, when, and until when.

There is one for all requests. What is tried again, and what ends it:

1. an answer that cannot be read (cut off, empty, not in the demanded form): asked for again at once, with another seed,
   until `attempts` answers could not be read;
2. a busy server (429, 502, 503, 504): as long as its Retry-After says, else with backoff, for `outage_s` seconds;
3. a server that answers nobody: with backoff, until it has done so for `away_s` seconds;
4. any other failure on the way (no answer in time, a connection that broke while others were answered, 408, 409, 5xx, a
   body that is no completion): with backoff, until `attempts` tries have failed.

Any other 4xx ends the request at once. What is given up is an `UnreadableAnswerError` in case 1; an `EngineError` where
the server was busy, away or late to the last and has answered nobody else meanwhile; else a `RequestError`.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Protocol, TypeVar

import tenacity
from pydantic import BaseModel, ConfigDict, Field

from agents.errors import EngineError, RequestError, UnreadableAnswerError
from agents.llm.failures import NoAnswerError, NoCompletionError, StatusError, TransportError

ResultT = TypeVar("ResultT")
OnRetry = Callable[[BaseException, float], None]
"""Told, before an attempt is made again, why the last one failed, and the seconds until then."""

FIRST_BACKOFF_S = 0.25
"""Longest backoff before the second attempt, in seconds; it doubles with each further one, and the wait is drawn from
zero to there ("full jitter": Brooker 2015, Exponential Backoff and Jitter)."""
MAX_BACKOFF_S = 10.0
"""Longest backoff of all, in seconds."""
MAX_RETRY_AFTER_S = 60.0
"""Longest wait that a server can ask for, in seconds."""
BUSY_STATUSES = frozenset({429, 502, 503, 504})
_PASSING_STATUSES = frozenset({408, 409, 429})


class RetryPolicy(BaseModel):
    """What can be set of the policy.

    Attributes:
        request_timeout_s: longest wait for one answer, in seconds.
        attempts: number of tries, the first one included.
        outage_s: longest time that a server may answer nobody, or be busy for one request, in seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request_timeout_s: float = Field(300.0, gt=0)
    attempts: int = Field(4, ge=1)
    outage_s: float = Field(120.0, ge=0)


class Server(Protocol):
    """What all requests to one server know of it together.

    Attributes:
        base_url: tells it from others.
        retry_policy: of the requests to it.
        away_s: seconds for which it may answer nobody before it is gone.
        last_answer: when it last answered anybody, on the monotonic clock.
        busy_answers: number of answers by which it turned a request away for the moment.
    """

    base_url: str
    retry_policy: RetryPolicy
    away_s: float
    last_answer: float
    busy_answers: int


async def try_until_answered(
    server: Server, attempt: Callable[[int], Awaitable[ResultT]], on_retry: OnRetry | None = None
) -> ResultT:
    """Return what the first attempt returns that does not fail.

    Args:
        server: what the attempts are made on.
        attempt: makes one, given the number of answers so far that could not be read. Another answer is wanted after
            each of these; a request that only failed on its way is repeated as it was, so that such failures leave no
            trace in what is played.
        on_retry: see there.

    Raises:
        UnreadableAnswerError, RequestError, EngineError: the policy gave up; see above.
    """
    try:
        return await attempt(0)
    except (TransportError, UnreadableAnswerError) as error:
        # Most requests do not fail, and are spared what the loop costs to build.
        return await _try_again(server, attempt, error, on_retry)


async def _try_again(
    server: Server, attempt: Callable[[int], Awaitable[ResultT]], error: Exception, on_retry: OnRetry | None
) -> ResultT:
    """Go on behind a first attempt that failed with `error`."""
    trouble = Trouble(server)
    failed = [error]

    async def try_once() -> ResultT:
        # The loop's first attempt is the one that has been made.
        if failed:
            raise failed.pop()
        return await attempt(trouble.unreadable)

    def tell(state: tenacity.RetryCallState) -> None:
        if on_retry and state.next_action:
            on_retry(_failure(state), state.next_action.sleep)

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(is_retryable),
        wait=_wait_s,
        stop=lambda state: trouble.is_enough(_failure(state)),
        before_sleep=tell,
        reraise=True,
    )
    try:
        return await retrying(try_once)
    except TransportError as last:
        if trouble.is_gone and is_retryable(last):
            seconds = trouble.dark_seconds
            raise EngineError(f"{server.base_url} gave no answer for {seconds:.0f} s ({last})") from last
        raise RequestError(str(last)) from last


def is_retryable(error: BaseException) -> bool:
    """Tell whether a failure may pass by itself."""
    if isinstance(error, StatusError):
        return error.status in _PASSING_STATUSES or error.status >= 500
    return isinstance(error, NoAnswerError | NoCompletionError | UnreadableAnswerError)


def read_retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, at most `MAX_RETRY_AFTER_S`; None if it makes no sense.

    It holds seconds or a date (RFC 9110, 10.2.3); one that has passed asks for no wait.

    Args:
        value: of the header.
        now: the time of the day, with its zone.

    >>> read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 30, tzinfo=UTC))
    7.0
    """
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if isfinite(seconds) else None


_backoff_s = tenacity.wait_random_exponential(multiplier=FIRST_BACKOFF_S, max=MAX_BACKOFF_S)


def _wait_s(state: tenacity.RetryCallState) -> float:
    """Return the seconds until the next attempt: none for another answer, else what the server asks for, or backoff."""
    error = _failure(state)
    if isinstance(error, UnreadableAnswerError):
        return 0.0
    asked = error.headers.get("retry-after") if isinstance(error, StatusError) else None
    seconds = read_retry_after(asked, datetime.now(UTC)) if asked else None
    return _backoff_s(state) if seconds is None else seconds


def _failure(state: tenacity.RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome else None
    if error is None:
        raise RuntimeError("only failures are tried again")
    return error


class Trouble:
    """The failures of one request since the first of them, and when they are enough.

    Unreadable answers and failures on the way are counted apart, so that the latter leave no trace in what is played.

    Attributes:
        unreadable: number of answers that could not be read.
        is_gone: after the last failure, the server is away or busy rather than failing on this request.
    """

    def __init__(self, server: Server) -> None:
        self.unreadable = 0
        self.is_gone = False
        self._failed = 0
        self._server = server
        self._since: float | None = None
        """When the request first failed."""
        self._dark_since: float | None = None
        """When the request first failed after the last answer that the server gave anybody, as far as it has seen."""

    @property
    def dark_seconds(self) -> float:
        """Seconds for which the server has answered nobody."""
        return 0.0 if self._dark_since is None else time.monotonic() - self._dark_since

    def is_enough(self, error: BaseException) -> bool:
        """Tell, after a failure that may pass by itself, whether to give up."""
        now, policy = time.monotonic(), self._server.retry_policy
        self._since = now if self._since is None else self._since
        is_dark = self._dark_since is not None and self._server.last_answer < self._dark_since
        # Where others were answered meanwhile, the failure is the request's own.
        is_own = self._dark_since is not None and not is_dark
        if not is_dark:
            self._dark_since = now
        is_busy = isinstance(error, StatusError) and error.status in BUSY_STATUSES
        self._server.busy_answers += is_busy
        self.is_gone = not is_own and (is_busy or isinstance(error, NoAnswerError))
        if isinstance(error, UnreadableAnswerError):
            self.unreadable += 1
            self._failed = 0
            return self.unreadable >= policy.attempts
        if is_busy:
            return now - self._since >= policy.outage_s
        if isinstance(error, NoAnswerError) and not error.timed_out and not is_own:
            return self.dark_seconds >= self._server.away_s
        self._failed += 1
        return self._failed >= policy.attempts
