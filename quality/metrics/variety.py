"""How varied texts are: distinct-n, the growth of the vocabulary, and what several dialogues say word for word."""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from quality.text import ngrams, split_sentences, split_words

ORDERS = (1, 2, 3)
"""The lengths n of the n-grams of distinct-n."""
MOST_NGRAMS = 2**18
"""How many different n-grams of a length are counted exactly; more are estimated, to a quarter of a percent."""
MOST_POINTS = 50
"""How many points the curve of the vocabulary has at most."""
LEAST_WORDS = 4
"""Words of a sentence that can be boilerplate; shorter ones ("Thank you.") are everybody's."""


class _DistinctCounter:
    """Counts different keys in bounded memory by adaptive sampling (Wegman; Flajolet 1990, doi 10.1007/BF02241657).

    Keys are random numbers. When there are more than `MOST_NGRAMS`, those stay that end with one more zero bit. Which
    these are depends on no order, and up to there the count is exact.
    """

    def __init__(self) -> None:
        self._kept: set[int] = set()
        self._mask = 0

    def add(self, keys: Iterable[int]) -> None:
        self._kept.update((key for key in keys if not key & self._mask) if self._mask else keys)
        while len(self._kept) > MOST_NGRAMS:
            self._mask = 2 * self._mask + 1
            self._kept = {key for key in self._kept if not key & self._mask}

    def count(self) -> int:
        return len(self._kept) * (self._mask + 1)


class _WordNumbers(dict[str, int]):
    """The words seen so far, each with its random number."""

    def __missing__(self, word: str) -> int:
        self[word] = int.from_bytes(blake2b(word.encode(), digest_size=8).digest())
        return self[word]


class Variety:
    """How varied the wording of texts is: the different n-grams, and how the vocabulary grows."""

    def __init__(self) -> None:
        self._numbers = _WordNumbers()
        self._different = {n: _DistinctCounter() for n in ORDERS}
        self._all = dict.fromkeys(ORDERS, 0)
        self._points: list[tuple[int, int]] = []
        self._stride = 1
        self._marks = 0

    def read(self, words: Sequence[str]) -> None:
        """Count the words of a turn; no n-gram goes over its end."""
        # `hash` of a text differs from run to run; that of a tuple of numbers does not.
        numbers = [self._numbers[word] for word in words]
        for n in ORDERS:
            self._all[n] += max(0, len(numbers) - n + 1)
            self._different[n].add(map(hash, ngrams(numbers, n)))

    def mark(self) -> None:
        """Set a point of the curve after a dialogue; when there are too many, every second goes."""
        self._marks += 1
        if self._marks % self._stride == 0:
            self._points.append(self._now())
            # One less than the most: the end of the set may add a point.
            if len(self._points) == MOST_POINTS:
                self._points = self._points[1::2]
                self._stride *= 2

    def _now(self) -> tuple[int, int]:
        return self._all[1], len(self._numbers)

    def distinct(self, n: int) -> float:
        """Return distinct-n. An estimate may lie a little above all there are."""
        return min(1.0, self._different[n].count() / self._all[n]) if self._all[n] else 0.0

    def curve(self) -> list[tuple[int, int]]:
        """Return words read -> different words."""
        return list(dict.fromkeys([*self._points, *([self._now()] if self._marks else [])]))


class Boilerplate:
    """How much is said word for word in more than one dialogue: phrases that would fit any call.

    Of each sentence only a number is kept.
    """

    def __init__(self) -> None:
        self._dialogues: Counter[int] = Counter()
        """In how many dialogues a sentence occurs."""
        self._said: Counter[int] = Counter()

    def read(self, texts: Iterable[str]) -> None:
        """Count the sentences of a dialogue's texts that have `LEAST_WORDS` words or more."""
        said = Counter(
            int.from_bytes(blake2b(" ".join(words).encode(), digest_size=8).digest())
            for text in texts
            for sentence in split_sentences(text)
            if len(words := split_words(sentence)) >= LEAST_WORDS
        )
        self._said.update(said)
        self._dialogues.update(said.keys())

    def share(self) -> float | None:
        """Return the share of the sentences that another dialogue has as well; None without any sentence."""
        shared = sum(times for sentence, times in self._said.items() if self._dialogues[sentence] > 1)
        return shared / self._said.total() if self._said else None
