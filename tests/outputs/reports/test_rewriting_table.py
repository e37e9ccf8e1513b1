"""The table of calls before and after, on two calls that were counted by hand."""

from typing import Any

import pytest

from agents.csc.dialogue import Turn
from agents.csc.speakers import Speaker
from outputs.reports.rewriting_table import before_and_after, describe, show_before_and_after
from outputs.runs.rewriting import Rewriting
from quality.gate.verdict import Labelling, Verdict
from quality.metrics.intervals import Estimate


def lines(*texts: str) -> tuple[Turn, ...]:
    """Return turns that alternate, the supporter's first."""
    sides = (Speaker.SUPPORTER, Speaker.CUSTOMER)
    return tuple(Turn(speaker=sides[number % 2], text=text) for number, text in enumerate(texts))


@pytest.fixture
def two_calls(make_record: Any) -> list[Rewriting]:
    def rewriting(original: tuple[Turn, ...], before: Any, turns: tuple[Turn, ...], after: Any) -> Rewriting:
        verdict = Verdict(labelling=Labelling(labels=after, agreement=1, required=0))
        fields = make_record(turns=turns, verdict=verdict).model_dump()
        return Rewriting.model_validate(fields | {"source_id": "c", "original": original, "before": before})

    return [
        # 2 lines, one of the supporter of 2 words; then 4 turns, two of the supporter of 3 and 5 words.
        rewriting(
            lines("Hello there.", "Hi."),
            {1: "OT"},
            lines("One two three.", "Hi.", "A b c d e.", "Bye."),
            {1: "GT", 3: "AC"},
        ),
        # 4 lines, two of the supporter of 4 and 6 words; then 6 turns, three of 1, 2 and 3 words.
        rewriting(
            lines("a b c d.", "Hi.", "a b c d e f.", "No."),
            {1: "GT", 3: "OT"},
            lines("a.", "Hi.", "a b.", "No.", "a b c.", "Bye."),
            {1: "GT", 3: "OT", 5: "AC"},
        ),
    ]


def test_the_figures_are_as_counted_by_hand(two_calls: list[Rewriting]) -> None:
    utterances, words, share = before_and_after(two_calls)
    assert (utterances.before.value, utterances.after.value, utterances.difference.value) == (3, 5, 2)
    assert words.before.value == pytest.approx((2 + 4 + 6) / 3)
    assert words.after.value == pytest.approx((3 + 5 + 1 + 2 + 3) / 5)
    assert share.before.value == pytest.approx(100 / 3) and share.after.value == pytest.approx(100 * 4 / 5)
    assert words.difference.value == pytest.approx(14 / 5 - 4)
    assert share.difference.value == pytest.approx(80 - 100 / 3)
    # By one call drawn twice: of the first's turns none is other than OT, then all; of the second's half, then 2 of 3.
    assert (share.before.low, share.before.high) == (0, 50)
    assert share.after.low == pytest.approx(200 / 3) and share.after.high == 100
    # Each call has two utterances more: however the two are drawn, so has their mean.
    assert (utterances.difference.low, utterances.difference.high) == (2, 2)
    assert utterances.before.low == 2 and utterances.before.high == 4
    assert [row.published for row in (utterances, words, share)] == ["19 to 27", "41 to 49", "55.28 to 97.82"]


def test_no_call_makes_a_table_of_dashes() -> None:
    rows = before_and_after([])
    assert {describe(estimate) for row in rows for estimate in (row.before, row.after, row.difference)} == {"-"}
    assert show_before_and_after(rows).row_count == 3
    assert describe(Estimate(value=1.25, low=1, high=1.5), "%", "+") == "+1.2% (+1.0 to +1.5)"
