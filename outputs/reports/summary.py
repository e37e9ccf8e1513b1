"""The closing tables of a run: the funnel, and the tokens by role."""

from collections.abc import Iterator, Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from agents.llm.usage import Usage
from outputs.reports.cells import begin_table
from outputs.reports.run_figures import emotion_agreement
from outputs.runs.cost import Prices, format_usd
from outputs.runs.record import FEELINGS_HEARD, REWINDS, DialogueCounts
from outputs.runs.run import KEPT_OR_NOT, REPAIRS, Funnel, Outcome, most_frequent_first


def summarise(funnel: Funnel, prices: Prices, ends: Mapping[Outcome, str] = KEPT_OR_NOT) -> Group:
    """Return what a job ends with: what a kept dialogue took, in dollars too at any price, and below it the tables.

    Args:
        funnel: of the run.
        prices: of its tokens.
        ends: what the outcomes of its items are called; those that it has not are left out.
    """
    cost = describe_cost(funnel, prices, kept=ends[Outcome.KEPT])
    parts: list[Table | Text | str] = [cost, "", _funnel_table(funnel, ends)]
    parts += [Text(line) for line in describe_causes(funnel)]
    if sentence := describe_emotions(funnel):
        parts.append(sentence)
    if REPAIRS in funnel.counts:
        parts += ["", _repair_table(funnel), f"Dialogues kept thanks to repairs: {funnel.repaired:,}."]
    return Group(*parts, "", usage_table(funnel))


def describe_cost(funnel: Funnel, prices: Prices, item: str = "dialogue", kept: str = "kept") -> str:
    """Return what each kept item took, the lost ones' part included, and what all cost at these prices."""
    tokens = funnel.tokens_per_kept
    line = f"Tokens per {kept} {item}: " + (f"none was {kept}." if tokens is None else f"{tokens:,.0f}")
    if not prices.are_given:
        return line
    spent, count = prices.cost(funnel.total_usage), funnel.outcomes[Outcome.KEPT]
    each = f", {format_usd(spent / count)} per {kept} {item}" if count else ""
    return f"{line}\nCost: {format_usd(spent)}{each}"


def describe_causes(funnel: Funnel) -> Iterator[str]:
    """Yield what most of the failed items failed for, and what most of the unscored went unscored for."""
    for group, counts in funnel.causes.items():
        cause, count = next(iter(counts.items()))
        yield f"{group.capitalize()}: {sum(counts.values()):,}; most often ({count:,}) for this: {cause}"


def describe_emotions(funnel: Funnel) -> str | None:
    """Say how often the blind labeller heard the emotions of the customer's turns; None where it was asked for none."""
    heard = emotion_agreement(DialogueCounts.of(funnel).feelings) if FEELINGS_HEARD in funnel.counts else None
    if not heard:
        return None
    return (
        f"Emotions: of {heard.turns:,} customer turns the labeller heard {heard.same / heard.turns:.0%} as they were "
        f"played ({heard.by_chance:.0%} by chance), {heard.as_strong / heard.turns:.0%} with the intensity as well."
    )


def _funnel_table(funnel: Funnel, ends: Mapping[Outcome, str]) -> Table:
    table = begin_table("dialogues", "count", "share", title="Funnel")

    def add(name: str, count: int) -> None:
        table.add_row(name, f"{count:,}", f"{count / max(funnel.planned, 1):.0%}")

    add("planned", funnel.planned)
    if waiting := funnel.outcomes[Outcome.PLANNED]:
        add("not played yet", waiting)
    for outcome in reversed(Outcome):
        if outcome in ends:
            add(ends[outcome], funnel.outcomes[outcome])
        if outcome is Outcome.REJECTED:
            for reason, count in funnel.reasons.items():
                add(f"  {reason}", count)
    return table


def _repair_table(funnel: Funnel) -> Table:
    table = begin_table("failed check", "times", title="Asked for again while playing")
    counts = {": ".join(what): count for what, count in funnel.counts[REPAIRS].items()}
    if REWINDS in funnel.counts:
        counts["rewound"] = sum(funnel.counts[REWINDS].values())
    for name, count in most_frequent_first(counts).items():
        table.add_row(name, f"{count:,}")
    return table


def usage_table(funnel: Funnel) -> Table:
    """Return what each role spent."""
    table = begin_table("role", "requests", "prompt tokens", "of these cached", "generated", title="Tokens")
    for role, usage in (*funnel.usage.items(), ("all", funnel.total_usage)):
        table.add_row(role, *_usage_cells(usage))
    return table


def _usage_cells(usage: Usage) -> tuple[str, ...]:
    share = usage.cached_tokens / usage.prompt_tokens if usage.prompt_tokens else 0.0
    return f"{usage.requests:,}", f"{usage.prompt_tokens:,}", f"{share:.0%}", f"{usage.completion_tokens:,}"
