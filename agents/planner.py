"""The planner: a persona and a topic become the scenario of a call and the customer's goal."""

from agents.chat import Chat
from agents.csc import Language
from agents.dialogue import Plan
from agents.prompting import Message, render, render_fixed
from agents.topics import TOPICS
from agents.usage import Role

MAX_TOKENS = 400


async def plan_call(chat: Chat, language: Language, persona: str, topic: str, number: int) -> Plan:
    """Lay down a call for `persona` on `topic` (a code of `TOPICS`).

    `number` tells apart the calls that one persona makes on one topic: 1, 2, ...
    """
    wording = TOPICS[topic][language]
    task = render(language, "planner", persona=persona, topic=wording.name, sentence=wording.meaning, number=number)
    messages: list[Message] = [
        {"role": "system", "content": render_fixed(language, "planner_system")},
        {"role": "user", "content": task},
    ]
    return await chat.fill(Role.PLANNER, messages, Plan, max_tokens=MAX_TOKENS)
