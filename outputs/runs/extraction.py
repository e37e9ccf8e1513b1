"""The record of one extraction: the persona that a real call gave, or why it gave none."""

from pydantic import Field

from agents.csc.language import Language
from outputs.runs.run import REPAIRS, Counts, PlannedCall, RunKind
from outputs.runs.second_look import LookedAgain
from personas.persona import Persona


class Extraction(LookedAgain):
    """An extraction that has ended. Kept means: there is a persona.

    `evidence` holds, by field, the numbers of the customer lines that it rests on, from 1; `sent_back` counts answers
    that were sent back, by problem; `problem` is what was wrong with the last of them when none could be taken.
    """

    source: str
    language: Language
    model: str
    persona: Persona | None = None
    evidence: dict[str, tuple[int, ...]] = Field({})
    sent_back: dict[str, int] = Field({})
    problem: str | None = None

    @property
    def reasons(self) -> list[str]:
        """Why no persona could be taken."""
        return [self.problem] if self.problem else []

    @property
    def counts(self) -> Counts:
        """How often an answer was sent back, by why, and what a second look found, by kind."""
        sent_back = {(name,): count for name, count in self.sent_back.items()}
        return super().counts | ({REPAIRS: sent_back} if sent_back else {})


EXTRACTIONS = RunKind("distill", PlannedCall, Extraction)
"""Runs of `rolecs distill`."""
