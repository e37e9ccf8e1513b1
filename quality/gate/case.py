"""A finished call as the gate takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.topics.topic import Company


@dataclass(frozen=True, slots=True)
class Case:
    """A call with its labels, and with what the roles were given; what is not known of it is empty.

    `company` is the one that was called, with the policies that its supporter was given.
    """

    language: Language
    topic: str
    scenario: str
    persona: str
    goal: str
    turns: Sequence[Turn]
    company: Company | None = None
