"""The flow rules of a call as pure code: which strategies the supporter may use next, and when the customer may end it.

Source: the rules of a call in the paper's prompts (arXiv 2508.04423, appendix), made exact. One table serves both the
play (`allowed_strategies` and `possible_outcomes` constrain the choices) and the gate (`broken_rules` names what a
finished call violated), but for `EMPATHY_RULES`, by which the gate alone goes, and for `playable_strategies` and
`playable_outcomes`, by which the play alone does: there small models would get nowhere, where real calls may do so.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.csc.dialogue import GoalOutcome, Turn
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy

ALL = frozenset(Strategy)
NOTHING: frozenset[Strategy] = frozenset()
SOLUTIONS = frozenset({Strategy.PS, Strategy.ID, Strategy.RI})
ANSWERS = SOLUTIONS | {Strategy.OT}
"""By these a call gets somewhere: something is proposed, explained, carried out or declined."""
NO_OUTCOME: frozenset[GoalOutcome] = frozenset()
ENDS = frozenset({GoalOutcome.REACHED, GoalOutcome.GIVEN_UP})
"""With these the customer ends the call."""
COURTESIES = frozenset({Strategy.FR, Strategy.RC})
IDENTITY_TURN = 2
"""Zero-based: the third turn of the supporter is the last that may verify the identity."""
MOST_IDENTITY_TURNS = 2
"""Turns of a played supporter that verify the identity. Of 888 calls that people wrote 875 have one, the others two."""
MOST_TURNS_WITHOUT_ANSWER = 5
"""Turns of a played supporter in a row that are no answer. Of the same 888 calls 887 have five at most."""
FEWEST_ANSWERS = 2
"""Answers that a played customer waits for. Of the 429 of these calls that the customer ends, 426 have two or more."""


class Limits(BaseModel):
    """The length that a dialogue may have, in utterances of both speakers.

    The bounds leave room for a greeting, for the identity to be verified, and for a closing.

    Attributes:
        min_utterances: number of utterances before which only the customer may end the call.
        max_utterances: number of utterances that are never exceeded.
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
    """What the rules need to know of a dialogue so far.

    Attributes:
        utterances: number of utterances of both speakers.
        strategies: the supporter's, in order.
        since_end: those since the customer ended the call; None if they have not.
        is_upset: whether the last turn is the customer's, with a strong negative feeling.
    """

    utterances: int
    strategies: tuple[Strategy, ...]
    since_end: tuple[Strategy, ...] | None
    is_upset: bool = False

    @classmethod
    def of(cls, turns: Iterable[Turn]) -> "Progress":
        """Sum up `turns`."""
        utterances = 0
        strategies: list[Strategy] = []
        ended_at: int | None = None
        is_upset = False
        for turn in turns:
            utterances += 1
            is_upset = turn.emotion is not None and turn.emotion.is_upset
            if turn.strategy:
                strategies.append(turn.strategy)
            if turn.ends_call and ended_at is None:
                ended_at = len(strategies)
        since_end = None if ended_at is None else tuple(strategies[ended_at:])
        return cls(utterances, tuple(strategies), since_end, is_upset)

    @property
    def is_ending(self) -> bool:
        """Tell whether the customer has ended the call, so that only a last reply of theirs can be due."""
        return self.since_end is not None


class FlowRule(NamedTuple):
    """A rule by name: what it demands, and the strategies that it forbids the supporter at a point of a dialogue."""

    name: str
    demand: str
    forbidden: Callable[[Progress, Limits], frozenset[Strategy]]


class EndRule(NamedTuple):
    """A rule by name: what it demands, and the outcomes that the customer cannot see at a point of a call."""

    name: str
    demand: str
    forbidden: Callable[[Progress, Limits], frozenset[GoalOutcome]]


def _is_last_slot(progress: Progress, limits: Limits) -> bool:
    """Tell whether no later supporter turn fits under the cap."""
    return progress.utterances + 2 >= limits.max_utterances


def _greeting(progress: Progress, _: Limits) -> frozenset[Strategy]:
    return frozenset({Strategy.GT}) if progress.strategies else ALL - {Strategy.GT}


def _identity_before_action(progress: Progress, _: Limits) -> frozenset[Strategy]:
    return NOTHING if Strategy.IV in progress.strategies else frozenset({Strategy.PS, Strategy.RI})


def _identity_early(progress: Progress, _: Limits) -> frozenset[Strategy]:
    missing = Strategy.IV not in progress.strategies and len(progress.strategies) == IDENTITY_TURN
    return ALL - {Strategy.IV} if missing and progress.since_end is None else NOTHING


def _no_third_in_a_row(progress: Progress, _: Limits) -> frozenset[Strategy]:
    last_two = progress.strategies[-2:]
    return frozenset(last_two) if len(last_two) == 2 and last_two[0] == last_two[1] else NOTHING


def _feedback_after_solution(progress: Progress, _: Limits) -> frozenset[Strategy]:
    return NOTHING if SOLUTIONS.intersection(progress.strategies) else frozenset({Strategy.FR})


def _relationship_after_answer(progress: Progress, _: Limits) -> frozenset[Strategy]:
    return NOTHING if ANSWERS.intersection(progress.strategies) else frozenset({Strategy.RC})


def _closure_after_answer(progress: Progress, limits: Limits) -> frozenset[Strategy]:
    is_due = progress.since_end is not None or _is_last_slot(progress, limits)
    return NOTHING if is_due or ANSWERS.intersection(progress.strategies) else frozenset({Strategy.AC})


def _no_early_closure(progress: Progress, limits: Limits) -> frozenset[Strategy]:
    early = progress.utterances + 1 < limits.min_utterances and progress.since_end is None
    return frozenset({Strategy.AC}) if early else NOTHING


def _close_after_customer_end(progress: Progress, _: Limits) -> frozenset[Strategy]:
    if progress.since_end is None:
        return NOTHING
    courtesies = NOTHING if progress.since_end else COURTESIES.difference(progress.strategies)
    return ALL - {Strategy.AC} - courtesies


def _closure_is_last(progress: Progress, _: Limits) -> frozenset[Strategy]:
    return ALL if Strategy.AC in progress.strategies else NOTHING


def _last_slot_closes(progress: Progress, limits: Limits) -> frozenset[Strategy]:
    return ALL - {Strategy.AC} if _is_last_slot(progress, limits) else NOTHING


FLOW_RULES: tuple[FlowRule, ...] = (
    FlowRule("greeting", "GT opens the call and never returns", _greeting),
    FlowRule("identity-before-action", "IV comes before any PS or RI", _identity_before_action),
    FlowRule("identity-early", "IV comes within the supporter's first three turns", _identity_early),
    FlowRule("no-third-in-a-row", "no strategy is used three times in a row", _no_third_in_a_row),
    FlowRule("feedback-after-solution", "FR comes only after a PS, ID or RI", _feedback_after_solution),
    FlowRule("relationship-after-answer", "RC comes only after a PS, ID, RI or OT", _relationship_after_answer),
    FlowRule(
        "closure-after-answer",
        "no AC before a PS, ID, RI or OT unless the customer ends the call, or it has no room left",
        _closure_after_answer,
    ),
    FlowRule(
        "no-early-closure", "no AC before the minimum length unless the customer ends the call", _no_early_closure
    ),
    FlowRule(
        "close-after-customer-end",
        "when the customer has ended the call, AC follows, with at most one FR or RC before it, the first of its kind",
        _close_after_customer_end,
    ),
    FlowRule("closure-is-last", "AC ends the call", _closure_is_last),
    FlowRule("last-slot-closes", "the last supporter turn under the cap is AC", _last_slot_closes),
)


def _empathy(progress: Progress, limits: Limits) -> frozenset[Strategy]:
    has_answered = progress.strategies[-1:] == (Strategy.EM,)
    is_due = progress.is_upset and not has_answered and Strategy.EM in allowed_strategies(progress, limits)
    return ALL - {Strategy.EM} if is_due else NOTHING


EMPATHY_RULES: tuple[FlowRule, ...] = (
    FlowRule("empathy", "EM answers a strong negative feeling, unless the turn before was EM already", _empathy),
)
"""Rules that a finished call is held to and that choose nothing while it is played.

The supporter's side hears a feeling in the words alone: to answer it has to be its own choice, which can be taught.
"""


def _no_early_end(progress: Progress, limits: Limits) -> frozenset[GoalOutcome]:
    return NO_OUTCOME if progress.utterances >= limits.earliest_customer_end else ENDS


def _reached_by_answer(progress: Progress, _: Limits) -> frozenset[GoalOutcome]:
    return NO_OUTCOME if ANSWERS.intersection(progress.strategies) else frozenset({GoalOutcome.REACHED})


def _patience(progress: Progress, limits: Limits) -> frozenset[GoalOutcome]:
    has_cause = ANSWERS.intersection(progress.strategies) or progress.utterances >= limits.min_utterances
    return NO_OUTCOME if has_cause else frozenset({GoalOutcome.GIVEN_UP})


def _one_end(progress: Progress, _: Limits) -> frozenset[GoalOutcome]:
    return NO_OUTCOME if progress.since_end is None else ENDS


END_RULES: tuple[EndRule, ...] = (
    EndRule("no-early-end", "the customer ends no call before half of the minimum length", _no_early_end),
    EndRule("reached-by-answer", "nothing is reached before a PS, ID, RI or OT", _reached_by_answer),
    EndRule("patience", "the customer gives nothing up before a PS, ID, RI or OT or the minimum length", _patience),
    EndRule("one-end", "the customer ends a call once", _one_end),
)


def possible_outcomes(progress: Progress, limits: Limits) -> tuple[GoalOutcome, ...]:
    """Return how the customer's matter may stand at their next turn; it may always be open still."""
    forbidden = frozenset().union(*(rule.forbidden(progress, limits) for rule in END_RULES))
    return tuple(outcome for outcome in GoalOutcome if outcome not in forbidden)


def allowed_strategies(progress: Progress, limits: Limits) -> tuple[Strategy, ...]:
    """Return the strategies allowed for the supporter's next turn, in the order of the table.

    Never empty for a dialogue that these rules built, until AC has been said: then it is.
    """
    forbidden = frozenset().union(*(rule.forbidden(progress, limits) for rule in FLOW_RULES))
    return tuple(strategy for strategy in Strategy if strategy not in forbidden)


def playable_strategies(progress: Progress, limits: Limits) -> tuple[Strategy, ...]:
    """Return those of the allowed strategies that a played supporter chooses from.

    After too many turns without an answer that is one; IV no longer, once it came often enough. No rules of finished
    calls: people do ask for a third and fourth detail. Small models ask until the customer hangs up.
    """
    allowed = allowed_strategies(progress, limits)
    if progress.strategies.count(Strategy.IV) >= MOST_IDENTITY_TURNS:
        allowed = tuple(strategy for strategy in allowed if strategy is not Strategy.IV)
    lately = progress.strategies[-MOST_TURNS_WITHOUT_ANSWER:]
    if len(lately) < MOST_TURNS_WITHOUT_ANSWER or ANSWERS.intersection(lately):
        return allowed
    return tuple(strategy for strategy in allowed if strategy in ANSWERS) or allowed


def playable_outcomes(progress: Progress, limits: Limits) -> tuple[GoalOutcome, ...]:
    """Return those of the possible outcomes that a played customer of a played supporter chooses from.

    It waits for more than one answer: they come, by `playable_strategies`. A customer of anybody else may give up.
    """
    answers = sum(strategy in ANSWERS for strategy in progress.strategies)
    return possible_outcomes(progress, limits) if answers >= FEWEST_ANSWERS else (GoalOutcome.OPEN,)


class FlowBreach(NamedTuple):
    """The zero-based turn that broke a rule, and the rule."""

    turn: int
    rule: FlowRule | EndRule


def broken_rules(turns: Sequence[Turn], limits: Limits) -> list[FlowBreach]:
    """Return every flow rule that a finished dialogue broke, in the order of its turns."""
    breaches: list[FlowBreach] = []
    for index, turn in enumerate(turns):
        if turn.speaker is Speaker.SUPPORTER and turn.strategy:
            before = Progress.of(turns[:index])
            breaches += [
                FlowBreach(index, rule)
                for rule in FLOW_RULES + EMPATHY_RULES
                if turn.strategy in rule.forbidden(before, limits)
            ]
        elif turn.ends_call:
            # What the customer thought is not stored: an end is one of a call in which no outcome but `OPEN` was left.
            before = Progress.of(turns[:index])
            broken = [(rule, rule.forbidden(before, limits)) for rule in END_RULES]
            if frozenset().union(*(outcomes for _, outcomes in broken)) >= ENDS:
                breaches += [FlowBreach(index, rule) for rule, outcomes in broken if outcomes]
    return breaches
