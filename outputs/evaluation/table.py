"""The tables of an evaluation: a model's metrics beside others' and beside published ones, and paired differences."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from outputs.evaluation.feelings import FeelingFigures
from outputs.evaluation.results import Result
from outputs.evaluation.scores import METRICS, QUESTIONS, REFERENCE, Differences, Metric
from outputs.reports.cells import FIGURES, Cells, begin_table, show_cells
from outputs.reports.estimates import describe_figure
from outputs.runs.run import most_frequent_first
from quality.metrics.intervals import Estimate
from quality.metrics.variety import ORDERS

PUBLISHED: dict[str, dict[str, tuple[str, str, str, str]]] = {
    "reference": {
        "GPT-4o": ("42.58", "8.13", "2.97", "4.12"),
        "DeepSeek-R1": ("39.78", "11.67", "5.09", "8.44"),
        "Qwen2.5-7B": ("18.78", "6.73", "2.29", "3.80"),
        "Qwen2.5-7B + RoleCS": ("42.96", "11.23", "4.80", "7.39"),
        "Qwen2.5-72B": ("37.22", "8.61", "3.23", "5.41"),
        "Qwen2.5-72B + RoleCS": ("43.29", "12.15", "5.32", "7.97"),
    },
    "generated": {
        "GPT-4o": ("36.29", "6.41", "2.07", "2.22"),
        "DeepSeek-R1": ("35.23", "8.41", "3.11", "6.27"),
        "Qwen2.5-7B": ("19.39", "5.11", "1.53", "2.43"),
        "Qwen2.5-7B + RoleCS": ("30.52", "8.61", "3.51", "4.13"),
        "Qwen2.5-72B": ("30.93", "6.28", "2.00", "3.59"),
        "Qwen2.5-72B + RoleCS": ("36.02", "9.38", "3.90", "4.35"),
    },
}
"""What the authors of the framework report (arXiv 2508.04423): by the history shown and the model, `PUBLISHED_METRICS`.

They are of the strategy among all twelve and, it seems, of replies to the model's own one. The scripts are not public.
Their ROUGE-L lies below BLEU-2 in every row, as it does where a tokenizer drops the Chinese characters.
"""
PUBLISHED_METRICS = ("strategy accuracy", "BLEU-2", "BLEU-4", "ROUGE-L")
PUBLISHED_TITLE = "Not ours: published by arXiv 2508.04423, on other dialogues (CSConv) by scripts that are not public"

SCORES_TITLE = "Scores, shares in %, BLEU from 0 to 100, with 95% intervals over dialogues"
VARIETY_TITLE = "Variety of the replies"
VARIETY_COLUMNS = ("what was said", *(f"distinct-{n}" for n in ORDERS), "boilerplate")
WINS_TITLE = "Judged blind, each pair in both orders; a tie where they disagree"
WINS_COLUMNS = ("pairs of answers", "won", "tied", "lost", "won less lost, %", "unread")
FEELINGS_TITLE = "Strategies by what the customer had felt, with 95% intervals over dialogues"
FEELINGS_COLUMNS = ("after", "turns", "accuracy", "EM", "EM in the dialogues")
FELT_DIFFERENCES_TITLE = "Differences by what the customer had felt, paired by dialogue"


def short_names(models: Iterable[str]) -> dict[str, str]:
    """Return by hub name or folder of a model the last part of it that no other one has; all of it where there is none.

    >>> short_names(["Qwen/Qwen2.5-7B", "runs/a/adapter", "runs/b/adapter"])
    {'Qwen/Qwen2.5-7B': 'Qwen2.5-7B', 'runs/a/adapter': 'a', 'runs/b/adapter': 'b'}
    """
    parts = {model: [part for part in model.split("/") if part.strip(".")] for model in models}
    having = Counter(part for own in parts.values() for part in set(own))
    return {model: next((part for part in reversed(own) if having[part] == 1), model) for model, own in parts.items()}


def name_whole(model: str, names: Mapping[str, str]) -> str:
    """Return the short name of a model with the whole one behind it, if that is another."""
    return model if names[model] == model else f"{names[model]} ({model})"


def names_of(results: Sequence[Result]) -> dict[str, str]:
    """Return the short names of models, and of those that a judge compared them with."""
    return short_names(model for result in results for model in (result.model, *result.wins))


def show_results(
    results: Sequence[Result], history: str, differences: Mapping[str, Differences] | None = None
) -> RenderableType:
    """Return the metrics of some models, and below them those that others published for this kind of history.

    `differences` are those of the first model to others, by the others' names.
    """
    names = names_of(results)
    table = Table("asked for", "metric", title=SCORES_TITLE, title_justify="left")
    for result in results:
        table.add_column(names[result.model], justify="right", overflow="fold")
    for question, metrics in METRICS.items():
        rows = [(metric, [result.estimates[question][metric.name] for result in results]) for metric in metrics]
        _add_section(table, question, rows, describe_estimate)
    told = [f"{name_whole(result.model, names)}: {describe_result(result)}" for result in results]
    parts: list[RenderableType] = [table, *told]
    if any(result.scores.dialogues for result in results):
        parts += ["", show_cells(Cells(VARIETY_TITLE, VARIETY_COLUMNS, variety_rows(results, names)), FIGURES)]
    if felt := [row for result in results for row in feelings_rows(result, names)]:
        parts += ["", show_cells(Cells(FEELINGS_TITLE, FEELINGS_COLUMNS, felt), FIGURES)]
    if won := [row for result in results for row in wins_rows(result, names)]:
        parts += ["", show_cells(Cells(WINS_TITLE, WINS_COLUMNS, won), FIGURES)]
    if differences:
        parts += ["", show_differences(results[0].model, differences)]
    return Group(*parts, "", _published(history))


def _add_section(
    table: Table,
    question: str,
    rows: Sequence[tuple[Metric, Sequence[Estimate]]],
    describe: Callable[[Estimate, Metric], str],
) -> None:
    """Add the metrics of a question that have a value somewhere."""
    told = [(metric, found) for metric, found in rows if any(one.value is not None for one in found)]
    for metric, found in told:
        table.add_row(
            QUESTIONS[question] if metric is told[0][0] else "",
            metric.title,
            *(describe(one, metric) for one in found),
            end_section=metric is told[-1][0],
        )


def variety_rows(results: Sequence[Result], names: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return by what was said the cells of `VARIETY_COLUMNS`: the references once, then each model's replies.

    `names` are the models' short names, here and below.
    """
    rows: dict[str, tuple[str, ...]] = {}
    for result in results:
        for question, found in result.scores.variety.items():
            model = names[result.model]
            name = "the dialogues themselves" if question == REFERENCE else f"{model}: {QUESTIONS[question]}"
            share = "-" if found.boilerplate is None else f"{found.boilerplate:.0%}"
            rows.setdefault(name, (name, *(f"{found.distinct[n]:.3f}" for n in ORDERS), share))
    return list(rows.values())


def wins_rows(result: Result, names: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return by other model the cells of `WINS_COLUMNS`."""
    net = Metric("net", "won less lost", lambda sums: float("nan"))
    return [
        (
            f"{names[result.model]} against {names[other]}",
            *(f"{count:,}" for count in (wins.won, wins.tied, wins.lost)),
            describe_difference(wins.net, net),
            f"{wins.unread:,}",
        )
        for other, wins in result.wins.items()
    ]


def feelings_rows(result: Result, names: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return by what the customer had felt the cells of `FEELINGS_COLUMNS`; none where nobody named feelings."""
    return _felt_rows(names[result.model], result.feelings, describe_estimate)


def felt_differences_rows(
    model: str, differences: Mapping[str, Differences], names: Mapping[str, str]
) -> list[tuple[str, ...]]:
    """Return by other model and by what the customer had felt the cells of `FEELINGS_COLUMNS`, of differences."""
    return [
        row
        for other, found in differences.items()
        for row in _felt_rows(f"{names[model]} minus {names[other]}", found.feelings, describe_difference)
    ]


def _felt_rows(
    name: str, figures: Mapping[str, FeelingFigures], describe: Callable[[Estimate, Metric], str]
) -> list[tuple[str, ...]]:
    share = Metric("share", "share", lambda sums: float("nan"))
    return [
        (
            f"{name}: {feeling}",
            f"{found.turns:,}",
            describe(found.accuracy, share),
            describe(found.empathy, share),
            f"{100 * found.reference:.1f}",
        )
        for feeling, found in figures.items()
    ]


def _published(history: str) -> Table:
    table = begin_table("model", *PUBLISHED_METRICS, title=PUBLISHED_TITLE, style="dim")
    for model, figures in PUBLISHED[history].items():
        table.add_row(model, *figures)
    return table


def show_differences(model: str, differences: Mapping[str, Differences]) -> RenderableType:
    """Return by how much a model's metrics are higher than those of others, by the others' names."""
    names = short_names((model, *differences))
    title = f"{names[model]} minus ..., paired by dialogue"
    table = Table("asked for", "metric", title=title, title_justify="left")
    for other in differences:
        table.add_column(names[other], justify="right", overflow="fold")
    for question, metrics in METRICS.items():
        rows = [
            (metric, [found.metrics[question][metric.name] for found in differences.values()]) for metric in metrics
        ]
        _add_section(table, question, rows, describe_difference)
    parts: list[RenderableType] = [table]
    if felt := felt_differences_rows(model, differences, names):
        parts += ["", show_cells(Cells(FELT_DIFFERENCES_TITLE, FEELINGS_COLUMNS, felt), FIGURES)]
    return Group(*parts, "* the interval does not hold 0.")


def describe_result(result: Result) -> str:
    """Return over how many answers the metrics are, and what was wrong with them, as a sentence."""
    return f"{', '.join(_counts(result))}." if result.scores.dialogues else "nothing was answered."


def _counts(result: Result) -> Iterator[str]:
    scores = result.scores
    yield (f"{scores.turns:,} turns of " if scores.turns else "") + f"{scores.dialogues:,} dialogues"
    unreadable = {QUESTIONS[question]: scores.unreadable[question] for question in QUESTIONS}
    if scores.unreadable:
        told = ", ".join(f"{count:,} ({name})" for name, count in unreadable.items() if count)
        yield f"answers that were empty, refused, cut off or no strategy, counted as wrong: {told}"
    if scores.unscored:
        yield f"calls on which the judge could not be read, in no figure of the judge's: {scores.unscored:,}"
    if scores.broken_rules:
        told = ", ".join(f"{rule} ({count:,})" for rule, count in most_frequent_first(scores.broken_rules).items())
        yield f"flow rules broken, in how many calls: {told}"
    if scores.failed:
        yield f"dialogues that the server failed on, in no figure: {scores.failed:,}"


def describe_estimate(found: Estimate, metric: Metric) -> str:
    """Return a metric with its interval, shares in percent."""
    return _describe(found, metric, "")


def describe_difference(found: Estimate, metric: Metric) -> str:
    """Return a difference with its interval and, where that does not hold 0, a star."""
    is_clear = found.low is not None and found.high is not None and (found.low > 0 or found.high < 0)
    return _describe(found, metric, "+") + (" *" if is_clear else "")


def _describe(found: Estimate, metric: Metric, sign: str) -> str:
    return describe_figure(found, digits=metric.digits, scale=100 if metric.is_share else 1, sign=sign)
