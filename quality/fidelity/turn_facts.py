"""Checks of the facts in one turn of a rewrite, while it is made: beside those of `quality.checks.turn_checks`."""

from collections.abc import Iterator, Sequence

from agents.csc.language import Language
from quality.checks.turn_checks import FailedCheck
from quality.fidelity.fact import Fact
from quality.fidelity.facts import find_facts, is_told

FACT_HINTS: dict[str, dict[Language, str]] = {
    "invented-fact": {
        Language.EN: "Say no amount, number, date, placeholder or product that the original does not have.",
        Language.ZH: "原通话里没有的金额、数字、日期、占位符、产品一律不要说。",
    },
    "dropped-fact": {
        Language.EN: "Keep every amount, number, date, placeholder and product of the line.",
        Language.ZH: "这句原话里的金额、数字、日期、占位符、产品都要保留。",
    },
}
"""The checks, and what a speaker is told whose turn failed one."""


def check_turn_facts(text: str, wanted: Sequence[Fact], known: Sequence[Fact], original: str) -> Iterator[FailedCheck]:
    """Yield what is wrong with the facts of a turn.

    Args:
        text: of the turn.
        wanted: what it has to tell.
        known: all that it may tell.
        original: all that is said in the original, in lower case.
    """
    told = find_facts(text)
    for fact in told:
        if not (fact.passing or is_told(fact, known, original)):
            yield FailedCheck("invented-fact", repr(fact.text))
    for fact in wanted:
        if not (fact.passing or is_told(fact, told, text.lower())):
            yield FailedCheck("dropped-fact", repr(fact.text))
