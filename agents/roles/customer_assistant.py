"""The customer assistant: directs the customer's next turn, and says whether the customer ends the call."""

from pydantic import BaseModel, ConfigDict

from agents.csc.dialogue import CustomerView
from agents.llm.chat import Chat
from agents.llm.usage import Role
from agents.prompts.rendering import Message, render
from agents.roles.customer import customer_messages

MAX_TOKENS = 200


class Direction(BaseModel):
    """What the customer shall do next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    direction: str


class DirectionOrEnd(Direction):
    """What the customer shall do next, and whether they end the call with it."""

    ends_call: bool


def direction_messages(view: CustomerView, goal: str, *, may_end: bool, ending: bool) -> list[Message]:
    """Return the request for the direction of the customer's next turn.

    Args:
        view: what the customer's side sees.
        goal: the customer's goal; no other role gets it.
        may_end: the customer may end the call with this turn.
        ending: the customer has ended the call already, and only a last reply is due.
    """
    task = render(view.language, "customer_assistant", goal=goal, may_end=may_end, ending=ending)
    return customer_messages(view, task)


def direction_answer(direction: str, *, ends_call: bool, may_end: bool) -> Direction:
    """Return the answer that says this: whether the call ends is asked only where it may."""
    return DirectionOrEnd(direction=direction, ends_call=ends_call) if may_end else Direction(direction=direction)


async def direct_customer(
    chat: Chat, view: CustomerView, goal: str, *, may_end: bool, ending: bool
) -> tuple[str, bool]:
    """Return the direction for the customer's next turn, and whether it ends the call; see `direction_messages`."""
    messages = direction_messages(view, goal, may_end=may_end, ending=ending)
    if may_end:
        answer = await chat.fill(Role.CUSTOMER_ASSISTANT, messages, DirectionOrEnd, max_tokens=MAX_TOKENS)
        return answer.direction, answer.ends_call
    plain = await chat.fill(Role.CUSTOMER_ASSISTANT, messages, Direction, max_tokens=MAX_TOKENS)
    return plain.direction, False
