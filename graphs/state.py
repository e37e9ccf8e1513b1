"""The state of one call as the graph carries it, and the context that its nodes run in."""

from dataclasses import dataclass
from operator import add
from typing import Annotated, NamedTuple, TypedDict

from agents.chat import Chat
from agents.csc import Language, Strategy
from agents.dialogue import Plan, Repair, Turn
from agents.flow import Limits


class Rewind(NamedTuple):
    """An update of the turns: so many of them, the last ones, are taken back."""

    turns: int


def extend_or_rewind(turns: list[Turn], update: list[Turn] | Rewind) -> list[Turn]:
    """Return the turns after an update."""
    return turns[: -update.turns] if isinstance(update, Rewind) else turns + update


class CallState(TypedDict, total=False):
    """What the nodes pass on. `persona`, `topic` and `number` are the input; the rest is made on the way.

    `rewound_at` is how many turns the call had when it last went back by an exchange.
    """

    persona: str
    topic: str
    number: int
    plan: Plan
    turns: Annotated[list[Turn], extend_or_rewind]
    repairs: Annotated[list[Repair], add]
    rewound_at: int
    strategy: Strategy
    direction: str
    ends_call: bool


class CallUpdate(TypedDict, total=False):
    """What a speaker's node changes: it adds a turn, or takes some back."""

    turns: list[Turn] | Rewind
    repairs: list[Repair]
    rewound_at: int


@dataclass(frozen=True, slots=True)
class CallContext:
    """What stays the same for a call and is no part of its state: the chat client and the settings."""

    chat: Chat
    language: Language
    limits: Limits
    utterance_tokens: int
    repairs: int
