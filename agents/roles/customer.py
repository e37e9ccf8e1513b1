"""The customer: says the next turn as the persona, following the customer assistant's direction."""

from agents.csc.dialogue import CustomerView
from agents.csc.emotions import EMOTIONS, Feeling
from agents.csc.speakers import Speaker
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import dialogue_messages, render, render_fixed
from agents.roles.speech import UTTERANCE_ENDS, clean_utterance


def customer_messages(view: CustomerView, task: str) -> list[Message]:
    """Lay the call out for the customer's side; both its roles share all but `task`."""
    side = "customer_side_feelings" if view.emotions else "customer_side"
    system = render_fixed(view.language, side, persona=view.persona, scenario=view.scenario)
    opening = render_fixed(view.language, "opening")
    return dialogue_messages(system, opening, view.turns, Speaker.CUSTOMER, task)


def customer_turn_messages(
    view: CustomerView, direction: str, *, ends_call: bool, emotion: Feeling | None = None, hint: str = ""
) -> list[Message]:
    """Return the request for the customer's next turn.

    Args:
        view: what the customer's side sees.
        direction: what the customer assistant told the customer to do.
        ends_call: the customer ends the call with the turn.
        emotion: how the customer feels; None where nobody decided that.
        hint: what was wrong with the last try.
    """
    if emotion:
        wording = EMOTIONS[emotion.name][view.language]
        direction = render(
            view.language, "customer_feeling", direction=direction, wording=wording, intensity=emotion.intensity
        )
    task = render(view.language, "customer", direction=direction, ends_call=ends_call, hint=hint)
    return customer_messages(view, task)


async def say_customer_turn(
    chat: Chat,
    view: CustomerView,
    direction: str,
    *,
    ends_call: bool,
    max_tokens: int,
    emotion: Feeling | None = None,
    hint: str = "",
) -> str:
    """Say the customer's next turn, in at most `max_tokens` tokens; see `customer_turn_messages`."""
    return await chat.say(
        Role.CUSTOMER,
        customer_turn_messages(view, direction, ends_call=ends_call, emotion=emotion, hint=hint),
        clean=lambda text: clean_utterance(text, Speaker.CUSTOMER),
        stop=UTTERANCE_ENDS[view.language],
        max_tokens=max_tokens,
    )
