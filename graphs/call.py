"""The five roles as a LangGraph state machine: planner, then supporter and customer sides in turn until AC is said.

Nodes are thin: each builds the view that its role may see, calls the role and returns what changed. Routers are pure.
"""

from typing import Literal

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agents.csc import Speaker, Strategy
from agents.customer import say_customer_turn
from agents.customer_assistant import direct_customer
from agents.dialogue import CustomerView, SupporterView, Turn
from agents.flow import Limits, Progress, allowed_strategies
from agents.planner import plan_call
from agents.supporter import say_supporter_turn
from agents.supporter_assistant import choose_strategy
from agents.topics import TOPICS
from graphs.state import CallContext, CallState


def recursion_limit(limits: Limits) -> int:
    """Return how many steps a call can take: the planner, and two roles for each utterance."""
    return 2 + 2 * limits.max_utterances


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


async def supporter(state: CallState, runtime: Runtime[CallContext]) -> CallState:
    """Say the supporter's next turn."""
    context = runtime.context
    strategy = state["strategy"]
    text = await say_supporter_turn(context.chat, _supporter_view(state, context), strategy, context.utterance_tokens)
    return {"turns": [Turn(speaker=Speaker.SUPPORTER, text=text, strategy=strategy)]}


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


async def customer(state: CallState, runtime: Runtime[CallContext]) -> CallState:
    """Say the customer's next turn."""
    context = runtime.context
    direction, ends_call = state["direction"], state["ends_call"]
    text = await say_customer_turn(
        context.chat,
        _customer_view(state, context),
        direction,
        ends_call=ends_call,
        max_tokens=context.utterance_tokens,
    )
    return {"turns": [Turn(speaker=Speaker.CUSTOMER, text=text, direction=direction, ends_call=ends_call)]}


def after_supporter(state: CallState) -> Literal["customer_assistant", "__end__"]:
    """End the call once the supporter has closed it, else let the customer answer."""
    return "__end__" if state["turns"][-1].strategy is Strategy.AC else "customer_assistant"


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
    builder.add_edge("customer", "supporter_assistant")
    return builder.compile(name="call")


graph = build_graph()
