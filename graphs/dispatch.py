"""Gives the items of a job to its replicas: how many at once, to which of them, and what happens when one is gone."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final

import httpx2

from agents.errors import EngineError, UsageError
from agents.events import tell
from graphs.servers import Replica
from graphs.steering import EngineLoad, Reading, Steering, parse_load

LOOK_S = 1.0
"""Seconds between two looks at a replica."""
REPORT_TIMEOUT_S = 5.0
PROBE_S = 2.0
"""Seconds between the first probes of a replica that is down; they double from probe to probe."""
MAX_PROBE_S = 15.0

_log = logging.getLogger("rolecs.servers")


class _ReplicaState:
    """A replica, and how it stands."""

    def __init__(self, replica: Replica) -> None:
        self.replica: Final = replica
        self.clients: Final = list(dict.fromkeys((replica.play, replica.judge)))
        self.steering: Final = Steering()
        self.in_flight = 0
        self.is_down = False
        # Prometheus' text lies beside the API, at the root of the server.
        self.report_url: str | None = f"{replica.play.base_url.removesuffix('/v1')}/metrics"

    @property
    def busy_answers(self) -> int:
        return sum(client.busy_answers for client in self.clients)

    async def probe(self) -> bool:
        """Tell whether the replica's servers are there again and have their models."""
        try:
            for client in self.clients:
                await client.check()
        except UsageError:
            return False
        return True


class Dispatcher:
    """Owns the replicas of a job and hands out seats on them; use it with `async with`.

    An item keeps its seat for its whole life, so that the prefix cache of its replica knows it. A seat is on the
    healthy replica with the fewest items in flight. With a fixed `concurrency` there are so many seats; with None each
    replica has as many as `Steering` finds, which looks at it every `LOOK_S`.

    Who finds a replica gone reports it as lost. It gets no more items until a probe finds it back. The job ends when
    all replicas have been down for the patience's `outage_s`. Since the dispatcher waits, the clients of several
    replicas give up sooner (`Servers`); a single replica has no other to turn to, its client waits, and its loss ends
    the job.
    """

    def __init__(self, replicas: Sequence[Replica], concurrency: int | None) -> None:
        self._states = {replica: _ReplicaState(replica) for replica in replicas}
        self._concurrency = concurrency
        self._waiting: deque[asyncio.Future[Replica]] = deque()
        self._tasks: list[asyncio.Task[None]] = []
        self._reports = httpx2.AsyncClient(timeout=REPORT_TIMEOUT_S)
        self._dark_since: float | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._end: EngineError | None = None

    async def __aenter__(self) -> "Dispatcher":
        self._tasks = [asyncio.create_task(self._tend(state)) for state in self._states.values()]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_deadline()
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._reports.aclose()
        for error in ended:
            if isinstance(error, Exception):
                raise error  # a bug of ours: a task that tends a replica only ends when it is cancelled

    @property
    def in_flight(self) -> int:
        """Seats that are taken."""
        return sum(state.in_flight for state in self._states.values())

    @property
    def limit(self) -> int:
        """Seats that there are, on healthy replicas."""
        healthy = [state for state in self._states.values() if not state.is_down]
        if self._concurrency is not None:
            return self._concurrency if healthy else 0
        return sum(state.steering.limit for state in healthy)

    @property
    def down(self) -> int:
        """Replicas that are down."""
        return sum(state.is_down for state in self._states.values())

    def describe(self) -> str:
        """Return in a few words how many items are in flight, how many may be, and how many replicas are down."""
        line = f"{self.in_flight}/{self.limit} in flight"
        return f"{line}, {self.down} of {len(self._states)} replicas down" if self.down else line

    @contextlib.asynccontextmanager
    async def seat(self) -> AsyncIterator[Replica]:
        """Take a seat for the length of the context; see `take`."""
        replica = await self.take()
        try:
            yield replica
        finally:
            self.leave(replica)

    async def take(self) -> Replica:
        """Wait for a seat, first come first served, and return the replica it is on; `leave` it in the end.

        Raises:
            EngineError: all replicas have been down for too long.
        """
        if self._end:
            raise self._end
        seat: asyncio.Future[Replica] = asyncio.get_running_loop().create_future()
        self._waiting.append(seat)
        self._grant()
        try:
            return await seat
        except asyncio.CancelledError:
            # The seat may have been granted in the very moment of the cancellation.
            if seat.done() and not seat.cancelled() and not seat.exception():
                self.leave(seat.result())
            raise

    def leave(self, replica: Replica) -> None:
        """Give a seat back."""
        self._states[replica].in_flight -= 1
        self._grant()

    def lose(self, replica: Replica, error: EngineError) -> None:
        """Mark a replica down on which an item ended with `error`; the item can be carried out again from its start.

        Raises:
            EngineError: there is nothing to wait for, because it is the only replica, or all were away for too long.
        """
        if len(self._states) == 1:
            raise error
        if not self._states[replica].is_down:
            tell(_log, "server down", logging.WARNING, server=replica.play.base_url)
        self._states[replica].is_down = True
        if self.down < len(self._states):
            return
        now, last_answer = time.monotonic(), max(state.replica.play.last_answer for state in self._states.values())
        # Replicas that come back and go again without an answer in between have been away all the time.
        if self._dark_since is None or last_answer > self._dark_since:
            self._dark_since = now
        # The client has waited already.
        left = self._dark_since + replica.play.patience.outage_s - replica.play.away_s - now
        if left <= 0:
            raise error
        self._stop_deadline()
        self._deadline = asyncio.get_running_loop().call_later(left, self._give_up, error)

    def _stop_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self, error: EngineError) -> None:
        self._end = error
        while self._waiting:
            seat = self._waiting.popleft()
            if not seat.done():
                seat.set_exception(error)

    def _grant(self) -> None:
        """Give free seats to those who wait."""
        while self._waiting and (state := self._find_free()):
            seat = self._waiting.popleft()
            if not seat.done():
                state.in_flight += 1
                seat.set_result(state.replica)

    def _find_free(self) -> _ReplicaState | None:
        """Return the replica that is to take the next item, or None where all seats are taken."""
        if self._concurrency is not None and self.in_flight >= self._concurrency:
            return None
        free = [
            state
            for state in self._states.values()
            if not state.is_down and (self._concurrency is not None or state.in_flight < state.steering.limit)
        ]
        return min(free, key=lambda state: state.in_flight, default=None)

    async def _tend(self, state: _ReplicaState) -> None:
        """Look at a replica now and then for the length of the job; while it is down, probe it."""
        while True:
            await asyncio.sleep(LOOK_S)
            if state.is_down:
                await self._await_return(state)
            elif self._concurrency is None:
                load = await self._read_load(state)
                before = state.steering.limit
                limit = state.steering.look(Reading(state.in_flight, state.busy_answers, load))
                if limit != before:
                    tell(_log, "limit changed", server=state.replica.play.base_url, before=before, limit=limit)
                self._grant()

    async def _await_return(self, state: _ReplicaState) -> None:
        wait = PROBE_S
        while not await state.probe():
            await asyncio.sleep(wait)
            wait = min(2 * wait, MAX_PROBE_S)
        state.is_down = False
        tell(_log, "server back", server=state.replica.play.base_url)
        self._stop_deadline()
        self._grant()

    async def _read_load(self, state: _ReplicaState) -> EngineLoad | None:
        if state.report_url is None:
            return None
        try:
            response = await self._reports.get(state.report_url)
        except httpx2.HTTPError:
            return None
        if response.is_client_error and response.status_code != 429:
            # There is no such page, or not for us: do not ask again.
            state.report_url = None
        return parse_load(response.text) if response.is_success else None
