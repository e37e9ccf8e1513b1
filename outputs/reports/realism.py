"""What a comparison of synthetic with real dialogues found, as it is printed."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict
from rich.console import Group, RenderableType
from rich.table import Table

from agents.csc.language import Language
from quality.metrics.differences import Difference, Item
from quality.metrics.realism import Realism, Separation

_NAMES = ("synthetic", "real")
MOST_TELLING = 3
"""How many traits are named in the last line."""


class Comparison(BaseModel):
    """A comparison of two sets, and what was compared, synthetic first.

    `totals` are the dialogues that the sources hold, `one_sided` those left out because one side says nothing.
    """

    model_config = ConfigDict(frozen=True)

    language: Language
    embedding_model: str
    sources: tuple[str, str]
    totals: tuple[int, int]
    one_sided: tuple[int, int]
    realism: Realism


def show_comparison(comparison: Comparison) -> RenderableType:
    """Return the figures to be printed, and in the last line what tells the sets apart the most."""
    realism = comparison.realism
    return Group(
        *_sentences(comparison), "", _answers(realism), "", _traits(realism), "", _pairs(realism), _last(realism)
    )


def _sentences(comparison: Comparison) -> Iterator[str]:
    compared = (comparison.realism.synthetic, comparison.realism.real)
    for name, source, used, total, one_sided in zip(
        _NAMES, comparison.sources, compared, comparison.totals, comparison.one_sided, strict=True
    ):
        left_out = f"; in {one_sided:,} one side says nothing" if one_sided else ""
        yield f"{name}: {used:,} of the {total:,} dialogues of {source}{left_out}"


def _answers(realism: Realism) -> Table:
    coverage, nearness = realism.coverage, realism.nearness
    table = Table("question", "figure", "if they were alike", title="The sets as a whole", title_justify="left")
    table.add_row("told apart by what is said (AUC)", _show_separation(realism.by_words), "0.50")
    table.add_row("told apart by the traits that are numbers (AUC)", _show_separation(realism.by_form), "0.50")
    table.add_row(
        "real ones with a synthetic one near (coverage)",
        f"{coverage.coverage:.2f}",
        f"{coverage.expected_coverage:.2f}",
    )
    table.add_row("synthetic ones among real ones (density)", f"{coverage.density:.2f}", "1.00")
    table.add_row("similarity to the nearest real one, median", f"{nearness.synthetic:.2f}", f"{nearness.real:.2f}")
    table.add_row("nearer than 99% of the real ones are", f"{nearness.suspicious:.1%}", "1.0%")
    return table


def _show_separation(separation: Separation | None) -> str:
    """Return an area under the curve with its interval.

    >>> _show_separation(Separation(auc=0.914, low=0.9, high=0.93))
    '0.91 [0.90, 0.93]'
    """
    return (
        "- (one group)" if separation is None else f"{separation.auc:.2f} [{separation.low:.2f}, {separation.high:.2f}]"
    )


def _traits(realism: Realism) -> Table:
    title = "Traits, the most telling first (distance: 0 the same, 1 nothing in common)"
    table = Table(
        "trait", "distance", "by chance", *_NAMES, "in dialogues: synthetic, real", title=title, title_justify="left"
    )
    for column in table.columns[1:5]:
        column.justify = "right"
    for difference in realism.differences:
        means = (difference.synthetic, difference.real)
        table.add_row(
            difference.trait,
            f"{difference.distance:.2f}",
            f"{difference.chance:.2f}",
            *("" if mean is None else f"{mean:.2f}" for mean in means),
            "\n".join(map(_show_item, difference.items)) if difference.excess > 0 else "",
        )
    return table


def _show_item(item: Item) -> str:
    return f"{item.text}: {item.synthetic:.0%}, {item.real:.0%}"


def _pairs(realism: Realism) -> Table:
    table = Table(
        "synthetic", "real", "similarity", "longest run of the same words", title="The nearest", title_justify="left"
    )
    for pair in realism.nearness.pairs:
        table.add_row(pair.synthetic, pair.real, f"{pair.similarity:.3f}", pair.same_words)
    return table


def _last(realism: Realism) -> str:
    telling = [_name(difference) for difference in realism.differences if difference.excess > 0][:MOST_TELLING]
    if not telling:
        return "No trait tells the sets apart."
    return f"What tells them apart the most: {'; '.join(telling)}."


def _name(difference: Difference) -> str:
    if difference.synthetic is not None and difference.real is not None:
        return f"{difference.trait} ({difference.synthetic:.2f}, real {difference.real:.2f})"
    widest = max(difference.items, key=lambda item: abs(item.synthetic - item.real))
    return f'{difference.trait} ("{widest.text}" in {widest.synthetic:.0%}, real {widest.real:.0%})'
