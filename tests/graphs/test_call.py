"""The graph's shape and its pure router."""

from agents.csc import Speaker, Strategy
from agents.dialogue import Turn
from agents.flow import Limits
from graphs.call import after_supporter, graph, recursion_limit
from tests.golden import check_golden


def test_the_graph_is_as_the_golden_file() -> None:
    check_golden("graph.mmd", graph.get_graph().draw_mermaid())


def test_the_call_ends_with_closure_alone() -> None:
    for strategy in Strategy:
        turn = Turn(speaker=Speaker.SUPPORTER, text="x", strategy=strategy)
        expected = "__end__" if strategy is Strategy.AC else "customer_assistant"
        assert after_supporter({"turns": [turn]}) == expected


def test_the_recursion_limit_covers_the_longest_call() -> None:
    assert recursion_limit(Limits(min_utterances=10, max_utterances=50)) >= 1 + 2 * 50
