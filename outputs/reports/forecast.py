"""Forecasts what so many kept dialogues take, from a pilot: tokens, time and price, with 90% intervals.

The intervals are a Bayesian bootstrap (Rubin 1981, Ann. Stat. 9:130-134): the pilot's dialogues are weighted anew many
times, so that yield and cost vary together, as they do where lost dialogues are cheap. Two halves of an average
dialogue, one kept and one lost, join in (Jeffreys' prior for the yield): a pilot that kept all does not make the yield
certain. Quantiles are taken further out, as Student's t asks in a small sample (the expanded percentile interval of
Hesterberg 2015, Am. Stat. 69:371-386).
"""

from collections.abc import Iterable
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rich.table import Table
from scipy.special import ndtr, stdtrit  # type: ignore[import-untyped]

from agents.llm.usage import Usage
from outputs.reports.cells import begin_table
from outputs.runs.cost import Prices, format_usd
from outputs.runs.run import EndedItem, Outcome

CONFIDENCE = 0.9
RESAMPLES = 4000
_BATCH = 1 << 22
"""How many weights are drawn at once, of 8 bytes each."""

Floats = npt.NDArray[np.float64]


class PilotDialogue(NamedTuple):
    """A dialogue of a pilot: whether it was kept, and what it spent, in requests and tokens."""

    kept: bool
    usage: Usage


class Projection(NamedTuple):
    """A quantity as it is expected, and between which values it lies with 90% confidence."""

    expected: float
    low: float
    high: float


class Forecast(NamedTuple):
    """What `wanted` kept dialogues take: dialogues to play, tokens of three kinds, hours, US dollars.

    The tokens are those of prompts that are computed, those of prompts that the prefix cache has, and those generated.
    """

    wanted: int
    dialogues: Projection
    computed: Projection
    cached: Projection
    generated: Projection
    hours: Projection
    price: Projection


def read_pilot(records: Iterable[EndedItem]) -> list[PilotDialogue]:
    """Return the dialogues of a pilot from its records; failed ones are lost ones."""
    return [PilotDialogue(record.outcome is Outcome.KEPT, record.total_usage) for record in records]


def forecast(
    pilot: list[PilotDialogue],
    wanted: int,
    seconds: float,
    prices: Prices,
    *,
    seed: int = 0,
) -> Forecast:
    """Forecast what `wanted` kept dialogues take.

    Args:
        pilot: dialogues that have ended, of which at least one was kept.
        wanted: how many dialogues are to be kept.
        seconds: how long the pilot took; the hours follow at the same rate.
        prices: of tokens, in US dollars per million.
        seed: of the resampling.

    Raises:
        ValueError: the pilot kept none, so that nothing bounds the cost.
    """
    kept = np.array([played.kept for played in pilot], np.float64)
    if not kept.any():
        raise ValueError("a pilot that kept no dialogue forecasts nothing")
    # What each dialogue adds: 1 dialogue, its tokens by kind, its share of the time, its price.
    spent = np.array([_row(played.usage, seconds / len(pilot), prices) for played in pilot], np.float64)
    expected = spent.sum(axis=0) / kept.sum()
    ratios = _resample(spent, kept, np.random.default_rng(seed))
    tail = _tail(len(pilot))
    low, high = np.quantile(ratios, [tail, 1 - tail], axis=0)
    # Where all were kept, every resampled pilot takes a little more than the pilot itself.
    bounds = zip(expected, np.minimum(low, expected), np.maximum(high, expected), strict=True)
    projections = (Projection(*(wanted * float(figure) for figure in figures)) for figures in bounds)
    return Forecast(wanted, *projections)


def _row(usage: Usage, seconds: float, prices: Prices) -> tuple[float, ...]:
    computed = usage.prompt_tokens - usage.cached_tokens
    return 1.0, computed, usage.cached_tokens, usage.completion_tokens, seconds / 3600, prices.cost(usage)


def _resample(spent: Floats, kept: Floats, random: np.random.Generator) -> Floats:
    """Return what is spent for each kept dialogue in each of the resampled pilots, [resamples, kinds]."""
    size, average = len(kept), spent.mean(axis=0)
    rows = np.vstack([spent, average, average])
    wins = np.append(kept, [1.0, 0.0])
    shapes = np.append(np.ones(size), [0.5, 0.5])
    batch = max(1, _BATCH // len(shapes))
    ratios = []
    for start in range(0, RESAMPLES, batch):
        # The Dirichlet weights need no common sum: only ratios are taken of them.
        weights = random.standard_gamma(shapes, (min(batch, RESAMPLES - start), len(shapes)))
        ratios.append((weights @ rows) / (weights @ wins)[:, None])
    return np.vstack(ratios)


def _tail(size: int) -> float:
    """Return the share that is cut off on either side in a pilot of `size`, below the nominal 5%.

    >>> round(_tail(12), 3), round(_tail(100_000), 3)
    (0.025, 0.05)
    """
    freedom = max(size - 1, 1)
    student = stdtrit(freedom, (1 + CONFIDENCE) / 2)
    return float(ndtr(-student * sqrt((size + 1) / freedom)))


def describe_hopeless(size: int) -> str:
    """Say what a pilot that kept none of its `size` dialogues tells, by the rule of three.

    >>> describe_hopeless(12)
    'None of the 12 dialogues played was kept: the yield is at most 25% (with 95% confidence), so nothing is forecast.'
    """
    return (
        f"None of the {size:,} dialogues played was kept: the yield is at most {min(1.0, 3 / size):.0%} "
        "(with 95% confidence), so nothing is forecast."
    )


def forecast_table(told: Forecast, prices: Prices) -> Table:
    """Return a forecast as a table; the price only where anything has one."""
    title = f"Forecast for {told.wanted:,} kept dialogues, with {CONFIDENCE:.0%} intervals"
    table = begin_table("", "expected", "from", "to", title=title)
    for name, projection in (
        ("dialogues to play", told.dialogues),
        ("prompt tokens, computed", told.computed),
        ("prompt tokens, cached", told.cached),
        ("tokens generated", told.generated),
    ):
        table.add_row(name, *(f"{figure:,.0f}" for figure in projection))
    table.add_row("hours at this rate", *(f"{figure:,.2f}" for figure in told.hours))
    if prices.are_given:
        table.add_row("price", *map(format_usd, told.price))
    return table
