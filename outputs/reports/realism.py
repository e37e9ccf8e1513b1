"""What a comparison of synthetic with real dialogues found, as it is printed, and as a page."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Group, RenderableType

from agents.csc.language import Language
from outputs.reports.assets import page_head, page_template
from outputs.reports.cells import Cells, show_cells
from outputs.reports.estimates import describe_mean
from quality.metrics.differences import Difference, Item
from quality.metrics.intervals import Estimate
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
    wholes, traits, pairs = _tables(comparison.realism)
    figures = (show_cells(wholes), "", show_cells(traits, slice(1, 5)), "", show_cells(pairs))
    return Group(*_sentences(comparison), "", *figures, _last(comparison.realism))


def render_comparison(comparison: Comparison) -> str:
    """Return the same as a page."""
    title = " and ".join(Path(source).name for source in comparison.sources)
    return page_template("comparison.html").render(
        head=page_head(f"{title} · rolecs comparison"),
        title=title,
        comparison=comparison,
        sentences=list(_sentences(comparison)),
        telling=_last(comparison.realism),
        tables=_tables(comparison.realism),
    )


def _sentences(comparison: Comparison) -> Iterator[str]:
    compared = (comparison.realism.synthetic, comparison.realism.real)
    for name, source, used, total, one_sided in zip(
        _NAMES, comparison.sources, compared, comparison.totals, comparison.one_sided, strict=True
    ):
        left_out = f"; in {one_sided:,} one side says nothing" if one_sided else ""
        yield f"{name}: {used:,} of the {total:,} dialogues of {source}{left_out}"


def _tables(realism: Realism) -> tuple[Cells, Cells, Cells]:
    return (
        Cells("The sets as a whole", ("question", "figure", "if they were alike"), _wholes(realism)),
        Cells(
            "Traits, the most telling first (distance: 0 the same, 1 nothing in common)",
            ("trait", "distance", "by chance", *_NAMES, "in dialogues: synthetic, real"),
            [_trait(difference) for difference in realism.differences],
        ),
        Cells(
            "The nearest",
            ("synthetic", "real", "similarity", "longest run of the same words"),
            [(pair.synthetic, pair.real, f"{pair.similarity:.3f}", pair.same_words) for pair in realism.nearness.pairs],
        ),
    )


def _wholes(realism: Realism) -> list[tuple[str, ...]]:
    coverage, nearness = realism.coverage, realism.nearness
    return [
        ("told apart by what is said (AUC)", _show_separation(realism.by_words), "0.50"),
        ("told apart by the traits that are numbers (AUC)", _show_separation(realism.by_form), "0.50"),
        (
            "real ones with a synthetic one near (coverage)",
            f"{coverage.coverage:.2f}",
            f"{coverage.expected_coverage:.2f}",
        ),
        ("synthetic ones among real ones (density)", f"{coverage.density:.2f}", "1.00"),
        ("similarity to the nearest real one, median", f"{nearness.synthetic:.2f}", f"{nearness.real:.2f}"),
        ("nearer than 99% of the real ones are", f"{nearness.suspicious:.1%}", "1.0%"),
    ]


def _show_separation(separation: Separation | None) -> str:
    """Return an area under the curve with its interval.

    >>> _show_separation(Separation(auc=0.914, low=0.9, high=0.93))
    '0.91 (0.90 to 0.93)'
    """
    if separation is None:
        return "- (one group)"
    return describe_mean(Estimate(value=separation.auc, low=separation.low, high=separation.high))


def _trait(difference: Difference) -> tuple[str, ...]:
    means = (difference.synthetic, difference.real)
    return (
        difference.trait,
        f"{difference.distance:.2f}",
        f"{difference.chance:.2f}",
        *("" if mean is None else f"{mean:.2f}" for mean in means),
        "\n".join(map(_show_item, difference.items)) if difference.excess > 0 else "",
    )


def _show_item(item: Item) -> str:
    return f"{item.text}: {item.synthetic:.0%}, {item.real:.0%}"


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
