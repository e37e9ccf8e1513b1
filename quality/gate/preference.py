"""Which of two versions is the better support: a judge who knows neither label nor model, asked in both orders.

Judges favour a place (Zheng et al. 2023, arXiv 2306.05685, section 3.3), so each pair is shown twice, with the versions
in each other's place. One has won where both answers name it; whatever else they say is a tie.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.llm.chat import Chat, Kind
from agents.llm.request import Message, Sampling
from agents.llm.usage import Role
from agents.prompts.rendering import render, render_fixed
from quality.gate.judge import MAX_REASON, MAX_TOKENS

PREFERENCE_PROMPTS = ("prefer_system", "prefer")
"""The prompt files of the comparison."""
Winner = Literal["first", "second", "tie"]


class Preference(BaseModel):
    """An answer on a pair in one order: why, and which of the versions as they were shown is the better one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=1, max_length=MAX_REASON)
    better: Literal["A", "B", "equal"]


class Versions(NamedTuple):
    """Two ways in which a call goes on from `before`, or two whole calls; no label is shown of any turn.

    What is not known of the call is empty.
    """

    language: Language
    topic: str
    scenario: str
    goal: str
    before: Sequence[Turn]
    first: Sequence[Turn]
    second: Sequence[Turn]


def preference_messages(versions: Versions) -> list[Message]:
    """Ask which version is better, the first one as A."""
    language, shown = versions.language, versions._asdict()
    shown["versions"] = {"A": shown.pop("first"), "B": shown.pop("second")}
    del shown["language"]
    return [
        {"role": "system", "content": render_fixed(language, "prefer_system")},
        {"role": "user", "content": render(language, "prefer", **shown)},
    ]


async def prefer(chat: Chat, versions: Versions) -> tuple[Preference, Preference]:
    """Return the answers on a pair: with the first version as A, and with the second one as A.

    Raises:
        UnreadableAnswerError: an answer could not be read.
        RequestError, EngineError: the judge's server refused, failed or is gone.
    """
    swapped = versions._replace(first=versions.second, second=versions.first)
    one, other = [
        await chat.fill(Role.JUDGE, preference_messages(shown), Preference, max_tokens=MAX_TOKENS)
        for shown in (versions, swapped)
    ]
    return one, other


def decide(one: Preference, other: Preference) -> Winner:
    """Return which version has won by the answers in both orders.

    >>> a, b = Preference(reason="r", better="A"), Preference(reason="r", better="B")
    >>> decide(a, b), decide(b, a), decide(a, a)
    ('first', 'second', 'tie')
    """
    winners: dict[tuple[str, str], Winner] = {("A", "B"): "first", ("B", "A"): "second"}
    return winners.get((one.better, other.better), "tie")


def preference_kinds(sampling: Sampling) -> list[Kind]:
    """Return the kind of request that a comparison makes, for a server to be tried out with."""
    return [Kind(Role.JUDGE, sampling, Preference)]
