"""The rewriter: lays a real call out, plans the strategies of its rewrite, and says its turns, the original beside it.

Its requests share all but their end, for the prefix cache: the static text and the original, then what was said so far.
Source of the method: Zhu et al., arXiv 2508.04423, CSConv; there one free answer held the whole call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from agents.csc.dialogue import Plan, Turn
from agents.csc.language import Language
from agents.csc.outline import Cover, Outline, Step
from agents.csc.strategies import STRATEGIES, Strategy
from agents.llm.chat import Chat, Kind
from agents.llm.request import Message, Sampling
from agents.llm.usage import Role
from agents.prompts.rendering import render, render_fixed
from agents.roles.answers import text_field
from agents.roles.planner import GOAL_MARKS, SCENARIO_MARKS
from agents.roles.speech import UTTERANCE_ENDS, clean_utterance

REWRITER_PROMPTS = (
    *("rewrite_brief_system", "rewrite_brief", "rewriter", "rewriter_so_far"),
    *("rewrite_plan", "rewrite_supporter", "rewrite_customer"),
)
"""The prompt files of the rewriter."""
MAX_TOKENS = 600
"""Longest layout of a call, in tokens."""
TEXT_CHARACTERS = {Language.EN: 500, Language.ZH: 200}
"""Most characters of the texts on the customer."""


class Brief(BaseModel):
    """A real call as it is laid out: the plan that it could have been played from, and who its customer is.

    `description` addresses the player in the second person, as that of a persona.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str
    customer_goal: str
    tone: str
    description: str

    @property
    def plan(self) -> Plan:
        """Scenario and goal."""
        return Plan(scenario=self.scenario, customer_goal=self.customer_goal)

    def __str__(self) -> str:
        """Return the plan on one line, for people."""
        return str(self.plan)


@dataclass(frozen=True, slots=True)
class RewriterView:
    """What the rewriter sees of a call beside what was rewritten of it: topic, scenario, lines of the original."""

    language: Language
    topic: str
    scenario: str
    original: tuple[Turn, ...]


@cache
def brief_type(language: Language) -> type[Brief]:
    """Return the type of a layout."""
    text: Any = (str, Field(min_length=1, max_length=TEXT_CHARACTERS[language]))
    return create_model(
        "Brief",
        __base__=Brief,
        scenario=(str, text_field(language, SCENARIO_MARKS)),
        customer_goal=(str, text_field(language, GOAL_MARKS)),
        tone=text,
        description=text,
    )


def rewriter_kinds(language: Language, sampling: Sampling) -> list[Kind]:
    """Return the kinds of requests that the rewriter makes, for a server to be tried out with."""
    options = tuple(f"{strategy}:{cover}" for strategy in Strategy for cover in Cover)
    return [
        Kind(Role.REWRITER, sampling, None),
        Kind(Role.REWRITER, sampling, options),
        Kind(Role.REWRITER, sampling, brief_type(language)),
    ]


def brief_messages(language: Language, topic: str, original: Sequence[Turn], hint: str = "") -> list[Message]:
    """Ask for the layout of a call; `hint` tells what was wrong with the last one."""
    case = {"topic": topic, "scenario": "", "turns": original}
    return [
        {"role": "system", "content": render_fixed(language, "rewrite_brief_system")},
        {"role": "user", "content": render(language, "rewrite_brief", case=case, labelled=False, hint=hint)},
    ]


async def lay_out(chat: Chat, language: Language, topic: str, original: Sequence[Turn], hint: str = "") -> Brief:
    """Lay a call out; see `brief_messages`.

    Raises:
        RequestError, EngineError: see `Chat.fill`.
    """
    messages = brief_messages(language, topic, original, hint)
    answer = await chat.fill(Role.REWRITER, messages, brief_type(language), max_tokens=MAX_TOKENS)
    return Brief.model_validate(answer.model_dump())


async def plan_strategies(chat: Chat, view: RewriterView, outline: Outline) -> tuple[Step, ...]:
    """Plan a rewritten call, a constrained choice for each turn of the supporter; one that is left needs no request.

    Args:
        chat: makes the requests.
        view: what the rewriter sees.
        outline: of the call, without steps; it says what may come next.

    Returns:
        The steps of the closed call.
    """
    while not outline.is_done:
        options = {f"{option.strategy}:{option.cover}": option for option in outline.options()}
        choice = next(iter(options))
        if len(options) > 1:
            task = render(
                view.language, "rewrite_plan", steps=outline.steps, line=outline.pending, options=list(options)
            )
            choice = await chat.choose(Role.REWRITER, _messages(view, task), tuple(options))
        outline.take(options[choice])
    return tuple(outline.steps)


def turn_messages(view: RewriterView, turns: Sequence[Turn], step: Step, hint: str = "") -> list[Message]:
    """Ask for the words of a step.

    Args:
        view: what the rewriter sees.
        turns: of the rewritten call so far.
        step: what is to be said.
        hint: what was wrong with the last try.
    """
    text = view.original[step.line - 1].text if step.line else ""
    if step.strategy:
        meaning = STRATEGIES[step.strategy].wording[view.language].meaning
        task = render(
            view.language,
            "rewrite_supporter",
            meaning=meaning,
            line=step.line,
            cover=step.cover,
            text=text,
            hint=hint,
        )
    else:
        proves = bool(turns) and turns[-1].strategy is Strategy.IV
        task = render(view.language, "rewrite_customer", line=step.line, text=text, proves=proves, hint=hint)
    so_far = render(view.language, "rewriter_so_far", turns=turns)
    return _messages(view, f"{so_far}\n\n{task}")


async def say_rewritten_turn(
    chat: Chat, view: RewriterView, turns: Sequence[Turn], step: Step, max_tokens: int, hint: str = ""
) -> Turn:
    """Say a step, in at most `max_tokens` tokens; see `turn_messages`."""
    text = await chat.say(
        Role.REWRITER,
        turn_messages(view, turns, step, hint),
        clean=lambda answer: clean_utterance(answer, step.speaker, step.strategy),
        stop=UTTERANCE_ENDS[view.language],
        max_tokens=max_tokens,
    )
    return Turn(speaker=step.speaker, text=text, strategy=step.strategy)


def _messages(view: RewriterView, task: str) -> list[Message]:
    return [{"role": "system", "content": _system(view)}, {"role": "user", "content": task}]


@lru_cache(maxsize=256)
def _system(view: RewriterView) -> str:
    """Return what stays the same for a whole call; remembered, as each of its requests starts with it."""
    return render(view.language, "rewriter", topic=view.topic, scenario=view.scenario, original=view.original)
