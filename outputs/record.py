"""The record of one dialogue: all that was planned, said, found and spent, and how it ended."""

from typing import NamedTuple

from agents.csc import Language
from agents.dialogue import Plan, Turn
from outputs.store import EndedItem, Outcome, RunKind
from personas.persona import Persona
from quality.rules import Violation
from quality.verdict import Verdict


class Planned(NamedTuple):
    """A dialogue to play: its place in the plan, its key, and what it is made from.

    `number` counts the calls that one persona makes on one topic: 1, 2, ...
    """

    position: int
    key: str
    persona: str
    topic: str
    number: int
    seed: int


class Record(EndedItem):
    """A dialogue that has ended.

    `error` says why the play or the judge's server failed; `violations` are the rules that the call broke (then it was
    not judged); `verdict` is the judge's. `model` and `judge_model` are names as the servers know them.
    """

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


DIALOGUES = RunKind("generate", Planned, Record)
"""Runs of `rolecs generate`."""
