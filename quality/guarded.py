"""Patterns that are looked for only in texts that hold a word without which they cannot match.

Most texts hold none, and to look for some words costs a tenth of trying a pattern at every character.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple


class Guarded(NamedTuple):
    """A pattern, and words in small letters of which each of its matches holds one."""

    pattern: re.Pattern[str]
    words: tuple[str, ...]

    def search(self, text: str, small: str) -> re.Match[str] | None:
        """Return the first match in a text, None if there is none; `small` is `in_small(text)`."""
        return self.pattern.search(text) if any(map(small.__contains__, self.words)) else None

    def finditer(self, text: str, small: str) -> Iterable[re.Match[str]]:
        """Return the matches in a text, in order; `small` is `in_small(text)`."""
        return self.pattern.finditer(text) if any(map(small.__contains__, self.words)) else ()


def guard(pattern: str, words: str, flags: re.RegexFlag = re.IGNORECASE) -> Guarded:
    """Return a pattern that needs one of some words, which are parted by `|`."""
    return Guarded(re.compile(pattern, flags), tuple(words.split("|")))


def in_small(text: str) -> str:
    """Return a text in small letters, so that every ASCII word that `re.IGNORECASE` finds in it stands there.

    >>> in_small("VERDİCT ſ")
    'verdict s'
    """
    small = text.lower()
    # Python compares these letters with i and s, and makes two characters of the third.
    return small if small.isascii() else small.replace("ı", "i").replace("ſ", "s").replace("i\u0307", "i")
