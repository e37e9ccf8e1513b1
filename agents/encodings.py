"""Which encoding a line may be in that is no UTF-8, to tell its owner how to convert the file.

A guess, so nothing is read by it: GB18030 has no byte order mark, and a few bytes may be text in several encodings.
"""

import unicodedata
from collections.abc import Callable
from typing import NamedTuple

_MOST = 2 / 3
"""Of the characters beyond ASCII, those that everybody writes in an encoding that a line is in."""


class _Guess(NamedTuple):
    """An encoding as iconv calls it, what it holds, and whether everybody writes a character of it."""

    encoding: str
    holds: str
    is_common: Callable[[str], bool]


def _row(character: str, encoding: str) -> int:
    """Return the first byte of a character; 0 where the encoding has none."""
    return (character.encode(encoding, "ignore") or b"\0")[0]


def _is_common_gb(character: str) -> bool:
    """Tell whether a character is punctuation or one of the 3,755 common ones of GB 2312, in its rows 16 to 55."""
    return 0xB0 <= (row := _row(character, "gb2312")) <= 0xD7 or row in (0xA1, 0xA3)


def _is_common_big5(character: str) -> bool:
    """Tell whether a character is punctuation or one of the 5,401 common ones of Big5."""
    return 0xA1 <= _row(character, "big5") <= 0xC6


def _is_western(character: str) -> bool:
    return unicodedata.name(character, "").startswith("LATIN") or character in "‘’“”–—…€£«»¡¿°·•´\xa0"


_GUESSES = (
    _Guess("GB18030", "Chinese in GB18030", _is_common_gb),
    _Guess("BIG5", "Chinese in Big5", _is_common_big5),
    _Guess("WINDOWS-1252", "a Western language in Windows-1252", _is_western),
)


def why_no_text(line: str) -> str:
    r"""Return what is wrong with a line that is no UTF-8, and how to convert the file that it is from.

    Args:
        line: as `Opened` reads it, with surrogates in the place of its bytes.

    >>> why_no_text("客服：您好".encode("gb18030").decode("utf-8", "surrogateescape"))
    'no UTF-8 text; it reads as Chinese in GB18030: convert the file by iconv -f GB18030 -t UTF-8'
    """
    raw = line.encode("utf-8", "surrogateescape")
    found = next((guess for guess in _GUESSES if _may_be(raw, guess)), None)
    if not found:
        return "no UTF-8 text; convert the file by iconv -f ITS-ENCODING -t UTF-8"
    return f"no UTF-8 text; it reads as {found.holds}: convert the file by iconv -f {found.encoding} -t UTF-8"


def _may_be(raw: bytes, guess: _Guess) -> bool:
    try:
        text = raw.decode(guess.encoding)
    except UnicodeDecodeError:
        return False
    beyond = [character for character in text if not character.isascii()]
    return "".join(text.split()).isprintable() and sum(map(guess.is_common, beyond)) >= _MOST * len(beyond) > 0
