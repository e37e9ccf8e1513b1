"""Prices: each kind of token is charged once, and what the summary says of it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rich.console import Console

from agents.llm.usage import Role, Usage
from outputs.reports.summary import summarise
from outputs.runs.cost import Prices
from outputs.runs.run import Funnel, Outcome

COUNTS = st.integers(0, 10**9)
PRICES = Prices(input=2.0, cached=0.5, output=8.0)


def funnel(kept: int, usage: Usage) -> Funnel:
    outcomes = dict.fromkeys(Outcome, 0) | {Outcome.KEPT: kept, Outcome.REJECTED: 1}
    return Funnel(outcomes=outcomes, reasons={}, counts={}, repaired=0, usage={Role.PLANNER: usage})


def first_lines(kept: int, prices: Prices) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    spent = Usage(requests=1, prompt_tokens=3_000_000, cached_tokens=1_000_000, completion_tokens=500_000)
    console.print(summarise(funnel(kept, spent), prices))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [line.rstrip() for line in text.partition("\n\n")[0].splitlines()]


@given(COUNTS, COUNTS, COUNTS)
def test_each_token_is_charged_once(computed: int, cached: int, generated: int) -> None:
    usage = Usage(prompt_tokens=computed + cached, cached_tokens=cached, completion_tokens=generated)
    assert PRICES.cost(usage) == pytest.approx((2 * computed + 0.5 * cached + 8 * generated) / 1e6)
    assert PRICES.cost(usage + usage) == pytest.approx(2 * PRICES.cost(usage))
    assert Prices().cost(usage) == 0


def test_prices_are_given_by_any_of_them_and_never_negative() -> None:
    assert not Prices().are_given and Prices(cached=0.1).are_given
    with pytest.raises(ValidationError):
        Prices(input=-1.0)


def test_the_summary_begins_with_tokens_and_at_a_price_with_the_cost() -> None:
    assert first_lines(10, Prices()) == ["Tokens per kept dialogue: 350,000"]
    assert first_lines(10, PRICES) == ["Tokens per kept dialogue: 350,000", "Cost: $8.50, $0.85 per kept dialogue"]
    assert first_lines(0, PRICES) == ["Tokens per kept dialogue: none was kept.", "Cost: $8.50"]
