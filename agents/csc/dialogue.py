"""What a call consists of, and what each side of it may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from agents.csc.strategies import STRATEGIES, Language, Speaker, Stage, Strategy

Action = Literal["said-again", "rewound", "abandoned"]
"""What is done about a turn that failed a check."""


class Turn(BaseModel):
    """One utterance.

    `strategy` is set on supporter turns alone. On customer turns `direction` is what the customer assistant told the
    customer to do, and `ends_call` says that the customer ends the call with this turn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: Speaker
    text: str
    strategy: Strategy | None = None
    direction: str | None = None
    ends_call: bool = False

    @property
    def stage(self) -> Stage | None:
        """The stage that the turn's strategy serves; None on customer turns."""
        return STRATEGIES[self.strategy].stage if self.strategy else None


class Repair(BaseModel):
    """A turn that failed a check while the call was played: its one-based place, and what was done about it.

    It was said again; or, after too many tries, the call went back by an exchange, or was abandoned. `said` is the turn
    as it was said; None in runs of releases that did not keep it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn: int
    speaker: Speaker
    check: str
    action: Action
    said: Turn | None = None


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


@dataclass(frozen=True, slots=True)
class SupporterView:
    """What the supporter's side sees: never the persona, never the goal."""

    language: Language
    topic: str
    scenario: str
    turns: Sequence[Turn]


@dataclass(frozen=True, slots=True)
class CustomerView:
    """What the customer's side sees: never a strategy label (the messages built from it leave them out)."""

    language: Language
    persona: str
    scenario: str
    turns: Sequence[Turn]
