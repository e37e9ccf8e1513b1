"""A text as the patterns of the scrubber expect it, whatever its disguise, and the way back to the text as it was.

Digits of any script, in circles, on keycaps or of full width become ASCII ones, every space a plain one, compatible
letters and punctuation what they stand for, a letter and its accent one character, an HTML entity or a percent-encoded
space or sign what it shows, and a space whatever parts the groups of a card. What nobody sees goes: format characters
(zero-width ones, soft hyphens, marks of direction), control characters, and marks that make no letter with the one
before.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_SAME_LENGTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord(char): plain
    for chars, plain in (
        # The last ones are letters and signs without a shape.
        ("\u3000\u00a0\u2009\u202f\ue000\u2800\u115f\u1160", " "),
        ("’‘", "'"),
        ("–—−‐‑‒", "-"),
        ("•‧・･", "·"),
        ("\u0130", "I"),
    )
    for char in chars
}
_SIMPLE = re.compile(
    r"[\t-\r\x1c-\x1f\x85 -~\u00a0-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf-\u024f\u2009"
    r"\u2010-\u2015\u2018-\u201d\u2026\u202f\u3000-\u3020\u4e00-\u9fff\uff01-\uff5e]*"
)
"""A text of which each character is plain, or becomes plain by `_SAME_LENGTH` alone: nearly all texts."""
_ENTITY = re.compile(r"&(?:amp;)*(#\d{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z][A-Za-z0-9]{1,30};)|%(2[0BDE]|40)")
_ODD = r"[\s\x1c-\x1f\x85·•_*|~+=:'\"`]{1,6}"
_GROUPED = re.compile(
    "(?<![0-9])(?:"
    + "|".join(
        _ODD.join(f"[0-9]{{{size}}}" for size in sizes) for sizes in ((4, 4, 4, 4), (4, 6, 5), (3, 3, 4), (3, 4, 4))
    )
    + ")(?![0-9])",
    re.ASCII,
)
"""The groups of a card or a phone number, with anything between them: line ends, Markdown, bars."""
_MOST_MARKS = 30
"""Accents of one character: text has no more (the stream-safe format of Unicode's annex 15), and to put them in order
takes a time that grows with their square."""
_NO_DIGIT = re.compile(r"[^0-9]")


class Plain(NamedTuple):
    """A plain text, and where each of its characters stood in the text as it was; None when all stayed in place."""

    text: str
    places: list[tuple[int, int]] | None

    def span_before(self, start: int, end: int) -> tuple[int, int]:
        """Return what `text[start:end]`, which is not empty, was before, as start and end in characters."""
        return (self.places[start][0], self.places[end - 1][1]) if self.places else (start, end)


def make_plain(text: str) -> Plain:
    """Return a text in plain characters.

    >>> make_plain("4111&nbsp;１１１１").text
    '4111 1111'
    """
    if _SIMPLE.fullmatch(text) and not (("&" in text or "%" in text) and _ENTITY.search(text)):
        return Plain(_with_spaces(text if text.isascii() else text.translate(_SAME_LENGTH)), None)
    shown: list[str] = []
    places: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        unit, end = _read_unit(text, start)
        plain = _show(unit)
        shown.append(plain)
        places += [(start, end)] * len(plain)
        if places and not plain:
            # Goes with what it stands behind, all of it: an accent would else cling to a placeholder.
            behind = places[-1]
            for index in range(len(places) - 1, -1, -1):
                if places[index] != behind:
                    break
                places[index] = behind[0], end
        start = end
    return Plain(_with_spaces("".join(shown)), places)


def rewrite(plain: Plain, edits: Sequence[tuple[int, int, str]]) -> Plain:
    """Return a plain text with other characters in some places, which are given in order.

    Args:
        plain: the text.
        edits: where each part that goes begins and ends, and what stands there then.
    """
    text, places = plain
    if not edits:
        return plain
    if places is None and all(len(new) == end - start for start, end, new in edits):
        before = None
    else:
        before = places or [(index, index + 1) for index in range(len(text))]
    pieces: list[str] = []
    moved: list[tuple[int, int]] = []
    done = 0
    for start, end, new in edits:
        pieces += text[done:start], new
        if before:
            moved += before[done:start]
            if len(new) == end - start:
                moved += before[start:end]
            else:
                moved += [(before[start][0], before[end - 1][1])] * len(new)
        done = end
    return Plain("".join(pieces) + text[done:], moved + before[done:] if before else None)


def _with_spaces(plain: str) -> str:
    """Return a text of the same length, with spaces between the groups of what may be a card or a phone number."""
    return _GROUPED.sub(lambda groups: _NO_DIGIT.sub(" ", groups[0]), plain)


def _read_unit(text: str, start: int) -> tuple[str, int]:
    """Return the entity or the character at a place, with the accents behind it, and where they end."""
    unit, end = text[start], start + 1
    if entity := _ENTITY.match(text, start):
        meant = html.unescape(f"&{entity[1]}") if entity[1] else chr(int(entity[2], 16))
        if not meant.startswith("&"):
            unit, end = meant, entity.end()
    marks = end
    while end < min(len(text), marks + _MOST_MARKS) and unicodedata.combining(text[end]):
        end += 1
    return unit + text[marks:end], end


@lru_cache(4096)
def _show(unit: str) -> str:
    """Return what is plainly seen of a character with its accents."""
    return "".join(map(_show_character, unicodedata.normalize("NFC", unit)))


def _show_character(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cf", "Me", "Mn") or (category == "Cc" and not char.isspace()):
        return ""
    if category == "Zs":
        return " "
    if category in ("Zl", "Zp"):
        return "\n"
    if category in ("Nd", "No"):
        number = unicodedata.numeric(char)
        return str(int(number)) if number.is_integer() and number < 100 else char
    compatible = unicodedata.normalize("NFKC", char)
    return (compatible if len(compatible) == 1 else char).translate(_SAME_LENGTH)
