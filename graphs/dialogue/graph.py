"""The five roles as a LangGraph state machine: planner, then supporter and customer sides in turn until AC is said.

Nodes are thin: each builds the view that its role may see, calls the role and returns what changed. A speaker's node
also says who is next, by a pure router: as conditional edges these would cost a task and a copy of the state each.
"""

from collections.abc import Sequence
from typing import Literal, cast

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from agents.csc.dialogue import Action, CustomerView, Part, Repair, SupporterView, Turn, is_abandoned
from agents.csc.flow import Limits, Progress, playable_outcomes
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.csc.topics.policies import fit_to_call
from agents.csc.topics.topic import Topic
from graphs.dialogue.state import DialogueState
from graphs.dialogue.turns import (
    AnswerT,
    Asked,
    DialogueContext,
    choose_next_strategy,
    describe_failed,
    direct_next_turn,
    lay_down_plan,
    say_customer,
    say_supporter,
)

AfterPlanner = Literal["supporter_assistant", "__end__"]
AfterTurn = Literal["supporter_assistant", "customer_assistant", "__end__"]
AfterDirection = Literal["customer", "supporter_assistant", "customer_assistant", "__end__"]
EXCHANGE = 2
"""Number of turns taken back when a turn cannot be repaired: the speaker's last one, and the answer to it.

Of a call that has but the greeting, that is taken back."""


def recursion_limit(limits: Limits) -> int:
    """Return how many steps a call can take: the planner, and two roles, twice, for each utterance.

    A call may go back once at each length it has, which costs the try and the exchange to be said anew.
    """
    return 2 + 2 * 2 * limits.max_utterances * (2 + EXCHANGE)


def _supporter_view(state: DialogueState, context: DialogueContext) -> SupporterView:
    topic = state["topic"]
    return SupporterView(context.language, topic.name, state["plan"].scenario, state["turns"], topic.company)


def _customer_view(state: DialogueState, context: DialogueContext) -> CustomerView:
    scenario, turns = state["plan"].scenario, state["turns"]
    return CustomerView(context.language, state["persona"], scenario, turns, context.emotions)


async def planner(state: DialogueState, runtime: Runtime[DialogueContext]) -> Command[AfterPlanner]:
    """Lay down the scenario and the customer's goal; after that the topic has the policies that they call for."""
    topic = state["topic"]
    plan = await lay_down_plan(state["persona"], topic, state["number"], runtime.context)
    after = settle(state, "plan", None, plan)
    if plan.answer is None:
        return Command(update=after, goto="__end__")
    given = fit_to_call(topic, plan.answer.scenario, runtime.context.language)
    return Command(update=after | {"plan": plan.answer, "topic": given}, goto="supporter_assistant")


async def supporter_assistant(state: DialogueState, runtime: Runtime[DialogueContext]) -> DialogueState:
    """Choose the strategy of the supporter's next turn."""
    view = _supporter_view(state, runtime.context)
    return {"strategy": await choose_next_strategy(view, runtime.context, state.get("barred"))}


async def supporter(state: DialogueState, runtime: Runtime[DialogueContext]) -> Command[AfterTurn]:
    """Say the supporter's next turn."""
    turn = await say_supporter(_supporter_view(state, runtime.context), state["strategy"], runtime.context)
    after = settle(state, "turn", Speaker.SUPPORTER, turn)
    return Command(update=after, goto=next_node(after["turns"], after["repairs"]))


async def customer_assistant(state: DialogueState, runtime: Runtime[DialogueContext]) -> Command[AfterDirection]:
    """Direct the customer's next turn."""
    view = _customer_view(state, runtime.context)
    outcomes = playable_outcomes(Progress.of(state["turns"]), runtime.context.limits)
    direction = await direct_next_turn(view, state["plan"].customer_goal, runtime.context, outcomes)
    after = settle(state, "direction", Speaker.CUSTOMER, direction)
    if direction.answer is None:
        return Command(update=after, goto=next_node(after["turns"], after["repairs"]))
    return Command(update=after | {"direction": direction.answer}, goto="customer")


async def customer(state: DialogueState, runtime: Runtime[DialogueContext]) -> Command[AfterTurn]:
    """Say the customer's next turn."""
    turn = await say_customer(_customer_view(state, runtime.context), state["direction"], runtime.context)
    after = settle(state, "turn", Speaker.CUSTOMER, turn)
    return Command(update=after, goto=next_node(after["turns"], after["repairs"]))


def settle(state: DialogueState, part: Part, speaker: Speaker | None, asked: Asked[AnswerT]) -> DialogueState:
    """Return turns and repairs of the call after an answer was asked for.

    A turn that passed is added. Where nothing passed, it is decided anew what to say: by another direction, or another
    strategy. Where that does not help either, or the direction itself failed, the call goes back by an exchange, at a
    length that it has not gone back at or beyond before, or else is abandoned.

    Args:
        state: of the call.
        part: what was asked for.
        speaker: whose turn or direction it is; None for the plan.
        asked: what came of it.
    """
    turns: list[Turn] = state["turns"]
    number = 0 if part == "plan" else len(turns) + 1
    can_redecide = part == "turn" and state.get("redecided_at") != len(turns)
    can_rewind = len(turns) > state.get("rewound_at", 0)
    actions: list[Action] = ["said-again"] * len(asked.failed)
    if asked.answer is None and not can_redecide:
        actions[-1] = "rewound" if can_rewind else "abandoned"
    repairs = state["repairs"].copy()
    for failed, action in zip(asked.failed, actions, strict=True):
        repairs.append(describe_failed(failed, number, part, speaker, action))
    after: DialogueState = {"turns": turns, "repairs": repairs}
    if isinstance(asked.answer, Turn):
        after |= {"turns": [*turns, asked.answer], "barred": None}
    elif asked.answer is None and can_redecide:
        barred = state.get("strategy") if speaker is Speaker.SUPPORTER else None
        after |= {"redecided_at": len(turns), "barred": barred}
    elif asked.answer is None and can_rewind:
        after |= {"turns": turns[:-EXCHANGE], "rewound_at": len(turns), "redecided_at": None, "barred": None}
    return after


def next_node(turns: Sequence[Turn], repairs: Sequence[Repair]) -> AfterTurn:
    """Let the other side answer what was said last; end a call that the supporter has closed, or that is given up."""
    if is_abandoned(repairs):
        return "__end__"
    if not turns or turns[-1].speaker is Speaker.CUSTOMER:
        return "supporter_assistant"
    return "__end__" if turns[-1].strategy is Strategy.AC else "customer_assistant"


def build_graph() -> CompiledStateGraph[DialogueState, DialogueContext, DialogueState, DialogueState]:
    """Compile the graph; it keeps no checkpoints, as a call is stored whole when it has ended."""
    builder = StateGraph(DialogueState, context_schema=DialogueContext)
    for node in (planner, supporter_assistant, supporter, customer_assistant, customer):
        builder.add_node(node)
    builder.add_edge(START, "planner")
    builder.add_edge("supporter_assistant", "supporter")
    return builder.compile(name="call")


graph = build_graph()


async def play_call(persona: str, topic: Topic, number: int, context: DialogueContext) -> DialogueState:
    """Play a call and return its last state.

    Args:
        persona: the description of the customer, with the course of their feelings where there is one.
        topic: what the call is about, with all policies of the company.
        number: tells apart the calls that one persona makes on one topic: 1, 2, ...
        context: the chat client and the settings.
    """
    begin: DialogueState = {"persona": persona, "topic": topic, "number": number, "turns": [], "repairs": []}
    limit = recursion_limit(context.limits)
    end = begin
    # Not `ainvoke`: it streams the updates as well, to see interrupts, of which there are none here.
    async for state in graph.astream(begin, {"recursion_limit": limit}, context=context, stream_mode="values"):
        end = cast(DialogueState, state)
    return end
