"""The record of one judgement: what rules, labeller and judge say of a dialogue that was read from a file."""

from outputs.runs.run import EndedItem, PlannedRow, RunKind
from quality.checks.rules import Violation
from quality.gate.verdict import Findings, Verdict


class Judgement(EndedItem):
    """A dialogue that was judged; unlike in a run that plays, one that broke rules is judged as well.

    `dialogue` is its id in the file. Kept means: flawless.
    """

    dialogue: str
    violations: tuple[Violation, ...] = ()
    verdict: Verdict | None = None

    @property
    def reasons(self) -> list[str]:
        """What speaks against the dialogue, as in a run that plays."""
        return [] if self.error is not None else Findings(self.violations, self.verdict).reasons

    @property
    def is_scored(self) -> bool | None:
        """Whether labeller and judge could be read; None where that failed for a bug."""
        return None if self.error is not None else not self.is_unscored

    @property
    def cause(self) -> str | None:
        """What the judgement failed or went unscored for, in words."""
        return self.verdict.unscored if self.verdict and self.verdict.unscored else super().cause

    @property
    def is_unscored(self) -> bool:
        """No answer of labeller or judge could be read."""
        return self.verdict is None or self.verdict.unscored is not None


JUDGEMENTS = RunKind("judge", PlannedRow, Judgement)
"""Runs of `rolecs judge` and `rolecs calibrate`."""
