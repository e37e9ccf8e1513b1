"""The record of one dialogue: all that was planned, said, found and spent, and how it ended."""

from collections import Counter
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.dialogue import Plan, Repair, Turn, is_abandoned
from agents.csc.emotions import FEELINGS, Feeling, with_course
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.csc.topics import TOPICS
from agents.csc.topics.topic import Topic
from outputs.runs.run import REPAIRS, CountKey, Counts, EndedItem, Funnel, RunKind
from personas.persona import Persona
from quality.checks.rules import Violation
from quality.gate.verdict import UNSCORED, EmotionLabelling, Findings, Verdict
from quality.trust.canaries import Canary, CanaryResult

REWINDS = "rewinds"
CANARIES = "canaries"
LABELS = "labels"
FEELINGS_HEARD = "feelings"
"""Subjects of what is counted of dialogues, beside `REPAIRS`."""
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


class RepairKind(NamedTuple):
    """What failed a check, "plan", "direction" or the speaker of a turn, and the check."""

    subject: str
    check: str

    @classmethod
    def of(cls, repair: Repair) -> "RepairKind":
        """Return the kind of a repair."""
        subject = repair.speaker if repair.part == "turn" and repair.speaker else repair.part
        return cls(str(subject), repair.check)


class BlindLabel(NamedTuple):
    """The strategy that a turn was played with, and the one that the blind labeller gave it."""

    played: Strategy
    given: Strategy


class HeardFeeling(NamedTuple):
    """The feeling that a customer turn was played with, and the one that the blind labeller heard in it."""

    played: Feeling
    given: Feeling


class DialogueCounts(NamedTuple):
    """What is counted of the dialogues of a run, beside outcomes and tokens.

    `repairs` are plans, directions and turns that failed a check; `rewinds` says with how many of them the dialogue
    went back by an exchange; `canaries` are dialogues sent to try the gate, by what became of them; `labels` are
    supporter turns, `feelings` customer turns, labelled blindly.
    """

    repairs: dict[RepairKind, int]
    rewinds: int
    canaries: dict[CanaryResult, int]
    labels: dict[BlindLabel, int]
    feelings: dict[HeardFeeling, int]

    @classmethod
    def of(cls, funnel: Funnel) -> "DialogueCounts":
        """Return what a funnel of dialogues has summed up."""
        counted = (REPAIRS, REWINDS, CANARIES, LABELS, FEELINGS_HEARD)
        repairs, rewinds, canaries, labels, feelings = (funnel.counts.get(subject, {}) for subject in counted)
        return cls(
            {RepairKind(subject, check): count for (subject, check), count in repairs.items()},
            sum(rewinds.values()),
            {CanaryResult(*key): count for key, count in canaries.items()},
            {BlindLabel(Strategy(played), Strategy(given)): count for (played, given), count in labels.items()},
            {HeardFeeling(FEELINGS[played], FEELINGS[given]): count for (played, given), count in feelings.items()},
        )


class NearDuplicate(BaseModel):
    """An earlier dialogue of the run that is nearly the same, and the cosine similarity of the two."""

    model_config = ConfigDict(frozen=True)

    id: str
    similarity: float


class Record(EndedItem):
    """A dialogue that has ended. Kept means: played to its end, nothing found by the gate, and no near-duplicate.

    `number` counts the dialogues of the persona on the topic. `error` says why the play or the judge's server failed;
    `repairs` are what failed a check while playing; `violations` are the rules that the dialogue broke (then it was not
    judged); `verdict` is the judge's; `near_duplicate` is the dialogue that this one repeats; `canaries` are dialogues
    with known faults that went through the gate beside it. `model` and `judge_model` are the servers' names. In runs
    with emotions, `course` is the code of how the customer's feelings were to go, and `emotion_labelling` what was
    heard of them. `own_topic` is the topic whole, where it is none that ships, with the policies that the call was
    given.
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
    course: str | None = Field(None, exclude_if=lambda course: course is None)
    emotion_labelling: EmotionLabelling | None = Field(None, exclude_if=lambda labelling: labelling is None)
    own_topic: Topic | None = Field(None, exclude_if=lambda topic: topic is None)

    @property
    def full_topic(self) -> Topic:
        """The topic whose code is `topic`."""
        return self.own_topic or TOPICS[self.topic][self.language]

    @property
    def played_persona(self) -> str:
        """The description that the customer was played from."""
        return with_course(self.persona.description, self.course, self.language)

    @property
    def played_portrait(self) -> str:
        """What a judge or a rater is told of the customer."""
        return with_course(self.persona.portrait, self.course, self.language)

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
    def is_scored(self) -> bool | None:
        """Whether labeller and judge could be read; None for a dialogue that was not judged."""
        if self.error is not None or is_abandoned(self.repairs) or self.violations:
            return None
        return self.reasons != [UNSCORED]

    @property
    def cause(self) -> str | None:
        """What the dialogue failed or went unscored for, in words."""
        if self.is_scored is False:
            return (self.verdict and self.verdict.unscored) or "no verdict"
        return super().cause

    @property
    def counts(self) -> Counts:
        """How often turns failed a check, what became of canaries, and the labeller's strategies and feelings."""
        labelling = self.verdict.labelling if self.verdict else None
        labels = labelling.labels if labelling else {}
        heard = self.emotion_labelling.labels if self.emotion_labelling else {}
        decided = {number: self.turns[number - 1].emotion for number in heard}
        rewound = (repair for repair in self.repairs if repair.action == "rewound")
        subjects: dict[str, Counter[CountKey]] = {
            REPAIRS: Counter(RepairKind.of(repair) for repair in self.repairs),
            REWINDS: Counter(RepairKind.of(repair) for repair in rewound),
            CANARIES: Counter(canary.result for canary in self.canaries),
            LABELS: Counter((self.turns[number - 1].strategy, given) for number, given in labels.items()),
            FEELINGS_HEARD: Counter((felt.code, heard[number].code) for number, felt in decided.items() if felt),
        }
        return super().counts | {subject: dict(counts) for subject, counts in subjects.items() if counts}


DIALOGUES = RunKind("generate", Planned, Record)
"""Runs of `rolecs generate`."""
