"""The tables of a probe, for a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from outputs.probing.figures import PERCENTILES, Comparison, ProbeFigures
from outputs.reports.cells import begin_table
from outputs.reports.estimates import describe_figure, describe_share
from quality.gate.rubric import LABEL_POINT
from quality.metrics.intervals import Proportion

_NAMES = {
    "pass": "passed",
    "answered": "answered to the end",
    "goal": "goal reached, says the customer",
    "policies": "true to products and policies",
}
_SHOWN_CATEGORIES = 12


def show_probe(figures: ProbeFigures) -> RenderableType:
    """Return all that is told of one agent; texts of others stand as they are, never as markup."""
    return Group(
        _rates_table(figures),
        *map(Text, _remarks(figures)),
        "",
        _groups_table(figures),
        *_categories(figures),
    )


def name_rate(name: str) -> str:
    """Return the name of a rate in words."""
    return _NAMES.get(name, f"point: {name.replace('_', ' ')}")


def show_proportion(found: Proportion) -> str:
    """Return a share in percent with its interval and what it is of."""
    return f"{describe_share(found)} of {found.of:,}" if found.of else "-"


def _rates_table(figures: ProbeFigures) -> Table:
    table = begin_table("rate", "share", title=Text(f"{figures.agent}, with 95% intervals"))
    for name, found in figures.rates.items():
        table.add_row(name_rate(name), show_proportion(found), end_section=name == "policies")
    return table


def _remarks(figures: ProbeFigures) -> Iterator[str]:
    outcomes = ", ".join(f"{outcome.replace('_', ' ')} {count:,}" for outcome, count in figures.goals.items())
    yield f"The customers' own verdicts: {outcomes}."
    latency = figures.latency
    if latency.longest is not None:
        told = ", ".join(f"p{percent} {latency.percentiles[percent]:.2f} s" for percent in PERCENTILES)
        yield f"Latency of {latency.answers:,} answers: {told}, longest {latency.longest:.2f} s."
    if figures.failures:
        told = ", ".join(f"{kind} {count:,}" for kind, count in figures.failures.items())
        yield f"Answers that the agent did not give: {told}."
    if figures.failed:
        yield f"Calls that our own side failed on, in no figure: {figures.failed:,}."
    if figures.unscored:
        yield f"Calls on which the judge could not be read, in no rate of passing: {figures.unscored:,}."
    yield f"Strategies are the labeller's: the point {LABEL_POINT.replace('_', ' ')} is judged by what it named."


def _groups_table(figures: ProbeFigures) -> Table:
    table = begin_table("group", "value", "passed", title="Passed, by group", right=slice(2, None))
    for name, values in figures.groups.items():
        for number, (value, found) in enumerate(values.items(), start=1):
            first = name if number == 1 else ""
            table.add_row(first, Text(value), show_proportion(found), end_section=number == len(values))
    return table


def _categories(figures: ProbeFigures) -> Iterator[RenderableType]:
    if not figures.categories:
        return
    yield ""
    yield Text("What failed, and turns that show it")
    for category in figures.categories[:_SHOWN_CATEGORIES]:
        yield Text(f"{category.reason}: {show_proportion(category.calls)} calls")
        for quote in category.quotes:
            place = f"{quote.call}, turn {quote.turn}" if quote.turn else quote.call
            yield Text(f"    {place}: {quote.text!r}" if quote.text else f"    {place}")
            yield Text(f"        {quote.why}", style="dim")
    if (more := len(figures.categories) - _SHOWN_CATEGORIES) > 0:
        yield Text(f"... and {more:,} more, in the JSON file")


def show_comparisons(comparisons: Sequence[Comparison]) -> RenderableType:
    """Return the paired differences between the first agent and others."""
    parts: list[RenderableType] = []
    for comparison in comparisons:
        title = Text(f"{comparison.first} minus {comparison.second}, paired by customer")
        columns = ("rate", "first", "second", "difference", "first only", "second only", "p")
        table = begin_table(*columns, title=title)
        for name, found in comparison.differences.items():
            table.add_row(
                name_rate(name),
                _percent(found.first.value),
                _percent(found.second.value),
                describe_figure(found.difference, digits=0, scale=100, sign="+"),
                f"{found.first_only:,}",
                f"{found.second_only:,}",
                f"{found.p:.3f}" if found.first.of else "-",
            )
        told = (
            f"{comparison.pairs:,} pairs of calls, {comparison.same_plan:,} of them about the very same; "
            "p is McNemar's, exact."
        )
        parts += ["", table, Text(told)]
    return Group(*parts)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
