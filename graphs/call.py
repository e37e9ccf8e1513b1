"""The five roles as a LangGraph state machine: planner, then supporter and customer sides in turn until AC is said.

Nodes are thin: each builds the view that its role may see, calls the role and returns what changed. Routers are pure;
they are async, because LangGraph would run them in a thread otherwise, which costs more than all else of a step.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agents.csc import Speaker, Strategy
from agents.customer import say_customer_turn
from agents.customer_assistant import direct_customer
from agents.dialogue import Action, CustomerView, Repair, SupporterView, Turn, is_abandoned
from agents.flow import Limits, Progress, allowed_strategies
from agents.planner import plan_call
from agents.supporter import say_supporter_turn
from agents.supporter_assistant import choose_strategy
from agents.topics import TOPICS
from graphs.state import CallContext, CallState, CallUpdate, Rewind
from quality.turn_checks import HINTS, check_turn

EXCHANGE = 2
"""So many turns are taken back when a turn cannot be mended: the speaker's last one, and the answer to it."""


def recursion_limit(limits: Limits) -> int:
    """Return how many steps a call can take: the planner, and two roles for each utterance.

    A call may go back once at each length it has, which costs the try and the exchange to be said anew.
    """
    return 2 + 2 * limits.max_utterances * (2 + EXCHANGE)


def _supporter_view(state: CallState, context: CallContext) -> SupporterView:
    topic = TOPICS[state["topic"]][context.language].name
    return SupporterView(context.language, topic, state["plan"].scenario, state["turns"])


def _customer_view(state: CallState, context: CallContext) -> CustomerView:
    return CustomerView(context.language, state["persona"], state["plan"].scenario, state["turns"])


async def planner(state: CallState, runtime: Runtime[CallContext]) -> CallState:
    """Lay down the scenario and the customer's goal."""
    context = runtime.context
    plan = await plan_call(context.chat, context.language, state["persona"], state["topic"], state["number"])
    return {"plan": plan}


async def supporter_assistant(state: CallState, runtime: Runtime[CallContext]) -> CallState:
    """Choose the strategy of the supporter's next turn."""
    context = runtime.context
    allowed = allowed_strategies(Progress.of(state["turns"]), context.limits)
    return {"strategy": await choose_strategy(context.chat, _supporter_view(state, context), allowed)}


async def supporter(state: CallState, runtime: Runtime[CallContext]) -> CallUpdate:
    """Say the supporter's next turn."""
    context = runtime.context
    view, strategy = _supporter_view(state, context), state["strategy"]

    async def say(hint: str) -> Turn:
        text = await say_supporter_turn(context.chat, view, strategy, context.utterance_tokens, hint)
        return Turn(speaker=Speaker.SUPPORTER, text=text, strategy=strategy)

    return await _say_sound_turn(state, context, say)


async def customer_assistant(state: CallState, runtime: Runtime[CallContext]) -> CallState:
    """Direct the customer's next turn."""
    context = runtime.context
    turns = state["turns"]
    ending = any(turn.ends_call for turn in turns)
    may_end = not ending and len(turns) >= context.limits.earliest_customer_end
    direction, ends_call = await direct_customer(
        context.chat, _customer_view(state, context), state["plan"].customer_goal, may_end=may_end, ending=ending
    )
    return {"direction": direction, "ends_call": ends_call}


async def customer(state: CallState, runtime: Runtime[CallContext]) -> CallUpdate:
    """Say the customer's next turn."""
    context = runtime.context
    view, direction, ends_call = _customer_view(state, context), state["direction"], state["ends_call"]

    async def say(hint: str) -> Turn:
        text = await say_customer_turn(
            context.chat, view, direction, ends_call=ends_call, max_tokens=context.utterance_tokens, hint=hint
        )
        return Turn(speaker=Speaker.CUSTOMER, text=text, direction=direction, ends_call=ends_call)

    return await _say_sound_turn(state, context, say)


async def _say_sound_turn(state: CallState, context: CallContext, say: Callable[[str], Awaitable[Turn]]) -> CallUpdate:
    """Say a turn until it passes the checks; after too many tries go back by an exchange, or abandon the call.

    `say` gets the hint for its try. It goes back at a length that it has not gone back at or beyond before.
    """
    turns = state["turns"]
    repairs: list[Repair] = []
    hint = ""
    for tries_left in reversed(range(context.repairs + 1)):
        turn = await say(hint)
        fault = next(check_turn(turn, turns, context.language), None)
        if fault is None:
            return {"turns": [turn], "repairs": repairs}
        can_rewind = len(turns) >= EXCHANGE and len(turns) > state.get("rewound_at", 0)
        action: Action = "said-again" if tries_left else "rewound" if can_rewind else "abandoned"
        repairs.append(Repair(turn=len(turns) + 1, speaker=turn.speaker, check=fault.check, action=action))
        hint = HINTS[fault.check][context.language]
    if repairs[-1].action == "abandoned":
        return {"repairs": repairs}
    return {"turns": Rewind(EXCHANGE), "repairs": repairs, "rewound_at": len(turns)}


async def after_supporter(state: CallState) -> Literal["customer_assistant", "supporter_assistant", "__end__"]:
    """End the call once the supporter has closed it, else let the customer answer; start over after a rewind."""
    if is_abandoned(state["repairs"]):
        return "__end__"
    if not state["turns"] or state["turns"][-1].speaker is Speaker.CUSTOMER:
        return "supporter_assistant"
    return "__end__" if state["turns"][-1].strategy is Strategy.AC else "customer_assistant"


async def after_customer(state: CallState) -> Literal["supporter_assistant", "customer_assistant", "__end__"]:
    """Let the supporter answer; start over after a rewind."""
    if is_abandoned(state["repairs"]):
        return "__end__"
    return "supporter_assistant" if state["turns"][-1].speaker is Speaker.CUSTOMER else "customer_assistant"


def build_graph() -> CompiledStateGraph[CallState, CallContext, CallState, CallState]:
    """Compile the graph; it keeps no checkpoints, as a call is stored whole when it has ended."""
    builder = StateGraph(CallState, context_schema=CallContext)
    for node in (planner, supporter_assistant, supporter, customer_assistant, customer):
        builder.add_node(node)
    builder.add_edge(START, "planner")
    builder.add_edge("planner", "supporter_assistant")
    builder.add_edge("supporter_assistant", "supporter")
    builder.add_conditional_edges("supporter", after_supporter)
    builder.add_edge("customer_assistant", "customer")
    builder.add_conditional_edges("customer", after_customer)
    return builder.compile(name="call")


graph = build_graph()
