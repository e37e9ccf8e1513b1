"""The customer assistant: directs the customer's next turn, and says whether the customer ends the call."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, create_model

from agents.csc.dialogue import CustomerView, GoalOutcome
from agents.csc.language import Language
from agents.llm.chat import Chat
from agents.llm.usage import Role
from agents.prompts.rendering import render
from agents.roles.answers import text_field
from agents.roles.customer import customer_messages

MAX_TOKENS = 200
DIRECTION_CHARACTERS = {Language.EN: (12, 120), Language.ZH: (5, 45)}
"""Fewest and most characters of a direction: one sentence."""


class Direction(NamedTuple):
    """What the customer shall do next, and whether they end the call with it."""

    text: str
    ends_call: bool


@cache
def _answer_type(language: Language, outcomes: tuple[GoalOutcome, ...]) -> type[BaseModel]:
    """Return the type of an answer. Where the call may end, it says first how the matter stands: that decides."""
    fields: dict[str, Any] = {}
    if outcomes:
        choice: Any = Literal[outcomes]
        fields["outcome"] = (choice, ...)
    fields["direction"] = (str, text_field(language, *DIRECTION_CHARACTERS[language]))
    return create_model("Direction", __config__=ConfigDict(frozen=True, extra="forbid"), **fields)


async def direct_customer(
    chat: Chat, view: CustomerView, goal: str, outcomes: Sequence[GoalOutcome], *, ending: bool, hint: str = ""
) -> Direction:
    """Return the direction for the customer's next turn, and whether it ends the call.

    Args:
        chat: the requests of the dialogue.
        view: what the customer's side sees.
        goal: the customer's goal; no other role gets it.
        outcomes: how the customer's matter may stand by now; but for `OPEN`, each ends the call. With fewer than two
            the call goes on.
        ending: the customer has ended the call already, and only a last reply is due.
        hint: what was wrong with the last try.
    """
    choices = tuple(outcomes) if len(outcomes) > 1 else ()
    task = render(
        view.language,
        "customer_assistant",
        goal=goal,
        count=len(view.turns),
        outcomes=choices,
        ending=ending,
        hint=hint,
    )
    answer: Any = await chat.fill(
        Role.CUSTOMER_ASSISTANT,
        customer_messages(view, task),
        _answer_type(view.language, choices),
        max_tokens=MAX_TOKENS,
    )
    return Direction(answer.direction, bool(choices) and answer.outcome is not GoalOutcome.OPEN)
