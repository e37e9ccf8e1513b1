"""What a review finds of a real call: the flaws for which it may be too bad to be rewritten."""

from pydantic import BaseModel, ConfigDict

from quality.gate.verdict import Opinion

FLAWS = ("abusive", "cold", "broken_off")
"""What a call may be too bad for: abusive words, a cold or impatient agent, an end before its matter was dealt with."""


class Review(BaseModel):
    """What was found of a real call: a code of `TOPICS`; and for each flaw an opinion, 1 where it is not there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    opinions: dict[str, Opinion]

    @property
    def flaws(self) -> list[str]:
        """The flaws that the call has."""
        return [flaw for flaw in FLAWS if not self.opinions[flaw].verdict]
