"""How much a rewrite may differ from its original; apart, as settings hold it."""

from pydantic import BaseModel, ConfigDict, Field


class FidelityLimits(BaseModel):
    """How much a rewrite may differ from its original. Another outcome or a made-up solution is never let pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_lost_facts: int = Field(0, ge=0, description="Most facts of the original that a rewrite may lose.")
    max_added_facts: int = Field(0, ge=0, description="Most facts that a rewrite may add.")
    max_changed_facts: int = Field(0, ge=0, description="Most facts that a rewrite may tell otherwise.")
    min_similarity: float = Field(
        0.45, ge=0, le=1, description="Similarity from which on a customer's utterance counts as found again."
    )
    max_lost_utterances: int = Field(
        0, ge=0, description="Most utterances of the customer that need not be found again in a rewrite."
    )
