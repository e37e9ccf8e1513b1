"""What scorecards say: mean stars with intervals by strategy, topic, week and model, thumbs, and the poor dialogues."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from rich.console import Group, RenderableType

from agents.csc.strategies import Strategy
from outputs.reports.cells import FIGURES, Cells, show_cells
from outputs.reports.estimates import describe_mean, describe_share
from outputs.scorecards.store import Scorecard
from quality.metrics.intervals import Estimate, estimate_mean

LOW_STARS = 2
"""Most stars of a dialogue that went badly."""
SHOWN_LOW = 20
"""Number of dialogues with low stars that are listed, the latest."""
TITLES = {
    "strategy": "By strategy that occurs; thumbs on its turns",
    "topic": "By topic",
    "week": "By week of opening (ISO)",
    "model": "By model and adapter",
    "site": "By site",
}
"""What the parts of a summary are called."""


class Figure(NamedTuple):
    """What is known of one group: its dialogues, those with stars, their mean, its thumbs, and the share that is up."""

    name: str
    dialogues: int
    rated: int
    stars: Estimate
    thumbs: int
    up: Estimate


class Summary(NamedTuple):
    """The figures of all scorecards, by what they are grouped by; each part in the order of its names."""

    total: Figure
    parts: dict[str, list[Figure]]
    low: list[Scorecard]
    unsound: int
    """Number of supporter turns that passed no check: the best try, or a fixed line."""


def week_of(moment: float) -> str:
    """Return the ISO week of a moment in Unix time.

    >>> week_of(0.0)
    '1970-W01'
    """
    year, week, _ = datetime.fromtimestamp(moment, UTC).isocalendar()
    return f"{year}-W{week:02}"


def describe_moment(moment: float) -> str:
    """Return a moment in Unix time, to the minute, in UTC.

    >>> describe_moment(0.0)
    '1970-01-01 00:00'
    """
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")


def summarise(cards: Iterable[Scorecard]) -> Summary:
    """Sum scorecards up.

    A dialogue counts for each strategy that occurs in it; thumbs count for the strategy of their turn alone. Intervals
    are over dialogues, see `quality.metrics.intervals`.
    """
    listed = list(cards)
    by_strategy = defaultdict(list)
    for card in listed:
        for strategy in {turn.strategy for turn in card.turns if turn.strategy}:
            by_strategy[strategy].append(card)
    parts = {
        "strategy": [_figure(code, by_strategy[code], code) for code in Strategy if code in by_strategy],
        "topic": _group(listed, lambda card: card.topic or "not told"),
        "week": _group(listed, lambda card: week_of(card.opened)),
        "model": _group(listed, lambda card: f"{card.model} {card.adapter[:8]}".strip()),
        "site": _group(listed, lambda card: card.site or "none"),
    }
    low = [card for card in listed if card.stars is not None and card.stars <= LOW_STARS]
    unsound = sum(turn.given != "sound" for card in listed for turn in card.turns)
    return Summary(_figure("all", listed), parts, low[::-1], unsound)


def title_of_low(summary: Summary) -> str:
    """Return what stands above the dialogues with low stars, of which the latest are shown."""
    shown = f": {SHOWN_LOW} of {len(summary.low):,}" if len(summary.low) > SHOWN_LOW else ""
    return f"{LOW_STARS} stars or fewer, the latest first{shown}"


def _group(cards: Sequence[Scorecard], key: Callable[[Scorecard], str]) -> list[Figure]:
    groups = defaultdict(list)
    for card in cards:
        groups[key(card)].append(card)
    return [_figure(name, groups[name]) for name in sorted(groups)]


def _figure(name: str, cards: Sequence[Scorecard], strategy: Strategy | None = None) -> Figure:
    """Return the figures of a group; of thumbs only those on turns with a strategy, if one is named."""
    thumbs = [[turn.thumb for turn in card.turns if turn.thumb and strategy in (None, turn.strategy)] for card in cards]
    stars = [(card.stars, 1) for card in cards if card.stars is not None]
    up = [(sum(thumb > 0 for thumb in given), len(given)) for given in thumbs if given]
    return Figure(str(name), len(cards), len(stars), estimate_mean(stars), sum(map(len, thumbs)), estimate_mean(up))


def show_summary(summary: Summary) -> RenderableType:
    """Return the summary to be printed."""
    total = summary.total
    parts: list[RenderableType] = [
        f"Dialogues: {total.dialogues:,}; with stars: {total.rated:,}, mean {describe_mean(total.stars)}; "
        f"thumbs: {total.thumbs:,}, up {describe_share(total.up)}; turns that passed no check: {summary.unsound:,}"
    ]
    for part, figures in summary.parts.items():
        rows = [
            (
                *(figure.name, f"{figure.dialogues:,}", f"{figure.rated:,}", describe_mean(figure.stars)),
                *(f"{figure.thumbs:,}", describe_share(figure.up)),
            )
            for figure in figures
        ]
        columns = (part, "dialogues", "with stars", "stars", "thumbs", "up")
        parts += ["", show_cells(Cells(TITLES[part], columns, rows), FIGURES)]
    if summary.low:
        low = [(card.id, describe_moment(card.opened), str(card.stars), card.comment) for card in summary.low]
        named = ("dialogue", "opened (UTC)", "stars", "comment")
        parts += ["", show_cells(Cells(title_of_low(summary), named, low[:SHOWN_LOW]))]
    return Group(*parts)
