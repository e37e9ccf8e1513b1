"""The supporter assistant: chooses the strategy of the supporter's next turn among those that the flow rules allow."""

from collections.abc import Sequence

from agents.csc.dialogue import SupporterView
from agents.csc.strategies import STAGE_NAMES, STAGES, Strategy
from agents.llm.chat import Chat
from agents.llm.usage import Role
from agents.prompts.rendering import render
from agents.roles.supporter import supporter_messages


async def choose_strategy(chat: Chat, view: SupporterView, allowed: Sequence[Strategy]) -> Strategy:
    """Choose one of `allowed`; a single one needs no model call. The task says where the call stands."""
    if len(allowed) == 1:
        return allowed[0]
    used = {turn.stage for turn in view.turns}
    done = [STAGE_NAMES[stage][view.language] for stage in STAGES if stage in used]
    task = render(view.language, "supporter_assistant", allowed=allowed, count=len(view.turns), done=done)
    choice = await chat.choose(Role.SUPPORTER_ASSISTANT, supporter_messages(view, task), allowed)
    return Strategy(choice)
