"""The blind labeller: says what strategy each supporter turn uses, without having seen the labels.

A label that a reader of the words alone would not give is not true, however well the call reads.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, create_model

from agents.csc.strategies import Strategy
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import render, render_fixed
from quality.gate.case import Case

TOKENS_A_TURN = 16
"""Number of tokens that is enough for a turn's key, its label and the JSON around them."""


@lru_cache(maxsize=256)
def labels_type(numbers: tuple[int, ...]) -> type[BaseModel]:
    """Return the type of a labeller's answer: a strategy for each of the turns with these numbers."""
    fields: dict[str, Any] = {f"turn_{number}": (Strategy, ...) for number in numbers}
    return create_model("Labels", **fields)


def labeller_messages(case: Case, numbers: Sequence[int]) -> list[Message]:
    """Ask for the strategies of the turns with these numbers; neither labels nor persona and goal are shown."""
    return [
        {"role": "system", "content": render_fixed(case.language, "labeller_system")},
        {"role": "user", "content": render(case.language, "labeller", case=case, labelled=False, numbers=numbers)},
    ]


async def label_turns(chat: Chat, case: Case) -> dict[int, Strategy]:
    """Return the strategy that the labeller gives each labelled turn, by one-based turn; empty when there is none.

    Raises:
        UnreadableAnswerError: no answer could be read.
        RequestError, EngineError: the labeller's server refused, failed or is gone.
    """
    numbers = tuple(number for number, turn in enumerate(case.turns, start=1) if turn.strategy)
    if not numbers:
        return {}
    answer = await chat.fill(
        Role.LABELLER,
        labeller_messages(case, numbers),
        labels_type(numbers),
        max_tokens=TOKENS_A_TURN * (len(numbers) + 1),
    )
    return {number: getattr(answer, f"turn_{number}") for number in numbers}
