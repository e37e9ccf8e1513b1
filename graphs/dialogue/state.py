"""The state of one call as the graph carries it."""

from typing import TypedDict

from agents.csc.dialogue import Plan, Repair, Turn
from agents.csc.strategies import Strategy
from agents.csc.topics.topic import Topic
from agents.roles.customer_assistant import Direction


class DialogueState(TypedDict, total=False):
    """What the nodes pass on. `persona`, `topic` and `number` are the input; the rest is made on the way.

    `rewound_at` is how many turns the call had when it last went back by an exchange, `redecided_at` how many when what
    to say was last decided anew. `barred` is the strategy with which the next turn could not be said.
    """

    persona: str
    topic: Topic
    number: int
    plan: Plan
    turns: list[Turn]
    repairs: list[Repair]
    rewound_at: int
    redecided_at: int | None
    barred: Strategy | None
    strategy: Strategy
    direction: Direction
