"""The graph: its shape, its pure routers, and what becomes of turns that fail a check."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from agents.csc.dialogue import CustomerView, GoalOutcome, Plan, Repair, Turn, is_abandoned
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.csc.topics import TOPICS
from agents.llm.chat import Chat
from agents.llm.client import ChatClient
from agents.llm.request import Message, Sampling
from agents.llm.usage import Role
from graphs.dialogue.graph import EXCHANGE, graph, next_node, play_call, recursion_limit
from graphs.dialogue.state import DialogueState
from graphs.dialogue.turns import DialogueContext, direct_next_turn
from quality.checks.structured_checks import PLAN_HINTS
from quality.checks.turn_checks import HINTS
from tests.support.golden import check_golden
from tests.support.loopback import Faults, Loopback, serve
from tests.support.made_up import sentence

LENGTH = 9
LIMITS = Limits(min_utterances=LENGTH, max_utterances=LENGTH + 1)
"""Calls of exactly nine utterances: closing is forbidden before the ninth and forced there."""
BAD = "Well. Customer: hello."
PERSONA = "You are a patient baker in a small town near Leeds and get up at three every day."
PLAN = Plan(scenario="The app shows an error since Monday.", customer_goal="To log in again; content with a date.")
LEAK = Plan(
    scenario="The patient baker in a small town near Leeds cannot log in.",
    customer_goal=PLAN.customer_goal,
)
DIRECTION = "Tell when it began."


class Actor(Chat):
    """Says sound sentences, and a bad one with a given probability, or where `is_bad` says so.

    `plans` and `directions` are what it answers first when it is asked for them.
    """

    def __init__(
        self,
        seed: int = 0,
        rate: float = 0.0,
        is_bad: Any = None,
        plans: Sequence[Plan] = (),
        directions: Sequence[str] = (),
    ) -> None:
        self.tasks: list[str] = []
        self.asked: list[str] = []
        self.seen: list[str] = []
        self._plans = iter(plans)
        self._directions = iter(directions)
        self._random = random.Random(seed)
        self._is_bad = is_bad or (lambda number: self._random.random() < rate)

    async def say(self, role, messages, **_):  # type: ignore[no-untyped-def, override]
        self.tasks.append(messages[-1]["content"].rpartition("\n")[2])
        if role is Role.SUPPORTER:
            self.seen += (message["content"] for message in messages)
        return BAD if self._is_bad(len(self.tasks)) else sentence(self._random, chinese=False)

    async def choose(self, role, messages, options):  # type: ignore[no-untyped-def, override]
        return self._random.choice(options)

    async def fill(self, role, messages: list[Message], answer_type, **_):  # type: ignore[no-untyped-def, override]
        self.asked.append(messages[-1]["content"])
        if "scenario" in answer_type.model_fields:
            plan = next(self._plans, PLAN)
            return answer_type.model_construct(scenario=plan.scenario, customer_goal=plan.customer_goal)
        return answer_type.model_construct(direction=next(self._directions, DIRECTION), outcome=GoalOutcome.OPEN)


async def play(actor: Actor, repairs: int = 2) -> tuple[list[Turn], list[Repair]]:
    end = await play_whole(actor, repairs)
    return end["turns"], end["repairs"]


async def play_whole(actor: Actor, repairs: int = 2) -> DialogueState:
    topic = TOPICS["technical-support"][Language.EN]
    return await play_call(PERSONA, topic, 1, DialogueContext(actor, Language.EN, LIMITS, 100, repairs))


def test_the_graph_is_as_the_golden_file() -> None:
    check_golden("graph.mmd", graph.get_graph().draw_mermaid())


def test_the_call_ends_with_closure_alone() -> None:
    for strategy in Strategy:
        turn = Turn(speaker=Speaker.SUPPORTER, text="x", strategy=strategy)
        expected = "__end__" if strategy is Strategy.AC else "customer_assistant"
        assert next_node([turn], []) == expected


def test_after_a_rewind_the_same_side_speaks_again() -> None:
    supporter = Turn(speaker=Speaker.SUPPORTER, text="x", strategy=Strategy.GT)
    customer = Turn(speaker=Speaker.CUSTOMER, text="y")
    turns = [supporter, customer, supporter, customer]
    assert next_node(turns[:2], []) == "supporter_assistant"
    assert next_node([], []) == "supporter_assistant"
    assert next_node(turns[:1], []) == "customer_assistant"
    given_up = [Repair(turn=2, speaker=Speaker.CUSTOMER, check="cut-off", action="abandoned")]
    assert next_node(turns[:1], given_up) == "__end__"


async def test_a_bad_turn_is_said_again_with_a_hint() -> None:
    actor = Actor(is_bad=lambda number: number in (3, 4))
    turns, repairs = await play(actor)
    assert [(repair.turn, repair.action) for repair in repairs] == [(3, "said-again")] * 2
    assert len(turns) == LENGTH and all(turn.text != BAD for turn in turns)
    hint = HINTS["role-leak"][Language.EN]
    assert [number for number, task in enumerate(actor.tasks, start=1) if hint in task] == [4, 5]


async def test_a_turn_that_cannot_be_mended_takes_back_an_exchange() -> None:
    turns, repairs = await play(Actor(is_bad=lambda number: 3 < number < 10))
    assert [repair.action for repair in repairs] == [*["said-again"] * 5, "rewound"]
    assert {repair.turn for repair in repairs} == {4} and len(turns) == LENGTH
    assert {(repair.said and repair.said.text, repair.text) for repair in repairs} == {(BAD, None)}
    assert [turn.speaker for turn in turns[:4]] == [Speaker.SUPPORTER, Speaker.CUSTOMER] * 2


async def test_a_call_that_cannot_go_on_is_abandoned() -> None:
    turns, repairs = await play(Actor(is_bad=lambda number: number > 3))
    again = ["said-again"] * 5
    assert [repair.action for repair in repairs] == [*again, "rewound", *again, "abandoned"]
    assert [repair.turn for repair in repairs] == [4] * 6 + [2] * 6 and is_abandoned(repairs) and len(turns) == 1
    turns, repairs = await play(Actor(is_bad=lambda number: 1 < number < 8))
    assert [repair.action for repair in repairs] == [*again, "rewound"] and {repair.turn for repair in repairs} == {2}
    assert len(turns) == LENGTH, "a call that has but the greeting begins anew"
    turns, repairs = await play(Actor(rate=1.0))
    assert [repair.action for repair in repairs] == [*again, "abandoned"] and turns == []


async def test_a_plan_that_tells_the_persona_is_laid_down_again_and_the_supporter_never_sees_it() -> None:
    actor = Actor(plans=[LEAK, LEAK])
    end = await play_whole(actor)
    assert end["plan"] == PLAN and len(end["turns"]) == LENGTH
    assert [(repair.turn, repair.part, repair.speaker, repair.check, repair.action) for repair in end["repairs"]] == [
        (0, "plan", None, "persona-told", "said-again")
    ] * 2
    assert {repair.text for repair in end["repairs"]} == {f"{LEAK.scenario} | {LEAK.customer_goal}"}
    hint = PLAN_HINTS["persona-told"][Language.EN]
    assert [hint in asked for asked in actor.asked[:4]] == [False, True, True, False]
    assert actor.seen and not any("patient baker" in text for text in actor.seen)


async def test_a_planner_that_always_leaks_gets_no_call() -> None:
    end = await play_whole(Actor(plans=[LEAK] * 99))
    assert end["turns"] == [] and "plan" not in end and is_abandoned(end["repairs"]) and len(end["repairs"]) == 5


async def test_what_cannot_be_said_is_decided_anew() -> None:
    """The customer's second turn fails to the last, and so does the supporter's fourth."""
    again = "Ask what that costs, please."
    actor = Actor(is_bad=lambda number: number in (4, 5, 6, 10, 11, 12), directions=[DIRECTION, DIRECTION, again])
    turns, repairs = await play(actor)
    assert [(repair.turn, repair.action) for repair in repairs] == [(4, "said-again")] * 3 + [(7, "said-again")] * 3
    assert [turn.direction for turn in turns[1:5:2]] == [DIRECTION, again]
    tried = {repair.said.strategy for repair in repairs if repair.turn == 7 and repair.said}
    assert len(tried) == 1 and turns[6].strategy not in tried


async def test_a_bad_direction_is_given_again_then_takes_back_an_exchange() -> None:
    actor = Actor(directions=[",", "[Direct] Tell when it began.", DIRECTION, *["done"] * 3, DIRECTION])
    end = await play_whole(actor)
    assert [(repair.turn, repair.part, repair.check, repair.action) for repair in end["repairs"]] == [
        (2, "direction", "no-sentence", "said-again"),
        (2, "direction", "echo", "said-again"),
        (4, "direction", "no-sentence", "said-again"),
        (4, "direction", "no-sentence", "said-again"),
        (4, "direction", "no-sentence", "rewound"),
    ]
    assert [repair.text for repair in end["repairs"]] == [",", "[Direct] Tell when it began.", *["done"] * 3]
    assert len(end["turns"]) == LENGTH and {turn.direction for turn in end["turns"][1::2]} == {DIRECTION}


async def test_a_direction_that_is_cut_off_each_time_fails_a_check_and_not_the_call() -> None:
    endless = json.dumps({"direction": "Tell the supporter that the screen went white " + "and white again " * 40})
    server = Loopback(faults=Faults(truncated=1.0), say=lambda _: endless)
    async with serve(server), ChatClient(server.base_url, None) as client:
        await client.check()
        view = CustomerView(Language.EN, PERSONA, PLAN.scenario, [Turn(speaker=Speaker.SUPPORTER, text="Hello.")])
        context = DialogueContext(Chat(client, Sampling(0.8, 1.0), seed=1), Language.EN, LIMITS, 100, repairs=2)
        asked = await direct_next_turn(view, PLAN.customer_goal, context)
    assert asked.answer is None and len(server.requests) == 3
    assert [fault.check for _, fault in asked.failed] == ["length"] * 3
    assert asked.failed[0][0].text.startswith("Tell the supporter that the screen went white and white again")


async def test_without_repairs_a_bad_turn_goes_back_at_once() -> None:
    _, repairs = await play(Actor(is_bad=lambda number: number in (5, 6)), repairs=0)
    assert [(repair.turn, repair.action) for repair in repairs] == [(5, "said-again"), (5, "rewound")]


def expected_share(rate: float, repairs: int) -> float:
    """Return the share of calls that come to their end when a turn is bad with probability `rate`.

    A turn fails for good with q = rate ** (2 * (repairs + 1)), as what to say is decided anew once. Then a call of n
    turns goes back to n - 2, of one to none, once for each length that is longer than those it has gone back at.
    """
    fails = rate ** (2 * (repairs + 1))

    @cache
    def share(length: int, rewound_at: int) -> float:
        if length == LENGTH:
            return 1.0
        again = share(max(length - EXCHANGE, 0), length) if length > rewound_at else 0.0
        return (1 - fails) * share(length + 1, rewound_at) + fails * again

    return share(0, 0)


@pytest.mark.parametrize(("rate", "repairs"), [(0.6, 2), (0.3, 1), (0.15, 0)])
async def test_the_share_of_calls_that_are_saved_is_what_the_arithmetic_says(rate: float, repairs: int) -> None:
    calls = 300
    actions: Counter[str] = Counter()
    saved = 0
    for seed in range(calls):
        turns, done = await play(Actor(seed, rate), repairs)
        actions.update(repair.action for repair in done)
        assert len(turns) == LENGTH or is_abandoned(done)
        saved += not is_abandoned(done)
    expected = expected_share(rate, repairs)
    deviation = (expected * (1 - expected) / calls) ** 0.5
    assert abs(saved / calls - expected) < 4 * deviation, f"{saved / calls:.3f}, expected {expected:.3f}"
    assert actions["abandoned"] == calls - saved and actions["rewound"] and actions["said-again"]
    assert expected > (1 - rate) ** LENGTH + 0.05, "much is saved"


def test_the_recursion_limit_covers_the_longest_call() -> None:
    """The longest way: each length is gone back at once, from the shortest to the longest."""

    def steps(length: int, rewound_at: int) -> int:
        if length == LENGTH:
            return 0
        further = 4 + steps(length + 1, rewound_at)
        return max(further, 4 + steps(max(length - EXCHANGE, 0), length)) if length > rewound_at else further

    assert 1 + steps(0, 0) <= recursion_limit(LIMITS)
