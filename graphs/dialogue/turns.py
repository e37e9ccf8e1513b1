"""The turns of a dialogue, each asked for until it passes the checks: for the graph, and for whoever needs one side.

Nothing here takes back what was said or gives a dialogue up: that is the caller's to decide when no answer passed.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from agents.csc.dialogue import Action, CustomerView, GoalOutcome, Part, Plan, Repair, SupporterView, Turn
from agents.csc.flow import Limits, Progress, playable_strategies, possible_outcomes
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.csc.topics.topic import Topic
from agents.llm.chat import Chat
from agents.roles.customer import say_customer_turn
from agents.roles.customer_assistant import Direction, direct_customer
from agents.roles.planner import plan_dialogue
from agents.roles.supporter import say_supporter_turn
from agents.roles.supporter_assistant import choose_strategy
from graphs.config.settings import SpeakingSettings
from quality.checks.structured_checks import DIRECTION_HINTS, PLAN_HINTS, check_direction, check_plan
from quality.checks.turn_checks import HINTS, FailedCheck, check_played_turn

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class DialogueContext:
    """What stays the same for a dialogue: the chat client and the settings.

    Attributes:
        chat: through which the roles are asked.
        language: of the dialogue.
        limits: within which it ends.
        utterance_tokens: longest utterance, in tokens.
        repairs: number of times that an answer which fails a check is asked for again.
        emotions: whether the customer's turns carry feelings.
    """

    chat: Chat
    language: Language
    limits: Limits
    utterance_tokens: int
    repairs: int
    emotions: bool = False

    @classmethod
    def of(cls, chat: Chat, settings: SpeakingSettings, *, emotions: bool = False) -> Self:
        """Return the context of a dialogue of a job with these settings."""
        return cls(chat, settings.language, settings.limits, settings.utterance_tokens, settings.repairs, emotions)


@dataclass(frozen=True, slots=True)
class Asked(Generic[AnswerT]):
    """What came of asking until an answer is sound.

    Attributes:
        answer: the one that passed; None if none did.
        failed: the answers that did not pass, in order, each with the worst that was wrong with it.
    """

    answer: AnswerT | None
    failed: tuple[tuple[AnswerT, FailedCheck], ...]

    @property
    def last(self) -> AnswerT:
        """The answer that passed, or else the last one that did not: for a person, who waits for some answer."""
        return self.failed[-1][0] if self.answer is None else self.answer


def describe_failed(
    failed: tuple[object, FailedCheck], number: int, part: Part, speaker: Speaker | None, action: Action
) -> Repair:
    """Return what is stored of an answer that did not pass: the turn, or the words of the plan or direction.

    Args:
        failed: the answer, and the worst that was wrong with it.
        number: of the turn, from 1; 0 of a plan.
        part: what was asked for.
        speaker: whose turn or direction it is; None for a plan.
        action: what was done about it.
    """
    answer, fault = failed
    said = text = None
    match answer:
        case Turn():
            said = answer
        case Direction():
            text = answer.text
        case _:
            text = str(answer)
    return Repair(turn=number, part=part, speaker=speaker, check=fault.check, action=action, said=said, text=text)


async def lay_down_plan(persona: str, topic: Topic, number: int, context: DialogueContext) -> Asked[Plan]:
    """Lay down scenario and goal. A plan, on which nothing has been spent yet, gets twice the repairs.

    Args:
        persona: the description of the customer.
        topic: what the call is about.
        number: tells apart the calls that one persona makes on one topic: 1, 2, ...
        context: of the dialogue.
    """

    async def ask(hint: str) -> Plan:
        return await plan_dialogue(context.chat, context.language, persona, topic, number, hint)

    def check(plan: Plan) -> Iterator[FailedCheck]:
        return check_plan(plan, persona, topic, context.language)

    return await ask_until_sound(ask, check, PLAN_HINTS, context, tries=2 * context.repairs + 1)


async def choose_next_strategy(
    view: SupporterView, context: DialogueContext, barred: Strategy | None = None
) -> Strategy:
    """Choose the strategy of the supporter's next turn among those that can be played.

    `barred` is chosen only where it is the only one.
    """
    allowed = playable_strategies(Progress.of(view.turns), context.limits)
    others = tuple(strategy for strategy in allowed if strategy is not barred)
    return await choose_strategy(context.chat, view, others or allowed)


async def say_supporter(
    view: SupporterView, strategy: Strategy, context: DialogueContext, cover: Callable[[str], str] | None = None
) -> Asked[Turn]:
    """Say the supporter's next turn with this strategy.

    Args:
        view: what the supporter's side sees.
        strategy: of the turn.
        context: of the dialogue.
        cover: puts placeholders in place of private data that the customer has told and the supporter may say back;
            the checks see the call that way. For calls in which the data itself is said.
    """

    async def ask(hint: str) -> Turn:
        text = await say_supporter_turn(context.chat, view, strategy, context.utterance_tokens, hint)
        return Turn(speaker=Speaker.SUPPORTER, text=text, strategy=strategy)

    def check(turn: Turn) -> Iterator[FailedCheck]:
        seen, *earlier = (_covered(one, cover) if cover else one for one in (turn, *view.turns))
        return check_played_turn(seen, earlier, context.language, view.scenario)

    return await ask_until_sound(ask, check, HINTS, context)


def _covered(turn: Turn, cover: Callable[[str], str]) -> Turn:
    text = cover(turn.text)
    return turn if text == turn.text else turn.model_copy(update={"text": text})


async def direct_next_turn(
    view: CustomerView, goal: str, context: DialogueContext, outcomes: Sequence[GoalOutcome] | None = None
) -> Asked[Direction]:
    """Direct the customer's next turn: what to say, and whether the customer ends the call with it.

    `outcomes` says how their matter may stand by now; by default the flow rules do.
    """
    progress = Progress.of(view.turns)
    if outcomes is None:
        outcomes = possible_outcomes(progress, context.limits)

    async def ask(hint: str) -> Direction:
        ending = progress.is_ending
        # One that was cut off is too long, which the checks find: then the call can go back, and need not fail.
        return await direct_customer(context.chat, view, goal, outcomes, ending=ending, hint=hint, whole=False)

    def check(direction: Direction) -> Iterator[FailedCheck]:
        return check_direction(direction.text, goal, context.language)

    return await ask_until_sound(ask, check, DIRECTION_HINTS, context)


async def say_customer(view: CustomerView, direction: Direction, context: DialogueContext) -> Asked[Turn]:
    """Say the customer's next turn as directed."""

    async def ask(hint: str) -> Turn:
        text = await say_customer_turn(
            context.chat,
            view,
            direction.text,
            ends_call=direction.ends_call,
            max_tokens=context.utterance_tokens,
            emotion=direction.emotion,
            hint=hint,
        )
        return Turn(
            speaker=Speaker.CUSTOMER,
            text=text,
            direction=direction.text,
            outcome=direction.outcome,
            ends_call=direction.ends_call,
            emotion=direction.emotion,
        )

    def check(turn: Turn) -> Iterator[FailedCheck]:
        return check_played_turn(turn, view.turns, context.language, view.scenario)

    return await ask_until_sound(ask, check, HINTS, context)


async def ask_until_sound(
    ask: Callable[[str], Awaitable[AnswerT]],
    check: Callable[[AnswerT], Iterator[FailedCheck]],
    hints: Mapping[str, Mapping[Language, str]],
    context: DialogueContext,
    tries: int | None = None,
) -> Asked[AnswerT]:
    """Ask until the answer passes the checks, `tries` times at most (by default the first and the repairs).

    `ask` gets the hint for its try, empty for the first; `check` yields what is wrong with an answer, the worst first;
    `hints` tell by check what was wrong.
    """
    failed: list[tuple[AnswerT, FailedCheck]] = []
    hint = ""
    for _ in range(tries or context.repairs + 1):
        answer = await ask(hint)
        fault = next(check(answer), None)
        if fault is None:
            return Asked(answer, tuple(failed))
        failed.append((answer, fault))
        hint = hints[fault.check][context.language]
    return Asked(None, tuple(failed))
