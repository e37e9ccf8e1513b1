"""What a comparison of a rewritten call with its original finds; whether that rejects it is computed, never said."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from quality.fidelity.fact import Fact
from quality.fidelity.limits import FidelityLimits
from quality.gate.verdict import UNSCORED, Opinion


class Change(StrEnum):
    """What became of a fact."""

    LOST = "lost"
    ADDED = "added"
    CHANGED = "changed"


class Difference(BaseModel):
    """A fact that is not on both sides: of the original (`before`) or of the rewrite (`after`), or another on each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    change: Change
    before: Fact | None = None
    after: Fact | None = None


class Match(BaseModel):
    """A customer's utterance of the original, and the customer's turn of the rewrite that is nearest to it.

    Attributes:
        line: the one-based line of the original.
        turn: the one-based turn of the rewrite; None where the customer says nothing there.
        similarity: 0 (nothing in common) to 1 (the same words, or the same meaning).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: int
    turn: int | None
    similarity: float


class CallOutcome(StrEnum):
    """How far a call got with the customer's matter."""

    SOLVED = "solved"
    ARRANGED = "arranged"
    DECLINED = "declined"
    OPEN = "open"


class OutcomeOpinion(BaseModel):
    """How a call ended, and why that is said."""

    model_config = ConfigDict(frozen=True)

    reason: str = Field(min_length=1)
    outcome: CallOutcome


class Fidelity(BaseModel):
    """What a rewrite has in common with its original.

    Attributes:
        limits: what was asked for.
        differences: the facts that are not on both sides.
        customer: the customer's utterances, and where they were found again.
        private: number of pieces of private data in the rewrite that the original does not have.
        before: how the original ended.
        after: how the rewrite ends.
        solutions: whether the rewrite proposes, promises and does only what the original does.
        unscored: why an answer could not be read, if so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: FidelityLimits
    differences: tuple[Difference, ...] = ()
    customer: tuple[Match, ...] = ()
    private: int = 0
    before: OutcomeOpinion | None = None
    after: OutcomeOpinion | None = None
    solutions: Opinion | None = None
    unscored: str | None = None

    def count(self, change: Change) -> int:
        """Return the number of facts with which this happened."""
        return sum(difference.change is change for difference in self.differences)

    @property
    def lost_utterances(self) -> list[Match]:
        """The customer's utterances that were not found again."""
        return [match for match in self.customer if match.similarity < self.limits.min_similarity]

    @property
    def reasons(self) -> list[str]:
        """What speaks against the rewrite: `fidelity:` and a name each, or "unscored"; empty when nothing does."""
        limits = self.limits
        found = {
            "lost-fact": self.count(Change.LOST) > limits.max_lost_facts,
            "added-fact": self.count(Change.ADDED) > limits.max_added_facts,
            "changed-fact": self.count(Change.CHANGED) > limits.max_changed_facts,
            "lost-utterance": len(self.lost_utterances) > limits.max_lost_utterances,
            "private-data": self.private > 0,
            "outcome": bool(self.before and self.after and self.before.outcome is not self.after.outcome),
            "made-up-solution": bool(self.solutions and not self.solutions.verdict),
        }
        reasons = [f"fidelity:{name}" for name, holds in found.items() if holds]
        return reasons or ([UNSCORED] if self.unscored else [])
