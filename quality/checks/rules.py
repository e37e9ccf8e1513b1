"""The cheap checks before the judge: pure code, no model. Each finding names its rule and its turn."""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits, Progress, broken_rules
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from quality.checks.turn_checks import check_turn


class Violation(BaseModel):
    """A broken rule: its name, the one-based turn it was found at (None: the whole call), and what was found."""

    model_config = ConfigDict(frozen=True)

    rule: str
    turn: int | None
    detail: str

    def is_supporters(self, turns: Sequence[Turn]) -> bool:
        """Tell whether the supporter broke it in a call of these turns; what the whole call broke counts as theirs."""
        return self.turn is None or turns[self.turn - 1].speaker is Speaker.SUPPORTER


def check_rules(turns: Sequence[Turn], limits: Limits, language: Language, scenario: str = "") -> list[Violation]:
    """Return every rule that a finished call broke; empty when the judge may see it.

    Args:
        turns: of the call.
        limits: of its length.
        language: that it is in.
        scenario: what both sides knew from the start.
    """
    return [*_check_shape(turns, limits), *_check_texts(turns, language, scenario), *_check_flow(turns, limits)]


def _check_shape(turns: Sequence[Turn], limits: Limits) -> Iterator[Violation]:
    expected = Speaker.SUPPORTER
    for number, turn in enumerate(turns, start=1):
        if turn.speaker is not expected:
            yield Violation(rule="alternation", turn=number, detail=f"{turn.speaker} speaks out of turn")
            break
        expected = Speaker.CUSTOMER if expected is Speaker.SUPPORTER else Speaker.SUPPORTER
    shortest = limits.earliest_customer_end + 1 if Progress.of(turns).since_end is not None else limits.min_utterances
    if not shortest <= len(turns) <= limits.max_utterances:
        detail = f"{len(turns)} utterances, {shortest} to {limits.max_utterances} are asked for"
        yield Violation(rule="length", turn=None, detail=detail)


def _check_texts(turns: Sequence[Turn], language: Language, scenario: str) -> Iterator[Violation]:
    for index, turn in enumerate(turns):
        for check, detail in check_turn(turn, turns[:index], language, scenario):
            yield Violation(rule=check, turn=index + 1, detail=detail)


def _check_flow(turns: Sequence[Turn], limits: Limits) -> Iterator[Violation]:
    for number, turn in enumerate(turns, start=1):
        if (turn.speaker is Speaker.SUPPORTER) is not (turn.strategy is not None):
            detail = (
                "a supporter turn without a strategy" if turn.strategy is None else "a customer turn with a strategy"
            )
            yield Violation(rule="label", turn=number, detail=detail)
    yield from find_breaches(turns, limits)
    if turns and turns[-1].strategy != "AC":
        yield Violation(rule="closure", turn=len(turns), detail="the call does not end with AC")


def find_breaches(turns: Sequence[Turn], limits: Limits) -> Iterator[Violation]:
    """Yield the flow rules that a call broke."""
    for breach in broken_rules(turns, limits):
        turn = turns[breach.turn]
        detail = f"{turn.strategy or turn.speaker}: {breach.rule.demand}"
        yield Violation(rule=breach.rule.name, turn=breach.turn + 1, detail=detail)
