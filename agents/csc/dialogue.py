"""What a call consists of, and what each side of it may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.emotions import Feeling
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import STRATEGIES, Stage, Strategy
from agents.csc.topics.topic import Company

Action = Literal["said-again", "rewound", "abandoned"]
"""What is done about a turn that failed a check."""


class GoalOutcome(StrEnum):
    """How the customer's matter stands in their own eyes. Unless it is open, they end the call."""

    OPEN = "open"
    REACHED = "reached"
    GIVEN_UP = "given_up"


class Turn(BaseModel):
    """One utterance.

    `strategy` is set on supporter turns alone. On customer turns `direction` is what the customer assistant told the
    customer to do, `outcome` how the customer's matter stood then, where that was asked, `emotion` how they felt, in
    runs with emotions, and `ends_call` says that the customer ends the call with this turn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: Speaker
    text: str
    strategy: Strategy | None = None
    direction: str | None = None
    outcome: GoalOutcome | None = None
    ends_call: bool = False
    # Left out where there is none: what is digested and stored of a call without emotions is what it always was.
    emotion: Feeling | None = Field(None, exclude_if=lambda emotion: emotion is None)

    @property
    def stage(self) -> Stage | None:
        """The stage that the turn's strategy serves; None on customer turns."""
        return STRATEGIES[self.strategy].stage if self.strategy else None


Part = Literal["plan", "direction", "turn"]
"""What is checked while a call is played: what the planner, the customer assistant and the speakers say."""


class Repair(BaseModel):
    """What failed a check while the dialogue was played, and what was done about it.

    It was asked for again; or, after too many tries, the dialogue went back by an exchange, or was abandoned.

    Attributes:
        turn: the one-based number of the turn; 0 is the plan.
        speaker: the one whose turn it was, or whose direction; None: the plan.
        part: what failed.
        check: the check that it failed.
        action: what was done about it.
        said: the turn as it was said; None where a plan or a direction failed.
        text: the plan or the direction as it was; None where a turn failed, and in runs that did not store it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn: int
    part: Part = "turn"
    speaker: Speaker | None
    check: str
    action: Action
    said: Turn | None = None
    text: str | None = None


def is_abandoned(repairs: Sequence[Repair]) -> bool:
    """Tell whether a call with these repairs was given up."""
    return bool(repairs) and repairs[-1].action == "abandoned"


class Plan(BaseModel):
    """What the planner lays down before the call.

    `scenario` is the situation that both sides know; `customer_goal` is known to the customer assistant alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str
    customer_goal: str

    def __str__(self) -> str:
        """Return both on one line, for people."""
        return f"{self.scenario} | {self.customer_goal}"


@dataclass(frozen=True, slots=True)
class SupporterView:
    """What the supporter's side sees: never the persona, never the goal.

    `topic` is its name; `company` is theirs, with those of its policies that this call gets: None for the usual one.
    """

    language: Language
    topic: str
    scenario: str
    turns: Sequence[Turn]
    company: Company | None = None


@dataclass(frozen=True, slots=True)
class CustomerView:
    """What the customer's side sees: never a strategy label (the messages built from it leave them out).

    `emotions` says that each turn gets a feeling before its words.
    """

    language: Language
    persona: str
    scenario: str
    turns: Sequence[Turn]
    emotions: bool = False
