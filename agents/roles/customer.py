"""The customer: says the next turn as the persona, following the customer assistant's direction."""

from agents.csc.dialogue import CustomerView
from agents.csc.speakers import Speaker
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import dialogue_messages, render, render_fixed
from agents.roles.speech import UTTERANCE_ENDS, clean_utterance


def customer_messages(view: CustomerView, task: str) -> list[Message]:
    """Lay the call out for the customer's side; both its roles share all but `task`."""
    system = render_fixed(view.language, "customer_side", persona=view.persona, scenario=view.scenario)
    return dialogue_messages(system, "", view.turns, Speaker.CUSTOMER, task)


async def say_customer_turn(
    chat: Chat, view: CustomerView, direction: str, *, ends_call: bool, max_tokens: int, hint: str = ""
) -> str:
    """Say the customer's next turn, in at most `max_tokens` tokens; `hint` tells what was wrong with the last try."""
    task = render(view.language, "customer", direction=direction, ends_call=ends_call, hint=hint)
    return await chat.say(
        Role.CUSTOMER,
        customer_messages(view, task),
        clean=clean_utterance,
        stop=UTTERANCE_ENDS[view.language],
        max_tokens=max_tokens,
    )
