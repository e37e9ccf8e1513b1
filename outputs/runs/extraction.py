"""The record of one extraction: the persona that a real call gave, or why it gave none."""

from typing import Final

from pydantic import Field

from agents.csc.language import Language
from outputs.runs.run import REPAIRS, Counts, EndedItem, Outcome, PlannedCall, RunKind
from personas.persona import Persona

SECOND_LOOK: Final = "second look"
"""Group of counts: what a model found in the calls that the rules had left, by kind."""
NOT_THERE: Final = "quotes that are not there"
"""In that group, what the model quoted and no line holds."""


class Extraction(EndedItem):
    """An extraction that has ended.

    `evidence` holds, by field, the numbers of the customer lines that it rests on, from 1; `sent_back` counts answers
    that were sent back, by problem; `problem` is what was wrong with the last of them when none could be taken.
    `second_look` counts what a model found in the call that the rules had left, by kind, where it was asked.
    """

    source: str
    language: Language
    model: str
    persona: Persona | None = None
    evidence: dict[str, tuple[int, ...]] = Field({})
    sent_back: dict[str, int] = Field({})
    problem: str | None = None
    second_look: dict[str, int] = Field({}, exclude_if=lambda counts: not counts)

    @property
    def outcome(self) -> Outcome:
        """Kept means: there is a persona."""
        if self.error is not None:
            return Outcome.FAILED
        return Outcome.REJECTED if self.persona is None else Outcome.KEPT

    @property
    def reasons(self) -> list[str]:
        """Why no persona could be taken."""
        return [self.problem] if self.problem else []

    @property
    def counts(self) -> Counts:
        """How often an answer was sent back, by why, and what a second look found, by kind."""
        groups = {REPAIRS: self.sent_back, SECOND_LOOK: self.second_look}
        return super().counts | {
            group: {(name,): count for name, count in counts.items()} for group, counts in groups.items() if counts
        }


EXTRACTIONS = RunKind("distill", PlannedCall, Extraction)
"""Runs of `rolecs distill`."""
