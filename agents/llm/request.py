"""What a request is made of: messages, and how its answer is drawn."""

from typing import NamedTuple, TypedDict


class Message(TypedDict):
    """A chat message as OpenAI-compatible servers take it."""

    role: str
    content: str


class Sampling(NamedTuple):
    """How answers are drawn. `thinking_tokens` are the room for thinking before each answer; 0 turns it off."""

    temperature: float
    top_p: float
    thinking_tokens: int = 0
