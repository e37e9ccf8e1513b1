"""The record of one dialogue: all that was planned, said, found and spent, and how it ended."""

from collections import Counter
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from agents.csc.dialogue import Plan, Repair, Turn, is_abandoned
from agents.csc.language import Language
from outputs.runs.run import REPAIRS, Counts, EndedItem, Outcome, RunKind
from personas.persona import Persona
from quality.checks.rules import Violation
from quality.gate.verdict import Findings, Verdict
from quality.trust.canaries import Canary

CANARIES = "canaries"
LABELS = "labels"
"""Subjects of what is counted of dialogues."""
NEAR_DUPLICATE = "near-duplicate"
"""The reason of a dialogue that repeats another."""


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


class NearDuplicate(BaseModel):
    """An earlier dialogue of the run that is nearly the same, and the cosine similarity of the two."""

    model_config = ConfigDict(frozen=True)

    id: str
    similarity: float


class Record(EndedItem):
    """A dialogue that has ended.

    `number` counts the dialogues of the persona on the topic. `error` says why the play or the judge's server failed;
    `repairs` are what failed a check while playing; `violations` are the rules that the dialogue broke (then it was not
    judged); `verdict` is the judge's; `near_duplicate` is the dialogue that this one repeats; `canaries` are dialogues
    with known faults that went through the gate beside it. `model` and `judge_model` are names as the servers know them.
    """

    language: Language
    topic: str
    persona: Persona
    number: int = 1
    seed: int
    model: str
    judge_model: str
    plan: Plan | None = None
    turns: tuple[Turn, ...] = ()
    repairs: tuple[Repair, ...] = ()
    violations: tuple[Violation, ...] = ()
    verdict: Verdict | None = None
    near_duplicate: NearDuplicate | None = None
    canaries: tuple[Canary, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Kept means: played to its end, nothing found by the gate, and no earlier dialogue nearly the same."""
        if self.error is not None:
            return Outcome.FAILED
        return Outcome.REJECTED if self.reasons else Outcome.KEPT

    @property
    def reasons(self) -> list[str]:
        """Why the dialogue was lost: `plan:`, `direction:`, `turn:`, `rule:` or `point:` with a name, or a word alone.

        The words are "unscored" and "near-duplicate". Empty when it was kept or failed.
        """
        if self.error is not None:
            return []
        if is_abandoned(self.repairs):
            return [f"{self.repairs[-1].part}:{self.repairs[-1].check}"]
        return Findings(self.violations, self.verdict).reasons or ([NEAR_DUPLICATE] if self.near_duplicate else [])

    @property
    def counts(self) -> Counts:
        """How often turns failed a check, what became of canaries, and what the labeller called which strategy."""
        repairs = Counter(
            f"{repair.speaker if repair.part == 'turn' else repair.part}: {repair.check}" for repair in self.repairs
        )
        repairs.update("rewound" for repair in self.repairs if repair.action == "rewound")
        labels: Counter[str] = Counter()
        if self.verdict and self.verdict.labelling:
            for number, label in self.verdict.labelling.labels.items():
                labels[f"{self.turns[number - 1].strategy} as {label}"] += 1
        subjects = {REPAIRS: repairs, CANARIES: Counter(canary.result for canary in self.canaries), LABELS: labels}
        return {subject: dict(counts) for subject, counts in subjects.items() if counts}


DIALOGUES = RunKind("generate", Planned, Record)
"""Runs of `rolecs generate`."""
