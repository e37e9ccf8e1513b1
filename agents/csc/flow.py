"""The flow rules of a call as pure code: which strategies the supporter may use next.

Source: the rules of a call in the paper's prompts (arXiv 2508.04423, appendix), made exact. One table serves both the
play (`allowed_strategies` constrains the choice) and the gate (`broken_rules` names what a finished call violated).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.csc.dialogue import Turn
from agents.csc.strategies import Speaker, Strategy

ALL = frozenset(Strategy)
NOTHING: frozenset[Strategy] = frozenset()
SOLUTIONS = frozenset({Strategy.PS, Strategy.ID, Strategy.RI})
COURTESIES = frozenset({Strategy.FR, Strategy.RC})
IDENTITY_TURN = 2
"""Zero-based: the third turn of the supporter is the last that may verify the identity."""


class Limits(BaseModel):
    """How long a call may be, in utterances of both speakers.

    The bounds leave room for a greeting, for the identity to be verified, and for a closing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_utterances: int = Field(10, ge=4)
    max_utterances: int = Field(50, ge=8)

    @model_validator(mode="after")
    def _room_to_close(self) -> "Limits":
        if self.min_utterances >= self.max_utterances:
            raise ValueError(f"min_utterances {self.min_utterances} must be below max_utterances {self.max_utterances}")
        return self

    @property
    def earliest_customer_end(self) -> int:
        """The zero-based slot from which the customer may end the call: calls end naturally, but not at once."""
        return self.min_utterances // 2


class Progress(NamedTuple):
    """What the rules need to know of a call so far.

    `since_end` holds the supporter's strategies since the customer ended the call; None if they have not.
    """

    utterances: int
    strategies: tuple[Strategy, ...]
    since_end: tuple[Strategy, ...] | None

    @classmethod
    def of(cls, turns: Iterable[Turn]) -> "Progress":
        """Sum up `turns`."""
        utterances = 0
        strategies: list[Strategy] = []
        ended_at: int | None = None
        for turn in turns:
            utterances += 1
            if turn.strategy:
                strategies.append(turn.strategy)
            if turn.ends_call and ended_at is None:
                ended_at = len(strategies)
        since_end = None if ended_at is None else tuple(strategies[ended_at:])
        return cls(utterances, tuple(strategies), since_end)

    @property
    def is_ending(self) -> bool:
        """Tell whether the customer has ended the call, so that only a last reply of theirs can be due."""
        return self.since_end is not None

    def customer_may_end(self, limits: Limits) -> bool:
        """Tell whether the customer may end the call with the next turn: not at once, and only one time."""
        return not self.is_ending and self.utterances >= limits.earliest_customer_end


class FlowRule(NamedTuple):
    """A rule by name: what it demands, and the strategies that it forbids at a point of a call."""

    name: str
    demand: str
    forbidden: Callable[[Progress, Limits], frozenset[Strategy]]


def _is_last_slot(call: Progress, limits: Limits) -> bool:
    """Tell whether no later supporter turn fits under the cap."""
    return call.utterances + 2 >= limits.max_utterances


def _greeting(call: Progress, _: Limits) -> frozenset[Strategy]:
    return frozenset({Strategy.GT}) if call.strategies else ALL - {Strategy.GT}


def _identity_before_action(call: Progress, _: Limits) -> frozenset[Strategy]:
    return NOTHING if Strategy.IV in call.strategies else frozenset({Strategy.PS, Strategy.RI})


def _identity_early(call: Progress, _: Limits) -> frozenset[Strategy]:
    missing = Strategy.IV not in call.strategies and len(call.strategies) == IDENTITY_TURN
    return ALL - {Strategy.IV} if missing and call.since_end is None else NOTHING


def _no_third_in_a_row(call: Progress, _: Limits) -> frozenset[Strategy]:
    last_two = call.strategies[-2:]
    return frozenset(last_two) if len(last_two) == 2 and last_two[0] == last_two[1] else NOTHING


def _feedback_after_solution(call: Progress, _: Limits) -> frozenset[Strategy]:
    return NOTHING if SOLUTIONS.intersection(call.strategies) else frozenset({Strategy.FR})


def _no_early_closure(call: Progress, limits: Limits) -> frozenset[Strategy]:
    early = call.utterances + 1 < limits.min_utterances and call.since_end is None
    return frozenset({Strategy.AC}) if early else NOTHING


def _close_after_customer_end(call: Progress, _: Limits) -> frozenset[Strategy]:
    if call.since_end is None:
        return NOTHING
    return ALL - {Strategy.AC} if call.since_end else ALL - {Strategy.AC} - COURTESIES


def _closure_is_last(call: Progress, _: Limits) -> frozenset[Strategy]:
    return ALL if Strategy.AC in call.strategies else NOTHING


def _last_slot_closes(call: Progress, limits: Limits) -> frozenset[Strategy]:
    return ALL - {Strategy.AC} if _is_last_slot(call, limits) else NOTHING


FLOW_RULES: tuple[FlowRule, ...] = (
    FlowRule("greeting", "GT opens the call and never returns", _greeting),
    FlowRule("identity-before-action", "IV comes before any PS or RI", _identity_before_action),
    FlowRule("identity-early", "IV comes within the supporter's first three turns", _identity_early),
    FlowRule("no-third-in-a-row", "no strategy is used three times in a row", _no_third_in_a_row),
    FlowRule("feedback-after-solution", "FR comes only after a PS, ID or RI", _feedback_after_solution),
    FlowRule(
        "no-early-closure", "no AC before the minimum length unless the customer ends the call", _no_early_closure
    ),
    FlowRule(
        "close-after-customer-end",
        "when the customer has ended the call, AC follows, with at most one FR or RC before it",
        _close_after_customer_end,
    ),
    FlowRule("closure-is-last", "AC ends the call", _closure_is_last),
    FlowRule("last-slot-closes", "the last supporter turn under the cap is AC", _last_slot_closes),
)


def allowed_strategies(call: Progress, limits: Limits) -> tuple[Strategy, ...]:
    """Return the strategies allowed for the supporter's next turn, in the order of the table.

    Never empty for a call that these rules built, until AC has been said: then it is.
    """
    forbidden = frozenset().union(*(rule.forbidden(call, limits) for rule in FLOW_RULES))
    return tuple(strategy for strategy in Strategy if strategy not in forbidden)


class FlowBreach(NamedTuple):
    """The zero-based turn that broke a rule, and the rule."""

    turn: int
    rule: FlowRule


def broken_rules(turns: Sequence[Turn], limits: Limits) -> list[FlowBreach]:
    """Return every flow rule that a finished call broke, in the order of its turns."""
    breaches = []
    for index, turn in enumerate(turns):
        if turn.speaker is Speaker.SUPPORTER and turn.strategy:
            before = Progress.of(turns[:index])
            breaches += [
                FlowBreach(index, rule) for rule in FLOW_RULES if turn.strategy in rule.forbidden(before, limits)
            ]
    return breaches
