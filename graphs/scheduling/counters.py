"""The live figures of a job: what its run held before, what has ended since, what is in flight, what it spends."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agents.llm.usage import Usage
from outputs.runs.run import EndedItem, Funnel, Outcome


class Counters:
    """Counts the items of a run while a job works on it. `outcomes` is how all of them stand.

    A job has one of them, however often it starts its engine: what it has spent never falls.
    """

    def __init__(self, before: Funnel, spent: Callable[[], Usage], *, retry_failed: bool = False) -> None:
        """Begin with a run as it stands.

        Args:
            before: the run.
            spent: what the job's clients have spent in all, items in flight included.
            retry_failed: failed items are to be carried out again, and count as planned until they are.
        """
        self.outcomes = dict(before.outcomes)
        if retry_failed:
            self.outcomes[Outcome.PLANNED] += self.outcomes[Outcome.FAILED]
            self.outcomes[Outcome.FAILED] = 0
        self.in_flight = 0
        self.lost_in_a_row = 0
        self.failed_in_a_row = 0
        self.unscored_in_a_row = 0
        """Items whose verdict could not be read; those on which none was asked for do not count, nor break the row."""
        self.ended_here = 0
        """Items that have ended since the job began."""
        self.ended_at: float | None = None
        """When the last of them ended, in Unix time."""
        self.usage_of_ended = before.total_usage
        self._usage_before = before.total_usage
        self._spent = spent
        self._spent_before = spent()
        self._seconds = 0.0
        self._started: float | None = None

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Count seconds from the first item that is started within the context to its end."""
        try:
            yield
        finally:
            self._seconds, self._started = self.seconds, None

    def reject(self, items: int) -> None:
        """Count kept items that were found to be lost after all; kept ones again, where `items` is negative."""
        self.outcomes[Outcome.KEPT] -= items
        self.outcomes[Outcome.REJECTED] += items

    def extend(self, items: int) -> None:
        """Count items that are added to the plan."""
        self.outcomes[Outcome.PLANNED] += items

    def begin(self) -> None:
        """Count an item that is started."""
        self._started = self._started or time.monotonic()
        self.in_flight += 1

    def put_back(self) -> None:
        """Count an item that was started in vain and will be started again."""
        self.in_flight -= 1

    def end(self, record: EndedItem) -> None:
        """Count an item that has ended."""
        outcome = record.outcome
        self.in_flight -= 1
        self.ended_here += 1
        self.ended_at = time.time()
        self.outcomes[Outcome.PLANNED] -= 1
        self.outcomes[outcome] += 1
        self.lost_in_a_row = 0 if outcome is Outcome.KEPT else self.lost_in_a_row + 1
        self.failed_in_a_row = self.failed_in_a_row + 1 if outcome is Outcome.FAILED else 0
        if record.is_scored is not None:
            self.unscored_in_a_row = 0 if record.is_scored else self.unscored_in_a_row + 1
        self.usage_of_ended += record.total_usage

    @property
    def planned(self) -> int:
        """All items of the run, ended or not."""
        return sum(self.outcomes.values())

    @property
    def kept(self) -> int:
        """Items that are kept."""
        return self.outcomes[Outcome.KEPT]

    @property
    def ended(self) -> int:
        """Items that have ended, those of earlier jobs included."""
        return self.planned - self.outcomes[Outcome.PLANNED]

    @property
    def seconds(self) -> float:
        """Seconds that the job has had items in flight, the loading of an engine left out."""
        return self._seconds + (time.monotonic() - self._started if self._started else 0.0)

    @property
    def usage_here(self) -> Usage:
        """What has been spent since the job began, items in flight included."""
        return self._spent() - self._spent_before

    @property
    def usage(self) -> Usage:
        """What the run has spent, items in flight included."""
        return self._usage_before + self.usage_here
