"""What a request is made of: messages, and how its answer is drawn."""

from typing import NamedTuple, TypedDict


class Message(TypedDict):
    """A chat message as OpenAI-compatible servers take it."""

    role: str
    content: str


class Sampling(NamedTuple):
    """How answers are drawn.

    Attributes:
        temperature: 0 is greedy decoding.
        top_p: share of the probability that nucleus sampling draws from, above 0, up to 1.
        thinking_tokens: number of tokens of room for thinking before each answer; 0 turns thinking off.
    """

    temperature: float
    top_p: float
    thinking_tokens: int = 0
