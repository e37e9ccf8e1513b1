"""One call of a customer of ours to somebody's agent, from plan to record.

The agent hears what the customer says, and nothing else: neither persona nor goal nor scenario. Whether the customer
ends the call is theirs to say from half of the minimum length on, whatever strategies the agent used: these are named
by the labeller when the call is over.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from agents.csc.dialogue import CustomerView, GoalOutcome, Part, Plan, Repair, Turn
from agents.csc.emotions import draw_course, with_course
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.topics import TOPICS
from agents.csc.topics.policies import fit_to_call
from agents.errors import UnreadableAnswerError, keeping_failure
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import Clients
from agents.llm.request import Message
from agents.llm.retry import read_retry_after
from agents.prompts.rendering import render_fixed
from agents.roles.customer_assistant import Direction
from graphs.config.probe import ProbeSettings
from graphs.dialogue.turns import (
    AnswerT,
    Asked,
    DialogueContext,
    describe_failed,
    direct_next_turn,
    lay_down_plan,
    say_customer,
)
from graphs.probe.agent import Agent, AgentError, Conversation, Reply
from graphs.probe.hardness import Hardness, falls_for, find_hardness
from outputs.runs.probe import AgentFailure, Hardship, Probe
from outputs.runs.record import Planned
from personas.persona import Persona
from quality.checks.rules import check_rules
from quality.gate.case import Case
from quality.gate.gate import hear_emotions
from quality.gate.judge import judge_points
from quality.gate.labeller import label_strategies
from quality.gate.verdict import Verdict

HARD_TURN = 2
"""Which turn of the customer's says what makes a call hard."""
FIRST_WAIT_S = 0.5
"""Seconds until a busy agent is asked again, where it does not say; they double with each time."""
MAX_WAIT_S = 30.0
NO_FAULT = "private-data"
"""A rule that no agent breaks: it has a name and a telephone number of its own, and says them."""

Plans = Mapping[tuple[str, str, int], Plan]
"""Plans that calls are to have, by persona, topic and number."""


@dataclass
class _Heard:
    """What a call has come to so far."""

    turns: list[Turn] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    failures: list[AgentFailure] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    plan: Plan | None = None
    said_at: int | None = None


async def probe_call(
    planned: Planned,
    persona: Persona,
    agent: Agent,
    clients: Clients,
    settings: ProbeSettings,
    plans: Plans,
) -> Probe:
    """Call an agent, and have the call labelled and judged. Whatever goes wrong with it is in its record.

    Args:
        planned: the call.
        persona: who calls.
        agent: who is called.
        clients: the models of customer and judge.
        settings: of the probe.
        plans: what the calls are about, where that is known already; else it is planned.

    Raises:
        EngineError: a server of ours is gone; the call has not ended.
    """
    play = Chat(clients.play, settings.sampling, planned.seed, planned.key)
    judge = Chat(clients.judge, settings.judge_sampling, derive_seed(planned.seed, "judge"), planned.key)
    hardness = find_hardness(planned.position, settings.hard, planned.seed, settings.language)
    heard, ended = _Heard(), dict[str, Any]()
    if settings.emotions:
        # As the same call in a run that plays: its seed decides.
        ended["course"] = draw_course(derive_seed(planned.seed, "course")).code
    customer = with_course(persona.description, ended.get("course"), settings.language)
    # As in a run that plays: before there is a plan, nobody is given any policies.
    given = settings.played_topics[planned.topic].following("")
    with keeping_failure(ended):
        heard.plan = plans.get((planned.persona, planned.topic, planned.number))
        async with agent.call(planned.key) as conversation:
            context = DialogueContext.of(play, settings, emotions=settings.emotions)
            await _Call(heard, conversation, context, planned, customer, hardness, settings).play()
        if heard.plan and all(failure.tried_again for failure in heard.failures):
            given = fit_to_call(settings.played_topics[planned.topic], heard.plan.scenario, settings.language)
            portrait = with_course(persona.portrait, ended.get("course"), settings.language)
            case = Case.of(settings.language, given, heard.plan, portrait, heard.turns)
            ended |= await _examine(judge, case, settings)
    return Probe.model_validate(
        {
            "id": planned.key,
            "language": settings.language,
            "topic": planned.topic,
            "own_topic": None if given.code in TOPICS else given,
            "persona": persona,
            "number": planned.number,
            "seed": planned.seed,
            "model": agent.name,
            "judge_model": clients.judge.model,
            "customer_model": clients.play.model,
            "plan": heard.plan,
            "turns": heard.turns,
            "repairs": heard.repairs,
            "failures": heard.failures,
            "latencies": heard.latencies,
            "hardship": _hardship(hardness, heard),
            "rules_count": settings.rules,
            "usage": play.usage | judge.usage,
        }
        | ended
    )


class _Call:
    """A call while it is made; what comes of it goes into `heard`. `customer` says who calls, in the second person."""

    def __init__(
        self,
        heard: _Heard,
        conversation: Conversation,
        context: DialogueContext,
        planned: Planned,
        customer: str,
        hardness: Hardness | None,
        settings: ProbeSettings,
    ) -> None:
        self._heard = heard
        self._conversation = conversation
        self._context = context
        self._planned = planned
        self._customer = customer
        self._hardness = hardness
        self._settings = settings

    async def play(self) -> None:
        """Let both sides speak in turn until the call is over, or the agent has failed."""
        heard, planned, context = self._heard, self._planned, self._context
        # The agent first: one that nobody reaches costs no request of ours.
        goes_on = await self._listen()
        if heard.plan is None and heard.turns:
            topic = self._settings.played_topics[planned.topic]
            asked = await lay_down_plan(self._customer, topic, planned.number, context)
            heard.plan = self._settle(asked, "plan")
        while goes_on and len(heard.turns) + 2 <= context.limits.max_utterances:
            turn = await self._speak()
            heard.turns.append(turn)
            goes_on = await self._listen() and not turn.ends_call

    async def _listen(self) -> bool:
        """Add the agent's next turn, or its failure; tell whether the call goes on."""
        heard, settings = self._heard, self._settings
        if not heard.turns and settings.greeting:
            heard.turns.append(Turn(speaker=Speaker.SUPPORTER, text=settings.greeting))
            return True
        reply = await self._ask(agents_messages(heard.turns, settings.language, greeted=bool(settings.greeting)))
        if reply is None:
            return False
        heard.latencies.append(round(reply.seconds, 4))
        heard.turns.append(Turn(speaker=Speaker.SUPPORTER, text=reply.text))
        return not reply.ends_call

    async def _ask(self, messages: Sequence[Message]) -> Reply | None:
        """Return the agent's reply; None where it gives none, however often it may be asked."""
        attempts = self._settings.agent_attempts
        for attempt in range(1, attempts + 1):
            try:
                return await self._conversation.send(messages)
            except AgentError as error:
                again = error.may_pass and attempt < attempts
                self._heard.failures.append(
                    AgentFailure(
                        turn=len(self._heard.turns) + 1, kind=error.kind, detail=error.detail, tried_again=again
                    )
                )
                if not again:
                    return None
                asked = read_retry_after(error.retry_after, datetime.now(UTC)) if error.retry_after else None
                await asyncio.sleep(min(FIRST_WAIT_S * 2 ** (attempt - 1), MAX_WAIT_S) if asked is None else asked)
        return None

    async def _speak(self) -> Turn:
        """Return the customer's next turn."""
        heard, context = self._heard, self._context
        if heard.plan is None:
            raise RuntimeError("a customer speaks of what was planned")
        view = CustomerView(context.language, self._customer, heard.plan.scenario, heard.turns, context.emotions)
        said = sum(turn.speaker is Speaker.CUSTOMER for turn in heard.turns)
        if self._hardness and said + 1 == HARD_TURN:
            heard.said_at = len(heard.turns) + 1
            direction = Direction(self._hardness.direction)
            if self._hardness.words:
                return Turn(speaker=Speaker.CUSTOMER, text=self._hardness.words, direction=direction.text)
        else:
            may_end = len(heard.turns) >= context.limits.earliest_customer_end
            outcomes = tuple(GoalOutcome) if may_end else (GoalOutcome.OPEN,)
            directed = await direct_next_turn(view, heard.plan.customer_goal, context, outcomes)
            direction = self._settle(directed, "direction")
        return self._settle(await say_customer(view, direction, context), "turn")

    def _settle(self, asked: Asked[AnswerT], part: Part) -> AnswerT:
        """Return an answer of our side, and keep what had to be said again before.

        Raises:
            UnreadableAnswerError: none passed the checks. The call cannot go back: the agent has heard all before.
        """
        number = 0 if part == "plan" else len(self._heard.turns) + 1
        speaker = None if part == "plan" else Speaker.CUSTOMER
        for failed in asked.failed:
            self._heard.repairs.append(describe_failed(failed, number, part, speaker, "said-again"))
        if asked.answer is None:
            check = asked.failed[-1][1].check
            raise UnreadableAnswerError(f"our customer, turn {number}: the {part} failed the check {check} each time")
        return asked.answer


def agents_messages(turns: Sequence[Turn], language: Language, *, greeted: bool = False) -> list[Message]:
    """Return a call as the agent has it: what it said is the assistant's, and what the customer said the user's.

    Args:
        turns: of both.
        language: of the call.
        greeted: the agent has greeted without being asked; else the first message tells it that the call is connected.
    """
    messages: list[Message] = [] if greeted else [{"role": "user", "content": render_fixed(language, "opening")}]
    for turn in turns:
        messages.append({"role": "assistant" if turn.speaker is Speaker.SUPPORTER else "user", "content": turn.text})
    return messages


def _hardship(hardness: Hardness | None, heard: _Heard) -> Hardship | None:
    if hardness is None:
        return None
    later = ((number, turn) for number, turn in enumerate(heard.turns, 1) if heard.said_at and number > heard.said_at)
    fell = (n for n, turn in later if turn.speaker is Speaker.SUPPORTER and falls_for(hardness, turn.text))
    return Hardship(kind=hardness.kind, code=hardness.code, said_at=heard.said_at, fell_at=next(fell, None))


async def _examine(chat: Chat, case: Case, settings: ProbeSettings) -> dict[str, Any]:
    """Return the turns with the strategies that the labeller names, the rules that the agent broke, and the verdict.

    Where customers feel something, also what the labeller hears of it.

    Unlike in a run that plays, a call that broke rules is judged as well. Nothing is said of rules where the labeller
    could not be read.
    """
    numbers = [number for number, turn in enumerate(case.turns, 1) if turn.speaker is Speaker.SUPPORTER]
    found: dict[str, Any] = {}
    try:
        labels = await label_strategies(chat, case, numbers)
        turns = tuple(
            turn.model_copy(update={"strategy": labels.get(number)}) for number, turn in enumerate(case.turns, 1)
        )
        violations = check_rules(turns, settings.limits, case.language, case.scenario)
        told = tuple(v for v in violations if v.rule != NO_FAULT and v.is_supporters(turns))
        found = {"turns": turns, "violations": told}
        found["verdict"] = Verdict(points=await judge_points(chat, replace(case, turns=turns), settings.judge_votes))
    except UnreadableAnswerError as error:
        found["verdict"] = Verdict(unscored=str(error))
    if settings.emotions:
        found["emotion_labelling"] = await hear_emotions(chat, case)
    return found
