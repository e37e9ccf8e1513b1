"""What the scrubber finds on the labelled sentences that it was mended with does not fall back.

`make bench` prints all figures, those on sentences that nobody looked at included: these are asserted nowhere.
"""

import pytest

from agents.csc.language import Language
from benchmarks.private_data import NUMBERS, SEEN, Score, measure
from quality.privacy import Private


@pytest.mark.parametrize("language", Language)
def test_recall_and_precision(language: Language) -> None:
    scores, _ = measure(SEEN / f"{language}.jsonl")
    assert sum(score.labelled for score in scores.values()) > 200
    found = sum((scores[kind] for kind in NUMBERS), Score())
    assert found.recall >= 0.98, "see benchmarks.private_data --mistakes"
    assert scores[Private.USER_NAME].recall >= 0.9, "see benchmarks.private_data --mistakes"
    assert sum(scores.values(), Score()).precision >= 0.95, "see benchmarks.private_data --mistakes"
