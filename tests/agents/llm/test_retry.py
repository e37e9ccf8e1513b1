"""The retry policy: what is tried again, after how long, and how it ends; on a clock that only waiting moves."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import tenacity

from agents.errors import EngineError, RequestError, UnreadableAnswerError
from agents.llm import retry
from agents.llm.failures import NoAnswerError, NoCompletionError, StatusError
from agents.llm.retry import MAX_BACKOFF_S, MAX_RETRY_AFTER_S, RetryPolicy, read_retry_after, try_until_answered

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
UNREADABLE = UnreadableAnswerError("cut off")
AWAY = NoAnswerError(ConnectionRefusedError("refused"))
LATE = NoAnswerError(TimeoutError())


def status(code: int, retry_after: str | None = None) -> StatusError:
    return StatusError(code, "reason", {"retry-after": retry_after} if retry_after else {}, b"")


@dataclass
class Clock:
    """Shows seconds; only waiting moves it."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(seconds)


@dataclass
class Server:
    """Knows what a client knows of its server."""

    last_answer: float
    retry_policy: RetryPolicy = field(default_factory=lambda: RetryPolicy(attempts=3, outage_s=30.0))
    base_url: str = "http://server/v1"
    away_s: float = 20.0
    busy_answers: int = 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(retry, "time", clock)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    return clock


@pytest.fixture
def server(clock: Clock) -> Server:
    return Server(clock.now - 1)


@dataclass
class Attempts:
    """Meets each of some failures once, the last of them for ever; a text among them is the answer."""

    outcomes: Sequence[Exception | str]
    between: Callable[[], None] = lambda: None
    unreadable: list[int] = field(default_factory=list)

    async def __call__(self, unreadable: int) -> str:
        self.unreadable.append(unreadable)
        outcome = self.outcomes[min(len(self.unreadable), len(self.outcomes)) - 1]
        self.between()
        if isinstance(outcome, str):
            return outcome
        raise outcome


async def test_an_answer_at_once_builds_no_loop(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(tenacity, "AsyncRetrying")
    assert await try_until_answered(server, Attempts(["yes"])) == "yes"


@pytest.mark.parametrize(
    "failure", [status(408), status(409), status(429), status(500), status(503), AWAY, LATE, NoCompletionError("page")]
)
async def test_what_may_pass_is_sent_again_as_it_was(server: Server, clock: Clock, failure: Exception) -> None:
    attempts, told = Attempts([failure, failure, "yes"]), list[tuple[BaseException, float]]()
    assert await try_until_answered(server, attempts, lambda error, wait_s: told.append((error, wait_s))) == "yes"
    assert attempts.unreadable == [0, 0, 0]
    assert told == [(failure, wait_s) for wait_s in clock.waits] and len(told) == 2
    assert all(0 <= wait_s <= MAX_BACKOFF_S for wait_s in clock.waits)


@pytest.mark.parametrize("code", [400, 401, 404, 413, 422])
async def test_what_the_server_refuses_is_not_sent_again(server: Server, code: int) -> None:
    attempts = Attempts([status(code)])
    with pytest.raises(RequestError, match=f"HTTP {code}: reason"):
        await try_until_answered(server, attempts)
    assert len(attempts.unreadable) == 1


async def test_another_answer_is_asked_for_at_once(server: Server, clock: Clock) -> None:
    attempts = Attempts([UNREADABLE])
    with pytest.raises(UnreadableAnswerError):
        await try_until_answered(server, attempts)
    assert attempts.unreadable == [0, 1, 2] and clock.waits == [0, 0]


async def test_failures_on_the_way_and_unreadable_answers_are_counted_apart(server: Server) -> None:
    attempts = Attempts([status(500), status(500), UNREADABLE, status(500), status(500), UNREADABLE, "yes"])
    assert await try_until_answered(server, attempts) == "yes"
    assert attempts.unreadable == [0, 0, 0, 1, 1, 1, 2]


@pytest.mark.parametrize("failure", [status(500), NoCompletionError("page")])
async def test_a_lasting_failure_fails_the_request_alone(server: Server, failure: Exception) -> None:
    attempts = Attempts([failure])
    with pytest.raises(RequestError):
        await try_until_answered(server, attempts)
    assert len(attempts.unreadable) == 3


async def test_a_busy_server_is_given_its_time(server: Server, clock: Clock) -> None:
    with pytest.raises(EngineError, match=r"http://server/v1 gave no answer for 35 s \(HTTP 503: reason\)"):
        await try_until_answered(server, Attempts([status(503, "7")]))
    assert clock.waits == [7.0] * 5 and server.busy_answers == 6


async def test_a_server_that_is_busy_for_one_request_only_loses_this_one(server: Server, clock: Clock) -> None:
    def answer_others() -> None:
        server.last_answer = clock.now

    with pytest.raises(RequestError, match="HTTP 429"):
        await try_until_answered(server, Attempts([status(429, "7")], answer_others))
    assert sum(clock.waits) == 35


async def test_a_server_that_answers_nobody_is_gone_after_its_time(server: Server, clock: Clock) -> None:
    with pytest.raises(EngineError, match=r"gave no answer for \d\d s \(refused\)"):
        await try_until_answered(server, Attempts([AWAY]))
    assert server.away_s <= clock.now - 1000 <= server.away_s + MAX_BACKOFF_S and server.busy_answers == 0


async def test_a_connection_that_breaks_while_others_are_answered_is_the_requests_own(
    server: Server, clock: Clock
) -> None:
    def answer_others() -> None:
        server.last_answer = clock.now

    attempts = Attempts([AWAY], answer_others)
    with pytest.raises(RequestError, match="refused"):
        await try_until_answered(server, attempts)
    # The first failure might have been the server's.
    assert len(attempts.unreadable) == 4


async def test_a_failure_before_an_outage_shortens_no_wait(server: Server, clock: Clock) -> None:
    def answer_others() -> None:
        if len(attempts.unreadable) == 1:
            server.last_answer = clock.now

    attempts = Attempts([status(500), *[AWAY] * 6, "yes"], answer_others)
    server.away_s = 120.0
    assert await try_until_answered(server, attempts) == "yes"


async def test_answers_that_come_too_late_are_the_servers_end_where_nobody_gets_one(server: Server) -> None:
    attempts = Attempts([LATE])
    with pytest.raises(EngineError, match="no answer in time"):
        await try_until_answered(server, attempts)
    assert len(attempts.unreadable) == 3


async def test_a_refusal_after_an_outage_is_no_outage(server: Server) -> None:
    with pytest.raises(RequestError, match="HTTP 400"):
        await try_until_answered(server, Attempts([AWAY, AWAY, status(400)]))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("86400", MAX_RETRY_AFTER_S),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Sun, 22 Nov 2026 12:00:09 GMT", 9.0),
        ("Sunday, 22-Nov-26 12:00:09 GMT", 9.0),
        ("Sun Nov 22 12:00:09 2026", 9.0),
        ("Sun, 22 Nov 2026 13:00:09 +0100", 9.0),
        ("Sun, 22 Nov 2026 11:59:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 12:00:00 GMT", MAX_RETRY_AFTER_S),
        ("Sun, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after_holds_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert read_retry_after(value, NOON) == seconds


def test_a_date_without_a_zone_is_no_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        assert read_retry_after("Sun Nov 22 12:00:09 2026", NOON) == 9.0
    time.tzset()


async def test_a_date_is_waited_for(server: Server, clock: Clock) -> None:
    date = "Fri, 31 Dec 9999 23:59:59 GMT"
    assert await try_until_answered(server, Attempts([status(503, date), "yes"])) == "yes"
    assert clock.waits == [MAX_RETRY_AFTER_S]


async def test_what_makes_no_sense_is_waited_for_with_backoff(server: Server, clock: Clock) -> None:
    assert await try_until_answered(server, Attempts([status(503, "soon"), "yes"])) == "yes"
    assert len(clock.waits) == 1 and clock.waits[0] <= MAX_BACKOFF_S
