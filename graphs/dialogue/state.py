"""The state of one call as the graph carries it, and the context that its nodes run in."""

from dataclasses import dataclass
from typing import TypedDict

from agents.csc.dialogue import Plan, Repair, Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.llm.chat import Chat
from agents.roles.customer_assistant import Direction


class DialogueState(TypedDict, total=False):
    """What the nodes pass on. `persona`, `topic` and `number` are the input; the rest is made on the way.

    `rewound_at` is how many turns the call had when it last went back by an exchange.
    """

    persona: str
    topic: str
    number: int
    plan: Plan
    turns: list[Turn]
    repairs: list[Repair]
    rewound_at: int
    strategy: Strategy
    direction: Direction


@dataclass(frozen=True, slots=True)
class DialogueContext:
    """What stays the same for a call and is no part of its state: the chat client and the settings."""

    chat: Chat
    language: Language
    limits: Limits
    utterance_tokens: int
    repairs: int
