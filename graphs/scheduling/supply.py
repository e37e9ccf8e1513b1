"""What a job is to carry out next, and when it is enough."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Generic

from graphs.config.settings import Goal
from graphs.scheduling.counters import Counters
from graphs.scheduling.stopping import Halt, count_needed, find_halt
from outputs.runs.run import PlannedT


class Supply(Generic[PlannedT]):
    """The items to do, in their order; `halt` is why the last one asked for was not given, unless there was none."""

    def __init__(
        self,
        pending: Iterable[PlannedT],
        goal: Goal,
        counters: Counters,
        extend: Callable[[int], Sequence[PlannedT]] | None = None,
    ) -> None:
        """Begin with what is pending.

        Args:
            pending: the items that are planned already.
            goal: when enough is done.
            counters: how the run stands.
            extend: plans that many further items; asked when the goal's target wants more than is planned.
        """
        self.halt: Halt | None = None
        self._pending = iter(pending)
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
        if planned is None and self._extend and self._goal.target_kept is not None:
            more = self._extend(count_needed(self._goal, self._counters))
            self._counters.extend(len(more))
            self._pending = iter(more)
            planned = next(self._pending, None)
        return planned

    def put_back(self, planned: PlannedT) -> None:
        """Give back an item that was not carried out."""
        self._returned.append(planned)

    def has_more(self) -> bool:
        """Tell whether an item is to be started."""
        if (planned := self.take()) is None:
            return False
        self._returned.appendleft(planned)
        return True
