"""The record of one dialogue: all that was planned, said, found and spent, and how it ended."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from agents.csc import Language
from agents.dialogue import Plan, Turn
from agents.usage import Role, Usage
from personas.persona import Persona
from quality.rules import Violation
from quality.verdict import Verdict


class Outcome(StrEnum):
    """How a dialogue stands: not played yet, or ended in exactly one of three ways."""

    PLANNED = "planned"
    KEPT = "kept"
    REJECTED = "rejected"
    FAILED = "failed"


class Record(BaseModel):
    """A dialogue that has ended. The outcome follows from what is in it and is never set by hand.

    `error` says why the play or the judge's server failed; `violations` are the rules that the call broke (then it was
    not judged); `verdict` is the judge's. `model` and `judge_model` are names as the servers know them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    language: Language
    topic: str
    persona: Persona
    seed: int
    model: str
    judge_model: str
    plan: Plan | None = None
    turns: tuple[Turn, ...] = ()
    violations: tuple[Violation, ...] = ()
    verdict: Verdict | None = None
    error: str | None = None
    usage: dict[Role, Usage] = {}

    @property
    def outcome(self) -> Outcome:
        """Kept means: played to its end, no rule broken, five points passed."""
        if self.error is not None:
            return Outcome.FAILED
        if self.violations or self.verdict is None or not self.verdict.is_flawless:
            return Outcome.REJECTED
        return Outcome.KEPT

    @property
    def reasons(self) -> list[str]:
        """Why the dialogue was lost: each broken rule, each failed point, "unscored"; empty when kept or failed."""
        if self.error is not None:
            return []
        if self.violations:
            return sorted({f"rule:{violation.rule}" for violation in self.violations})
        if self.verdict is None or self.verdict.unscored is not None:
            return ["unscored"]
        return [f"point:{code}" for code in self.verdict.failed_points]
