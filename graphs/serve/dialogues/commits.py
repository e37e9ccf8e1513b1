"""Writes to the store off the event loop: what has gathered while one transaction ran shares the next one."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from agents.errors import StoreError
from agents.events import tell
from outputs.scorecards.store import ScorecardStore, Write

_log = logging.getLogger("rolecs.serve")


class GroupCommit:
    """Commits the writes of many requests together; use it with `async with`."""

    def __init__(self, store: ScorecardStore) -> None:
        self._store = store
        self._waiting: list[tuple[tuple[Write, ...], asyncio.Future[None]]] = []
        self._thread = ThreadPoolExecutor(1, "scorecards")
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "GroupCommit":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            await self._task
        self._thread.shutdown()

    async def write(self, *writes: Write) -> None:
        """Return when all of it is on the disk. It will be, also when this is cancelled.

        Raises:
            StoreError: the store cannot be written; nothing of it is stored.
        """
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((writes, stored))
        if self._task is None:
            self._task = asyncio.create_task(self._commit())
        await stored

    async def forget_before(self, moment: float) -> list[str]:
        """Erase what was opened before a moment, between two transactions; return the ids.

        Raises:
            StoreError: the store cannot be written.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._store.forget_before, moment)

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            writes = [write for group, _ in batch for write in group]
            error: StoreError | None = None
            try:
                await loop.run_in_executor(self._thread, self._store.write, *writes)
            except Exception as caught:  # a boundary: whatever it is, who waits is told, and the next writes go on
                texts = {"error_message": str(caught)}
                tell(_log, "write failed", logging.ERROR, texts=texts, error=type(caught).__name__)
                error = caught if isinstance(caught, StoreError) else StoreError(f"cannot write: {caught}")
            for _, stored in batch:
                if not stored.done():
                    stored.set_exception(error) if error else stored.set_result(None)
        self._task = None
