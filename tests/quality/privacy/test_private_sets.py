"""What the scrubber finds on labelled sentences does not fall back; `make bench` prints all figures."""

import pytest

from agents.csc.language import Language
from benchmarks.private_data import NUMBERS, Score, measure
from quality.privacy import Private


@pytest.mark.parametrize(
    ("name", "numbers", "names"),
    [("en", 0.98, 0.9), ("zh", 0.98, 0.9), ("blind-en", 0.9, 0.8), ("blind-zh", 0.98, 0.75)],
)
def test_recall_and_precision(name: str, numbers: float, names: float) -> None:
    scores, _ = measure(name)
    found = sum((scores[kind] for kind in NUMBERS), Score())
    assert found.recall >= numbers, "see benchmarks.private_data --mistakes"
    assert scores[Private.USER_NAME].recall >= names, "see benchmarks.private_data --mistakes"
    assert sum(scores.values(), Score()).precision >= 0.95, "see benchmarks.private_data --mistakes"


def test_the_sets_cover_both_languages() -> None:
    assert sum(score.labelled for language in Language for score in measure(language)[0].values()) > 400
