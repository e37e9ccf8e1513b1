"""What a pool was made of: the counts of every stage, how close its personas lie, and what they are like."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import quantiles

from pydantic import BaseModel, ConfigDict
from rich.console import Group as Lines
from rich.table import Table

from outputs.reports.cells import begin_table
from outputs.runs.run import most_frequent_first
from personas.dedup.merging import Group, Merged
from personas.persona import Persona

COUNTED_FIELDS = ("language", "age", "risk_tolerance", "job", "financial_situation", "recent_stress", "tone")
SHOWN_VALUES = 5
"""How many values of a field the table shows."""
PERCENTILES = (5, 25, 50, 75, 95)
"""Of the similarities that are shown."""


class Stage(BaseModel):
    """A line of the table of stages and how many calls, lines, replacements, answers or personas it counts.

    One that `is_part` of the stage above it is indented.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    count: int
    is_part: bool = False


class PoolSummary(BaseModel):
    """The figures of a pool.

    Attributes:
        stages: of its making, in order.
        threshold: the cosine similarity from which two personas count as one.
        embedding_models: the names of those that the descriptions were compared with.
        nearest_before: cosine similarities before merging, see `Merged`.
        nearest_after: the same after it.
        values: by field, how many of the kept personas have each value.
        groups: survivors that absorbed others, with these.
    """

    model_config = ConfigDict(frozen=True)

    stages: list[Stage]
    threshold: float
    embedding_models: list[str]
    nearest_before: list[float]
    nearest_after: list[float]
    values: dict[str, dict[str, int]]
    groups: list[Group]

    @classmethod
    def build(
        cls, stages: Iterable[Stage], merged: Sequence[Merged], threshold: float, embedding_models: Iterable[str]
    ) -> "PoolSummary":
        """Sum up what was merged, language by language; `stages` are those before the merging."""
        groups = [group for part in merged for group in part.groups]
        pruned = sum(len(group.absorbed) for group in groups)
        survivors = [group.survivor for group in groups]
        return cls(
            stages=[*stages, Stage(name="pruned", count=pruned), Stage(name="kept", count=len(groups))],
            threshold=threshold,
            embedding_models=list(dict.fromkeys(embedding_models)),
            nearest_before=[cosine for part in merged for cosine in part.nearest_before],
            nearest_after=[cosine for part in merged for cosine in part.nearest_after],
            values={field: _count_values(survivors, field) for field in COUNTED_FIELDS},
            groups=[group for group in groups if group.absorbed],
        )


def _count_values(personas: Sequence[Persona], field: str) -> dict[str, int]:
    return dict(Counter(str(getattr(persona, field)) for persona in personas))


def percentiles(values: Sequence[float]) -> list[float]:
    """Return the values at `PERCENTILES`; of fewer than two values, none.

    >>> percentiles([0.0, 1.0])
    [0.05, 0.25, 0.5, 0.75, 0.95]
    """
    if len(values) < 2:
        return []
    cuts = quantiles(values, n=100, method="inclusive")
    return [round(cuts[percentile - 1], 4) for percentile in PERCENTILES]


def summarise_pool(summary: PoolSummary) -> Lines:
    """Return the tables that distilling and deduplicating end with."""
    parts = [stages_table(summary.stages, "Personas")]
    if summary.nearest_before and summary.nearest_after:
        near = Table(
            "percentile", *map(str, PERCENTILES), title="Similarity of the nearest neighbour", title_justify="left"
        )
        for name, cosines in (("before", summary.nearest_before), ("after", summary.nearest_after)):
            near.add_row(name, *(f"{cosine:.2f}" for cosine in percentiles(cosines)))
        parts.append(near)
    values = Table("field", "values of the kept", title="What they are like", title_justify="left")
    for field, counts in summary.values.items():
        values.add_row(field.replace("_", " "), _describe_counts(counts))
    return Lines(*_spaced([*parts, values]))


def stages_table(stages: Iterable[Stage], title: str) -> Table:
    """Return the table of the stages of a job."""
    table = begin_table("stage", "count", title=title)
    for stage in stages:
        table.add_row(f"  {stage.name}" if stage.is_part else stage.name, f"{stage.count:,}")
    return table


def _spaced(tables: Sequence[Table]) -> Iterator[Table | str]:
    for number, table in enumerate(tables):
        if number:
            yield ""
        yield table


def most_frequent(counts: dict[str, int], limit: int) -> list[tuple[str, int]]:
    """Return at most `limit` values with their counts, and the count of all others, named by how many they are.

    Where not all can be shown, those that occur once are among the others.

    >>> most_frequent({"nurse": 3, "welder": 2, "clerk": 1, "pilot": 1}, 3)
    [('nurse', 3), ('welder', 2), ('2 more', 2)]
    """
    items = list(most_frequent_first(counts).items())
    if len(items) <= limit:
        return items
    shown = [item for item in items[:limit] if item[1] > 1]
    others = items[len(shown) :]
    return [*shown, (f"{len(others):,} more", sum(count for _, count in others))]


def _describe_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{value} ({count:,})" for value, count in most_frequent(counts, SHOWN_VALUES))


def describe_merges(summary: PoolSummary) -> Iterator[str]:
    """Yield the lines of the list of merges: each survivor that absorbed others, and those below it."""
    pruned = sum(len(group.absorbed) for group in summary.groups)
    yield (
        f"{pruned} personas were merged into {len(summary.groups)} others: their descriptions are alike with a cosine "
        f"similarity of at least {summary.threshold:g} ({', '.join(summary.embedding_models)})."
    )
    for group in summary.groups:
        yield ""
        yield f"{group.survivor.id}, stands for {group.survivor.stands_for}: {group.survivor.description}"
        for persona, similarity in group.absorbed:
            yield f"    {similarity:.3f} {persona.id}: {persona.description}"
