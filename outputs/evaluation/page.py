"""The HTML page on an evaluation: one file with figures and every answer, that reads nothing else and sends nothing.

The answers lie in it packed, `CHUNK` dialogues together, as in the report on a run; the script unpacks those that are
looked at, and writes texts as text.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.strategies import STRATEGIES, Strategy
from outputs.evaluation.results import Result
from outputs.evaluation.scores import METRICS, QUESTIONS, Differences
from outputs.evaluation.table import (
    FEELINGS_COLUMNS,
    FEELINGS_TITLE,
    FELT_DIFFERENCES_TITLE,
    PUBLISHED,
    PUBLISHED_METRICS,
    PUBLISHED_TITLE,
    VARIETY_COLUMNS,
    VARIETY_TITLE,
    WINS_COLUMNS,
    WINS_TITLE,
    describe_difference,
    describe_estimate,
    describe_result,
    feelings_rows,
    felt_differences_rows,
    name_whole,
    short_names,
    variety_rows,
    wins_rows,
)
from outputs.reports.assets import page_head, page_template
from outputs.reports.cells import Cells
from outputs.reports.run_page import pack, script_json, vocabulary
from outputs.runs.evaluation import EvaluatedTurn, Evaluation
from outputs.runs.judgement import Judgement
from quality.checks.rules import Violation, find_breaches
from quality.gate.verdict import Findings, Verdict
from quality.metrics.labels import LABELS, by_label, confusion

CHUNK = 100
"""How many dialogues are packed together."""
WHOLE = -1
"""The place of a whole call."""
SHADES = 10
"""How many shades the style sheet has for a share."""
SHOWN_SETTINGS = ("model", "history", "seed", "temperature", "dialogues")
"""What of the configuration the head of the page says; the rest can be unfolded."""


class _Shown(Evaluation):
    """An evaluation with what was found of its call: broken flow rules, and the verdict where a judge was named."""

    findings: tuple[Violation, ...] = ()
    verdict: Verdict | None = None

    @property
    def found(self) -> list[str]:
        """What speaks against the call, as the filters name it."""
        cut = ["cut off"] if self.cut is not None else []
        reasons = Findings(self.findings, None).reasons if self.findings else []
        judged = Findings((), self.verdict).reasons if self.verdict else []
        return cut + reasons + judged


class Row(NamedTuple):
    """A line of the table of scores: what was asked, the metric, its value, and the differences to other models."""

    question: str
    metric: str
    value: str
    differences: list[str]


class Cell(NamedTuple):
    """A cell of the confusion matrix: how many turns, and the shade of their share of the row."""

    turns: int
    shade: int


def render_evaluation(
    title: str, result: Result, differences: Mapping[str, Differences], evaluations: Iterable[Evaluation]
) -> Iterator[str]:
    """Yield the page in pieces, each a whole number of lines without the last line end.

    Args:
        title: of the page.
        result: of the model.
        differences: paired differences to other models, by their names.
        evaluations: the answers, in the order of the plan, read once.
    """
    yield _render_head(title, result, differences)
    rows: list[list[object]] = []
    limits = Limits.model_validate(result.provenance.configuration["limits"])
    answered = (
        _shown(evaluation, limits, result.calls)
        for evaluation in evaluations
        if evaluation.turns or evaluation.call or evaluation.cut
    )
    number = 0
    while chunk := list(islice(answered, CHUNK)):
        yield f'<script type="text/plain" class="dialogues">{pack(chunk)}</script>'
        for evaluation in chunk:
            rows += [_index_row(number, place, turn) for place, turn in enumerate(evaluation.turns)]
            if evaluation.call or evaluation.cut:
                rows.append([number, WHOLE, "", "", 0, evaluation.found])
            number += 1
    index = vocabulary(Language.EN) | {"chunk": CHUNK, "questions": QUESTIONS, "rows": rows}
    yield f'<script type="application/json" id="index">{script_json(index)}</script>'
    yield "</body>\n</html>"


def _index_row(number: int, place: int, turn: EvaluatedTurn) -> list[object]:
    """Return what the filters need of a turn; the script names the columns."""
    problem = any(answer.problem for answer in turn.answers.values())
    return [number, place, turn.strategy, turn.free.strategy or "", int(problem), []]


def _shown(evaluation: Evaluation, limits: Limits, judgements: Mapping[str, Judgement]) -> _Shown:
    judgement = judgements.get(evaluation.id)
    return _Shown.model_construct(
        **dict(evaluation),
        findings=tuple(find_breaches(evaluation.call, limits)),
        verdict=judgement.verdict if judgement else None,
    )


def _render_head(title: str, result: Result, differences: Mapping[str, Differences]) -> str:
    """Return the page down to the end of its figures."""
    configuration = result.provenance.configuration
    names = short_names((result.model, *differences, *result.wins))
    return page_template("evaluation.html").render(
        head=page_head(f"{title} · rolecs evaluation", scripts=("reader.js", "evaluation.js")),
        title=title,
        configuration=configuration,
        settings={key: value for key, value in configuration.items() if key not in SHOWN_SETTINGS},
        versions=result.provenance.versions,
        sentence=describe_result(result),
        compared=[name_whole(other, names) for other in differences],
        judge=result.judge,
        seen=result.contamination.describe() if result.contamination else "Nobody has looked: see --train.",
        others=[names[other] for other in differences],
        rows=_rows(result, differences),
        tables=[
            Cells(VARIETY_TITLE, VARIETY_COLUMNS, variety_rows([result], names)),
            Cells(FEELINGS_TITLE, FEELINGS_COLUMNS, feelings_rows(result, names)),
            Cells(
                FELT_DIFFERENCES_TITLE,
                FEELINGS_COLUMNS,
                felt_differences_rows(result.model, differences, names),
            ),
            Cells(WINS_TITLE, WINS_COLUMNS, wins_rows(result, names)),
        ],
        published=PUBLISHED[configuration["history"]],
        published_metrics=PUBLISHED_METRICS,
        published_title=PUBLISHED_TITLE,
        strategies=STRATEGIES,
        labels=by_label(result.scores.total("free")),
        columns=[*LABELS, "none"],
        confusion=_cells(result),
    )


def _rows(result: Result, differences: Mapping[str, Differences]) -> list[Row]:
    return [
        Row(
            QUESTIONS[question] if metric is metrics[0] else "",
            metric.title,
            describe_estimate(result.estimates[question][metric.name], metric),
            [describe_difference(found.metrics[question][metric.name], metric) for found in differences.values()],
        )
        for question, metrics in METRICS.items()
        for metric in metrics
        if result.estimates[question][metric.name].value is not None
    ]


def _cells(result: Result) -> dict[Strategy, list[Cell]]:
    """Return the rows of the confusion matrix that count something."""
    counts: Any = confusion(result.scores.total("free"))
    return {
        label: [Cell(int(count), min(SHADES - 1, int(SHADES * count / row.sum()))) for count in row]
        for label, row in zip(LABELS, counts, strict=True)
        if row.any()
    }
