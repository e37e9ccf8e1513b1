"""Writes ended items into the run store off the event loop."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic

from outputs.runs.run import RecordT
from outputs.runs.store import RunStore


class Journal(Generic[RecordT]):
    """Stores items as they end, all that have gathered meanwhile in one transaction. Use it with `async with`."""

    def __init__(self, store: RunStore[Any, RecordT]) -> None:
        self._store = store
        self._waiting: list[tuple[RecordT, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "store")

    async def __aenter__(self) -> "Journal[RecordT]":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._thread.shutdown()

    async def write(self, record: RecordT) -> None:
        """Return when `record` is stored. It will be, also when this is cancelled."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((record, stored))
        self._wake.set()
        await stored

    async def run(self) -> None:
        """Write what comes, until this is cancelled; what has come by then is still written.

        Raises:
            StoreError: the store cannot be written.
        """
        writing: Future[None] | None = None
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                batch, self._waiting = self._waiting, []
                writing = self._submit(batch)
                # Shielded: a cancellation would take back a batch that the thread has not begun with.
                await asyncio.shield(asyncio.wrap_future(writing))
                writing = None
                for _, stored in batch:
                    if not stored.done():
                        stored.set_result(None)
        finally:
            if writing:
                writing.result()
            if self._waiting:
                self._submit(self._waiting).result()

    def _submit(self, batch: list[tuple[RecordT, asyncio.Future[None]]]) -> Future[None]:
        return self._thread.submit(self._store.write, *(record for record, _ in batch))
