"""How a run stands, seen from outside: whether a job works on it, how fast, what it kept and what it cost."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from agents.llm.usage import Role, Usage
from outputs.runs.cost import Prices
from outputs.runs.lock import Owner
from outputs.runs.run import Funnel, Outcome, Provenance, count_left

RECENT_S = 600.0
"""Seconds back from now that a recent rate is taken over."""


class Status(BaseModel):
    """How a run stands. `process` and `host` are those of the job that works on it, where one does.

    `causes` are what dialogues failed or went unscored for.
    Rates are ended dialogues per minute: over the last 10 minutes of a job that works, and since the first one ended.
    They, the seconds left and the costs in US dollars are None where nothing tells them.
    """

    model_config = ConfigDict(frozen=True)

    working: bool
    process: int | None
    host: str | None
    planned: int
    ended: int
    target_kept: int | None
    outcomes: dict[Outcome, int]
    reasons: dict[str, int]
    causes: dict[str, dict[str, int]]
    per_minute_recently: float | None
    per_minute: float | None
    seconds_left: float | None
    usage: dict[Role, Usage]
    tokens_per_kept: float | None
    usd: float | None
    usd_per_kept: float | None


def build_status(
    provenance: Provenance, funnel: Funnel, ended: Sequence[float], owner: Owner | None, now: float
) -> Status:
    """Say how a run stands.

    Args:
        provenance: of the run; target and prices are those of its last job.
        funnel: of the run.
        ended: when its dialogues ended, in Unix time, the earliest first.
        owner: the job that works on it.
        now: in Unix time.
    """
    target = provenance.settings.get("target_kept")
    prices = stored_prices(provenance)
    recently = _per_minute(ended, now - RECENT_S, now) if owner else None
    left = count_left(funnel.outcomes, target)
    usd = prices.cost(funnel.total_usage) if prices.are_given else None
    kept = funnel.outcomes[Outcome.KEPT]
    return Status(
        working=owner is not None,
        process=owner.process if owner else None,
        host=owner.host if owner else None,
        planned=funnel.planned,
        ended=funnel.ended,
        target_kept=target,
        outcomes=funnel.outcomes,
        reasons=funnel.reasons,
        causes=funnel.causes,
        per_minute_recently=recently,
        per_minute=_per_minute(ended, 0.0, now if owner or not ended else ended[-1]),
        seconds_left=60 * left / recently if owner and recently and left is not None else None,
        usage=funnel.usage,
        tokens_per_kept=funnel.tokens_per_kept,
        usd=usd,
        usd_per_kept=usd / kept if usd is not None and kept else None,
    )


def stored_prices(provenance: Provenance) -> Prices:
    """Return the prices of a run's last job."""
    return Prices.model_validate(provenance.settings.get("prices", {}))


def _per_minute(ended: Sequence[float], since: float, until: float) -> float | None:
    """Return how many dialogues ended per minute in a time, but not before the first one had ended.

    >>> _per_minute([0, 60, 120], 30, 120), _per_minute([0, 60, 120], -600, 240), _per_minute([], 0, 60)
    (1.3333333333333333, 0.5, None)
    """
    since = max(since, ended[0]) if ended else since
    if not ended or until <= since:
        return None
    return 60 * (bisect_right(ended, until) - bisect_right(ended, since)) / (until - since)


def describe_status(status: Status) -> Iterator[str]:
    """Yield how a run stands, in lines; its tables are those of the summary."""
    owner = Owner(status.process, status.host or "")
    yield f"A job works on it: {owner}." if status.working else "No job works on it."
    yield f"{status.ended:,} of {status.planned:,} planned have ended."
    if status.target_kept is not None:
        yield f"{status.outcomes[Outcome.KEPT]:,} are kept of {status.target_kept:,} that are wanted."
    if status.per_minute is not None:
        recently = (
            "" if status.per_minute_recently is None else f"{status.per_minute_recently:.1f} over the last 10 minutes, "
        )
        left = "" if status.seconds_left is None else f"; {timedelta(seconds=round(status.seconds_left))} left"
        yield f"Ended per minute: {recently}{status.per_minute:.1f} since the first{left}."
