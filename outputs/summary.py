"""The closing tables of a run: the funnel, and the tokens by role."""

from rich.console import Group
from rich.table import Table

from agents.usage import Usage
from outputs.cost import Prices, format_usd
from outputs.run import Funnel, Outcome


def summarise(funnel: Funnel, prices: Prices) -> Group:
    """Return the tables that a job ends with, and below them what a kept dialogue took; in dollars too at any price."""
    parts: list[Table | str] = [_funnel_table(funnel), "", usage_table(funnel), "", _token_line(funnel)]
    if prices.are_given:
        parts.append(_price_line(prices.cost(funnel.total_usage), funnel.outcomes[Outcome.KEPT]))
    if funnel.repairs:
        parts[1:1] = ["", _repair_table(funnel), f"Kept thanks to repairs: {funnel.mended:,} dialogues."]
    return Group(*parts)


def _funnel_table(funnel: Funnel) -> Table:
    table = Table("dialogues", "count", "share", title="Funnel", title_justify="left")
    table.columns[1].justify = table.columns[2].justify = "right"

    def add(name: str, count: int) -> None:
        table.add_row(name, f"{count:,}", f"{count / max(funnel.planned, 1):.0%}")

    add("planned", funnel.planned)
    if waiting := funnel.outcomes[Outcome.PLANNED]:
        add("not played yet", waiting)
    add("failed", funnel.outcomes[Outcome.FAILED])
    add("rejected", funnel.outcomes[Outcome.REJECTED])
    for reason, count in funnel.reasons.items():
        add(f"  {reason}", count)
    add("kept", funnel.outcomes[Outcome.KEPT])
    return table


def _repair_table(funnel: Funnel) -> Table:
    table = Table("failed check", "turns", title="Turns said again while playing", title_justify="left")
    table.columns[1].justify = "right"
    for name, count in funnel.repairs.items():
        table.add_row(name, f"{count:,}")
    return table


def usage_table(funnel: Funnel) -> Table:
    """Return what each role spent."""
    table = Table(
        "role", "calls", "prompt tokens", "of these cached", "generated", title="Tokens", title_justify="left"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for role, usage in (*funnel.usage.items(), ("all", funnel.total_usage)):
        table.add_row(role, *_usage_cells(usage))
    return table


def _usage_cells(usage: Usage) -> tuple[str, ...]:
    share = usage.cached_tokens / usage.prompt_tokens if usage.prompt_tokens else 0.0
    return f"{usage.calls:,}", f"{usage.prompt_tokens:,}", f"{share:.0%}", f"{usage.completion_tokens:,}"


def _token_line(funnel: Funnel) -> str:
    if funnel.tokens_per_kept is None:
        return "Tokens per kept dialogue: none was kept."
    return f"Tokens per kept dialogue: {funnel.tokens_per_kept:,.0f}"


def _price_line(spent: float, kept: int) -> str:
    """Say what was spent in dollars.

    >>> _price_line(12.5, 50), _price_line(12.5, 0)
    ('Cost: $12.50, $0.25 per kept dialogue', 'Cost: $12.50; no dialogue was kept.')
    """
    if not kept:
        return f"Cost: {format_usd(spent)}; no dialogue was kept."
    return f"Cost: {format_usd(spent)}, {format_usd(spent / kept)} per kept dialogue"
