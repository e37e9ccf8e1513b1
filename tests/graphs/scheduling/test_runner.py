"""The runner and its journal, on a backend whose places are plain functions."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.engine.managed import OnWait
from agents.errors import EngineEndedError, EngineError
from agents.llm.endpoint import Endpoint
from agents.llm.usage import Usage
from graphs.config.settings import Goal, JudgeSettings
from graphs.scheduling.counters import Counters
from graphs.scheduling.dispatcher import Place
from graphs.scheduling.journal import Journal
from graphs.scheduling.runner import FAILURES_IN_A_ROW, run_pending
from graphs.scheduling.supply import Supply
from outputs.runs.judgement import JUDGEMENTS, Judgement
from outputs.runs.run import Outcome, PlannedRow, Provenance
from outputs.runs.store import RunStore
from quality.gate.verdict import Verdict
from tests.conftest import FAILURE, flawless
from tests.support.jobs import make_job

Store = RunStore[PlannedRow, Judgement]
Run = Callable[[PlannedRow], Awaitable[Judgement]]


class OnePlace:
    """A backend with one place, and the place itself; its engine ends when it is told to."""

    concurrency = 2
    model = judge_model = name = "here"
    limit = 2
    last_answer = 0.0
    outage_left_s = 0.0
    usage = Usage()
    endpoints: Sequence[Endpoint] = ()

    def __init__(self, run: Run) -> None:
        self.run = run
        self.starts = 0
        self._end = asyncio.Event()

    @property
    def places(self) -> Sequence[Place[PlannedRow, Judgement]]:
        return [self]

    async def look(self, in_flight: int) -> None: ...

    async def probe(self) -> bool:
        return True

    async def start(self, log: Path, on_wait: OnWait) -> None:
        self.starts += 1
        self._end.clear()

    def end(self) -> None:
        self._end.set()

    async def watch(self) -> None:
        await self._end.wait()
        raise EngineEndedError("the engine ended")


def begin(folder: Path, items: int) -> Store:
    store = RunStore.create(JUDGEMENTS, folder, Provenance.build({"model": "m"}, {}, {}))
    store.add_plan(PlannedRow(place, f"key{place}", str(place), 1) for place in range(items))
    return store


def ended(planned: PlannedRow, **fields: Any) -> Judgement:
    return Judgement(id=planned.key, dialogue=planned.dialogue, **fields)


async def carry_out(store: Store, place: OnePlace, *, retry_failed: bool = False) -> Counters:
    counters = Counters(store.funnel(), lambda: place.usage, retry_failed=retry_failed)
    supply = Supply(store.pending(retry_failed=retry_failed), Goal(), counters)
    await run_pending(make_job(JudgeSettings()), store, place, supply, counters, Goal())
    return counters


@pytest.mark.parametrize("retry_failed", [False, True])
async def test_an_engine_that_ends_costs_no_item_and_has_none_carried_out_twice(
    tmp_path: Path, retry_failed: bool
) -> None:
    runs: Counter[str] = Counter()

    async def run(planned: PlannedRow) -> Judgement:
        runs[planned.key] += 1
        if planned.position == 3 and place.starts == 1:
            place.end()
            await asyncio.Event().wait()
        return ended(planned, error=FAILURE if planned.position == 0 else None)

    place = OnePlace(run)
    with begin(tmp_path, 8) as store:
        if retry_failed:
            for planned in store.pending():
                store.write(ended(planned, error=FAILURE))
        counters = await carry_out(store, place, retry_failed=retry_failed)
        assert place.starts == 2 and store.funnel().outcomes[Outcome.PLANNED] == 0
    assert runs["key0"] == 1, "what has just failed is not tried again"
    assert runs["key3"] == 2 and set(runs.values()) <= {1, 2} and len(runs) == 8
    assert (counters.in_flight, counters.ended_here, counters.outcomes[Outcome.FAILED]) == (0, 8, 1)


async def test_an_engine_that_ends_before_anything_has_is_not_started_again(tmp_path: Path) -> None:
    async def run(planned: PlannedRow) -> Judgement:
        place.end()
        await asyncio.Event().wait()
        raise AssertionError

    place = OnePlace(run)
    with begin(tmp_path, 4) as store, pytest.raises(EngineEndedError):
        await carry_out(store, place)
    assert place.starts == 1


async def test_a_write_that_is_cancelled_before_its_thread_has_begun_is_done_all_the_same(tmp_path: Path) -> None:
    with begin(tmp_path, 1) as store:
        (planned,) = store.pending()
        async with Journal(store) as journal:
            journal._thread.submit(time.sleep, 0.2)
            running = asyncio.create_task(journal.run())
            writing = asyncio.create_task(journal.write(ended(planned)))
            await asyncio.sleep(0.05)
            running.cancel()
            writing.cancel()
            await asyncio.gather(running, writing, return_exceptions=True)
        assert store.funnel().outcomes[Outcome.PLANNED] == 0


UNSCORED = Verdict(unscored="judge, request 3: the answer ended with finish_reason 'weird'")


async def test_so_many_unscored_in_a_row_as_failed_stop_the_job_and_the_cause_is_told(tmp_path: Path) -> None:
    async def run(planned: PlannedRow) -> Judgement:
        # What fails on its way is not judged, and says nothing of the judge.
        return ended(planned, **({"error": FAILURE} if planned.position % 3 == 2 else {"verdict": UNSCORED}))

    with begin(tmp_path, 3 * FAILURES_IN_A_ROW) as store:
        with pytest.raises(EngineError, match=r"20 in a row could not be scored; the last one: judge.*'weird'"):
            await carry_out(store, OnePlace(run))
        funnel = store.funnel()
    assert FAILURES_IN_A_ROW <= funnel.reasons["unscored"] <= FAILURES_IN_A_ROW + 2
    assert funnel.none_scored
    assert list(funnel.causes["unscored"]) == ["judge: the answer ended with finish_reason 'weird'"]
    assert list(funnel.causes["failed"]) == ["RequestError: HTTP 500"]


async def test_a_judge_that_is_read_now_and_then_stops_nothing(tmp_path: Path) -> None:
    async def run(planned: PlannedRow) -> Judgement:
        return ended(planned, verdict=flawless() if planned.position % 19 == 18 else UNSCORED)

    with begin(tmp_path, 60) as store:
        await carry_out(store, OnePlace(run))
        assert store.funnel().ended == 60 and not store.funnel().none_scored
