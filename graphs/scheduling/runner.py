"""Workers that carry a run's items to the servers, many at a time, and store each as it ends."""

import asyncio
import gc
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from rich.console import Console

from agents.engine.managed import Engine, OnWait
from agents.errors import EngineEndedError, EngineError, first_error
from agents.llm.usage import Usage
from graphs.scheduling.counters import Counters
from graphs.scheduling.dispatcher import Dispatcher, Place, PlaceT
from graphs.scheduling.interrupts import Interruption
from graphs.scheduling.stopping import Goal, Halt, count_needed, find_halt
from graphs.telemetry.progress import LoadingDisplay, show_progress
from graphs.telemetry.telemetry import Telemetry
from outputs.runs.run import PlannedT, RecordT
from outputs.runs.store import RunStore

FAILURES_IN_A_ROW = 20
"""So many failed items, one after the other, mean that something is wrong with all of them: the job stops."""
LOSSES = 5
"""An item that so many replicas went down under may be what brings them down: the job stops."""
GC_THRESHOLDS = (50_000, 20, 100)
"""After so many allocations, and collections of each generation, memory is looked through; see `_rare_collection`."""


class PendingRun(NamedTuple):
    """Why not all that was pending was carried out, if so, and for how many seconds items were in flight."""

    halt: Halt | None
    seconds: float


PlaceT_co = TypeVar("PlaceT_co", bound=Place, covariant=True)


class Fleet(Protocol[PlaceT_co]):
    """What a job works with: the places where it has its items carried out, connected and not yet started."""

    @property
    def replicas(self) -> Sequence[PlaceT_co]:
        """The places; all of them once the engine is started."""

    @property
    def concurrency(self) -> int | None:
        """Items in flight over all places; None: as many as the places say."""

    @property
    def model(self) -> str:
        """The name of the playing model."""

    @property
    def judge_model(self) -> str:
        """The name of the judging model."""

    @property
    def engine(self) -> Engine | None:
        """The engine that this process manages, if it does."""

    @property
    def usage(self) -> Usage:
        """What has been spent so far."""

    async def start_engine(self, log: Path, on_wait: OnWait) -> None:
        """Start what has to be started before the first item; its output goes to `log`."""


async def run_pending(
    store: RunStore[PlannedT, RecordT],
    servers: Fleet[PlaceT],
    carry_out: Callable[[PlannedT, PlaceT], Awaitable[RecordT]],
    console: Console,
    interruption: Interruption,
    *,
    goal: Goal,
    watch: Telemetry,
    extend: Callable[[int], Sequence[PlannedT]] = lambda items: (),
    retry_failed: bool = False,
) -> PendingRun:
    """Carry out what a run has pending, and return how that went.

    The engine, where one is to be managed, is started only when there is something to do, and again when it ended after
    some items had. When the job is interrupted, nothing more is started, and it returns when all in flight have ended.

    Args:
        store: the run.
        servers: connected; a `Dispatcher` gives items to their places.
        carry_out: turns a planned item into its record; what goes wrong with the item alone is in the record.
        console: where the progress is shown.
        interruption: asks the job to stop.
        goal: when enough is done.
        watch: is told how the job goes.
        extend: plans so many further items; asked when the target wants more than is planned.
        retry_failed: failed items are pending too.

    Raises:
        EngineError: the engine did not start, died, was away for too long, or every item fails.
        StoreError: the store cannot be written.
    """
    seconds = 0.0
    while True:
        counters = Counters(store.funnel(), lambda: servers.usage, retry_failed=retry_failed)
        supply = _Supply(iter(store.pending(retry_failed=retry_failed)), extend, goal, counters)
        try:
            if first := supply.take():
                supply.put_back(first)
                with LoadingDisplay(console, servers.model) as loading:
                    await servers.start_engine(store.folder / "engine.log", loading)
                dispatcher = Dispatcher(servers.replicas, servers.concurrency)
                journal = _Journal(store)
                progress = show_progress(counters, dispatcher.describe, goal, console)
                async with progress, dispatcher, journal, watch.follow(counters, dispatcher):
                    await _Workers(supply, servers, dispatcher, carry_out, journal, counters, watch).run(interruption)
            return PendingRun(supply.halt, seconds + counters.seconds)
        except EngineEndedError as error:
            if interruption.requested or not counters.ended_here:
                # It would end again: nothing has come of this start.
                raise
            console.print(f"{error}\nIt is started again.", markup=False)
            seconds += counters.seconds


class _Supply(Generic[PlannedT]):
    """The items to do, in their order; `halt` is why the last one asked for was not given, unless there was none."""

    def __init__(
        self, pending: Iterator[PlannedT], extend: Callable[[int], Sequence[PlannedT]], goal: Goal, counters: Counters
    ) -> None:
        self.halt: Halt | None = None
        self._pending = pending
        self._returned: deque[PlannedT] = deque()
        self._extend = extend
        self._goal = goal
        self._counters = counters

    def take(self) -> PlannedT | None:
        """Return the next item to start; None when none shall be started for now."""
        if self._returned:
            return self._returned.popleft()
        if self.halt and self.halt.kind == "budget" and self._counters.in_flight:
            # The short ones end first and tell too little: ask again when all in flight have ended.
            return None
        self.halt = find_halt(self._goal, self._counters)
        if self.halt:
            return None
        planned = next(self._pending, None)
        if planned is None and self._goal.target_kept is not None:
            more = self._extend(count_needed(self._goal, self._counters))
            self._counters.extend(len(more))
            self._pending = iter(more)
            planned = next(self._pending, None)
        return planned

    def put_back(self, planned: PlannedT) -> None:
        """Give back an item that was not carried out."""
        self._returned.append(planned)


class _Journal(Generic[RecordT]):
    """Writes ended items into the store off the event loop, all that have gathered meanwhile in one transaction."""

    def __init__(self, store: RunStore[PlannedT, RecordT]) -> None:
        self._store = store
        self._waiting: list[tuple[RecordT, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "store")

    async def __aenter__(self) -> "_Journal[RecordT]":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._thread.shutdown()

    async def write(self, record: RecordT) -> None:
        """Return when `record` is stored."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((record, stored))
        self._wake.set()
        await stored

    async def run(self) -> None:
        """Write what comes, until this is cancelled.

        Raises:
            StoreError: the store cannot be written.
        """
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                batch, self._waiting = self._waiting, []
                await loop.run_in_executor(self._thread, self._store.write, *(record for record, _ in batch))
                for _, stored in batch:
                    if not stored.done():
                        stored.set_result(None)
        finally:
            # A job that is cancelled still stores what has ended.
            if self._waiting:
                self._store.write(*(record for record, _ in self._waiting))


class _Workers(Generic[PlannedT, RecordT, PlaceT]):
    """Carry out items until none is left or the engine is gone: one task for each, never more than there are seats."""

    def __init__(
        self,
        supply: _Supply[PlannedT],
        servers: Fleet[PlaceT],
        dispatcher: Dispatcher[PlaceT],
        carry_out: Callable[[PlannedT, PlaceT], Awaitable[RecordT]],
        journal: _Journal[RecordT],
        counters: Counters,
        watch: Telemetry,
    ) -> None:
        self._supply = supply
        self._servers = servers
        self._dispatcher = dispatcher
        self._carry_out = carry_out
        self._journal = journal
        self._counters = counters
        self._watch = watch
        self._losses: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, interruption: Interruption) -> None:
        """Carry out all, and return when nothing is in flight any more."""
        with _rare_collection(), first_error():
            async with asyncio.TaskGroup() as group:
                helpers = [group.create_task(self._journal.run())]
                if self._servers.engine:
                    helpers.append(group.create_task(self._servers.engine.watch()))
                feeder = group.create_task(self._feed(group))
                with interruption.finishing(feeder.cancel):
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
                task = group.create_task(self._work(planned, place))
                self._tasks.add(task)
                # Not by the task itself: one that is cancelled before its first step would keep the seat.
                task.add_done_callback(partial(self._leave, place))
                continue
            self._dispatcher.leave(place)
            if not self._tasks:
                return
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def _leave(self, place: PlaceT, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._dispatcher.leave(place)

    async def _work(self, planned: PlannedT, place: PlaceT) -> None:
        """Carry out an item; one that loses its place is put back, nothing of it having been stored."""
        began = time.monotonic()
        try:
            record = await self._carry_out(planned, place)
        except EngineError as error:
            self._counters.put_back()
            self._dispatcher.lose(place, error)
            key = str(planned[1])
            self._losses[key] += 1
            if self._losses[key] >= LOSSES:
                raise EngineError(f"item {key} lost its server {LOSSES} times; the last time: {error}") from error
            self._supply.put_back(planned)
            return
        await self._journal.write(record)
        self._counters.end(record)
        self._watch.ended(record, time.monotonic() - began)
        if self._counters.failed_in_a_row >= FAILURES_IN_A_ROW:
            raise EngineError(f"{self._counters.failed_in_a_row} in a row failed; the last one: {record.error}")


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Have the garbage collector run less often.

    A call leaves next to nothing behind that only the collector frees, but allocates much that it looks through: by its
    defaults it took a tenth of the CPU of a call. The modules live as long as the job anyway.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
