"""Forecasts: exact where nothing varies, and intervals that hold the truth about as often as they say."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import outputs.reports.forecast
from agents.llm.usage import Usage
from outputs.reports.forecast import PilotDialogue, describe_hopeless, forecast, forecast_table, read_pilot
from outputs.runs.cost import Prices
from outputs.runs.record import Record
from tests.conftest import FAILURE

PRICES = Prices(input=2.0, cached=0.5, output=8.0)
SPENT = Usage(requests=9, prompt_tokens=3000, cached_tokens=1000, completion_tokens=500)


def test_equal_dialogues_are_forecast_exactly() -> None:
    told = forecast([PilotDialogue(True, SPENT)] * 12, 1000, 36.0, PRICES)
    assert [projection.expected for projection in told[1:]] == pytest.approx(  # type: ignore[union-attr]
        [1000, 2_000_000, 1_000_000, 500_000, 1000 * 36 / 12 / 3600, 8.5]
    )
    half = forecast([PilotDialogue(True, SPENT), PilotDialogue(False, SPENT)] * 6, 1000, 36.0, PRICES)
    assert half.dialogues.expected == pytest.approx(2000) and half.price.expected == pytest.approx(17)
    # Where only the yield varies, every figure varies as it does.
    for projection in half[2:]:
        assert np.divide(projection, projection.expected) == pytest.approx(
            np.divide(half.dialogues, half.dialogues.expected)
        )  # type: ignore[union-attr]


def test_a_pilot_that_kept_all_does_not_make_the_yield_certain() -> None:
    few, many = (forecast([PilotDialogue(True, SPENT)] * size, 1000, 1.0, PRICES).dialogues for size in (12, 400))
    assert few.low == few.expected == many.expected == 1000
    assert 1100 < few.high < 1000 / (1 - 3 / 12), "the rule of three bounds the yield by 75%"
    assert 1000 < many.high < 1010


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10**6)), min_size=1, max_size=30), st.integers(1, 10**6))
@settings(max_examples=30)
def test_intervals_hold_their_value_and_scale_with_what_is_wanted(rows: list[tuple[bool, int]], wanted: int) -> None:
    pilot = [PilotDialogue(True, SPENT), *(PilotDialogue(kept, Usage(prompt_tokens=count)) for kept, count in rows)]
    one, many = forecast(pilot, 1, 60.0, PRICES, seed=3), forecast(pilot, wanted, 60.0, PRICES, seed=3)
    for small, large in zip(one[1:], many[1:], strict=True):
        assert 0 <= small.low <= small.expected <= small.high < float("inf")  # type: ignore[union-attr]
        assert np.multiply(small, wanted) == pytest.approx(np.array(large))


@pytest.mark.parametrize(("size", "share"), [(12, 0.7), (12, 0.95), (40, 0.4)])
def test_about_90_of_100_intervals_hold_the_truth(monkeypatch: pytest.MonkeyPatch, size: int, share: float) -> None:
    """300 pilots: at 90%, a count of 300 varies by 1.7%; small pilots may be told too widely, never too narrowly."""
    monkeypatch.setattr(outputs.reports.forecast, "RESAMPLES", 500)
    random, held, pilots = np.random.default_rng(5), np.zeros(2), 300
    # Lost dialogues cost half as much; costs are log-normal with mean 1000 * exp(0.08).
    mean = 1000 * np.exp(0.4**2 / 2)
    truth = np.array([1 / share, mean * (share + 0.5 * (1 - share)) / share])
    for number in range(pilots):
        kept = random.random(size) < share
        tokens = 1000 * random.lognormal(0, 0.4, size) * np.where(kept, 1, 0.5)
        assert kept.any()
        pilot = [PilotDialogue(bool(k), Usage(completion_tokens=int(t))) for k, t in zip(kept, tokens, strict=True)]
        told = forecast(pilot, 1, 1.0, PRICES, seed=number)
        intervals = (told.dialogues, told.generated)
        held += [i.low <= value <= i.high for i, value in zip(intervals, truth, strict=True)]
    assert all(0.85 <= rate <= 0.99 for rate in held / pilots), held / pilots


def test_a_pilot_that_kept_none_forecasts_nothing() -> None:
    with pytest.raises(ValueError, match="kept no dialogue"):
        forecast([PilotDialogue(False, SPENT)] * 12, 10, 1.0, PRICES)
    assert "at most 3%" in describe_hopeless(100) and "at most 100%" in describe_hopeless(2)


def test_failed_dialogues_count_as_lost_and_prices_are_shown_where_given(make_record: Callable[..., Record]) -> None:
    pilot = read_pilot([make_record(), make_record(error=FAILURE)])
    assert pilot == [
        PilotDialogue(kept, Usage(requests=1, prompt_tokens=300, completion_tokens=60)) for kept in (True, False)
    ]
    for prices in (Prices(), PRICES):
        console = Console(file=io.StringIO(), width=100)
        console.print(forecast_table(forecast(pilot, 10, 60.0, prices), prices))
        text = console.file.getvalue()  # type: ignore[attr-defined]
        assert "6,000" in text and ("price" in text) == prices.are_given
