"""Whole jobs over several loopback servers: which of them gets what, how much at once, and what if one is gone."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

import graphs.jobs.generate
from agents.errors import EngineError
from agents.llm.client import ChatClient
from graphs.backends.local import Replica
from graphs.config.settings import JudgeSettings, Settings
from graphs.jobs.judge import judge
from graphs.scheduling.adaptive_concurrency import START
from graphs.scheduling.dispatcher import Dispatcher, Timings
from outputs.datasets.dialogues import Labelled
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from tests.conftest import EN_CALL, make_turns
from tests.support.jobs import idle_replica, run_quietly
from tests.support.jobs import run as run_job
from tests.support.loopback import Faults, Loopback, serve

QUICK = Timings(look_s=0.05, probe_s=0.05, away_s=0.2)
"""Looks, probes and gives up sooner than on real servers."""


async def play(servers: list[Loopback], run: Path, **fields: Any) -> Funnel:
    known = {
        "base_url": [server.base_url for server in servers],
        "run": run,
        "retry_policy": {"request_timeout_s": 5.0, "attempts": 8, "outage_s": 8.0},
        "limits": {"min_utterances": 4, "max_utterances": 8},
        "canaries": 0,
        "gate_trial": "skip",
        "max_similarity": 1,
        "concurrency": 6,
    }
    settings = Settings.model_validate(known | fields)
    return await run_quietly(settings, timings=QUICK)


def sessions(servers: list[Loopback]) -> list[set[str]]:
    return [set(server.sessions) for server in servers]


def on_one_server(servers: list[Loopback]) -> float:
    """Return the share of dialogues whose requests all went to one server."""
    seen = Counter(key for keys in sessions(servers) for key in keys)
    return sum(count == 1 for count in seen.values()) / len(seen)


def port_of(server: Loopback) -> int:
    port = urlsplit(server.base_url).port
    assert port
    return port


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("count", [2, 3])
async def test_dialogues_stay_on_their_server_and_are_spread_evenly(tmp_path: Path, count: int) -> None:
    servers = [Loopback(delay=0.005) for _ in range(count)]
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(serve(server))
        funnel = await play(servers, tmp_path, dialogues=24)
    assert funnel.outcomes[Outcome.KEPT] == 24 and on_one_server(servers) == 1
    with RunStore.read(DIALOGUES, tmp_path) as store:
        keys = {record.id for record in store.records(Outcome.KEPT)}
    assert set().union(*sessions(servers)) == keys
    assert min(map(len, sessions(servers))) >= 24 / count / 2
    assert sum(server.most_in_flight for server in servers) <= 6


async def test_a_server_that_is_killed_and_started_again_costs_no_dialogue(tmp_path: Path) -> None:
    one, two, three = servers = [Loopback(delay=0.005) for _ in range(3)]
    async with AsyncExitStack() as others, AsyncExitStack() as killed:
        for server in (one, two):
            await others.enter_async_context(serve(server))
        await killed.enter_async_context(serve(three))
        job = asyncio.create_task(play(servers, tmp_path, dialogues=60))
        await until(lambda: len(set(three.sessions)) >= 5)
        await killed.aclose()
        before = set(three.sessions)
        await until(lambda: set(one.sessions + two.sessions) & before)
        restarted = before & set(one.sessions + two.sessions)
        await others.enter_async_context(serve(three, port_of(three)))
        funnel = await job
    assert funnel.outcomes[Outcome.KEPT] == 60 == funnel.planned
    with RunStore.read(DIALOGUES, tmp_path) as store:
        assert len({record.id for record in store.records(Outcome.KEPT)}) == 60
    assert restarted and set(three.sessions) - before, "the server got no dialogue after it had come back"
    assert 0.95 < on_one_server(servers) < 1


async def test_what_is_played_does_not_depend_on_a_loss(tmp_path: Path) -> None:
    def stored(run: Path) -> list[str]:
        with RunStore.read(DIALOGUES, run) as store:
            return [record.model_dump_json() for record in store.records(Outcome.KEPT)]

    async with serve(Loopback()) as server:
        await play([server], tmp_path / "sound", dialogues=10)
    one, two = Loopback(), Loopback(delay=0.01)
    async with serve(one), AsyncExitStack() as killed:
        await killed.enter_async_context(serve(two))
        job = asyncio.create_task(play([one, two], tmp_path / "lost", dialogues=10))
        await until(lambda: len(two.sessions) > 10)
        await killed.aclose()
        await job
    assert set(one.sessions) & set(two.sessions) and stored(tmp_path / "lost") == stored(tmp_path / "sound")


async def test_when_all_servers_are_gone_the_job_ends_after_the_outage(tmp_path: Path) -> None:
    servers = [Loopback(delay=0.01), Loopback(delay=0.01)]
    retry_policy = {"attempts": 8, "outage_s": 1.0}
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(serve(server))
        job = asyncio.create_task(play(servers, tmp_path, dialogues=40, retry_policy=retry_policy))
        await until(lambda: len(servers[1].sessions) > 20)
    loop = asyncio.get_running_loop()
    gone = loop.time()
    with pytest.raises(EngineError, match="gave no answer for"):
        await job
    assert 0.5 < loop.time() - gone < 6


async def test_all_servers_may_be_away_for_a_while(tmp_path: Path) -> None:
    servers = [Loopback(delay=0.01), Loopback(delay=0.01)]
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(serve(server))
        job = asyncio.create_task(play(servers, tmp_path, dialogues=12))
        await until(lambda: len(servers[1].sessions) > 20)
        await stack.aclose()
        await asyncio.sleep(1)
        assert not job.done()
        for server in servers:
            await stack.enter_async_context(serve(server, port_of(server)))
        funnel = await job
    assert funnel.outcomes[Outcome.KEPT] == 12


class Fragile(Loopback):
    """Breaks at every longer prompt, and is well again afterwards."""

    def _pick_fault(self) -> str | None:
        return "drop" if len(self.requests[-1]["messages"]) > 4 else None


async def test_a_dialogue_under_which_every_server_breaks_stops_the_job(tmp_path: Path) -> None:
    servers: list[Loopback] = [Fragile(), Fragile()]
    async with serve(servers[0]), serve(servers[1]):
        with pytest.raises(EngineError, match=r"lost its server 5 times; the last time: http://127\.0\.0\.1"):
            await play(servers, tmp_path, dialogues=1)
    assert min(server.calls["drop"] for server in servers) > 0


async def test_judging_goes_on_when_a_server_is_gone(tmp_path: Path) -> None:
    turns = make_turns(EN_CALL)
    calls = [
        Labelled(id=str(n), topic="complaint", scenario="s", persona="p", goal="g", turns=turns, gold=None)
        for n in range(40)
    ]
    one, two = Loopback(delay=0.02), Loopback(delay=0.02)
    async with serve(one), AsyncExitStack() as killed:
        await killed.enter_async_context(serve(two))
        settings = JudgeSettings(base_url=(one.base_url, two.base_url), concurrency=4, run=tmp_path)
        job = asyncio.create_task(run_job(judge, settings, calls, timings=QUICK))
        await until(lambda: two.calls["all"] > 10)
        await killed.aclose()
        judgements = (await job).judgements
    assert [judgement.dialogue for judgement in judgements] == [call.id for call in calls]
    assert not any(judgement.is_unscored for judgement in judgements)


async def test_busy_servers_are_heeded_and_cost_no_dialogue(tmp_path: Path) -> None:
    servers = [Loopback(faults=Faults(busy_429=0.05), retry_after=0.4) for _ in range(2)]
    async with serve(servers[0]), serve(servers[1]):
        funnel = await play(servers, tmp_path, dialogues=16, concurrency=None)
    assert funnel.outcomes[Outcome.KEPT] == 16 and on_one_server(servers) == 1
    assert min(server.calls["busy_429"] for server in servers) > 5


LOOKS = 150


async def fill(capacity: int, slots: int, *, reports: bool) -> list[int]:
    """Give a server as many items as the dispatcher lets through, and return how many were in flight at each look.

    The server reports what a vLLM would with room for `capacity` items that runs `slots` at once.
    """
    server, chance = Loopback(), random.Random(1)
    in_flight: list[int] = []
    preemptions = 0

    def report() -> str:
        nonlocal preemptions
        in_flight.append(dispatcher.in_flight)
        running = min(in_flight[-1], slots)
        preemptions += max(0, running - capacity)
        return (
            f'vllm:num_requests_waiting{{engine="0"}} {in_flight[-1] - running}\n'
            f'vllm:kv_cache_usage_perc{{engine="0"}} {min(1.0, running / capacity)}\n'
            f'vllm:num_preemptions_total{{engine="0"}} {preemptions}\n'
        )

    async def hold(replica: Replica[Any, Any]) -> None:
        await asyncio.sleep(chance.uniform(0.01, 0.05))
        dispatcher.leave(replica)

    async def feed(group: asyncio.TaskGroup) -> None:
        while True:
            group.create_task(hold(await dispatcher.take()))
            if not reports:
                in_flight.append(dispatcher.in_flight)

    server.metrics = report if reports else None
    async with serve(server), ChatClient(server.base_url, None) as client, httpx2.AsyncClient() as asking:
        dispatcher = Dispatcher([idle_replica(client, asking)], None, Timings(look_s=0.01))
        async with dispatcher, asyncio.TaskGroup() as group:
            feeder = group.create_task(feed(group))
            await until(lambda: len(in_flight) >= LOOKS)
            feeder.cancel()
    return in_flight


@pytest.mark.parametrize(
    ("capacity", "slots", "low", "high"), [(100, 4096, 70, 120), (20, 4096, 9, 21), (4096, 48, 48, 80)]
)
async def test_items_in_flight_stay_near_what_a_server_reports_it_can_do(
    capacity: int, slots: int, low: int, high: int
) -> None:
    settled = sorted((await fill(capacity, slots, reports=True))[LOOKS // 2 :])
    assert low <= settled[len(settled) // 10] and settled[-1] <= high, settled


async def test_a_server_without_reports_keeps_its_first_limit() -> None:
    assert max(await fill(1, 1, reports=False)) == START


async def test_there_are_never_more_tasks_than_seats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    play_dialogue = graphs.jobs.generate.play_dialogue

    async def count(*arguments: Any) -> Any:
        seen.append(sum("_work" in str(task.get_coro()) for task in asyncio.all_tasks()))
        return await play_dialogue(*arguments)

    monkeypatch.setattr(graphs.jobs.generate, "play_dialogue", count)
    async with serve(Loopback()) as one, serve(Loopback()) as two:
        await play([one, two], tmp_path, dialogues=12, concurrency=3)
    assert max(seen) == 3 and len(seen) == 12
