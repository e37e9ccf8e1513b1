"""A finished call as the gate takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.csc.dialogue import Turn
from agents.csc.language import Language


@dataclass(frozen=True, slots=True)
class Case:
    """A call with its labels, and with what the roles were given; what is not known of it is empty."""

    language: Language
    topic: str
    scenario: str
    persona: str
    goal: str
    turns: Sequence[Turn]
