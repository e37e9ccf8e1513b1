"""The five roles as a LangGraph state machine: planner, then supporter and customer sides in turn until AC is said.

Nodes are thin: each builds the view that its role may see, calls the role and returns what changed. A speaker's node
also says who is next, by a pure router: as conditional edges these would cost a task and a copy of the state each.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from agents.csc.dialogue import Action, CustomerView, Repair, SupporterView, Turn, is_abandoned
from agents.csc.flow import Limits, Progress, allowed_strategies
from agents.csc.strategies import Speaker, Strategy
from agents.csc.topics import TOPICS
from agents.roles.customer import say_customer_turn
from agents.roles.customer_assistant import direct_customer
from agents.roles.planner import plan_dialogue
from agents.roles.supporter import say_supporter_turn
from agents.roles.supporter_assistant import choose_strategy
from graphs.dialogue.state import DialogueContext, DialogueState
from quality.checks.turn_checks import HINTS, check_turn

AfterSupporter = Literal["customer_assistant", "supporter_assistant", "__end__"]
AfterCustomer = Literal["supporter_assistant", "customer_assistant", "__end__"]
EXCHANGE = 2
"""So many turns are taken back when a turn cannot be mended: the speaker's last one, and the answer to it."""


def recursion_limit(limits: Limits) -> int:
    """Return how many steps a call can take: the planner, and two roles for each utterance.

    A call may go back once at each length it has, which costs the try and the exchange to be said anew.
    """
    return 2 + 2 * limits.max_utterances * (2 + EXCHANGE)


def _supporter_view(state: DialogueState, context: DialogueContext) -> SupporterView:
    topic = TOPICS[state["topic"]][context.language].name
    return SupporterView(context.language, topic, state["plan"].scenario, state["turns"])


def _customer_view(state: DialogueState, context: DialogueContext) -> CustomerView:
    return CustomerView(context.language, state["persona"], state["plan"].scenario, state["turns"])


async def planner(state: DialogueState, runtime: Runtime[DialogueContext]) -> DialogueState:
    """Lay down the scenario and the customer's goal."""
    context = runtime.context
    plan = await plan_dialogue(context.chat, context.language, state["persona"], state["topic"], state["number"])
    return {"plan": plan}


async def supporter_assistant(state: DialogueState, runtime: Runtime[DialogueContext]) -> DialogueState:
    """Choose the strategy of the supporter's next turn."""
    context = runtime.context
    allowed = allowed_strategies(Progress.of(state["turns"]), context.limits)
    return {"strategy": await choose_strategy(context.chat, _supporter_view(state, context), allowed)}


async def supporter(state: DialogueState, runtime: Runtime[DialogueContext]) -> Command[AfterSupporter]:
    """Say the supporter's next turn."""
    context = runtime.context
    view, strategy = _supporter_view(state, context), state["strategy"]

    async def say(hint: str) -> Turn:
        text = await say_supporter_turn(context.chat, view, strategy, context.utterance_tokens, hint)
        return Turn(speaker=Speaker.SUPPORTER, text=text, strategy=strategy)

    said = await _say_sound_turn(state, context, say)
    return Command(update=said, goto=after_supporter(said["turns"], said["repairs"]))


async def customer_assistant(state: DialogueState, runtime: Runtime[DialogueContext]) -> DialogueState:
    """Direct the customer's next turn."""
    context = runtime.context
    view, goal = _customer_view(state, context), state["plan"].customer_goal
    progress = Progress.of(state["turns"])
    direction, ends_call = await direct_customer(
        context.chat, view, goal, may_end=progress.customer_may_end(context.limits), ending=progress.is_ending
    )
    return {"direction": direction, "ends_call": ends_call}


async def customer(state: DialogueState, runtime: Runtime[DialogueContext]) -> Command[AfterCustomer]:
    """Say the customer's next turn."""
    context = runtime.context
    view, direction, ends_call = _customer_view(state, context), state["direction"], state["ends_call"]

    async def say(hint: str) -> Turn:
        text = await say_customer_turn(
            context.chat, view, direction, ends_call=ends_call, max_tokens=context.utterance_tokens, hint=hint
        )
        return Turn(speaker=Speaker.CUSTOMER, text=text, direction=direction, ends_call=ends_call)

    said = await _say_sound_turn(state, context, say)
    return Command(update=said, goto=after_customer(said["turns"], said["repairs"]))


async def _say_sound_turn(
    state: DialogueState, context: DialogueContext, say: Callable[[str], Awaitable[Turn]]
) -> DialogueState:
    """Say a turn until it passes the checks; after too many tries go back by an exchange, or abandon the call.

    `say` gets the hint for its try. It goes back at a length that it has not gone back at or beyond before. Returns the
    turns and the repairs of the call as they are then.
    """
    turns, repairs = state["turns"], state["repairs"].copy()
    hint = ""
    for tries_left in reversed(range(context.repairs + 1)):
        turn = await say(hint)
        fault = next(check_turn(turn, turns, context.language), None)
        if fault is None:
            return {"turns": [*turns, turn], "repairs": repairs}
        can_rewind = len(turns) >= EXCHANGE and len(turns) > state.get("rewound_at", 0)
        action: Action = "said-again" if tries_left else "rewound" if can_rewind else "abandoned"
        repairs.append(Repair(turn=len(turns) + 1, speaker=turn.speaker, check=fault.check, action=action, said=turn))
        hint = HINTS[fault.check][context.language]
    if is_abandoned(repairs):
        return {"turns": turns, "repairs": repairs}
    return {"turns": turns[:-EXCHANGE], "repairs": repairs, "rewound_at": len(turns)}


def after_supporter(turns: Sequence[Turn], repairs: Sequence[Repair]) -> AfterSupporter:
    """End the call once the supporter has closed it, else let the customer answer; start over after a rewind."""
    if is_abandoned(repairs):
        return "__end__"
    if not turns or turns[-1].speaker is Speaker.CUSTOMER:
        return "supporter_assistant"
    return "__end__" if turns[-1].strategy is Strategy.AC else "customer_assistant"


def after_customer(turns: Sequence[Turn], repairs: Sequence[Repair]) -> AfterCustomer:
    """Let the supporter answer; start over after a rewind."""
    if is_abandoned(repairs):
        return "__end__"
    return "supporter_assistant" if turns[-1].speaker is Speaker.CUSTOMER else "customer_assistant"


def build_graph() -> CompiledStateGraph[DialogueState, DialogueContext, DialogueState, DialogueState]:
    """Compile the graph; it keeps no checkpoints, as a call is stored whole when it has ended."""
    builder = StateGraph(DialogueState, context_schema=DialogueContext)
    for node in (planner, supporter_assistant, supporter, customer_assistant, customer):
        builder.add_node(node)
    builder.add_edge(START, "planner")
    builder.add_edge("planner", "supporter_assistant")
    builder.add_edge("supporter_assistant", "supporter")
    builder.add_edge("customer_assistant", "customer")
    return builder.compile(name="call")


graph = build_graph()


async def play_call(persona: str, topic: str, number: int, context: DialogueContext) -> DialogueState:
    """Play a call and return its last state.

    Args:
        persona: the description of the customer.
        topic: a code of `TOPICS`.
        number: tells apart the calls that one persona makes on one topic: 1, 2, ...
        context: the chat client and the settings.
    """
    begin: DialogueState = {"persona": persona, "topic": topic, "number": number, "turns": [], "repairs": []}
    limit = recursion_limit(context.limits)
    end: Any = None
    # Not `ainvoke`: it streams the updates as well, to see interrupts, of which there are none here.
    async for state in graph.astream(begin, {"recursion_limit": limit}, context=context, stream_mode="values"):
        end = state
    return end  # type: ignore[no-any-return]
