"""The supporter assistant: chooses the strategy of the supporter's next turn among those that the flow rules allow."""

from collections.abc import Sequence

from agents.chat import Chat
from agents.csc import Strategy
from agents.dialogue import SupporterView
from agents.prompting import render
from agents.supporter import supporter_messages
from agents.usage import Role


async def choose_strategy(chat: Chat, view: SupporterView, allowed: Sequence[Strategy]) -> Strategy:
    """Choose one of `allowed`; a single one needs no model call."""
    if len(allowed) == 1:
        return allowed[0]
    task = render(view.language, "supporter_assistant", allowed=allowed)
    choice = await chat.choose(Role.SUPPORTER_ASSISTANT, supporter_messages(view, task), allowed)
    return Strategy(choice)
