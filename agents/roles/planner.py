"""The planner: a persona and a topic become the scenario of a call and the customer's goal."""

from agents.csc.dialogue import Plan
from agents.csc.strategies import Language
from agents.csc.topics import TOPICS
from agents.llm.chat import Chat
from agents.llm.usage import Role
from agents.prompts.rendering import Message, render, render_fixed

MAX_TOKENS = 400


def planner_messages(language: Language, persona: str, topic: str, number: int) -> list[Message]:
    """Return the request for the plan of a call by `persona` on `topic` (a code of `TOPICS`).

    `number` tells apart the calls that one persona makes on one topic: 1, 2, ...
    """
    wording = TOPICS[topic][language]
    task = render(language, "planner", persona=persona, topic=wording.name, sentence=wording.meaning, number=number)
    return [
        {"role": "system", "content": render_fixed(language, "planner_system")},
        {"role": "user", "content": task},
    ]


async def plan_dialogue(chat: Chat, language: Language, persona: str, topic: str, number: int) -> Plan:
    """Lay down a call; see `planner_messages`."""
    messages = planner_messages(language, persona, topic, number)
    return await chat.fill(Role.PLANNER, messages, Plan, max_tokens=MAX_TOKENS)
