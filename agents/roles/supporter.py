"""The supporter: says the next turn with the chosen strategy."""

from agents.csc.dialogue import SupporterView
from agents.csc.speakers import Speaker
from agents.csc.strategies import STRATEGIES, Strategy
from agents.csc.topics import usual_company
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import dialogue_messages, on_one_line, render_fixed
from agents.roles.speech import UTTERANCE_ENDS, clean_utterance


def supporter_messages(view: SupporterView, task: str) -> list[Message]:
    """Lay the call out for the supporter's side; both its roles share all but `task`."""
    company = view.company or usual_company(view.language)
    system = render_fixed(
        view.language,
        "supporter_side",
        company=on_one_line(company.name),
        topic=on_one_line(view.topic),
        scenario=view.scenario,
    )
    if company.is_known:
        system += "\n\n" + render_fixed(view.language, "supporter_company", company=company)
    opening = render_fixed(view.language, "opening")
    return dialogue_messages(system, opening, view.turns, Speaker.SUPPORTER, task)


def supporter_turn_messages(view: SupporterView, strategy: Strategy, hint: str = "") -> list[Message]:
    """Return the request for the supporter's next turn; `hint` tells what was wrong with the last try."""
    wording = STRATEGIES[strategy].wording[view.language]
    task = render_fixed(view.language, "supporter", name=wording.name, meaning=wording.meaning, hint=hint)
    return supporter_messages(view, task)


async def say_supporter_turn(
    chat: Chat, view: SupporterView, strategy: Strategy, max_tokens: int, hint: str = ""
) -> str:
    """Say the supporter's next turn, in at most `max_tokens` tokens; see `supporter_turn_messages`."""
    return await chat.say(
        Role.SUPPORTER,
        supporter_turn_messages(view, strategy, hint),
        clean=lambda text: clean_utterance(text, Speaker.SUPPORTER, strategy),
        stop=UTTERANCE_ENDS[view.language],
        max_tokens=max_tokens,
    )
