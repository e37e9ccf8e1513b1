"""The five roles as a LangGraph state machine: planner, then supporter and customer sides in turn until AC is said.

Nodes are thin: each builds the view that its role may see, calls the role and returns what changed. A speaker's node
also says who is next, by a pure router: as conditional edges these would cost a task and a copy of the state each.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from agents.csc.dialogue import Action, CustomerView, Part, Plan, Repair, SupporterView, Turn, is_abandoned
from agents.csc.flow import Limits, Progress, allowed_strategies, possible_outcomes
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.csc.topics import TOPICS
from agents.roles.customer import say_customer_turn
from agents.roles.customer_assistant import Direction, direct_customer
from agents.roles.planner import plan_dialogue
from agents.roles.supporter import say_supporter_turn
from agents.roles.supporter_assistant import choose_strategy
from graphs.dialogue.state import DialogueContext, DialogueState
from quality.checks.structured_checks import DIRECTION_HINTS, PLAN_HINTS, check_direction, check_plan
from quality.checks.turn_checks import HINTS, FailedCheck, check_turn

AfterPlanner = Literal["supporter_assistant", "__end__"]
AfterDirection = Literal["customer", "customer_assistant", "__end__"]
AfterSupporter = Literal["customer_assistant", "supporter_assistant", "__end__"]
AfterCustomer = Literal["supporter_assistant", "customer_assistant", "__end__"]
EXCHANGE = 2
"""Number of turns taken back when a turn cannot be repaired: the speaker's last one, and the answer to it."""

_HINTS: dict[Part, Any] = {"plan": PLAN_HINTS, "direction": DIRECTION_HINTS, "turn": HINTS}
AnswerT = TypeVar("AnswerT", Plan, Direction, Turn)


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


async def planner(state: DialogueState, runtime: Runtime[DialogueContext]) -> Command[AfterPlanner]:
    """Lay down the scenario and the customer's goal."""
    context = runtime.context

    async def lay_down(hint: str) -> Plan:
        return await plan_dialogue(
            context.chat, context.language, state["persona"], state["topic"], state["number"], hint
        )

    def check(plan: Plan) -> Iterator[FailedCheck]:
        return check_plan(plan, state["persona"], state["topic"], context.language)

    plan, after = await _ask_until_sound(state, context, "plan", None, lay_down, check)
    if plan is None:
        return Command(update=after, goto="__end__")
    return Command(update=after | {"plan": plan}, goto="supporter_assistant")


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

    after = await _say_sound_turn(state, context, Speaker.SUPPORTER, say)
    return Command(update=after, goto=after_supporter(after["turns"], after["repairs"]))


async def customer_assistant(state: DialogueState, runtime: Runtime[DialogueContext]) -> Command[AfterDirection]:
    """Direct the customer's next turn."""
    context = runtime.context
    view, goal, progress = _customer_view(state, context), state["plan"].customer_goal, Progress.of(state["turns"])
    outcomes = possible_outcomes(progress, context.limits)

    async def direct(hint: str) -> Direction:
        return await direct_customer(context.chat, view, goal, outcomes, ending=progress.is_ending, hint=hint)

    def check(direction: Direction) -> Iterator[FailedCheck]:
        return check_direction(direction.text, goal, context.language)

    direction, after = await _ask_until_sound(state, context, "direction", Speaker.CUSTOMER, direct, check)
    if direction is None:
        goto: AfterDirection = "__end__" if is_abandoned(after["repairs"]) else "customer_assistant"
        return Command(update=after, goto=goto)
    return Command(update=after | {"direction": direction}, goto="customer")


async def customer(state: DialogueState, runtime: Runtime[DialogueContext]) -> Command[AfterCustomer]:
    """Say the customer's next turn."""
    context = runtime.context
    view, direction = _customer_view(state, context), state["direction"]

    async def say(hint: str) -> Turn:
        text = await say_customer_turn(
            context.chat,
            view,
            direction.text,
            ends_call=direction.ends_call,
            max_tokens=context.utterance_tokens,
            hint=hint,
        )
        return Turn(
            speaker=Speaker.CUSTOMER,
            text=text,
            direction=direction.text,
            outcome=direction.outcome,
            ends_call=direction.ends_call,
        )

    after = await _say_sound_turn(state, context, Speaker.CUSTOMER, say)
    return Command(update=after, goto=after_customer(after["turns"], after["repairs"]))


async def _say_sound_turn(
    state: DialogueState, context: DialogueContext, speaker: Speaker, say: Callable[[str], Awaitable[Turn]]
) -> DialogueState:
    """Say a turn until it passes the checks; return turns and repairs of the call as they are then."""
    turns, scenario = state["turns"], state["plan"].scenario

    def check(turn: Turn) -> Iterator[FailedCheck]:
        return check_turn(turn, turns, context.language, scenario)

    turn, after = await _ask_until_sound(state, context, "turn", speaker, say, check)
    return after if turn is None else after | {"turns": [*turns, turn]}


async def _ask_until_sound(
    state: DialogueState,
    context: DialogueContext,
    part: Part,
    speaker: Speaker | None,
    ask: Callable[[str], Awaitable[AnswerT]],
    check: Callable[[AnswerT], Iterator[FailedCheck]],
) -> tuple[AnswerT | None, DialogueState]:
    """Ask until the answer passes the checks; after too many tries go back by an exchange, or abandon the call.

    It goes back at a length that it has not gone back at or beyond before. A plan, on which nothing has been spent yet,
    gets twice the repairs.

    Args:
        state: of the call.
        context: of the call.
        part: what is asked for.
        speaker: whose turn or direction it is; None for the plan.
        ask: gets the hint for its try, empty for the first.
        check: yields what is wrong with an answer, the worst first.

    Returns:
        The answer, None if none passed; and turns and repairs of the call as they are then.
    """
    turns, repairs = state["turns"], state["repairs"].copy()
    hint = ""
    for tries_left in reversed(range(context.repairs * (2 if part == "plan" else 1) + 1)):
        answer = await ask(hint)
        fault = next(check(answer), None)
        if fault is None:
            return answer, {"turns": turns, "repairs": repairs}
        can_rewind = len(turns) >= EXCHANGE and len(turns) > state.get("rewound_at", 0)
        action: Action = "said-again" if tries_left else "rewound" if can_rewind else "abandoned"
        number = 0 if part == "plan" else len(turns) + 1
        said = answer if isinstance(answer, Turn) else None
        repairs.append(Repair(turn=number, part=part, speaker=speaker, check=fault.check, action=action, said=said))
        hint = _HINTS[part][fault.check][context.language]
    if is_abandoned(repairs):
        return None, {"turns": turns, "repairs": repairs}
    return None, {"turns": turns[:-EXCHANGE], "repairs": repairs, "rewound_at": len(turns)}


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
    builder.add_edge("supporter_assistant", "supporter")
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
