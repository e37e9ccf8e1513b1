"""Which dialogues a model may have been trained on: those much of whose wording occurs in what it was trained on.

The measure is the share of a dialogue's 13-grams that occur there. GPT-3 looked for single ones (Brown et al. 2020,
arXiv 2005.14165, appendix C), but calls share whole greetings and goodbyes without one having been copied from another.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from outputs.datasets.dialogues import Labelled
from outputs.datasets.roles import RoleRow
from quality.text import split_words

NGRAM = 13
"""Words of an n-gram; a Chinese character is a word."""
LEAST_SHARED = 0.2
"""Share of a dialogue's n-grams from which it counts as overlapping."""
SHOWN = 5
"""How many overlapping dialogues are named."""


class Overlap(NamedTuple):
    """A dialogue's number in the set, how many different n-grams it has, and how many of them occur in the training."""

    number: int
    ngrams: int
    shared: int

    @property
    def is_overlapping(self) -> bool:
        """Tell whether the dialogue counts as seen; one shorter than an n-gram never does."""
        return self.ngrams > 0 and self.shared >= LEAST_SHARED * self.ngrams


class Contamination(NamedTuple):
    """Which dialogues of a set overlap with what a model was trained on.

    `overlapping` are their ids, `others` the numbers of all others, `left_out` whether only these are evaluated on.
    """

    overlapping: tuple[str, ...]
    others: tuple[int, ...]
    left_out: bool

    @classmethod
    def of(cls, dialogues: Sequence[Labelled], overlaps: Sequence[Overlap], *, left_out: bool) -> "Contamination":
        """Sum up what was found."""
        return cls(
            tuple(dialogues[overlap.number].id for overlap in overlaps if overlap.is_overlapping),
            tuple(overlap.number for overlap in overlaps if not overlap.is_overlapping),
            left_out,
        )

    def describe(self) -> str:
        """Return what was found as a sentence."""
        count, total = len(self.overlapping), len(self.overlapping) + len(self.others)
        line = f"{count:,} of {total:,} dialogues share {LEAST_SHARED:.0%} of their {NGRAM}-grams with the training"
        if not count:
            return f"{line}."
        named = ", ".join(self.overlapping[:SHOWN]) + (", ..." if count > SHOWN else "")
        return f"{line} ({named}){'; they are left out' if self.left_out else ': --decontaminate leaves them out'}."

    def figures(self) -> dict[str, Any]:
        """Return what was found as it is written."""
        return {
            "ngram": NGRAM,
            "least_shared": LEAST_SHARED,
            "dialogues": len(self.overlapping) + len(self.others),
            "overlapping": self.overlapping,
            "left_out": self.left_out,
        }


def find_overlaps(dialogues: Sequence[Labelled], rows: Iterable[RoleRow]) -> list[Overlap]:
    """Return for each dialogue how much of its wording occurs in what a model was trained on.

    Memory grows with the dialogues and the longest row of each dialogue trained on.

    Args:
        dialogues: those that the model is to be evaluated on.
        rows: the requests and answers that it was trained on.
    """
    own = [frozenset(_ngrams(" ".join(turn.text for turn in dialogue.turns))) for dialogue in dialogues]
    wanted = frozenset().union(*own)
    found = {ngram for text in _texts(rows) for ngram in _ngrams(text) if ngram in wanted}
    return [Overlap(number, len(ngrams), len(ngrams & found)) for number, ngrams in enumerate(own)]


def _ngrams(text: str) -> Iterator[tuple[str, ...]]:
    words = split_words(text)
    return zip(*(words[start:] for start in range(NGRAM)), strict=False)


def _texts(rows: Iterable[RoleRow]) -> Iterator[str]:
    """Yield every answer, and once for each dialogue, from its longest request, what was said before."""
    longest: dict[str, RoleRow] = {}
    for row in rows:
        yield row.answer
        if row.dialogue not in longest or len(row.messages) > len(longest[row.dialogue].messages):
            longest[row.dialogue] = row
    for row in longest.values():
        # What the system's message holds was not said by anybody.
        yield " ".join(message.content for message in row.messages if message.role != "system") + f" {row.answer}"
