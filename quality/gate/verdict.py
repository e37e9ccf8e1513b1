"""What the gate says of a call: rules, judge and labeller; whether it is kept is computed from that, never said."""

from dataclasses import dataclass
from math import isclose
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.emotions import Feeling
from agents.csc.strategies import Strategy
from quality.checks.rules import Violation
from quality.gate.rubric import LABEL_POINT, POINT_CODES

Vote = Literal[0, 1]
UNSCORED = "unscored"
"""The reason of a call on which an answer could not be read."""


class Opinion(BaseModel):
    """One vote of the judge on one point: why, resting on which one-based turns, and 1 (passed) or 0."""

    model_config = ConfigDict(frozen=True)

    reason: str = Field(min_length=1)
    turns: tuple[int, ...] = Field(min_length=1)
    verdict: Vote


class PointVerdict(Opinion):
    """The judge's verdict on one point: what most of its votes say, with the reason of the first of these."""

    votes: tuple[Vote, ...] = Field(min_length=1)

    @classmethod
    def of(cls, opinions: list[Opinion]) -> "PointVerdict":
        """Count votes; a tie does not pass."""
        votes = tuple(opinion.verdict for opinion in opinions)
        verdict = int(2 * sum(votes) > len(votes))
        speaker = next(opinion for opinion in opinions if opinion.verdict == verdict)
        return cls(reason=speaker.reason, turns=speaker.turns, verdict=speaker.verdict, votes=votes)


class Labelling(BaseModel):
    """What a labeller who did not see the labels called the supporter's turns.

    Attributes:
        labels: by the one-based number of the turn.
        agreement: share of these turns, from 0 to 1, that were played with the same label.
        required: the share that it must reach.
    """

    model_config = ConfigDict(frozen=True)

    labels: dict[int, Strategy]
    agreement: float
    required: float

    @property
    def agrees(self) -> bool:
        """The labels are true often enough; a percentage of what the labeller reaches is no exact number."""
        return self.agreement >= self.required or isclose(self.agreement, self.required)


class EmotionLabelling(BaseModel):
    """What a labeller who did not see the decided feelings heard in the customer's turns. Nothing is rejected for it.

    Attributes:
        labels: by the one-based number of the turn; empty where there was a problem.
        problem: why the answer could not be read, or the server gave none.
    """

    model_config = ConfigDict(frozen=True)

    labels: dict[int, Feeling] = {}
    problem: str | None = None


class Verdict(BaseModel):
    """What is said of a call: a verdict per point and a blind labelling, or why there is none ("unscored")."""

    model_config = ConfigDict(frozen=True)

    points: dict[str, PointVerdict] = {}
    labelling: Labelling | None = None
    unscored: str | None = None

    @property
    def failed_points(self) -> list[str]:
        """The codes of the points not passed, in the order of the rubric; empty as well when unscored.

        The strategies' point takes the judge's yes and a labelling that agrees.
        """
        failed = {code for code, point in self.points.items() if point.verdict == 0}
        if self.labelling and not self.labelling.agrees:
            failed.add(LABEL_POINT)
        return [code for code in POINT_CODES if code in failed]

    @property
    def is_flawless(self) -> bool:
        """All five points are there and passed, and the labels are true often enough."""
        complete = self.unscored is None and self.labelling is not None and set(self.points) == set(POINT_CODES)
        return complete and not self.failed_points

    def requiring(self, agreement: float) -> "Verdict":
        """Return the verdict of a gate that asks for another share of the labels, and is the same else."""
        if self.labelling is None:
            return self
        return self.model_copy(update={"labelling": self.labelling.model_copy(update={"required": agreement})})


@dataclass(frozen=True, slots=True)
class Findings:
    """What the gate found: the broken rules, and the verdict; None for a call that was not judged."""

    violations: tuple[Violation, ...]
    verdict: Verdict | None

    @property
    def reasons(self) -> list[str]:
        """Why the call does not pass: `rule:` or `point:` with a name, or "unscored"; empty when it passes."""
        if self.violations:
            return sorted({f"rule:{violation.rule}" for violation in self.violations})
        if self.verdict is None or self.verdict.unscored is not None:
            return [UNSCORED]
        failed = [f"point:{code}" for code in self.verdict.failed_points]
        return failed or ([] if self.verdict.is_flawless else [UNSCORED])
