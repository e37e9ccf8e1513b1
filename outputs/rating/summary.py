"""What the ratings of a set of calls say: means, how far the raters agree, how far the gate does, and the gold file."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean

from pydantic import BaseModel, ConfigDict
from rich.console import Group, RenderableType

from agents.csc.flow import Limits
from outputs.datasets.formats import Format, Shape, format_lines
from outputs.rating.items import ALONE, LEFT, OVERALL, PREFERENCE, RIGHT
from outputs.rating.ratings import Given
from outputs.reports.calibration import agreement_table
from outputs.reports.cells import FIGURES, Cells, show_cells
from outputs.reports.estimates import describe_mean, describe_share
from outputs.runs.record import NEAR_DUPLICATE, Record
from quality.gate.rubric import POINT_CODES
from quality.metrics.agreement import krippendorff_alpha
from quality.metrics.intervals import Estimate, estimate_mean
from quality.trust.calibration import Agreement, Opinions, measure_agreement

_NOBODY = Estimate(value=None)
"""The mean of a question that nobody was asked."""


class Summary(BaseModel):
    """What raters say of the calls of runs.

    Attributes:
        raters: how many calls or pairs each has rated.
        means: by run and question the mean over calls of the mean over raters, with a 95% bootstrap interval over
            calls: of the overall scale from 1 to 5, of a point the share that passes.
        calls: by run, how many calls have a rating.
        alpha: by question Krippendorff's alpha, ordinal for scale and preference; None where it is not defined.
        preferred: share of the pairs in which the second run's call is better, equal ones counted half; None without.
        pairs: how many pairs were rated.
        gate: how the gate's verdicts agree with people's on the points, as a calibration has it; None where nobody
            rated all points of a call.
    """

    model_config = ConfigDict(frozen=True)

    raters: dict[str, int]
    means: dict[str, dict[str, Estimate]]
    calls: dict[str, int]
    alpha: dict[str, float | None]
    preferred: Estimate | None
    pairs: int
    gate: dict[str, Agreement] | None


def summarise_ratings(calls: Mapping[str, Sequence[Record]], ratings: Mapping[str, Given]) -> Summary:
    """Sum ratings up; those of calls of other runs are passed over.

    Args:
        calls: by run, see `read_calls`.
        ratings: by rater, see `read_all`.
    """
    run_of = {record.id: run for run, of in calls.items() for record in of}
    values = {question: _collect(ratings, question, run_of) for question in ALONE}
    preferences = _collect_preferences(ratings, list(calls), run_of)
    gate = [
        Opinions.of(points, record.verdict, kept=set(record.reasons) <= {NEAR_DUPLICATE})
        for record, points in _agreed_points(calls, ratings)
    ]
    alpha = {
        question: krippendorff_alpha(list(of.values()), is_ordinal=question == OVERALL)
        for question, of in values.items()
        if of
    }
    if preferences:
        alpha[PREFERENCE] = krippendorff_alpha(list(preferences.values()), is_ordinal=True)
    return Summary(
        raters={
            rater: sum(bool(of) and set(item.split("+")) <= set(run_of) for item, of in given.items())
            for rater, given in ratings.items()
        },
        means={
            run: {
                question: _mean([fmean(given) for id_, given in of.items() if run_of[id_] == run])
                for question, of in values.items()
                if any(run_of[id_] == run for id_ in of)
            }
            for run in calls
        },
        calls={run: len({id_ for of in values.values() for id_ in of if run_of[id_] == run}) for run in calls},
        alpha=alpha,
        preferred=_mean([(fmean(given) - 1) / 2 for given in preferences.values()])
        if preferences and len(calls) == 2
        else None,
        pairs=len(preferences),
        gate=measure_agreement(gate) if gate else None,
    )


def gold_lines(calls: Mapping[str, Sequence[Record]], ratings: Mapping[str, Given], limits: Limits) -> Iterator[str]:
    """Yield the calls whose points people have rated, all five, as rows that `calibrate` takes.

    A point passes when more than half of the raters say so.
    """
    shape = Shape(format=Format.ROLECS)
    for record, points in _agreed_points(calls, ratings):
        (row,) = format_lines(record, shape, limits)
        yield json.dumps(json.loads(row) | {"gold": {"points": points}}, ensure_ascii=False)


def _collect(ratings: Mapping[str, Given], question: str, run_of: Mapping[str, str]) -> dict[str, list[int]]:
    """Return what all raters say to a question, by call."""
    found: dict[str, list[int]] = {}
    for given in ratings.values():
        for item, of in given.items():
            if item in run_of and question in of:
                found.setdefault(item, []).append(of[question])
    return found


def _collect_preferences(
    ratings: Mapping[str, Given], runs: Sequence[str], run_of: Mapping[str, str]
) -> dict[str, list[int]]:
    """Return what all raters say of a pair: 1 the first run's call is better, 2 equal, 3 the second's."""
    found: dict[str, list[int]] = {}
    for given in ratings.values():
        for item, of in given.items():
            left, _, right = item.partition("+")
            if PREFERENCE in of and left in run_of and right in run_of:
                # A sample of another size may have shown the same pair the other way round.
                is_turned = runs.index(run_of[left]) > runs.index(run_of[right])
                value = LEFT + RIGHT - of[PREFERENCE] if is_turned else of[PREFERENCE]
                found.setdefault("+".join(sorted((left, right))), []).append(value)
    return found


def _agreed_points(
    calls: Mapping[str, Sequence[Record]], ratings: Mapping[str, Given]
) -> Iterator[tuple[Record, dict[str, bool]]]:
    """Yield the calls whose points have all been rated, and by point what most raters say; a tie does not pass."""
    for records in calls.values():
        for record in records:
            given = [of[record.id] for of in ratings.values() if record.id in of]
            votes = {code: [of[code] for of in given if code in of] for code in POINT_CODES}
            if all(votes.values()):
                yield record, {code: 2 * sum(of) > len(of) for code, of in votes.items()}


def _mean(values: Iterable[float]) -> Estimate:
    return estimate_mean([(value, 1) for value in values])


def show_summary(summary: Summary) -> RenderableType:
    """Return the summary to be printed."""
    parts: list[RenderableType] = ["Rated by " + ", ".join(f"{rater} ({n:,})" for rater, n in summary.raters.items())]
    runs = [run for run in summary.means if summary.calls[run]]
    if runs:
        columns = ("", *(f"{run} ({summary.calls[run]:,} calls)" for run in runs), "alpha of the raters")
        rows = []
        for question in ALONE:
            means = [summary.means[run].get(question, _NOBODY) for run in runs]
            show = describe_mean if question == OVERALL else describe_share
            rows.append((question.replace("_", " "), *map(show, means), _show_alpha(summary.alpha.get(question))))
        title = "What people say: 1 to 5 overall, the share that passes each point; 95% intervals over calls"
        parts += ["", show_cells(Cells(title, columns, rows), FIGURES)]
    if summary.preferred:
        first, second = summary.means
        parts += [
            "",
            f"Of {summary.pairs:,} pairs {second} is preferred to {first} in {describe_share(summary.preferred)}, "
            f"equal ones counted half; alpha of the raters {_show_alpha(summary.alpha.get(PREFERENCE))}.",
        ]
    elif summary.pairs:
        parts += ["", f"{summary.pairs:,} pairs are rated: name two runs to see which is preferred."]
    if summary.gate:
        calls = next(iter(summary.gate.values())).calls
        parts += ["", agreement_table(summary.gate, f"The gate and people, with 95% intervals; {calls} calls scored")]
    return Group(*parts)


def _show_alpha(alpha: float | None) -> str:
    return "-" if alpha is None else f"{alpha:.2f}"
