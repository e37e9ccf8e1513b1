"""What tokens cost in dollars, and how much of both a run may spend."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agents.llm.usage import Usage

_MILLION = 1_000_000


class Prices(BaseModel):
    """US dollars per million tokens: of the computed part of prompts, of their cached part, of what is generated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(0.0, ge=0, allow_inf_nan=False)
    cached: float = Field(0.0, ge=0, allow_inf_nan=False)
    output: float = Field(0.0, ge=0, allow_inf_nan=False)

    @property
    def are_given(self) -> bool:
        """Tell whether anything has a price."""
        return bool(self.input or self.cached or self.output)

    def cost(self, usage: Usage) -> float:
        """Return what `usage` costs, in US dollars.

        >>> spent = Usage(prompt_tokens=3000, cached_tokens=1000, completion_tokens=500)
        >>> Prices(input=2, cached=1, output=10).cost(spent)
        0.01
        """
        computed = usage.prompt_tokens - usage.cached_tokens
        price = computed * self.input + usage.cached_tokens * self.cached + usage.completion_tokens * self.output
        return price / _MILLION


class Budget(NamedTuple):
    """The most that a run may spend, in prompt and generated tokens and in US dollars; None sets no bound."""

    tokens: int | None = None
    usd: float | None = None


def format_usd(dollars: float) -> str:
    """Return a sum of money as people read it: small sums with two significant digits.

    >>> format_usd(1234.5), format_usd(0.00123), format_usd(0)
    ('$1,234.50', '$0.0012', '$0.00')
    """
    return f"${dollars:.2g}" if 0.0001 <= dollars < 0.1 else f"${dollars:,.2f}"
