"""Workers that carry a run's pending items to the servers, many at a time, and store each as it ends."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Generic

from rich.console import Console

from agents.errors import EngineError, StoreError
from graphs.progress import LoadingDisplay, Tally, show_progress
from graphs.servers import Replica, Servers
from outputs.run import Funnel, Outcome, PlannedT, RecordT
from outputs.store import RunStore

FAILURES_IN_A_ROW = 20
"""So many failed items, one after the other, mean that something is wrong with all of them: the job stops."""


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
        servers: connected; they hold how many items are in flight.
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
        tally = Tally(planned, planned - len(pending), servers.clients)
        async with show_progress(tally, console):
            await _Workers(store, servers, carry_out, tally).run(pending)
    return store.funnel()


class _Workers(Generic[PlannedT, RecordT]):
    """Take items from one shared list until it is empty or the engine is gone."""

    def __init__(
        self,
        store: RunStore[PlannedT, RecordT],
        servers: Servers,
        carry_out: Callable[[PlannedT, Replica], Awaitable[RecordT]],
        tally: Tally,
    ) -> None:
        self._store = store
        self._servers = servers
        self._carry_out = carry_out
        self._tally = tally
        self._failures = 0

    async def run(self, pending: Sequence[PlannedT]) -> None:
        # The modules loaded by now live as long as the job: take them out of each later garbage collection.
        gc.freeze()
        todo = iter(pending)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._servers.engine.watch()) if self._servers.engine else None
                workers = [group.create_task(self._work(todo)) for _ in range(self._servers.concurrency)]
                await asyncio.wait(workers)
                if watch:
                    watch.cancel()
        except* (EngineError, StoreError) as errors:
            raise errors.exceptions[0] from None
        finally:
            gc.unfreeze()

    async def _work(self, todo: Iterator[PlannedT]) -> None:
        replicas = self._servers.replicas
        for planned in todo:
            # An item stays on one replica, whose prefix cache then knows it.
            record = await self._carry_out(planned, replicas[planned[0] % len(replicas)])
            self._store.write(record)
            self._tally.outcomes[record.outcome] += 1
            self._failures = self._failures + 1 if record.outcome is Outcome.FAILED else 0
            if self._failures >= FAILURES_IN_A_ROW:
                raise EngineError(f"{self._failures} in a row failed; the last one: {record.error}")
