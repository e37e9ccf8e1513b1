"""The judge: five separate verdicts with reasons; only a call that passes all five is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, Field, create_model

from agents.chat import Chat
from agents.csc import Language
from agents.dialogue import Turn
from agents.errors import UnreadableAnswerError
from agents.prompting import Message, render
from agents.usage import Role
from quality.rubric import POINT_CODES, RUBRIC
from quality.verdict import PointVerdict, Verdict

MAX_TOKENS = 800
MAX_CITED_TURNS = 8


@dataclass(frozen=True, slots=True)
class Case:
    """A call as the judge sees it: with labels, and with what the roles were given."""

    language: Language
    topic: str
    scenario: str
    persona: str
    goal: str
    turns: Sequence[Turn]


@lru_cache(maxsize=256)
def _answer_type(turns: int) -> type[BaseModel]:
    """Return the type of a judge's answer on a call of `turns` turns: no other turn can be cited."""
    cited = tuple[Annotated[int, Field(ge=1, le=turns)], ...]
    point = create_model(
        "PointVerdict",
        __base__=PointVerdict,
        turns=(cited, Field(min_length=1, max_length=MAX_CITED_TURNS)),
    )
    # The overloads of create_model do not take fields from a mapping.
    return create_model("Verdicts", **{code: (point, ...) for code in POINT_CODES})  # type: ignore[call-overload, no-any-return]


def judge_messages(case: Case) -> list[Message]:
    """Lay a call out for the judge."""
    return [
        {"role": "system", "content": _system(case.language)},
        {
            "role": "user",
            "content": render(
                case.language,
                "judge",
                topic=case.topic,
                scenario=case.scenario,
                persona=case.persona,
                goal=case.goal,
                turns=case.turns,
            ),
        },
    ]


@lru_cache
def _system(language: Language) -> str:
    return render(language, "judge_system", rubric=RUBRIC[language])


async def judge_call(chat: Chat, case: Case) -> Verdict:
    """Judge a call on the five points; an answer that cannot be read is a verdict too: unscored.

    Raises:
        CallError, EngineError: the judge's server refused, failed or is gone.
    """
    try:
        answer = await chat.fill(Role.JUDGE, judge_messages(case), _answer_type(len(case.turns)), max_tokens=MAX_TOKENS)
    except UnreadableAnswerError as error:
        return Verdict(unscored=str(error))
    points = {code: PointVerdict.model_validate(getattr(answer, code).model_dump()) for code in POINT_CODES}
    return Verdict(points=points)
