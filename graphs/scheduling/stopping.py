"""When a job starts no further item: enough are kept, the budget is spent, or all are lost."""

from collections.abc import Callable
from math import ceil
from typing import Literal, NamedTuple

from agents.llm.usage import Usage
from graphs.config.settings import Goal
from graphs.scheduling.counters import Counters
from outputs.runs.cost import format_usd

NO_YIELD = 100
"""Number of dialogues lost one after the other that ends a run which plays until enough are kept."""
BLOCK = 10_000
"""Most dialogues by which a plan grows at once."""
RAMP = 8
"""Under a budget, most dialogues in flight for each one that has shown what one costs."""


class Halt(NamedTuple):
    """Why no further item is started: what kind of reason, the reason as a sentence, and flags that lift it."""

    kind: Literal["reached", "budget", "no-yield"]
    reason: str
    remedy: str = ""


def find_halt(goal: Goal, counters: Counters) -> Halt | None:
    """Return why no further item shall be started; None when one may be.

    A halt holds for as long as items are in flight: once they have ended, ask again, for they may have cost less or
    kept fewer than could be expected.
    """
    return _halt_kept(goal, counters) or _halt_spent(goal, counters) or _halt_no_yield(goal, counters)


def count_needed(goal: Goal, counters: Counters) -> int:
    """Return how many items it takes, at the yield so far, to keep those that are missing; at most `BLOCK`."""
    missing = max(0, (goal.target_kept or 0) - counters.kept)
    return min(BLOCK, ceil(missing / _yield(counters)))


def _yield(counters: Counters) -> float:
    """Return the share that is kept; 1 before anything has ended, and never 0."""
    return (counters.kept + 1) / (counters.ended + 1)


def _halt_kept(goal: Goal, counters: Counters) -> Halt | None:
    """Expect of those in flight what the yield so far says."""
    if goal.target_kept is None or counters.kept + counters.in_flight * _yield(counters) < goal.target_kept:
        return None
    return Halt("reached", f"{counters.kept:,} dialogues are kept, {goal.target_kept:,} are wanted.")


def _halt_spent(goal: Goal, counters: Counters) -> Halt | None:
    tokens, usd = goal.budget
    halt = None
    if tokens is not None:
        halt = _halt_over(tokens, _count_tokens, _show_tokens, counters, f" --budget-tokens {2 * tokens}")
    if usd is not None and halt is None:
        halt = _halt_over(usd, goal.prices.cost, format_usd, counters, f" --budget-usd {2 * usd:g}")
    return halt


def _halt_over(
    bound: float, measure: Callable[[Usage], float], show: Callable[[float], str], counters: Counters, remedy: str
) -> Halt | None:
    """Leave room for those in flight, as if they had spent nothing yet, and for the one to be started.

    That counts twice what they have spent: those that end first are the short ones, and tell too little.
    """
    if counters.in_flight >= max(1, RAMP * counters.ended):
        return Halt("budget", "A few show first what one costs.")
    mean = measure(counters.usage_of_ended) / counters.ended if counters.ended else 0.0
    total = measure(counters.usage)
    if total < bound and total + (counters.in_flight + 1) * mean <= bound:
        return None
    reason = f"{show(total)} of {show(bound)} are spent: the budget allows no further one ({show(mean)} each)."
    return Halt("budget", reason, remedy)


def _halt_no_yield(goal: Goal, counters: Counters) -> Halt | None:
    """Give a low yield time: ten times as many dialogues as one kept took before."""
    lost = counters.lost_in_a_row
    usual = (counters.ended - lost) / counters.kept if counters.kept else 0.0
    if goal.target_kept is None or lost < max(NO_YIELD, 10 * usual):
        return None
    reason = f"The last {lost:,} dialogues were all lost: {counters.kept:,} of {goal.target_kept:,} are kept."
    return Halt("no-yield", reason)


def _count_tokens(usage: Usage) -> float:
    return usage.total_tokens


def _show_tokens(tokens: float) -> str:
    return f"{tokens:,.0f} tokens"


def aim(wanted: int, kept: int, repeated: int) -> int:
    """Return how many dialogues are to pass the gate so that enough stay when near-duplicates are rejected.

    Args:
        wanted: how many are to stay.
        kept: how many have stayed so far.
        repeated: how many passed the gate so far, and were then rejected as near-duplicates.

    >>> aim(100, kept=0, repeated=0), aim(100, kept=90, repeated=10), aim(100, kept=98, repeated=98)
    (100, 102, 102)
    """
    missing = max(0, wanted - kept)
    return kept + ceil(missing * (kept + repeated) / kept) if kept else wanted
