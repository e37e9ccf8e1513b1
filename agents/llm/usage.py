"""What requests to models cost, and who made them."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Who asks the model: usage is counted by role."""

    PLANNER = "planner"
    SUPPORTER_ASSISTANT = "supporter_assistant"
    SUPPORTER = "supporter"
    CUSTOMER_ASSISTANT = "customer_assistant"
    CUSTOMER = "customer"
    LABELLER = "labeller"
    JUDGE = "judge"
    DISTILLER = "distiller"
    REWRITER = "rewriter"


@dataclass(frozen=True, slots=True)
class Usage:
    """What was spent.

    Attributes:
        requests: number of answers, readable or not.
        prompt_tokens: number of tokens of their prompts.
        cached_tokens: number of these that the prefix cache served.
        completion_tokens: number of tokens that were generated.
    """

    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            self.requests - other.requests,
            self.prompt_tokens - other.prompt_tokens,
            self.cached_tokens - other.cached_tokens,
            self.completion_tokens - other.completion_tokens,
        )

    @property
    def total_tokens(self) -> int:
        """Number of prompt and generated tokens together."""
        return self.prompt_tokens + self.completion_tokens
