"""The HTML report on a pool: one file without scripts or network, whose texts are all escaped."""

from collections.abc import Sequence
from typing import NamedTuple

from outputs.reports.assets import page_head, page_template
from outputs.reports.pool_summary import PERCENTILES, PoolSummary, most_frequent, percentiles

BINS = 20
"""How many bins, each 0.05 wide, the similarities from 0 to 1 fall into."""
SHOWN_VALUES = 12
"""How many values of a field have a bar of their own."""
SHOWN_GROUPS = 500
"""How many merge groups are shown, the largest first; the list beside the pool has them all."""


class ScaledBar(NamedTuple):
    """A bar beside others: its label, how many personas it counts, and its length from 0 to 1, that of the longest."""

    label: str
    size: int
    length: float


def render_pool_report(summary: PoolSummary) -> str:
    """Return the report as an HTML page."""
    groups = sorted(summary.groups, key=lambda group: (-len(group.absorbed), group.survivor.id))
    return page_template("pool.html").render(
        head=page_head("Persona pool", styles=("pool.css",)),
        summary=summary,
        percentiles=PERCENTILES,
        near={"before": percentiles(summary.nearest_before), "after": percentiles(summary.nearest_after)},
        histograms={"before": _histogram(summary.nearest_before), "after": _histogram(summary.nearest_after)},
        charts={field.replace("_", " "): _bars(counts) for field, counts in summary.values.items()},
        groups=groups[:SHOWN_GROUPS],
        more_groups=max(0, len(groups) - SHOWN_GROUPS),
    )


def _bars(counts: dict[str, int]) -> list[ScaledBar]:
    """Return a bar for each of the most frequent values, and one for all others together."""
    shown = most_frequent(counts, SHOWN_VALUES)
    longest = max((count for _, count in shown), default=1)
    return [ScaledBar(label, count, count / longest) for label, count in shown]


def _histogram(cosines: Sequence[float]) -> list[ScaledBar]:
    """Return how many cosine similarities lie in each bin; negative ones count as 0."""
    counts = [0] * BINS
    for cosine in cosines:
        counts[min(BINS - 1, max(0, int(cosine * BINS)))] += 1
    longest = max(counts) or 1
    return [
        ScaledBar(f"{i / BINS:.2f} to {(i + 1) / BINS:.2f}", count, count / longest) for i, count in enumerate(counts)
    ]
