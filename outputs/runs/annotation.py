"""The record of one annotation: a real call with the labels that the labeller gave its turns."""

from collections import Counter

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from outputs.runs.run import CountKey, Counts, Outcome, PlannedCall, RunKind
from outputs.runs.second_look import LookedAgain

STRATEGIES_GIVEN = "strategies given"
EMOTIONS_GIVEN = "emotions given"
"""The subjects under which labels are counted: strategies by their codes, emotions by those of the feelings."""


class Annotation(LookedAgain):
    """A call that was labelled: its turns, private data replaced, with their labels; none where it failed.

    Nothing is rejected.
    """

    source: str
    language: Language
    turns: tuple[Turn, ...] = ()

    @property
    def counts(self) -> Counts:
        """The labels that were given."""
        given: dict[str, Counter[CountKey]] = {
            STRATEGIES_GIVEN: Counter((turn.strategy.value,) for turn in self.turns if turn.strategy),
            EMOTIONS_GIVEN: Counter((turn.emotion.code,) for turn in self.turns if turn.emotion),
        }
        return super().counts | {subject: dict(counts) for subject, counts in given.items() if counts}


ANNOTATIONS = RunKind("label", PlannedCall, Annotation, {Outcome.KEPT: "labelled", Outcome.FAILED: "failed"})
"""Runs of `rolecs label`."""
