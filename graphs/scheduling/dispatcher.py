"""Gives the items of a job to its places: how many at once, to which of them, and what happens when one is gone."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from agents.errors import EngineError
from agents.events import tell
from outputs.runs.run import EndedItem, PlannedT, RecordT

_log = logging.getLogger("rolecs.servers")

PlannedT_contra = TypeVar("PlannedT_contra", bound=tuple[Any, ...], contravariant=True)
RecordT_co = TypeVar("RecordT_co", bound=EndedItem, covariant=True)


class Timings(NamedTuple):
    """How long the regular steps of a job take, in seconds.

    Attributes:
        look_s: between two looks at a place.
        probe_s: between the first probes of a place that is down; they double from probe to probe.
        max_probe_s: between any two probes.
        away_s: how long one of several servers may answer nobody before its items go to another.
    """

    look_s: float = 1.0
    probe_s: float = 2.0
    max_probe_s: float = 15.0
    away_s: float = 5.0


DEFAULT_TIMINGS = Timings()


class Place(Protocol[PlannedT_contra, RecordT_co]):
    """Where items are carried out: a replica that this process talks to, or a worker on a node of a cluster."""

    @property
    def name(self) -> str:
        """Says in messages which place it is."""

    @property
    def limit(self) -> int:
        """How many items it is to have in flight."""

    @property
    def last_answer(self) -> float:
        """When a server last answered there, on this machine's monotonic clock."""

    @property
    def outage_left_s(self) -> float:
        """Seconds that all places may be gone before the job ends, less those that this one has waited itself."""

    async def run(self, planned: PlannedT_contra) -> RecordT_co:
        """Carry an item out; what goes wrong with the item alone is in its record.

        Raises:
            EngineError: the place is gone; nothing of the item has been stored.
        """

    async def look(self, in_flight: int) -> None:
        """Read how it stands, with `in_flight` items there; the limit follows. Called every `Timings.look_s`."""

    async def probe(self) -> bool:
        """Tell whether a place that was lost is there again and has its models."""


class _PlaceState(Generic[PlannedT, RecordT]):
    """A place, and how it stands."""

    def __init__(self, place: Place[PlannedT, RecordT]) -> None:
        self.place: Final = place
        self.in_flight = 0
        self.is_down = False


class Dispatcher(Generic[PlannedT, RecordT]):
    """Owns the places of a job and hands out seats on them; use it with `async with`.

    An item keeps its seat for its whole life, so that the prefix cache of its replica knows it. A seat is in the
    healthy place with the fewest items in flight. A fixed `concurrency` is the number of seats over all places; with
    None each place has as many as it says.

    Who finds a place gone reports it as lost. It gets no more items until a probe finds it back. The job ends when
    all places have been down for the retry policy's `outage_s`. Since the dispatcher waits, the clients of several
    places give up sooner (`Timings.away_s`); a single place has no other to turn to, its client waits, and its loss
    ends the job.
    """

    def __init__(
        self,
        places: Sequence[Place[PlannedT, RecordT]],
        concurrency: int | None,
        timings: Timings = DEFAULT_TIMINGS,
    ) -> None:
        self._states = {place: _PlaceState(place) for place in places}
        self._concurrency = concurrency
        self._timings = timings
        self._waiting: deque[asyncio.Future[Place[PlannedT, RecordT]]] = deque()
        self._tasks: list[asyncio.Task[None]] = []
        self._dark_since: float | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._end: EngineError | None = None

    async def __aenter__(self) -> "Dispatcher[PlannedT, RecordT]":
        self._tasks = [asyncio.create_task(self._tend(state)) for state in self._states.values()]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_deadline()
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error  # a bug of ours: a task that tends a place only ends when it is cancelled

    @property
    def in_flight(self) -> int:
        """Seats that are taken."""
        return sum(state.in_flight for state in self._states.values())

    @property
    def limit(self) -> int:
        """Seats that there are, in healthy places."""
        healthy = [state for state in self._states.values() if not state.is_down]
        if self._concurrency is not None:
            return self._concurrency if healthy else 0
        return sum(state.place.limit for state in healthy)

    @property
    def down(self) -> int:
        """Places that are down."""
        return sum(state.is_down for state in self._states.values())

    def describe(self) -> str:
        """Return in a few words how many items are in flight, how many may be, and how many places are down."""
        line = f"{self.in_flight}/{self.limit} in flight"
        return f"{line}, {self.down} of {len(self._states)} replicas down" if self.down else line

    @contextlib.asynccontextmanager
    async def seat(self) -> AsyncIterator[Place[PlannedT, RecordT]]:
        """Take a seat for the length of the context; see `take`."""
        place = await self.take()
        try:
            yield place
        finally:
            self.leave(place)

    async def take(self) -> Place[PlannedT, RecordT]:
        """Wait for a seat, first come first served, and return the place it is in; `leave` it in the end.

        Raises:
            EngineError: all places have been down for too long.
        """
        if self._end:
            raise self._end
        seat: asyncio.Future[Place[PlannedT, RecordT]] = asyncio.get_running_loop().create_future()
        self._waiting.append(seat)
        self._grant()
        try:
            return await seat
        except asyncio.CancelledError:
            # The seat may have been granted in the very moment of the cancellation.
            if seat.done() and not seat.cancelled() and not seat.exception():
                self.leave(seat.result())
            raise

    def leave(self, place: Place[PlannedT, RecordT]) -> None:
        """Give a seat back."""
        self._states[place].in_flight -= 1
        self._grant()

    def lose(self, place: Place[PlannedT, RecordT], error: EngineError) -> None:
        """Mark a place down in which an item ended with `error`; the item can be carried out again from its start.

        Raises:
            EngineError: there is nothing to wait for, because it is the only place, or all were away for too long.
        """
        if len(self._states) == 1:
            raise error
        if not self._states[place].is_down:
            tell(_log, "server down", logging.WARNING, server=place.name)
        self._states[place].is_down = True
        if self.down < len(self._states):
            return
        now, last_answer = time.monotonic(), max(state.place.last_answer for state in self._states.values())
        # Places that come back and go again without an answer in between have been away all the time.
        if self._dark_since is None or last_answer > self._dark_since:
            self._dark_since = now
        left = self._dark_since + place.outage_left_s - now
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
                seat.set_result(state.place)

    def _find_free(self) -> _PlaceState[PlannedT, RecordT] | None:
        """Return the place that is to take the next item, or None where all seats are taken."""
        if self._concurrency is not None and self.in_flight >= self._concurrency:
            return None
        free = [
            state
            for state in self._states.values()
            if not state.is_down and (self._concurrency is not None or state.in_flight < state.place.limit)
        ]
        return min(free, key=lambda state: state.in_flight, default=None)

    async def _tend(self, state: _PlaceState[PlannedT, RecordT]) -> None:
        """Look at a place now and then for the length of the job; while it is down, probe it."""
        while True:
            await asyncio.sleep(self._timings.look_s)
            if state.is_down:
                await self._await_return(state)
            else:
                before = state.place.limit
                await state.place.look(state.in_flight)
                if state.place.limit != before:
                    tell(_log, "limit changed", server=state.place.name, before=before, limit=state.place.limit)
                self._grant()

    async def _await_return(self, state: _PlaceState[PlannedT, RecordT]) -> None:
        wait = self._timings.probe_s
        while not await state.place.probe():
            await asyncio.sleep(wait)
            wait = min(2 * wait, self._timings.max_probe_s)
        state.is_down = False
        tell(_log, "server back", server=state.place.name)
        self._stop_deadline()
        self._grant()
