"""The record of one evaluated dialogue: what a model chose and said in the place of its supporter, turn by turn."""

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.dialogue import Turn
from agents.csc.emotions import Feeling
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from outputs.runs.run import Counts, EndedItem, Outcome, PlannedRow, RunKind

UNREADABLE = "unreadable"
"""The subject under which answers are counted that nothing could be made of, by what was asked."""


CALL = "call"
"""What is asked of a model that plays a whole call."""


class Answer(BaseModel):
    """What a model answered: a strategy's code or an utterance; or nothing, and the problem that there was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    problem: str | None = None

    @property
    def strategy(self) -> Strategy | None:
        """The strategy that was chosen; None where the answer names none."""
        return None if self.problem else Strategy(self.text)


class EvaluatedTurn(BaseModel):
    """A supporter turn, and what the model answered in its place.

    Attributes:
        number: of the turn in the dialogue, from 1, lines of one speaker in a row counted as one.
        strategy: the right one.
        text: the reference.
        heard: what the customer had said before; empty where the supporter opens the call.
        felt: what the customer felt then; None where the dialogue does not say, and then it is not stored.
        allowed: the strategies that the flow rules allow here.
        free: the strategy chosen among all twelve.
        later: where that was a wrong one, what was chosen next while the earlier ones were barred, until it was right.
        constrained: that chosen among the allowed ones; None where the right one is not among them, or stands alone.
        reply: what was said to the right strategy; None where the model was shown a history of its own.
        own_reply: what was said to the strategy that was chosen freely.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    strategy: Strategy
    text: str
    heard: str = ""
    felt: Feeling | None = Field(None, exclude_if=lambda felt: felt is None)
    allowed: tuple[Strategy, ...]
    free: Answer
    later: tuple[Answer, ...] = ()
    constrained: Answer | None
    reply: Answer | None
    own_reply: Answer

    @property
    def answers(self) -> dict[str, Answer]:
        """The answers that there are, by what was asked."""
        every = {"free": self.free, "constrained": self.constrained, "reply": self.reply, "own_reply": self.own_reply}
        return {name: answer for name, answer in every.items() if answer is not None}


class Evaluation(EndedItem):
    """A dialogue on which a model was evaluated; `dialogue` is its id in the file.

    An answer that nothing can be made of is part of the result: nothing is rejected, and the evaluation fails only
    where the server does.

    Attributes:
        turns: the supporter's labelled turns with the model's answers; none where the customer was played, as nothing
            is there to compare with.
        call: the dialogue as it came to be, where the model saw its own turns in it; else empty.
        cut: why a call with a played customer ended before its time: what was wrong with the model's answer.
    """

    dialogue: str
    language: Language
    topic: str
    turns: tuple[EvaluatedTurn, ...] = ()
    call: tuple[Turn, ...] = ()
    cut: str | None = None

    @property
    def counts(self) -> Counts:
        """Answers that nothing could be made of, by what was asked."""
        found: dict[tuple[str, ...], int] = {}
        for turn in self.turns:
            for name, answer in turn.answers.items():
                if answer.problem:
                    found[(name,)] = found.get((name,), 0) + 1
        if self.cut:
            found[(CALL,)] = 1
        return {UNREADABLE: dict(found)} if found else {}


EVALUATIONS = RunKind("evaluate", PlannedRow, Evaluation, {Outcome.KEPT: "answered", Outcome.FAILED: "failed"})
"""Runs of `rolecs evaluate`."""
