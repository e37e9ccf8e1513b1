"""The persona: who a customer is."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.language import Language
from agents.digests import digest

UNKNOWN = "unknown"
"""What a field of a persona says when nothing is known."""
TRAITS = ("age", "job", "risk_tolerance", "financial_situation", "recent_stress", "tone", "communication_habits")
"""The fields by which personas are told apart, beside the description."""


class Persona(BaseModel):
    """A customer that the play can take on.

    `description` addresses the player in the second person and is what prompts show; the other texts tell apart and
    count personas. `sources` are the dialogues that the persona was distilled from (empty for a hand-written one), and
    `stands_for` says how many near-duplicates it represents, itself included.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: str = Field(min_length=1)
    language: Language
    age: str
    job: str
    risk_tolerance: Literal["low", "medium", "high", "unknown"]
    financial_situation: str
    recent_stress: str
    tone: str
    communication_habits: str
    description: str = Field(min_length=1)
    sources: tuple[str, ...] = ()
    stands_for: int = Field(1, ge=1)

    def digest(self) -> str:
        """Return a digest of everything in the persona."""
        return digest(self)

    @property
    def portrait(self) -> str:
        """Who the persona is, for a judge; see `portray`."""
        return portray(self.language, age=self.age, job=self.job, tone=self.tone, description=self.description)


def unknown_person(id_: str, language: Language, **known: str | tuple[str, ...]) -> Persona:
    """Return the persona of somebody of whom nothing is known but some fields."""
    unknown = dict.fromkeys((*TRAITS, "description"), UNKNOWN)
    return Persona.model_validate({"id": id_, "language": language} | unknown | known)


def portray(language: Language, *, age: str, job: str, tone: str, description: str) -> str:
    """Return who a persona is, for a judge who has to tell whether a customer is this person.

    What is unknown is left out.
    """
    names, colon, end = (
        (("Age", "Job", "Tone"), ": ", ". ") if language is Language.EN else (("年龄", "职业", "语气"), "：", "。")
    )
    known = [(name, text) for name, text in zip(names, (age, job, tone), strict=True) if text != UNKNOWN]
    return "".join(f"{name}{colon}{text}{end}" for name, text in known) + description
