"""The planner: a persona and a topic become the scenario of a call and the customer's goal."""

from functools import cache

from pydantic import create_model

from agents.csc.dialogue import Plan
from agents.csc.language import Language
from agents.csc.topics.topic import Topic
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import on_one_line, render, render_fixed
from agents.roles.answers import text_field

MAX_TOKENS = 400
"""Longest answer, in tokens."""
SCENARIO_CHARACTERS = {Language.EN: 480, Language.ZH: 160}
GOAL_CHARACTERS = {Language.EN: 280, Language.ZH: 100}
"""Most characters of the two texts: a sentence or two each."""
SCENARIO_MARKS, GOAL_MARKS = 6, 5
"""Most marks in them that may end a sentence: two sentences, with decimals and abbreviations."""
MARKS_AGAIN = 3
"""The same in an answer that is asked for again: weak models write five sentences where two were asked for."""
OPENINGS_AGAIN = {
    Language.EN: ("The customer's ", "To "),
    Language.ZH: ("客户的", "(想|要|希望|弄清|问清|确认|拿回|办好|解决|知道)"),
}
"""How the two texts begin in an answer that is asked for again: weak models speak to "you", as the company, or repeat
the topic, and go on from outside once they have begun so."""


@cache
def plan_type(language: Language, *, again: bool = False) -> type[Plan]:
    """Return the type of an answer.

    Args:
        language: of the plan.
        again: the last answer failed a check; this one is held more closely to what such texts look like.
    """
    scenario, goal = OPENINGS_AGAIN[language] if again else ("", "")
    scenario_marks, goal_marks = (MARKS_AGAIN, MARKS_AGAIN) if again else (SCENARIO_MARKS, GOAL_MARKS)
    return create_model(
        "Plan",
        __base__=Plan,
        scenario=(str, text_field(language, scenario_marks, scenario)),
        customer_goal=(str, text_field(language, goal_marks, goal)),
    )


def planner_messages(language: Language, persona: str, topic: Topic, number: int, hint: str = "") -> list[Message]:
    """Return the request for the plan of a dialogue.

    Args:
        language: of the dialogue.
        persona: the description of the customer.
        topic: what the call is about, and whom it goes to.
        number: tells apart the dialogues of one persona on one topic: 1, 2, ...
        hint: what was wrong with the last plan.
    """
    task = render(
        language,
        "planner",
        persona=persona,
        topic=on_one_line(topic.name),
        sentence=on_one_line(topic.sentence),
        number=number,
        hint=hint,
    )
    system = render_fixed(language, "planner_system", company=on_one_line(topic.company.name))
    if not topic.is_plain:
        # The plan is told to both sides: what only the supporter's may know is not for it.
        system += "\n\n" + render_fixed(language, "planner_company", topic=topic.following(""))
    return [{"role": "system", "content": system}, {"role": "user", "content": task}]


async def plan_dialogue(
    chat: Chat, language: Language, persona: str, topic: Topic, number: int, hint: str = ""
) -> Plan:
    """Lay down a dialogue; see `planner_messages`.

    Raises:
        RequestError, EngineError: see `Chat.fill`.
    """
    messages = planner_messages(language, persona, topic, number, hint)
    answer = await chat.fill(Role.PLANNER, messages, plan_type(language, again=bool(hint)), max_tokens=MAX_TOKENS)
    return Plan(scenario=answer.scenario, customer_goal=answer.customer_goal)
