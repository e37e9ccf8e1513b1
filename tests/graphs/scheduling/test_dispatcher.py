"""The steering rule by itself and against a simulated engine; the seats of a dispatcher without any server."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import EngineError
from agents.llm.client import ChatClient
from agents.llm.retry import RetryPolicy
from graphs.backends.local import Replica
from graphs.scheduling.adaptive_concurrency import (
    CEILING,
    HOLD_LOOKS,
    START,
    AdaptiveConcurrency,
    EngineLoad,
    Reading,
    parse_load,
)
from graphs.scheduling.dispatcher import DEFAULT_TIMINGS, Dispatcher, Timings
from tests.support.jobs import idle_replica

IDLE = EngineLoad(waiting=0, kv_usage=0.1, preemptions=0)
PAGE = """\
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="a } b"} 3.0
vllm:num_requests_waiting{engine="1",model_name="m"} 1e+01 1700000000000
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 900.0
vllm:kv_cache_usage_perc{engine="0"} 0.25
vllm:kv_cache_usage_perc{engine="1"} 0.75
vllm:num_preemptions_total{engine="0"} 4.0
vllm:num_preemptions_total{engine="1"} 1.0
vllm:num_preemptions_created{engine="0"} 1.7e+09
"""


def test_a_report_is_read_over_all_its_label_sets() -> None:
    assert parse_load(PAGE) == EngineLoad(waiting=13, kv_usage=0.75, preemptions=5)


@pytest.mark.parametrize("lacking", ["num_requests_waiting", "kv_cache_usage_perc", "num_preemptions_total"])
def test_a_report_that_lacks_a_figure_is_none(lacking: str) -> None:
    assert parse_load(PAGE.replace(f"vllm:{lacking}", "other")) is None


@given(
    st.text()
    | st.sampled_from(["NaN", "+Inf", "x", "1_0", "", "0x1"]).map(lambda v: PAGE.replace("0.25", v))
    | st.text(alphabet='{}",=\\ \t1.#a_').map(lambda v: PAGE.replace('{engine="0"} 0.25', v))
)
def test_any_page_can_be_read(text: str) -> None:
    load = parse_load(text)
    AdaptiveConcurrency().look(Reading(START, 0, load))


def test_a_used_limit_grows_by_a_quarter_until_the_first_cut_and_then_by_one() -> None:
    steering = AdaptiveConcurrency()
    assert [steering.look(Reading(steering.limit, 0, IDLE)) for _ in range(3)] == [40, 50, 62]
    assert steering.look(Reading(62, 0, IDLE._replace(preemptions=1))) == 46
    held = IDLE._replace(preemptions=1)
    assert [steering.look(Reading(46, 0, held)) for _ in range(HOLD_LOOKS + 2)] == [46] * HOLD_LOOKS + [47, 48]


@pytest.mark.parametrize(
    ("reading", "limit"),
    [
        (Reading(START, 0, IDLE), 40),
        (Reading(29, 0, IDLE), 40),
        (Reading(28, 0, IDLE), START),
        (Reading(START, 0, IDLE._replace(waiting=1)), START),
        (Reading(START, 0, IDLE._replace(kv_usage=0.9)), START),
        (Reading(START, 0, IDLE._replace(preemptions=7)), START * 3 // 4),
        (Reading(START, 1, IDLE), START // 2),
        (Reading(START, 1, None), START // 2),
        (Reading(START, 0, None), START),
        (Reading(START + 1, 0, IDLE._replace(preemptions=7)), START),
        (Reading(START + 1, 1, IDLE), START),
    ],
)
def test_one_look(reading: Reading, limit: int) -> None:
    steering = AdaptiveConcurrency()
    steering.look(Reading(0, 0, IDLE))
    assert steering.look(reading) == limit


def test_a_server_that_reports_nothing_comes_back_to_the_start_one_by_one() -> None:
    steering = AdaptiveConcurrency()
    assert [steering.look(Reading(steering.limit, busy, None)) for busy in (2, 5, 5, 5)] == [16, 8, 9, 10]
    assert [steering.look(Reading(0, 5, None)) for _ in range(30)][-1] == START


def test_an_engine_started_anew_counts_from_zero() -> None:
    steering = AdaptiveConcurrency()
    steering.look(Reading(0, 0, IDLE._replace(preemptions=50)))
    assert steering.look(Reading(START, 0, IDLE._replace(preemptions=3))) == 40
    assert steering.look(Reading(40, 0, IDLE._replace(preemptions=4))) == 30


LOADS = st.builds(EngineLoad, st.integers(0, 3), st.floats(0, 1), st.integers(0, 5)) | st.none()
READINGS = st.builds(Reading, st.integers(0, 2 * CEILING), st.integers(0, 5), LOADS)


@given(st.lists(READINGS, max_size=60), st.booleans())
def test_bounds_hold_and_nothing_grows_after_a_preemption(readings: list[Reading], is_used: bool) -> None:
    steering, preemptions, busy = AdaptiveConcurrency(), None, 0
    for reading in readings:
        before = steering.limit
        if is_used:
            reading = reading._replace(in_flight=before)
        limit = steering.look(reading)
        assert 1 <= limit <= CEILING and limit <= before + max(1, before // 4)
        if reading.load:
            if preemptions is not None and reading.load.preemptions > preemptions:
                assert limit <= before
            preemptions = reading.load.preemptions
        if reading.busy_answers > busy:
            assert limit <= before
        busy = reading.busy_answers


class SimulatedEngine:
    """Runs items of random length whose KV cache grows as they go on; the youngest are preempted when they do not fit.

    At an item's average size, `capacity` of them fit; so many `slots` run at once, the others wait.
    """

    def __init__(self, capacity: int, length: int, slots: int = CEILING) -> None:
        self.capacity, self.length, self.slots = capacity, length, slots
        self.preemptions = 0
        self._items: list[tuple[int, int]] = []
        self._random = random.Random(1)

    def step(self, limit: int) -> Reading:
        """Fill up to `limit`, run everything that fits by one step, and return what can be read then."""
        while len(self._items) < limit:
            self._items.append((0, self._random.randint(self.length // 2, self.length * 3 // 2)))
        used = 0.0
        for place, (age, length) in enumerate(self._items[: self.slots]):
            used += 2 / 3 + 2 / 3 * age / self.length
            if used > self.capacity:
                self.preemptions += 1
            else:
                self._items[place] = (age + 1, length)
        load = EngineLoad(max(0, len(self._items) - self.slots), min(1.0, used / self.capacity), self.preemptions)
        reading = Reading(len(self._items), 0, load)
        self._items = [(age, length) for age, length in self._items if age < length]
        return reading


@pytest.mark.parametrize(
    ("capacity", "length", "most_cuts"),
    [(100, 5, 8), (150, 5, 3), (400, 5, 3), (1000, 5, 3), (100, 40, 8), (150, 40, 3), (400, 40, 3), (1000, 40, 3)],
)
def test_a_limit_settles_near_the_capacity_of_an_engine(capacity: int, length: int, most_cuts: int) -> None:
    engine, steering = SimulatedEngine(capacity, length), AdaptiveConcurrency()
    in_flight, cuts = [], 0
    for _ in range(600):
        before, reading = steering.limit, engine.step(steering.limit)
        in_flight.append(reading.in_flight)
        cuts += steering.look(reading) < before
    settled = in_flight[200:]
    assert min(settled) > 0.6 * capacity and max(settled) < 1.1 * capacity
    assert 0.8 * capacity < sum(settled) / len(settled) < 1.05 * capacity
    assert cuts <= most_cuts


def test_a_limit_comes_down_to_a_small_engine() -> None:
    engine, steering = SimulatedEngine(8, 10), AdaptiveConcurrency()
    in_flight = [engine.step(steering.look(engine.step(steering.limit))).in_flight for _ in range(300)]
    assert max(in_flight[100:]) <= 12 and min(in_flight) >= 1


def test_a_limit_stops_growing_where_the_engine_lets_requests_wait() -> None:
    engine, steering = SimulatedEngine(10_000, 20, slots=256), AdaptiveConcurrency()
    limits = [steering.look(engine.step(steering.limit)) for _ in range(200)]
    assert 256 < limits[-1] <= 256 * 5 // 4 and limits == sorted(limits)


@asynccontextmanager
async def dispatch(
    replicas: int,
    concurrency: int | None,
    retry_policy: RetryPolicy | None = None,
    away_s: float = 0.1,
    timings: Timings = DEFAULT_TIMINGS,
) -> AsyncIterator[tuple[Dispatcher[Any, Any], list[Replica[Any, Any]]]]:
    """Open a dispatcher over replicas that are nowhere."""
    async with AsyncExitStack() as stack:
        clients = [
            ChatClient("http://127.0.0.1:9", "m", retry_policy=retry_policy, away_s=away_s) for _ in range(replicas)
        ]
        places = [idle_replica(client) for client in clients]
        for client in clients:
            await stack.enter_async_context(client)
        yield await stack.enter_async_context(Dispatcher(places, concurrency, timings)), places


async def test_seats_are_never_more_than_the_limit_and_go_to_the_least_loaded() -> None:
    chance = random.Random(1)
    async with dispatch(3, 8) as (dispatcher, replicas):
        load = dict.fromkeys(replicas, 0)
        most = 0

        async def work() -> None:
            nonlocal most
            async with dispatcher.seat() as replica:
                load[replica] += 1
                most = max(most, sum(load.values()))
                await asyncio.sleep(chance.random() / 100)
                load[replica] -= 1

        await asyncio.gather(*(work() for _ in range(200)))
        assert most == 8 and dispatcher.in_flight == 0 and dispatcher.describe() == "0/8 in flight"
        taken = [await dispatcher.take() for _ in range(8)]
        assert taken == (replicas * 3)[:8]
        dispatcher.leave(replicas[1])
        assert await dispatcher.take() is replicas[1]


async def test_without_a_fixed_concurrency_each_replica_has_its_limit() -> None:
    async with dispatch(2, None) as (dispatcher, replicas):
        taken = [await dispatcher.take() for _ in range(2 * START)]
        assert [taken.count(replica) for replica in replicas] == [START, START]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(dispatcher.take(), 0.05)
        assert dispatcher.describe() == "64/64 in flight"


async def test_who_waits_longest_is_first() -> None:
    order = []
    async with dispatch(1, 1) as (dispatcher, (replica,)):
        await dispatcher.take()

        async def wait(number: int) -> None:
            async with dispatcher.seat():
                order.append(number)

        tasks = [asyncio.create_task(wait(number)) for number in range(20)]
        await asyncio.sleep(0)
        dispatcher.leave(replica)
        await asyncio.gather(*tasks)
    assert order == list(range(20))


@pytest.mark.parametrize("is_granted", [False, True])
async def test_a_cancelled_wait_leaks_no_seat(is_granted: bool) -> None:
    async with dispatch(1, 1) as (dispatcher, (replica,)):
        await dispatcher.take()
        first, second = (asyncio.create_task(dispatcher.take()) for _ in range(2))
        await asyncio.sleep(0)
        if is_granted:
            dispatcher.leave(replica)
            first.cancel()
        else:
            first.cancel()
            dispatcher.leave(replica)
        assert await asyncio.wait_for(second, 1) is replica
        assert first.cancelled() and dispatcher.in_flight == 1
        dispatcher.leave(replica)
        assert dispatcher.in_flight == 0


async def test_a_lost_replica_gets_nothing_and_the_loss_of_all_ends_the_job_after_the_outage() -> None:
    async with dispatch(2, 4, RetryPolicy(outage_s=0.4)) as (dispatcher, (one, two)):
        dispatcher.lose(one, EngineError("gone"))
        assert [await dispatcher.take() for _ in range(3)] == [two] * 3
        assert dispatcher.describe() == "3/4 in flight, 1 of 2 replicas down"
        dispatcher.lose(two, EngineError("gone too"))
        started = asyncio.get_running_loop().time()
        with pytest.raises(EngineError, match="gone too"):
            await dispatcher.take()
        assert 0.25 < asyncio.get_running_loop().time() - started < 2
        with pytest.raises(EngineError, match="gone too"):
            await dispatcher.take()


async def test_replicas_that_come_back_and_answer_nothing_have_been_away_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def check(_: ChatClient) -> None: ...

    monkeypatch.setattr(ChatClient, "check", check)
    policy, quick = RetryPolicy(outage_s=0.4), Timings(look_s=0.01)
    async with dispatch(2, 4, policy, timings=quick) as (dispatcher, replicas):
        losses = 0
        with pytest.raises(EngineError, match="again"):
            while losses < 1000:
                replica = await dispatcher.take()
                dispatcher.leave(replica)
                for each in replicas:
                    dispatcher.lose(each, EngineError("again"))
                losses += 1
        assert losses > 1


async def test_the_loss_of_a_single_replica_ends_the_job_at_once() -> None:
    async with dispatch(1, None) as (dispatcher, (replica,)):
        with pytest.raises(EngineError, match="gone"):
            dispatcher.lose(replica, EngineError("gone"))
