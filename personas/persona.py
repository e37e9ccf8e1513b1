"""The persona: who a customer is."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.language import Language
from agents.digests import digest

UNKNOWN = "unknown"
"""What a field of a persona says when nothing is known."""
TRAITS = ("age", "job", "risk_tolerance", "financial_situation", "recent_stress", "tone", "communication_habits")
"""The fields by which personas are told apart, beside the description."""
_DIGITS = 8
_WORDS = re.compile(rf"-(?=\d*[a-f])([\da-f]{{{_DIGITS}}})\Z")
"""The digest at the end of a source; decimal digits alone may be a date in a source of somebody else's."""


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


def source_of(id_: str, words: str) -> str:
    """Return the source that a call is: its id in its file, and behind it the beginning of a digest of its words.

    Where that is decimal digits alone, the first of them becomes a letter: `call_of` must tell it from a date.
    """
    start = words[:_DIGITS]
    if start.isdecimal():
        start = "abcdefabcd"[int(start[0])] + start[1:]
    return f"{id_}-{start}"


def call_of(source: str) -> str:
    """Return what tells the call of a source from others: the digest of its words, whatever its file calls it.

    >>> call_of("c1-3fa2b1c4"), call_of("calls (1)-7-3fa2b1c4"), call_of("c1-20240131"), call_of("c1")
    ('3fa2b1c4', '3fa2b1c4', 'c1-20240131', 'c1')
    """
    found = _WORDS.search(source)
    return found[1] if found else source


def portray(language: Language, *, age: str, job: str, tone: str, description: str) -> str:
    """Return who a persona is, for a judge who has to tell whether a customer is this person.

    What is unknown is left out.
    """
    names, colon, end = (
        (("Age", "Job", "Tone"), ": ", ". ") if language is Language.EN else (("年龄", "职业", "语气"), "：", "。")
    )
    known = [(name, text) for name, text in zip(names, (age, job, tone), strict=True) if text != UNKNOWN]
    return "".join(f"{name}{colon}{text}{end}" for name, text in known) + description
