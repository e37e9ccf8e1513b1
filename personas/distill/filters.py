"""Which calls are distilled: rules on a transcript, each with a name under which its calls are counted.

The rules are those of the paper's preparation of real calls (Zhu et al., arXiv 2508.04423), with limits of our own.
"""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.csc.speakers import Speaker
from quality.text import split_words

if TYPE_CHECKING:
    # Settings hold filters, and reading brings the scrubber, which takes its time.
    from personas.distill.transcripts import Transcript

SUBSTANTIAL_WORDS = 4
SHORT_CHARACTERS = 3
"""An utterance of so many characters or fewer says next to nothing."""


class Filters(BaseModel):
    """The limits of the rules. An exchange is an utterance of each side."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_exchanges: int = Field(3, ge=1, description="Fewest exchanges of a call.")
    max_exchanges: int = Field(30, ge=1, description="Most exchanges of a call.")
    max_utterance_chars: int = Field(500, ge=1, description="Longest utterance, in characters.")
    min_share: float = Field(0.1, ge=0, le=0.5, description="Least share of the text that either side must have.")
    min_substantial: int = Field(
        2, ge=0, description=f"Fewest customer utterances of at least {SUBSTANTIAL_WORDS} words."
    )

    @model_validator(mode="after")
    def _check_order(self) -> "Filters":
        if self.max_exchanges < self.min_exchanges:
            raise ValueError(f"max_exchanges {self.max_exchanges} is below min_exchanges {self.min_exchanges}")
        return self

    def failed_rule(self, transcript: "Transcript") -> str | None:
        """Return the name of the first rule that the call fails; None when it passes all."""
        customer = [line.text for line in transcript.lines if line.speaker is Speaker.CUSTOMER]
        agent = [line.text for line in transcript.lines if line.speaker is Speaker.SUPPORTER]
        exchanges = min(len(customer), len(agent))
        customer_chars, agent_chars = sum(map(len, customer)), sum(map(len, agent))
        if not exchanges or min(customer_chars, agent_chars) < self.min_share * (customer_chars + agent_chars):
            return "one-sided"
        if exchanges < self.min_exchanges:
            return "too-short"
        if exchanges > self.max_exchanges:
            return "too-long"
        if max(map(len, customer + agent)) > self.max_utterance_chars:
            return "long-utterance"
        if sum(len(split_words(text)) >= SUBSTANTIAL_WORDS for text in customer) < self.min_substantial:
            return "little-said"
        return None


class RewriteFilters(Filters):
    """The limits of the rules for calls that are rewritten: those of the distillation, and one on short lines."""

    min_long_share: float = Field(
        0.7,
        ge=0,
        le=1,
        description=f"Least share of customer utterances of more than {SHORT_CHARACTERS} characters.",
    )

    def failed_rule(self, transcript: "Transcript") -> str | None:
        """Return the name of the first rule that the call fails; None when it passes all."""
        customer = [line.text for line in transcript.lines if line.speaker is Speaker.CUSTOMER]
        if rule := super().failed_rule(transcript):
            return rule
        long = sum(len(text) > SHORT_CHARACTERS for text in customer)
        return "short-lines" if long < self.min_long_share * len(customer) else None
