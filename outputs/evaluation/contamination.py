"""Which dialogues of a set a model may have been trained on: copies, much of the same wording, the same in other words.

A copy is a dialogue whose supporter's turns are all, word for word, in one that was trained on. Wording is compared by
the share of a dialogue's 13-grams that occur in the training. GPT-3 looked for single ones (Brown et al. 2020, arXiv
2005.14165, appendix C), but calls share whole greetings and goodbyes without one having been copied from another.
Meaning is compared by the cosine similarity with the nearest dialogue that was trained on.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.csc.speakers import Speaker
from agents.prompts.rendering import openings
from outputs.datasets.dialogues import Labelled
from outputs.datasets.roles import RoleRow
from quality.text import ngrams, split_words

NGRAM = 13
"""Words of an n-gram; a Chinese character is a word."""
LEAST_SHARED = 0.2
"""Share of a dialogue's n-grams from which it counts as overlapping."""
LEAST_SIMILAR = 0.95
"""Cosine similarity from which a dialogue counts as one that was trained on, in other words."""
SHOWN = 5
"""How many overlapping dialogues are named."""
_ROWS = 1_024
"""Rows of a matrix of similarities that are computed at once."""
_STRATEGY = re.compile(r"^\[[A-Z]{2}\] ")
"""In front of the supporter's words in chats that are exported with strategies."""


class Overlap(NamedTuple):
    """How far a dialogue occurs in the training.

    Attributes:
        number: of the dialogue in the set.
        ngrams: how many different n-grams it has.
        shared: how many of them occur in the training.
        is_copy: whether one dialogue there has all its supporter's turns.
        similarity: cosine similarity with the nearest one there; None where nobody has looked.
    """

    number: int
    ngrams: int
    shared: int
    is_copy: bool
    similarity: float | None = None

    @property
    def shares_wording(self) -> bool:
        """Tell whether it shares enough n-grams; one shorter than an n-gram never does."""
        return self.ngrams > 0 and self.shared >= LEAST_SHARED * self.ngrams

    @property
    def is_similar(self) -> bool:
        """Tell whether it is near enough to one that was trained on."""
        return self.similarity is not None and self.similarity >= LEAST_SIMILAR

    @property
    def is_overlapping(self) -> bool:
        """Tell whether the dialogue counts as seen."""
        return self.is_copy or self.shares_wording or self.is_similar


class Contamination(NamedTuple):
    """Which dialogues of a set overlap with what a model was trained on.

    `overlapping` are their ids, `others` the numbers of all others, `left_out` whether only these are evaluated on.
    `copies`, `wording` and `similar` are how many overlap by each measure; `encoder` is the model of the last, None
    where nobody has looked.
    """

    overlapping: tuple[str, ...]
    others: tuple[int, ...]
    copies: int
    wording: int
    similar: int
    encoder: str | None
    left_out: bool

    @classmethod
    def of(
        cls, dialogues: Sequence[Labelled], overlaps: Sequence[Overlap], encoder: str | None, *, left_out: bool
    ) -> "Contamination":
        """Sum up what was found."""
        return cls(
            overlapping=tuple(dialogues[overlap.number].id for overlap in overlaps if overlap.is_overlapping),
            others=tuple(overlap.number for overlap in overlaps if not overlap.is_overlapping),
            copies=sum(overlap.is_copy for overlap in overlaps),
            wording=sum(overlap.shares_wording for overlap in overlaps),
            similar=sum(overlap.is_similar for overlap in overlaps),
            encoder=encoder,
            left_out=left_out,
        )

    def describe(self) -> str:
        """Return what was found as a sentence."""
        count, total = len(self.overlapping), len(self.overlapping) + len(self.others)
        measures = [
            f"copies: {self.copies:,}",
            f"{LEAST_SHARED:.0%} or more of the {NGRAM}-grams: {self.wording:,}",
            *([f"{LEAST_SIMILAR} alike or more by {self.encoder}: {self.similar:,}"] if self.encoder else []),
        ]
        line = f"{count:,} of {total:,} dialogues overlap with the training ({'; '.join(measures)})"
        if not count:
            return f"{line}."
        named = ", ".join(self.overlapping[:SHOWN]) + (", ..." if count > SHOWN else "")
        return f"{line}: {named}. {'They are left out.' if self.left_out else '--decontaminate leaves them out.'}"

    def figures(self) -> dict[str, Any]:
        """Return what was found as it is written."""
        return {
            "ngram": NGRAM,
            "least_shared": LEAST_SHARED,
            "least_similar": LEAST_SIMILAR if self.encoder else None,
            "encoder": self.encoder,
            "dialogues": len(self.overlapping) + len(self.others),
            "copies": self.copies,
            "wording": self.wording,
            "similar": self.similar if self.encoder else None,
            "overlapping": self.overlapping,
            "left_out": self.left_out,
        }


class Trained(NamedTuple):
    """A dialogue that was trained on, as far as its rows tell: its longest request, and all answers."""

    talk: list[str]
    answers: list[str]


def trained_dialogues(rows: Iterable[RoleRow]) -> list[Trained]:
    """Return the dialogues that rows were made of, in their order."""
    longest: dict[str, RoleRow] = {}
    answers: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        answers[row.dialogue].append(row.answer)
        # Of two as long the later one: a turn's strategy is asked for before its words.
        if row.dialogue not in longest or len(row.messages) >= len(longest[row.dialogue].messages):
            longest[row.dialogue] = row
    return [Trained(list(_talk(row)), answers[name]) for name, row in longest.items()]


def _talk(row: RoleRow) -> Iterator[str]:
    """Yield what was said up to an answer, and the answer.

    What is ours is left out: the system's message, the line that opens a call, and the task.
    """
    said = [message.content for message in row.messages if message.role != "system"]
    for text in (*said[:-1], *(last.rpartition("\n\n")[0] or last for last in said[-1:])):
        if text not in openings():
            yield _STRATEGY.sub("", text)
    yield _STRATEGY.sub("", row.answer)


def find_overlaps(dialogues: Sequence[Labelled], trained: Iterable[Trained]) -> list[Overlap]:
    """Return for each dialogue how much of its wording occurs in what a model was trained on.

    Memory grows with the dialogues that are looked for alone.

    Args:
        dialogues: those that the model is to be evaluated on.
        trained: those that it was trained on.
    """
    own = [frozenset(_ngrams(" ".join(turn.text for turn in dialogue.turns))) for dialogue in dialogues]
    turns = [frozenset(_supporter_turns(dialogue)) for dialogue in dialogues]
    wanted, wanted_turns = frozenset().union(*own), frozenset().union(*turns)
    found: set[tuple[str, ...]] = set()
    copies: set[int] = set()
    for one in trained:
        for text in (" ".join(one.talk), *one.answers):
            found.update(ngram for ngram in _ngrams(text) if ngram in wanted)
        said = {_plain(_STRATEGY.sub("", text)) for text in (*one.talk, *one.answers)} & wanted_turns
        copies |= _all_in(turns, said)
    return [Overlap(number, len(ngrams), len(ngrams & found), number in copies) for number, ngrams in enumerate(own)]


def _all_in(turns: Sequence[Set[str]], said: Set[str]) -> set[int]:
    """Return the numbers of the dialogues all of whose turns were said."""
    return {number for number, of in enumerate(turns) if of and of <= said} if said else set()


def nearest(vectors: NDArray[np.float32], trained: NDArray[np.float32]) -> list[float]:
    """Return the cosine similarity of each dialogue with the nearest one that was trained on.

    Args:
        vectors: of the dialogues, shape [dialogues, dimensions], rows of length 1.
        trained: the same, of one or more that were trained on.
    """
    blocks = (vectors[start : start + _ROWS] @ trained.T for start in range(0, len(vectors), _ROWS))
    return [float(similarity) for block in blocks for similarity in block.max(axis=1)]


def _supporter_turns(dialogue: Labelled) -> Iterator[str]:
    return (_plain(turn.text) for turn in dialogue.turns if turn.speaker is Speaker.SUPPORTER)


def _plain(text: str) -> str:
    return " ".join(split_words(text))


def _ngrams(text: str) -> Iterator[tuple[str, ...]]:
    return ngrams(split_words(text), NGRAM)
