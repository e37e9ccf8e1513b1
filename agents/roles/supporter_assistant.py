"""The supporter assistant: chooses the strategy of the supporter's next turn among those that the flow rules allow."""

from collections.abc import Sequence

from agents.csc.dialogue import SupporterView
from agents.csc.strategies import STAGE_NAMES, STAGES, Strategy
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import render_fixed
from agents.roles.supporter import supporter_messages


def strategy_messages(view: SupporterView, allowed: Sequence[Strategy]) -> list[Message]:
    """Return the request for the strategy of the supporter's next turn; it says where the call stands."""
    used = {turn.stage for turn in view.turns}
    done = tuple(STAGE_NAMES[stage][view.language] for stage in STAGES if stage in used)
    task = render_fixed(view.language, "supporter_assistant", allowed=tuple(allowed), count=len(view.turns), done=done)
    return supporter_messages(view, task)


async def choose_strategy(chat: Chat, view: SupporterView, allowed: Sequence[Strategy]) -> Strategy:
    """Choose one of `allowed`; a single one needs no request."""
    if len(allowed) == 1:
        return allowed[0]
    choice = await chat.choose(Role.SUPPORTER_ASSISTANT, strategy_messages(view, allowed), allowed)
    return Strategy(choice)
