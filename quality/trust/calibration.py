"""How far the gate agrees with people: its verdicts on labelled calls beside theirs, with bootstrap intervals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from agents.csc.language import Language
from agents.digests import digest
from quality.gate.agreement import MinAgreement
from quality.gate.rubric import POINT_CODES

ALL_POINTS = "whole gate"
"""The row of the calls that pass everything, rules included."""
RESAMPLES = 10_000
CONFIDENCE = 0.95
_SEED = 1
_PEOPLE, _GATE = (False, False, True, True), (False, True, False, True)
"""What people and gate say in each of the four cells of a confusion table."""


class Opinions(NamedTuple):
    """What people and gate say of one call: by point, whether it passes; and whether the gate keeps it.

    `gate` is None for a call that judge or labeller could not score.
    """

    people: Mapping[str, bool]
    gate: Mapping[str, bool] | None
    kept: bool


class Estimate(BaseModel):
    """A figure of agreement with its 95% bootstrap interval: a share from 0 to 1, or kappa from -1 to 1."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float


class Agreement(BaseModel):
    """How the gate's yes compares with people's, over a number of `calls`.

    Cohen's kappa is agreement beyond chance: 1 is perfect, 0 is chance. Precision: of what the gate passes, so much is
    good; recall: of what is good, so much it passes; false accepts: of what is faulty, so much it passes. None stands
    where there is nothing to divide by.
    """

    model_config = ConfigDict(frozen=True)

    calls: int
    kappa: Estimate | None
    precision: Estimate | None
    recall: Estimate | None
    false_accepts: Estimate | None


def is_chance(agreement: Agreement) -> bool:
    """Tell whether an agreement may be one by chance: kappa's interval holds 0, or there is no kappa."""
    return agreement.kappa is None or agreement.kappa.low <= 0


class GateStamp(BaseModel):
    """What a calibration holds for: another judge, rubric, number of votes or share of labels is another gate."""

    model_config = ConfigDict(frozen=True)

    language: Language
    judge_model: str
    rubric: str
    votes: int
    min_agreement: MinAgreement

    def digest(self) -> str:
        """Return a short name for this gate."""
        return digest(self)


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


def _agreement(pairs: Iterable[tuple[bool, bool]]) -> Agreement:
    cells = np.zeros(4, np.int64)
    for good, passed in pairs:
        cells[2 * good + passed] += 1
    calls = int(cells.sum())
    if not calls:
        return Agreement(calls=0, kappa=None, precision=None, recall=None, false_accepts=None)
    # To draw calls anew, with replacement, is to draw the four counts from a multinomial distribution.
    drawn = np.random.default_rng(_SEED).multinomial(calls, cells / calls, size=RESAMPLES)
    resampled = _statistics(drawn)
    here = {name: float(column[0]) for name, column in _statistics(cells[None, :]).items()}
    if np.isfinite(here["kappa"]):
        # Imported late: it takes two seconds, and only a calibration needs it.
        from sklearn.metrics import cohen_kappa_score

        here["kappa"] = float(cohen_kappa_score(_PEOPLE, _GATE, sample_weight=cells))
    return Agreement(calls=calls, **{name: _estimate(here[name], resampled[name]) for name in here})


def _statistics(cells: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
    """Return the statistics of confusion counts [n, 4], NaN where they are not defined.

    The columns: faulty and rejected, faulty and passed, good and rejected, good and passed. This is for the resampled
    counts: scikit-learn's `cohen_kappa_score`, which gives the estimate itself, takes 2 ms a row. Tests compare them.
    """
    faulty_out, faulty_in, good_out, good_in = cells.T.astype(np.float64)
    total = cells.sum(axis=1)
    observed = (faulty_out + good_in) / total
    by_chance = (
        (good_in + good_out) * (good_in + faulty_in) + (faulty_in + faulty_out) * (good_out + faulty_out)
    ) / total**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "kappa": (observed - by_chance) / (1 - by_chance),
            "precision": good_in / (good_in + faulty_in),
            "recall": good_in / (good_in + good_out),
            "false_accepts": faulty_in / (faulty_in + faulty_out),
        }


def _estimate(value: float, resampled: npt.NDArray[np.float64]) -> Estimate | None:
    if not np.isfinite(value):
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled[np.isfinite(resampled)], (tail, 1 - tail))
    return Estimate(value=float(value), low=float(low), high=float(high))
