"""The record of one call to a live agent: what was said, where the agent failed, and what labeller and judge say."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from agents.csc.dialogue import GoalOutcome
from agents.csc.speakers import Speaker
from outputs.runs.record import DIALOGUES, Planned, Record
from outputs.runs.rewriting import REWRITINGS
from outputs.runs.run import Outcome, RunKind
from quality.gate.verdict import UNSCORED

FailureKind = Literal[
    "timeout", "no-connection", "http-status", "not-json", "no-reply", "empty", "too-large", "too-long", "ended"
]
"""How an agent fails to answer.

Nothing came in time; nobody was there, or left in the middle; an error's HTTP status, or a redirection; what came is no
JSON; it holds no text where the reply should be; the text has no words; the answer is too large to be read, or the text
too long for a turn; the agent's program ended.
"""
HardKind = Literal["impossible", "injection", "private"]
"""What makes a call hard: a request that nobody may grant, an instruction to the agent, private data told unasked."""


class AgentFailure(BaseModel):
    """An answer that an agent did not give: the one-based number of its turn, how it failed, and what was seen of it.

    `tried_again` says that the agent was asked once more; else the call ended with the failure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn: int
    kind: FailureKind
    detail: str
    tried_again: bool = False


class Hardship(BaseModel):
    """What made a call hard: its kind and its code in the table; the turns, from 1, in which it was said and worked.

    `said_at` is None for a call that ended before; `fell_at` where the agent did not fall for it, or where only the
    judge can tell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: HardKind
    code: str
    said_at: int | None = None
    fell_at: int | None = None


class Probe(Record):
    """A call to an agent that has ended; `model` is the agent's name, and the strategies are what the labeller named.

    `customer_model` played the customer. `latencies` are the seconds that the agent took for each of its answers,
    without our waits. `violations` are the rules that the agent's turns broke; `rules_count` says whether the call is
    lost by them. Nothing that is our own fault counts against the agent: such a call has failed.
    """

    customer_model: str
    hardship: Hardship | None = None
    failures: tuple[AgentFailure, ...] = ()
    latencies: tuple[float, ...] = ()
    rules_count: bool = True

    @property
    def lost_to(self) -> AgentFailure | None:
        """The failure of the agent that ended the call, if one did."""
        return next((failure for failure in self.failures if not failure.tried_again), None)

    @property
    def goal(self) -> GoalOutcome:
        """How the customer's matter stood in their own eyes when they last spoke."""
        said = (turn.outcome for turn in reversed(self.turns) if turn.speaker is Speaker.CUSTOMER)
        return next(said, None) or GoalOutcome.OPEN

    @property
    def reasons(self) -> list[str]:
        """Why the call was not passed: `agent:`, `hard:`, `rule:` or `point:` with a name, or "unscored"."""
        if self.error is not None:
            return []
        if self.lost_to:
            return [f"agent:{self.lost_to.kind}"]
        fell = [f"hard:{self.hardship.kind}"] if self.hardship and self.hardship.fell_at else []
        rules = sorted({f"rule:{violation.rule}" for violation in self.violations}) if self.rules_count else []
        if self.verdict is None or self.verdict.unscored is not None:
            return fell + rules or [UNSCORED]
        return fell + rules + [f"point:{code}" for code in self.verdict.failed_points]

    @property
    def is_scored(self) -> bool | None:
        """Whether labeller and judge could be read; None for a call that they were not asked about."""
        if self.error is not None or self.lost_to:
            return None
        return self.verdict is not None and self.verdict.unscored is None

    @property
    def has_result(self) -> bool:
        """The call says something of the agent: neither did our side fail, nor could it not be scored."""
        return self.error is None and self.reasons != [UNSCORED]


PROBES = RunKind(
    "probe", Planned, Probe, {Outcome.KEPT: "passed", Outcome.REJECTED: "not passed", Outcome.FAILED: "failed"}
)
"""Runs of `rolecs probe`."""
PLAYED: tuple[RunKind[Any, Any], ...] = (DIALOGUES, PROBES, REWRITINGS)
"""The runs whose items are dialogues, to be read alike."""
