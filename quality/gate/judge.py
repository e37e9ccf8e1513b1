"""The judge: five questions on a call, each asked by itself, with the reason before the verdict."""

from functools import lru_cache
from typing import Annotated

from pydantic import Field, create_model

from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import render, render_fixed
from quality.gate.case import Case
from quality.gate.rubric import RUBRIC, Point, with_company
from quality.gate.verdict import Opinion, PointVerdict

MAX_TOKENS = 300
"""Longest answer, in tokens."""
MAX_REASON = 400
"""Longest reason, in characters: without a bound, a small model goes on until it is cut off."""
MAX_CITED_TURNS = 8
"""Number of turns that an answer may rest on at most."""
VOTING_TEMPERATURE = 0.7
"""A single vote is greedy; of several, each has to be drawn anew."""


@lru_cache(maxsize=256)
def opinion_type(turns: int) -> type[Opinion]:
    """Return the type of a judge's answer on a dialogue with this number of turns: no other turn can be cited."""
    cited = tuple[Annotated[int, Field(ge=1, le=turns)], ...]
    return create_model(
        "Opinion",
        __base__=Opinion,
        reason=(str, Field(min_length=1, max_length=MAX_REASON)),
        turns=(cited, Field(min_length=1, max_length=MAX_CITED_TURNS)),
    )


def judge_messages(case: Case, point: Point) -> list[Message]:
    """Ask for one point of a call. All but the question is the same for the five, for the prefix cache.

    The point on impossible requests is also asked by what is known of the company.
    """
    system = render_fixed(case.language, "judge_system")
    if case.company and case.company.is_known:
        system += "\n\n" + render_fixed(case.language, "judge_company", company=case.company)
        point = with_company(point, case.language)
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": render(case.language, "judge", case=case, labelled=True, point=point)},
    ]


async def judge_points(chat: Chat, case: Case, votes: int) -> dict[str, PointVerdict]:
    """Return a verdict on each of the five points by its code, each by the majority of the votes on it.

    Args:
        chat: makes the requests.
        case: the dialogue to be judged.
        votes: number of votes on each point.

    Raises:
        UnreadableAnswerError: a vote could not be read: a turn is cited that is not there, or none, or no 0 or 1.
        RequestError, EngineError: the judge's server refused, failed or is gone.
    """
    answer_type = opinion_type(len(case.turns))
    temperature = VOTING_TEMPERATURE if votes > 1 else None
    verdicts = {}
    for point in RUBRIC[case.language]:
        messages = judge_messages(case, point)
        opinions = [
            await chat.fill(Role.JUDGE, messages, answer_type, max_tokens=MAX_TOKENS, temperature=temperature)
            for _ in range(votes)
        ]
        verdicts[point.code] = PointVerdict.of(opinions)
    return verdicts
