"""How far the gate agrees with people: its verdicts on labelled calls beside theirs, with bootstrap intervals."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator

from agents.csc.language import Language
from agents.digests import digest
from quality.gate.agreement import MinAgreement
from quality.gate.rubric import POINT_CODES
from quality.gate.verdict import Verdict
from quality.metrics.intervals import Estimate, Sums, estimate_all, ratio

ALL_POINTS = "whole gate"
"""The row of the calls that pass everything, rules included."""


class Opinions(NamedTuple):
    """What people and gate say of one call: by point, whether it passes; and whether the gate keeps it.

    `gate` is None for a call that judge or labeller could not score.
    """

    people: Mapping[str, bool]
    gate: Mapping[str, bool] | None
    kept: bool

    @classmethod
    def of(cls, people: Mapping[str, bool], verdict: Verdict | None, *, kept: bool) -> "Opinions":
        """Set the verdict of judge and labeller beside what people say."""
        if verdict is None or verdict.unscored is not None:
            return cls(people, None, kept)
        return cls(people, {code: code not in verdict.failed_points for code in POINT_CODES}, kept)


class Agreement(BaseModel):
    """How the gate's yes compares with people's, over a number of `calls`; intervals are over calls.

    Cohen's kappa is agreement beyond chance: 1 is perfect, 0 is chance. Precision: of what the gate passes, so much is
    good; recall: of what is good, so much it passes; false accepts: of what is faulty, so much it passes. Where there
    is nothing to divide by, a figure has no value.
    """

    model_config = ConfigDict(frozen=True)

    calls: int
    kappa: Estimate
    precision: Estimate
    recall: Estimate
    false_accepts: Estimate

    @field_validator("kappa", "precision", "recall", "false_accepts", mode="before")
    @classmethod
    def _read_null(cls, value: object) -> object:
        """Earlier builds kept null for a figure without a value."""
        return Estimate(value=None) if value is None else value


def is_chance(agreement: Agreement) -> bool:
    """Tell whether an agreement may be one by chance: kappa's interval holds 0, or there is none."""
    return agreement.kappa.low is None or agreement.kappa.low <= 0


class GateStamp(BaseModel):
    """What a calibration holds for: another judge, rubric, number of votes or share of labels is another gate.

    A judge is known by its name, and by the version of its `weights` where that is known: of the demo model.
    """

    model_config = ConfigDict(frozen=True)

    language: Language
    judge_model: str
    rubric: str
    votes: int
    min_agreement: MinAgreement
    weights: str | None = None

    def digest(self) -> str:
        """Return a short name for this gate; that of one of unknown weights is what it was when none were known."""
        return digest(self.model_dump(mode="json", exclude_none=True))


class Calibration(BaseModel):
    """The agreement of one gate with the labels of one file, by point and for the whole gate.

    `gold` is the name of the file and `day` the date of the comparison, in ISO's form; `unscored` of the `calls` in it
    could not be scored.
    """

    model_config = ConfigDict(frozen=True)

    stamp: GateStamp
    gold: str
    day: str
    calls: int
    unscored: int
    agreement: dict[str, Agreement]


def measure_agreement(opinions: Sequence[Opinions]) -> dict[str, Agreement]:
    """Return the agreement on each point, over the calls that were scored, and that of the whole gate, over all."""
    scored = [(call.people, call.gate) for call in opinions if call.gate is not None]
    pairs = {code: [(people[code], gate[code]) for people, gate in scored] for code in POINT_CODES}
    pairs[ALL_POINTS] = [(all(call.people.values()), call.kept) for call in opinions]
    return {name: _agreement(of) for name, of in pairs.items()}


def _agreement(pairs: Sequence[tuple[bool, bool]]) -> Agreement:
    """Return the agreement of what people say, whether a call is good, and of what the gate does, whether it passes."""
    sums = [(1, good, passed, good and passed, not good, passed and not good) for good, passed in pairs]
    statistics = (_kappa, ratio(3, 2), ratio(3, 1), ratio(5, 4))
    kappa, precision, recall, false_accepts = estimate_all(np.array(sums, np.float64).reshape(-1, 6), statistics)
    return Agreement(calls=len(pairs), kappa=kappa, precision=precision, recall=recall, false_accepts=false_accepts)


def _kappa(sums: Sums) -> float:
    """Return Cohen's kappa, (observed - by chance) / (1 - by chance), of the first four sums of `_agreement`.

    Above and below are multiplied by the square of the number of calls: in whole numbers, a gate that passes
    everything has exactly 0.
    """
    calls, good, passed, both = sums[:4]
    beyond = calls * (good + passed) - 2 * good * passed
    return float(2 * (calls * both - good * passed) / beyond) if beyond else float("nan")
