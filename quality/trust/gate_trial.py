"""A trial of the gate before anything is played: the sound calls that ship go through it, and some faults.

A gate that refuses what is sound keeps nothing, whatever is played; one that lets faults through keeps anything.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from agents.csc.language import Language
from quality.gate.agreement import required_agreement
from quality.gate.case import Case
from quality.gate.rubric import POINT_CODES
from quality.gate.verdict import Findings
from quality.trust.calibration import GateStamp
from quality.trust.canaries import FAULTS, plant_fault, sound_dialogues

_SEED = 1


class TrialCase(NamedTuple):
    """A call of the trial, and the name of the fault that was planted into it; None for a sound one."""

    fault: str | None
    case: Case


class GateTrial(BaseModel):
    """What one gate did with the calls of the trial.

    Attributes:
        stamp: the gate.
        sound: number of sound calls.
        passed: number of these that passed.
        refused_for: for each reason, the number of sound calls that were refused for it, alone or with others.
        planted: number of calls with a fault.
        missed: the faults that passed.
        cause: what most of the sound calls that could not be scored went unscored for.
        agreement: the mean share of a sound call's labels that the labeller gave as well; None where it gave none.
    """

    model_config = ConfigDict(frozen=True)

    stamp: GateStamp
    sound: int
    passed: int
    refused_for: dict[str, int]
    planted: int
    missed: tuple[str, ...]
    agreement: float | None
    cause: str | None = None

    @property
    def is_hopeless(self) -> bool:
        """No sound call passed."""
        return not self.passed

    @property
    def required(self) -> float:
        """The share of a call's labels, from 0 to 1, that this gate asks for."""
        return required_agreement(self.stamp.min_agreement, self.agreement)


def trial_cases(language: Language) -> list[TrialCase]:
    """Return the calls of the trial: the sound ones that ship, and for each point of the rubric one with a fault."""
    sound, random = sound_dialogues(language), Random(_SEED)
    cases = [TrialCase(None, case) for case in sound]
    for number, point in enumerate(POINT_CODES):
        fault = random.choice([fault.name for fault in FAULTS.values() if fault.point == point])
        places = (plant_fault(sound[(number + turn) % len(sound)], fault, random) for turn in range(len(sound)))
        if planted := next((case for case in places if case), None):
            cases.append(TrialCase(fault, planted))
    return cases


def sum_up_trial(stamp: GateStamp, results: Iterable[tuple[str | None, Findings]]) -> GateTrial:
    """Sum up what the gate found of each call, by the fault that it has.

    The share of labels that is asked for is that of the stamp, whatever the findings were made with: where it is one of
    what the labeller reaches, it is known only now.
    """
    results = list(results)
    agreements = [
        findings.verdict.labelling.agreement
        for fault, findings in results
        if fault is None and findings.verdict and findings.verdict.labelling
    ]
    reach = sum(agreements) / len(agreements) if agreements else None
    required = required_agreement(stamp.min_agreement, reach)
    reasons: list[list[str]] = []
    missed, planted = [], 0
    causes: Counter[str] = Counter()
    for fault, findings in results:
        if findings.verdict:
            findings = replace(findings, verdict=findings.verdict.requiring(required))
        if fault is None:
            reasons.append(findings.reasons)
            if findings.verdict and findings.verdict.unscored:
                causes[findings.verdict.unscored] += 1
        else:
            planted += 1
            missed += [] if findings.reasons else [fault]
    return GateTrial(
        stamp=stamp,
        sound=len(reasons),
        passed=sum(not of_call for of_call in reasons),
        refused_for=dict(Counter(reason for of_call in reasons for reason in of_call).most_common()),
        planted=planted,
        missed=tuple(missed),
        agreement=reach,
        cause=causes.most_common(1)[0][0] if causes else None,
    )
