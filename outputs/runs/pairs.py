"""The record of a judged dialogue of two models: which one's answer is better, pair by pair."""

from pydantic import BaseModel, ConfigDict

from outputs.runs.run import EndedItem, Outcome, PlannedRow, RunKind
from quality.gate.preference import Preference, Winner


class JudgedPair(BaseModel):
    """A pair of answers, and which one has won.

    Attributes:
        number: of the turn in the dialogue, from 1; 0 for whole calls.
        winner: None where the judge could not be read.
        opinions: what was said in both orders; empty where nobody had to be asked, as one was no answer or both are the
            same, or where `winner` is None.
        problem: why the judge could not be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    winner: Winner | None
    opinions: tuple[Preference, ...] = ()
    problem: str | None = None


class JudgedPairs(EndedItem):
    """The pairs of a dialogue; `dialogue` is its id in the file. Nothing is rejected."""

    dialogue: str
    pairs: tuple[JudgedPair, ...] = ()

    @property
    def is_scored(self) -> bool | None:
        """Whether the judge could be read on any pair; None where nobody asked."""
        asked = [pair for pair in self.pairs if pair.opinions or pair.problem]
        return any(pair.winner for pair in asked) if asked else None

    @property
    def cause(self) -> str | None:
        """What the comparison failed or went unscored for, in words."""
        problems = [pair.problem for pair in self.pairs if pair.problem]
        return problems[0] if problems and not self.is_scored else super().cause


PAIRS = RunKind("evaluate --versus", PlannedRow, JudgedPairs, {Outcome.KEPT: "compared", Outcome.FAILED: "failed"})
"""Runs in which the answers of two models are compared."""
