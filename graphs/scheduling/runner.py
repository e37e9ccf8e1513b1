"""Carries a run's items out, many at a time, and stores each as it ends."""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol

from agents.engine.managed import OnWait
from agents.errors import EngineEndedError, EngineError, first_error
from agents.llm.endpoint import Endpoint
from agents.llm.usage import Usage
from graphs.config.settings import Goal, ServerSettings
from graphs.scheduling.counters import Counters
from graphs.scheduling.dispatcher import Dispatcher, Place, PlannedT_contra, RecordT_co
from graphs.scheduling.job import Job
from graphs.scheduling.journal import Journal
from graphs.scheduling.stopping import Halt
from graphs.scheduling.supply import Supply
from outputs.runs.run import PlannedT, RecordT
from outputs.runs.store import RunStore

FAILURES_IN_A_ROW = 20
"""Number of items that one after the other failed, or could not be scored, which means that something is wrong with all
of them: the job stops."""
LOSSES = 5
"""Number of replicas that go down under one item before it may be what brings them down: the job stops."""
GC_THRESHOLDS = (50_000, 20, 100)
"""Allocations, and collections of each younger generation, after which memory is looked through."""


class Backend(Protocol[PlannedT_contra, RecordT_co]):
    """Where a job has its items carried out: places that are connected to their servers, and started when needed."""

    @property
    def places(self) -> Sequence[Place[PlannedT_contra, RecordT_co]]:
        """The places; all of them once it is started."""

    @property
    def concurrency(self) -> int | None:
        """Number of items in flight over all places; None: as many as the places say."""

    @property
    def model(self) -> str:
        """The name of the playing model."""

    @property
    def judge_model(self) -> str:
        """The name of the judging model."""

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """The models and where they are served, each with what has been found out about its server so far."""

    @property
    def usage(self) -> Usage:
        """What has been spent since the job began; it never falls."""

    async def try_out(self) -> None:
        """Find out how the servers that are there want their requests, unless that is known; else `start` does.

        Raises:
            UsageError: a server cannot do what is asked.
            EngineError: a server is gone.
        """

    async def start(self, log: Path, on_wait: OnWait) -> None:
        """Start what does not run yet, or has ended; an engine's output goes to `log`.

        Raises:
            UsageError, EngineError: an engine cannot be started, or a server cannot do what is asked.
        """

    async def watch(self) -> None:
        """Wait until an engine that this process manages ends by itself; for ever where it manages none.

        Raises:
            EngineEndedError: it ended.
        """


async def run_once(
    job: Job[ServerSettings], store: RunStore[PlannedT, RecordT], backend: Backend[PlannedT, RecordT]
) -> Halt | None:
    """Carry out what a run has pending, counted and told; return why not all of it was, if so.

    Raises:
        EngineError, StoreError: see `run_pending`.
    """
    goal = job.settings.goal
    counters = Counters(store.funnel(), lambda: backend.usage, retry_failed=job.retry_failed)
    supply = Supply(store.pending(retry_failed=job.retry_failed), goal, counters)
    with job.telemetry.running(store, job.interruption, retry_failed=job.retry_failed):
        await run_pending(job, store, backend, supply, counters, goal)
        job.telemetry.halted(supply.halt)
    return supply.halt


async def run_pending(
    job: Job[Any],
    store: RunStore[PlannedT, RecordT],
    backend: Backend[PlannedT, RecordT],
    supply: Supply[PlannedT],
    counters: Counters,
    goal: Goal,
) -> None:
    """Carry out what `supply` gives, and store each item as it ends.

    An engine that the backend manages is started only when there is something to do, and again when it ended after some
    items had. When the job is interrupted, nothing more is started, and it returns when all in flight have ended.

    Args:
        job: what is told how it goes, and may interrupt it.
        store: the run.
        backend: connected, not yet started.
        supply: the items; `supply.halt` says afterwards why not all were carried out, if so.
        counters: how the run stands.
        goal: what the figures that are shown are measured by.

    Raises:
        EngineError: the engine did not start, died, was away for too long, or every item fails.
        StoreError: the store cannot be written.
    """
    while supply.has_more():
        with job.telemetry.loading(backend.model) as on_wait:
            await backend.start(store.folder / "engine.log", on_wait)
        store.note_endpoints(backend.endpoints)
        job.telemetry.reached(backend.endpoints)
        ended_before = counters.ended_here
        dispatcher = Dispatcher(backend.places, backend.concurrency, job.timings)
        following = job.telemetry.following(counters, dispatcher, goal, store.ends)
        try:
            with counters.clock():
                async with dispatcher, following, Journal(store) as journal:
                    await _Workers(job, supply, dispatcher, journal, counters).run(backend)
            return
        except EngineEndedError as error:
            if job.interruption.requested or counters.ended_here == ended_before:
                # It would end again: nothing has come of this start.
                raise
            job.console.print(f"{error}\nIt is started again.")


class _Workers(Generic[PlannedT, RecordT]):
    """Carry out items until none is left or the engine is gone: one task for each, never more than there are seats."""

    def __init__(
        self,
        job: Job[Any],
        supply: Supply[PlannedT],
        dispatcher: Dispatcher[PlannedT, RecordT],
        journal: Journal[RecordT],
        counters: Counters,
    ) -> None:
        self._job = job
        self._supply = supply
        self._dispatcher = dispatcher
        self._journal = journal
        self._counters = counters
        self._losses: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unended: dict[str, PlannedT] = {}
        """The items in flight that have no record yet, by key."""

    async def run(self, backend: Backend[PlannedT, RecordT]) -> None:
        """Carry out all, and return when nothing is in flight any more."""
        with rare_collection(), first_error():
            async with asyncio.TaskGroup() as group:
                helpers = [group.create_task(self._journal.run()), group.create_task(backend.watch())]
                feeder = group.create_task(self._feed(group))
                with self._job.interruption.finishing(feeder.cancel):
                    await asyncio.wait({feeder})
                    while self._tasks:
                        await asyncio.wait(self._tasks)
                for helper in helpers:
                    helper.cancel()

    async def _feed(self, group: asyncio.TaskGroup) -> None:
        """Start a task for each item as soon as a seat is free."""
        while True:
            place = await self._dispatcher.take()
            if planned := self._supply.take():
                self._counters.begin()
                key = str(planned[1])
                self._unended[key] = planned
                task = group.create_task(self._work(planned, key, place))
                self._tasks.add(task)
                # Not by the task itself: one that is cancelled before its first step would keep seat and item.
                task.add_done_callback(partial(self._leave, key, place))
                continue
            self._dispatcher.leave(place)
            if not self._tasks:
                return
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def _leave(self, key: str, place: Place[PlannedT, RecordT], task: asyncio.Task[None]) -> None:
        """Give back the seat of a task that is done, and its item where that has no record."""
        self._tasks.discard(task)
        if planned := self._unended.pop(key, None):
            self._counters.put_back()
            self._supply.put_back(planned)
        self._dispatcher.leave(place)

    async def _work(self, planned: PlannedT, key: str, place: Place[PlannedT, RecordT]) -> None:
        """Carry out an item; nothing is stored of one that loses its place, so that it can begin anew elsewhere."""
        began = time.monotonic()
        try:
            with self._job.telemetry.item(key, getattr(planned, "topic", None)) as tell:
                record = await place.run(planned)
                tell(record)
        except EngineError as error:
            self._dispatcher.lose(place, error)
            self._losses[key] += 1
            if self._losses[key] >= LOSSES:
                raise EngineError(f"item {key} lost its server {LOSSES} times; the last time: {error}") from error
            return
        del self._unended[key]
        try:
            await self._journal.write(record)
        finally:
            self._counters.end(record)
        self._job.telemetry.ended(record, time.monotonic() - began)
        if self._counters.failed_in_a_row >= FAILURES_IN_A_ROW:
            raise EngineError(f"{self._counters.failed_in_a_row} in a row failed; the last one: {record.error}")
        if self._counters.unscored_in_a_row >= FAILURES_IN_A_ROW:
            unscored = self._counters.unscored_in_a_row
            raise EngineError(f"{unscored} in a row could not be scored; the last one: {record.cause}")


@contextmanager
def rare_collection() -> Iterator[None]:
    """Have the garbage collector run less often.

    A dialogue leaves next to nothing behind that only the collector frees, but allocates much that it looks through: by
    its defaults it took a tenth of the CPU of a job. The modules live as long as the job anyway.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
