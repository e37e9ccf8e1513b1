"""A finished call as the gate takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.csc.dialogue import Plan, Turn
from agents.csc.language import Language
from agents.csc.topics.topic import Company, Topic


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

    @classmethod
    def of(cls, language: Language, topic: Topic, plan: Plan, persona: str, turns: Sequence[Turn]) -> "Case":
        """Return a call that was planned.

        Args:
            language: of the call.
            topic: with the policies that the supporter was given.
            plan: scenario and goal.
            persona: who the customer is, as a judge is told.
            turns: of the call.
        """
        return cls(language, topic.name, plan.scenario, persona, plan.customer_goal, turns, topic.company)
