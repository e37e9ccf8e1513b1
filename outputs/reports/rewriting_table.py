"""The table of the paper on rewritten calls: what they were like before and after, beside the figures of CSConv.

Source of the columns: Zhu et al., arXiv 2508.04423, CSConv; there without intervals, and of 690,000 and 1,855 calls.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from rich.table import Table

from agents.csc.dialogue import Turn
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from outputs.reports.estimates import describe_figure
from outputs.runs.rewriting import Rewriting
from quality.metrics.intervals import Estimate, Statistic, Sums, estimate, estimate_difference, ratio
from quality.text import split_words

_CALLS, _UTTERANCES, _WORDS, _TURNS, _USED, _LABELLED = range(6)


class Row(NamedTuple):
    """A figure of the kept calls: before, after, by how much it rose (paired), and what the authors report."""

    name: str
    unit: str
    before: Estimate
    after: Estimate
    difference: Estimate
    published: str


_FIGURES: tuple[tuple[str, str, Statistic, str], ...] = (
    ("utterances a call", "", ratio(_UTTERANCES, _CALLS), "19 to 27"),
    ("supporter's words a turn (Chinese: characters)", "", ratio(_WORDS, _TURNS), "41 to 49"),
    (
        "supporter turns with a strategy other than OT, by the blind labeller",
        "%",
        ratio(_USED, _LABELLED, 100),
        "55.28 to 97.82",
    ),
)


def before_and_after(rewritings: Iterable[Rewriting]) -> list[Row]:
    """Return the figures of rewritten calls with 95% bootstrap intervals over calls.

    The share of strategies is that of a blind labeller on both sides: the labels that a rewrite was planned with are by
    design hardly ever OT. The lines of an original alternate: what one side said in a row is one.

    Args:
        rewritings: the kept ones.
    """
    before: list[Sums] = []
    after: list[Sums] = []
    for rewriting in rewritings:
        labelling = rewriting.verdict.labelling if rewriting.verdict else None
        before.append(_sums(rewriting.original, rewriting.before.values()))
        after.append(_sums(rewriting.turns, labelling.labels.values() if labelling else ()))
    one, other = (np.array(sums, np.float64).reshape(-1, 6) for sums in (before, after))
    return [
        Row(
            name,
            unit,
            estimate(one, statistic),
            estimate(other, statistic),
            estimate_difference(other, one, statistic),
            published,
        )
        for name, unit, statistic, published in _FIGURES
    ]


def _sums(turns: Sequence[Turn], labels: Iterable[Strategy]) -> Sums:
    said = [len(split_words(turn.text)) for turn in turns if turn.speaker is Speaker.SUPPORTER]
    given = list(labels)
    used = sum(label is not Strategy.OT for label in given)
    return np.array([1, len(turns), sum(said), len(said), used, len(given)], np.float64)


def describe(found: Estimate, unit: str = "", sign: str = "") -> str:
    """Return an estimate with its interval; a dash where nothing was counted."""
    return describe_figure(found, digits=1, unit=unit, sign=sign)


def show_before_and_after(rows: Sequence[Row]) -> Table:
    """Return the table for a console."""
    table = Table(
        "kept calls", "before", "after", "difference", "CSConv", title="Before and after", title_justify="left"
    )
    for row in rows:
        table.add_row(
            row.name,
            describe(row.before, row.unit),
            describe(row.after, row.unit),
            describe(row.difference, sign="+"),
            row.published,
        )
    return table
