"""Workers that carry a run's pending items to the servers, many at a time, and store each as it ends."""

import asyncio
import gc
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic

from rich.console import Console

from agents.errors import EngineError, StoreError
from graphs.dispatch import Dispatcher
from graphs.progress import LoadingDisplay, Tally, show_progress
from graphs.servers import Replica, Servers
from outputs.run import Funnel, Outcome, PlannedT, RecordT
from outputs.store import RunStore

FAILURES_IN_A_ROW = 20
"""So many failed items, one after the other, mean that something is wrong with all of them: the job stops."""
LOSSES = 5
"""An item that so many replicas went down under may be what brings them down: the job stops."""


async def work_off(
    store: RunStore[PlannedT, RecordT],
    servers: Servers,
    carry_out: Callable[[PlannedT, Replica], Awaitable[RecordT]],
    console: Console,
    *,
    retry_failed: bool = False,
) -> Funnel:
    """Carry out what a run has pending, and return how it stands then.

    The engine, where one is to be managed, is started only when something is pending.

    Args:
        store: the run.
        servers: connected; a `Dispatcher` gives items to their replicas.
        carry_out: turns a planned item into its record; what goes wrong with the item alone is in the record.
        console: where the progress is shown.
        retry_failed: failed items are pending too.

    Raises:
        EngineError: the engine did not start, died, was away for too long, or every item fails.
        StoreError: the store cannot be written.
    """
    pending = store.pending(retry_failed=retry_failed)
    if pending:
        with LoadingDisplay(console, servers.model) as loading:
            await servers.start_engine(store.folder / "engine.log", loading)
        planned = store.funnel().planned
        dispatcher = Dispatcher(servers.replicas, servers.concurrency)
        tally = Tally(planned, planned - len(pending), servers.clients, dispatcher.describe)
        async with show_progress(tally, console), dispatcher:
            await _Workers(store, servers, dispatcher, carry_out, tally).run(pending)
    return store.funnel()


class _Workers(Generic[PlannedT, RecordT]):
    """Carry out items until none is left or the engine is gone: one task for each, never more than there are seats."""

    def __init__(
        self,
        store: RunStore[PlannedT, RecordT],
        servers: Servers,
        dispatcher: Dispatcher,
        carry_out: Callable[[PlannedT, Replica], Awaitable[RecordT]],
        tally: Tally,
    ) -> None:
        self._store = store
        self._servers = servers
        self._dispatcher = dispatcher
        self._carry_out = carry_out
        self._tally = tally
        self._failures = 0
        self._lost: deque[tuple[PlannedT, int]] = deque()
        """Items whose replica went down, and how often that happened to them."""
        self._ended = asyncio.Event()

    async def run(self, pending: Sequence[PlannedT]) -> None:
        # The modules loaded by now live as long as the job: take them out of each later garbage collection.
        gc.freeze()
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._servers.engine.watch()) if self._servers.engine else None
                await self._feed(group, pending)
                if watch:
                    watch.cancel()
        except* (EngineError, StoreError) as errors:
            raise errors.exceptions[0] from None
        finally:
            gc.unfreeze()

    async def _feed(self, group: asyncio.TaskGroup, pending: Sequence[PlannedT]) -> None:
        """Start a task for each item as soon as a seat is free, first for those that lost theirs."""
        todo = ((planned, 0) for planned in pending)
        while True:
            planned, losses = self._lost.popleft() if self._lost else next(todo, (None, 0))
            if planned is not None:
                replica = await self._dispatcher.take()
                task = group.create_task(self._work(planned, losses, replica))
                # Not by the task itself: one that is cancelled before its first step would keep the seat.
                task.add_done_callback(partial(self._leave, replica))
            elif self._dispatcher.in_flight:
                self._ended.clear()
                await self._ended.wait()
            else:
                return

    def _leave(self, replica: Replica, _: asyncio.Task[None]) -> None:
        self._dispatcher.leave(replica)
        self._ended.set()

    async def _work(self, planned: PlannedT, losses: int, replica: Replica) -> None:
        """Carry out an item; one that loses its replica is put back, nothing of it having been stored."""
        try:
            record = await self._carry_out(planned, replica)
        except EngineError as error:
            self._dispatcher.lose(replica, error)
            if losses + 1 >= LOSSES:
                raise EngineError(
                    f"item {planned[1]} lost its server {LOSSES} times; the last time: {error}"
                ) from error
            self._lost.append((planned, losses + 1))
            return
        self._store.write(record)
        self._tally.outcomes[record.outcome] += 1
        self._failures = self._failures + 1 if record.outcome is Outcome.FAILED else 0
        if self._failures >= FAILURES_IN_A_ROW:
            raise EngineError(f"{self._failures} in a row failed; the last one: {record.error}")
