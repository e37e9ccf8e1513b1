"""The record of one rewritten call: the dialogue that it became, and what it is compared with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from agents.csc.dialogue import Turn
from agents.csc.outline import Step
from agents.csc.strategies import Strategy
from outputs.runs.record import DIALOGUES, Record
from outputs.runs.run import Outcome, PlannedCall, RunKind
from outputs.runs.second_look import LookedAgain
from outputs.runs.store import RunStore
from quality.fidelity.findings import Fidelity
from quality.gate.flaws import Review
from quality.gate.verdict import UNSCORED


class Rewriting(LookedAgain, Record):
    """A real call that was rewritten, or why it was not; as a dialogue it is like one that was played.

    Attributes:
        source_id: the id of the call.
        original: its lines, without private data; a line is one side's words before the other speaks. None where a
            second look at them was asked for and could not be had.
        review: whether it was worth it.
        refused: the flaws for which it was not.
        before: the strategies that a blind labeller gives the supporter's lines, by one-based line.
        steps: the plan of the rewrite; a step each for `turns`, as far as they were said.
        fidelity: the comparison with the original; None where the gate rejected the rewrite before.
    """

    source_id: str
    original: tuple[Turn, ...]
    review: Review | None = None
    refused: tuple[str, ...] = ()
    before: dict[int, Strategy] = Field({})
    steps: tuple[Step, ...] = ()
    fidelity: Fidelity | None = None

    @property
    def reasons(self) -> list[str]:
        """Why the call was lost: `call:` and its flaw, what the gate says, or `fidelity:` and what was found."""
        if self.error is not None:
            return []
        if self.refused:
            return [f"call:{flaw}" for flaw in self.refused]
        unfaithful = self.fidelity.reasons if self.fidelity else []
        if unfaithful and self.verdict is None and not self.violations:
            # The rules of the comparison cost nothing and come before the judge.
            return unfaithful
        return super().reasons or unfaithful or ([] if self.fidelity else [UNSCORED])

    @property
    def is_scored(self) -> bool | None:
        """Whether labeller, judge and comparison could be read; None for a call that was not rewritten to its end."""
        return None if self.refused else super().is_scored

    @property
    def cause(self) -> str | None:
        """What the rewriting failed or went unscored for, in words."""
        if self.is_scored is False and self.fidelity and self.fidelity.unscored:
            return self.fidelity.unscored
        return super().cause


REWRITINGS = RunKind("rewrite", PlannedCall, Rewriting)
"""Runs of `rolecs rewrite`."""


def read_made(folder: Path) -> RunStore[Any, Record]:
    """Open a run for reading whose dialogues rolecs made: one that was played, or one of rewritten calls.

    Raises:
        UsageError: no run there, or one of another command or version.
    """
    return RunStore[Any, Any].read_any((DIALOGUES, REWRITINGS), folder)


def rewritten(store: RunStore[Any, Record], *outcomes: Outcome) -> Iterator[Rewriting]:
    """Yield the rewritten calls of a run of some outcomes; none where its dialogues were played."""
    return (record for record in store.records(*outcomes) if isinstance(record, Rewriting))
