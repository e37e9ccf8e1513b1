"""What is told to a person of a call in which they were the supporter, and what the customer had wanted."""

from pydantic import BaseModel, ConfigDict

from agents.csc.strategies import Strategy
from graphs.dialogue.live import PracticeCall
from quality.checks.rules import Violation
from quality.gate.rubric import RUBRIC
from quality.gate.verdict import Findings


class OtherLabel(BaseModel):
    """A turn, by its one-based number, whose words a labeller takes for another strategy than the person named."""

    model_config = ConfigDict(frozen=True)

    turn: int
    named: Strategy
    labelled: Strategy


class JudgedPoint(BaseModel):
    """What the judge says on one of its questions: passed or not, why, and by which one-based turns."""

    model_config = ConfigDict(frozen=True)

    code: str
    question: str
    passed: bool
    reason: str
    turns: tuple[int, ...]


class Review(BaseModel):
    """What was found of a call with a person as its supporter.

    Attributes:
        violations: of flow rules and turn checks, by the person's turns or the whole call.
        labels: where the labeller takes the words otherwise than the person named them.
        points: the judge's questions, in the order of the rubric.
        unscored: why labeller and judge could not be read; None where they could.
        goal: what the customer wanted.
        persona: who the customer is.
    """

    model_config = ConfigDict(frozen=True)

    violations: tuple[Violation, ...]
    labels: tuple[OtherLabel, ...]
    points: tuple[JudgedPoint, ...]
    unscored: str | None
    goal: str
    persona: str

    @classmethod
    def of(cls, call: PracticeCall, findings: Findings) -> "Review":
        """Put together what was found of a call."""
        verdict = findings.verdict
        given = verdict.labelling.labels if verdict and verdict.labelling else {}
        labels = [
            OtherLabel(turn=number, named=named, labelled=given[number])
            for number in sorted(call.named & given.keys())
            if (named := call.turns[number - 1].strategy) and named is not given[number]
        ]
        said = verdict.points if verdict else {}
        points = [
            JudgedPoint(
                code=point.code,
                question=point.question,
                passed=said[point.code].verdict == 1,
                reason=said[point.code].reason,
                turns=said[point.code].turns,
            )
            for point in RUBRIC[call.persona.language]
            if point.code in said
        ]
        return cls(
            violations=findings.violations,
            labels=tuple(labels),
            points=tuple(points),
            unscored=verdict.unscored if verdict else "nothing was said",
            goal=call.plan.customer_goal,
            persona=call.persona.portrait,
        )
