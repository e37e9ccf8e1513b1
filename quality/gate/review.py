"""The review of a real call before it is rewritten: its topic, and whether it is worth it.

Source: Zhu et al., arXiv 2508.04423, the preparation of CSConv: a model drops calls with abusive wording and calls of
an impatient, cold or disrespectful agent. Here each is a question of its own whose answer cites the turns it rests on.
"""

from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, create_model

from agents.csc.topics import TOPICS
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import render, render_fixed
from quality.gate.case import Case
from quality.gate.flaws import FLAWS, Review
from quality.gate.judge import opinion_type
from quality.gate.verdict import Opinion

REVIEW_PROMPTS = ("rewrite_review_system", "rewrite_review")
"""The prompt files of the review."""
MAX_TOKENS = 700
"""Longest answer, in tokens."""


@lru_cache(maxsize=256)
def review_type(turns: int) -> type[BaseModel]:
    """Return the type of an answer on a call of so many turns."""
    opinion: Any = opinion_type(turns)
    topics: Any = Literal[tuple(TOPICS)]
    fields: dict[str, Any] = {"topic": (topics, ...), **dict.fromkeys(FLAWS, (opinion, ...))}
    return create_model("Review", **fields)


def review_messages(case: Case) -> list[Message]:
    """Ask for topic and flaws of a real call."""
    topics = {code: wordings[case.language] for code, wordings in TOPICS.items()}
    return [
        {"role": "system", "content": render_fixed(case.language, "rewrite_review_system")},
        {"role": "user", "content": render(case.language, "rewrite_review", case=case, labelled=False, topics=topics)},
    ]


async def review_call(chat: Chat, case: Case) -> Review:
    """Review a real call, by one structured request.

    Raises:
        UnreadableAnswerError: no answer was in the demanded form, or one cites a turn that is not there.
        RequestError, EngineError: see `Chat.fill`.
    """
    answer_type = review_type(len(case.turns))
    answer: Any = await chat.fill(Role.JUDGE, review_messages(case), answer_type, max_tokens=MAX_TOKENS)
    opinions = {flaw: Opinion.model_validate(getattr(answer, flaw).model_dump()) for flaw in FLAWS}
    return Review(topic=answer.topic, opinions=opinions)
