"""The outline of a rewritten call: its utterances in order, each with what it covers of the original.

Pure code decides what may come next, as in the play: the flow rules forbid strategies, the original decides the rest.
The customer's lines stay in their order, each between the supporter's that it answered. A line of the supporter is said
by one turn, or by several with short replies of the customer between. What is added covers nothing of the original, so
it may neither solve nor explain anything: a rewritten call gets as far as the original, and no further.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from agents.csc.flow import ANSWERS, Limits, Progress, allowed_strategies
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy

ADDABLE = frozenset({Strategy.GT, Strategy.IV, Strategy.EM, Strategy.RP, Strategy.FR, Strategy.RC, Strategy.AC})
"""What CSC asks of a call whatever its matter is: a supporter's turn may be added for it."""
CLOSING = frozenset({Strategy.FR, Strategy.RC, Strategy.AC})
"""What is left to be said when all of the original has been."""
MOST_ADDED = 2
"""Supporter turns in a row that leave the original where it is."""
ROOM = 6
"""Utterances that a call may need beside those of its original: greeting, identity and its proof, closing, two more."""


class Cover(StrEnum):
    """What an utterance says of a line of the original: all that is left of it, a part, or nothing."""

    WHOLE = "whole"
    PART = "part"
    NONE = "none"


class Step(BaseModel):
    """An utterance of the rewritten call as it is planned.

    Attributes:
        speaker: who says it.
        strategy: the supporter's; None on the customer's.
        line: the one-based line of the original that it covers; None: it is added.
        cover: how much of that line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: Speaker
    strategy: Strategy | None = None
    line: int | None = None
    cover: Cover = Cover.NONE


class Option(NamedTuple):
    """What the supporter may do next."""

    strategy: Strategy
    cover: Cover


def has_room(lines: int, limits: Limits) -> bool:
    """Tell whether a call of so many lines can be rewritten within the limits."""
    return lines + ROOM <= limits.max_utterances


class Outline:
    """The steps of a rewritten call so far, and what may come next. A supporter's step is chosen, a customer's follows.

    Args:
        speakers: of the original's lines, which alternate; both speak.
        limits: of the rewritten call's length; the original has room in it, see `has_room`.
    """

    def __init__(self, speakers: Sequence[Speaker], limits: Limits) -> None:
        self.steps: list[Step] = []
        self._speakers = tuple(speakers)
        self._limits = limits
        self._at = 0
        self._strategies: list[Strategy] = []
        self._staying = 0

    @property
    def is_done(self) -> bool:
        """Tell whether the call is closed."""
        return bool(self._strategies) and self._strategies[-1] is Strategy.AC

    @property
    def pending(self) -> int | None:
        """The one-based line of the supporter that waits to be covered; None where there is none."""
        return self._at + 1 if self._speaker_at(self._at) is Speaker.SUPPORTER else None

    def options(self) -> tuple[Option, ...]:
        """Return what the supporter may do next, by strategy; never empty before the call is closed."""
        allowed = allowed_strategies(Progress(len(self.steps), tuple(self._strategies), None), self._limits)
        if self._at == len(self._speakers):
            return tuple(Option(strategy, Cover.NONE) for strategy in self._at_the_end(allowed))
        if self.pending is None:  # the customer opens the original
            return tuple(Option(strategy, Cover.NONE) for strategy in allowed)
        is_last = self._at + 1 == len(self._speakers)
        options = [Option(strategy, Cover.WHOLE) for strategy in allowed if is_last or strategy is not Strategy.AC]
        if self._may_stay():
            options += [Option(strategy, Cover.PART) for strategy in allowed if strategy is not Strategy.AC]
            added = (ADDABLE & set(allowed)) - CLOSING
            options += [Option(strategy, Cover.NONE) for strategy in allowed if strategy in added]
        return tuple(sorted(options, key=lambda option: list(Strategy).index(option.strategy)))

    def take(self, option: Option) -> None:
        """Add a step of the supporter, and the customer's behind it unless the call is closed.

        Raises:
            ValueError: this is none of the options.
        """
        if option not in self.options():
            raise ValueError(f"{option} may not come here")
        line = None if option.cover is Cover.NONE else self._at + 1
        self.steps.append(Step(speaker=Speaker.SUPPORTER, strategy=option.strategy, line=line, cover=option.cover))
        self._strategies.append(option.strategy)
        waits = self.pending is not None and option.cover is not Cover.WHOLE
        self._staying = self._staying + 1 if waits else 0
        self._at += option.cover is Cover.WHOLE
        if self.is_done:
            return
        if self._speaker_at(self._at) is Speaker.CUSTOMER:
            self._at += 1
            self.steps.append(Step(speaker=Speaker.CUSTOMER, line=self._at, cover=Cover.WHOLE))
        else:
            self.steps.append(Step(speaker=Speaker.CUSTOMER))

    def _speaker_at(self, index: int) -> Speaker | None:
        return self._speakers[index] if index < len(self._speakers) else None

    def _may_stay(self) -> bool:
        """Tell whether there is room for a turn that does not end the pending line, and for the reply to it."""
        least = len(self._speakers) - self._at + 1 + ROOM // 2
        return self._staying < MOST_ADDED and len(self.steps) + 2 + least <= self._limits.max_utterances

    def _at_the_end(self, allowed: Sequence[Strategy]) -> list[Strategy]:
        if Strategy.AC in allowed:
            return [strategy for strategy in allowed if strategy in CLOSING - set(self._strategies)]
        if not ANSWERS.intersection(self._strategies):
            # Nothing was answered, and nothing may be made up: that is said before the call is closed.
            return [Strategy.OT] if Strategy.OT in allowed else list(allowed)
        return [strategy for strategy in allowed if strategy in ADDABLE] or list(allowed)
