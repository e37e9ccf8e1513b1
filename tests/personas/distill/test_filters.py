"""Filters: each rule drops what it names, and nothing else."""

import pytest
from pydantic import ValidationError

from agents.csc.speakers import Speaker
from personas.distill.filters import Filters
from personas.distill.transcripts import Line, Transcript

LONG = "I have been waiting for the refund since May."


def call(*texts: str) -> Transcript:
    """Make a call that the customer opens."""
    speakers = (Speaker.CUSTOMER, Speaker.SUPPORTER)
    return Transcript("c", tuple(Line(speakers[i % 2], text) for i, text in enumerate(texts)))


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        ([LONG, "Let me look.", LONG, "I see.", "Good.", "Done."], None),
        (["您好，我的钱还没到。", "好的。", "昨天转的五千块。", "我看看。", "快点。", "好了。"], None),
        ([LONG, "Let me look.", LONG, "I see."], "too-short"),
        ([LONG, "I see it now."] * 31, "too-long"),
        ([LONG, "Let me look." * 50, LONG, "I see.", "Good.", "Done."], "long-utterance"),
        ([LONG, "a", LONG, "b", LONG, "c"], "one-sided"),
        ([LONG], "one-sided"),
        ([], "one-sided"),
        ([LONG, "Let me look.", "Yes.", "I see.", "Good.", "Done."], "little-said"),
    ],
)
def test_a_call_fails_the_rule_that_it_breaks(texts: list[str], rule: str | None) -> None:
    assert Filters().failed_rule(call(*texts)) == rule


def test_limits_can_be_set_and_contradictions_are_refused() -> None:
    short = call(LONG, "Let me look.", LONG, "I see.")
    assert Filters(min_exchanges=2).failed_rule(short) is None
    assert Filters(min_exchanges=2, min_substantial=3).failed_rule(short) == "little-said"
    assert Filters(min_exchanges=2, max_utterance_chars=20).failed_rule(short) == "long-utterance"
    assert Filters(min_exchanges=1, max_exchanges=1).failed_rule(short) == "too-long"
    assert Filters(min_exchanges=2, min_share=0.4).failed_rule(short) == "one-sided"
    with pytest.raises(ValidationError, match="max_exchanges 2 is below min_exchanges 3"):
        Filters(max_exchanges=2)
