"""The blind labeller: says what strategy each supporter turn uses, without having seen the labels.

A label that a reader of the words alone would not give is not true, however well the call reads. In the same way it
says which feeling each customer turn shows.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, create_model

from agents.csc.emotions import FEELINGS, Feeling
from agents.csc.strategies import Strategy
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import render, render_fixed
from quality.gate.case import Case

TOKENS_A_TURN = 16
"""Number of tokens that is enough for a turn's key, its label and the JSON around them."""
LABELLER_PROMPTS = ("labeller_system", "labeller")
EMOTION_LABELLER_PROMPTS = ("labeller_system", "emotion_labeller")
"""The prompt files of the labeller, by what it labels: strategies, or emotions.

They share the system line and the call, so that the second request finds all of it in the prefix cache.
"""

# An enum, not a Literal: a schema has it once, and not with each turn.
_FEELING_CODE: Any = StrEnum("FeelingCode", {code: code for code in FEELINGS})  # type: ignore[misc]


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
    """Return the strategy that the labeller gives each turn that has one, by one-based turn; empty when there is none.

    Raises:
        UnreadableAnswerError: no answer could be read.
        RequestError, EngineError: the labeller's server refused, failed or is gone.
    """
    return await label_strategies(chat, case, [number for number, turn in enumerate(case.turns, 1) if turn.strategy])


async def label_strategies(chat: Chat, case: Case, numbers: Sequence[int]) -> dict[int, Strategy]:
    """Return the strategy that the labeller gives each of the turns with these one-based numbers, by one request.

    Raises:
        UnreadableAnswerError, RequestError, EngineError: see `label_turns`.
    """
    return await _label(chat, labeller_messages(case, numbers), labels_type(tuple(numbers)), numbers)


@lru_cache(maxsize=256)
def feelings_type(numbers: tuple[int, ...]) -> type[BaseModel]:
    """Return the type of an answer on emotions: the code of a feeling for each of the turns with these numbers."""
    fields: dict[str, Any] = {f"turn_{number}": (_FEELING_CODE, ...) for number in numbers}
    return create_model("Feelings", **fields)


def emotion_messages(case: Case, numbers: Sequence[int]) -> list[Message]:
    """Ask for the feelings of the turns with these numbers; what was decided of them is not shown."""
    task = render(case.language, "emotion_labeller", case=case, labelled=False, numbers=numbers)
    return [
        {"role": "system", "content": render_fixed(case.language, "labeller_system")},
        {"role": "user", "content": task},
    ]


async def label_emotions(chat: Chat, case: Case, numbers: Sequence[int]) -> dict[int, Feeling]:
    """Return the feeling that the labeller hears in each of the turns with these one-based numbers, by one request.

    Raises:
        UnreadableAnswerError, RequestError, EngineError: see `label_turns`.
    """
    codes = await _label(chat, emotion_messages(case, numbers), feelings_type(tuple(numbers)), numbers)
    return {number: FEELINGS[code] for number, code in codes.items()}


async def _label(
    chat: Chat, messages: Sequence[Message], answer_type: type[BaseModel], numbers: Sequence[int]
) -> dict[int, Any]:
    """Return what is answered on each of some turns; nobody is asked about none."""
    if not numbers:
        return {}
    answer = await chat.fill(Role.LABELLER, messages, answer_type, max_tokens=TOKENS_A_TURN * (len(numbers) + 1))
    return {number: getattr(answer, f"turn_{number}") for number in numbers}
