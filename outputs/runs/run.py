"""What a run is made of: its header, its items as they are planned and as they end, and the sum of them."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from math import ceil
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from agents.digests import digest
from agents.errors import Failure, shorten
from agents.llm.usage import Role, Usage

REPAIRS = "repairs"
"""The subject under which is counted what was asked for again for what it said, by what was wrong."""
CAUSES = "causes"
"""The subject under which is counted what items failed or went unscored for: "failed" or "unscored", and the cause."""
CountKey = tuple[Any, ...]
"""What is counted, in parts: a named tuple of plain values; where it comes from the store, their JSON values alone."""
Counts = dict[str, dict[CountKey, int]]
"""How often each thing occurred, by subject."""


class Outcome(StrEnum):
    """How an item of a run stands: not done yet, or ended in exactly one of three ways."""

    PLANNED = "planned"
    KEPT = "kept"
    REJECTED = "rejected"
    FAILED = "failed"


KEPT_OR_NOT: Mapping[Outcome, str] = {
    outcome: outcome.value for outcome in (Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED)
}
"""What the ends of items are called where a gate keeps some of them."""


class EndedItem(BaseModel):
    """Base of what a run stores of an item that has ended: its key, the error if it failed, what it cost.

    The outcome follows from what is in the record and is never set by hand.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    error: Failure | None = None
    usage: dict[Role, Usage] = {}

    @property
    def outcome(self) -> Outcome:
        """Failed where there is an error, rejected where there are reasons, else kept."""
        if self.error is not None:
            return Outcome.FAILED
        return Outcome.REJECTED if self.reasons else Outcome.KEPT

    @property
    def total_usage(self) -> Usage:
        """What all roles spent together."""
        return sum(self.usage.values(), Usage())

    @property
    def reasons(self) -> list[str]:
        """Why the item was rejected; empty when it was kept or failed, and where items of its kind never are."""
        return []

    @property
    def is_scored(self) -> bool | None:
        """Whether a verdict on the item could be read; None where none was asked for."""
        return None

    @property
    def cause(self) -> str | None:
        """What the item failed or went unscored for, in words."""
        return str(self.error) if self.error else None

    @property
    def counts(self) -> Counts:
        """What else is counted of items, to be summed up over the run."""
        if self.cause is None:
            return {}
        return {CAUSES: {("failed" if self.error else "unscored", generalise(self.cause)): 1}}


PlannedT = TypeVar("PlannedT", bound=tuple[Any, ...])
RecordT = TypeVar("RecordT", bound=EndedItem)


class RunKind(NamedTuple, Generic[PlannedT, RecordT]):
    """What a run is made of: the command that makes it, the type of a planned item, the type of an ended one.

    A planned item is a named tuple of plain values that begins with `position` and `key`. `ends` is what users are told
    of the outcomes; one that no item of this kind comes to is left out.
    """

    command: str
    planned: Callable[..., PlannedT]
    record: type[RecordT]
    ends: Mapping[Outcome, str] = KEPT_OR_NOT


class PlannedRow(NamedTuple):
    """A dialogue that was read and is to be looked at: its place among all, its key, its id, and the seed."""

    position: int
    key: str
    dialogue: str
    seed: int


class PlannedCall(NamedTuple):
    """A real call that a model is to see: its place in the plan, its key, the id that its file gives it, the seed."""

    position: int
    key: str
    source: str
    seed: int


class Provenance(BaseModel):
    """What a run is: the configuration that its items depend on, the settings of its last job, and versions.

    `folder` is where that job was started: relative paths in the settings are seen from there.
    """

    model_config = ConfigDict(frozen=True)

    configuration: dict[str, Any]
    digest: str
    settings: dict[str, Any]
    versions: dict[str, str]
    folder: str = ""

    @classmethod
    def build(cls, configuration: dict[str, Any], settings: dict[str, Any], versions: dict[str, str]) -> "Provenance":
        """Make a header; the digest follows from the configuration."""
        return cls(
            configuration=configuration,
            digest=digest(configuration),
            settings=settings,
            versions=versions,
            folder=str(Path.cwd()),
        )


class Funnel(BaseModel):
    """How many items ended how, why they were lost, what else was counted of them, and what was spent by role.

    `repaired` are the kept items in which something was asked for again.
    """

    model_config = ConfigDict(frozen=True)

    outcomes: dict[Outcome, int]
    reasons: dict[str, int]
    counts: Counts
    repaired: int
    usage: dict[Role, Usage]

    @property
    def planned(self) -> int:
        """All items of the run, ended or not."""
        return sum(self.outcomes.values())

    @property
    def ended(self) -> int:
        """Items that have ended."""
        return self.planned - self.outcomes[Outcome.PLANNED]

    @property
    def total_usage(self) -> Usage:
        """What all roles spent together."""
        return sum(self.usage.values(), Usage())

    @property
    def causes(self) -> dict[str, dict[str, int]]:
        """What items failed for, and went unscored for, each with how often, in falling order."""
        causes: dict[str, dict[str, int]] = {}
        for (group, cause), count in self.counts.get(CAUSES, {}).items():
            causes.setdefault(group, {})[cause] = count
        return {group: most_frequent_first(counts) for group, counts in sorted(causes.items())}

    @property
    def none_scored(self) -> bool:
        """Items went unscored, and no verdict on any could be read."""
        judged = any(reason.startswith("point:") for reason in self.reasons)
        return "unscored" in self.causes and not judged and not self.outcomes[Outcome.KEPT]

    @property
    def tokens_per_kept(self) -> float | None:
        """Prompt and generated tokens for each kept item, those of the lost ones included; None when none is."""
        kept = self.outcomes[Outcome.KEPT]
        return self.total_usage.total_tokens / kept if kept else None


_REQUEST = re.compile(r", request \d+")
_NUMBER = re.compile(r"(?<!HTTP )\b\d+(?:\.\d+)?\b")


def generalise(cause: str) -> str:
    """Return a cause without what tells it from others of its kind: numbers, but for HTTP's statuses, and its end.

    >>> generalise("judge, request 7: HTTP 400: 4097 tokens are more than 4096")
    'judge: HTTP 400: # tokens are more than #'
    """
    return shorten(_NUMBER.sub("#", _REQUEST.sub("", cause)), 200)


def most_frequent_first(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by name in falling order, equal ones by name.

    >>> most_frequent_first({"b": 1, "a": 1, "c": 2})
    {'c': 2, 'a': 1, 'b': 1}
    """
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def count_left(outcomes: Mapping[Outcome, int], target_kept: int | None) -> int | None:
    """Return how many items are still to be carried out: all that wait, or what a target takes at the yield so far.

    None while nothing tells, because none was kept.

    >>> count_left({Outcome.PLANNED: 5, Outcome.KEPT: 10, Outcome.REJECTED: 30}, 20)
    40
    """
    waiting, kept = outcomes[Outcome.PLANNED], outcomes[Outcome.KEPT]
    if target_kept is None or kept >= target_kept:
        return waiting if target_kept is None else 0
    return ceil((target_kept - kept) * (sum(outcomes.values()) - waiting) / kept) if kept else None
