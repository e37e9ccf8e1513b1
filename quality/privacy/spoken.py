"""What is said letter by letter and digit by digit: fillers between them go, and spelled names and codes are found.

All patterns expect plain text and step over each character a bounded number of times.
"""

import re
from collections.abc import Collection, Iterator

from quality.privacy.cues import Cues, Finding, Private
from quality.privacy.lexicon import keys_of, may_spell
from quality.privacy.numbers import NUMBER_WORDS, holds_number
from quality.privacy.plain import Plain, rewrite
from quality.privacy.spoken_zh import write_down_zh

_FLAGS = re.IGNORECASE | re.ASCII

_NATO = (
    "alpha|alfa|bravo|charlie|delta|echo|foxtrot|golf|hotel|india|juliett?|kilo|lima|mike|november|oscar|papa|quebec"
    "|romeo|sierra|tango|uniform|victor|whiske?y|x-?ray|yankee|zulu"
)
"""The words of the spelling alphabet of radio operators (ICAO)."""
_FILLER = (
    r"(?:u+h+m*|u+m+|e+r+m*|h+m+|hang on(?: a (?:sec|second|minute))?|hold on|let me (?:see|look|check)"
    r"|(?:no,? )?(?:wait|sorry)|i mean|make that"
    r"|one sec)"
)
_SAID = rf"(?:{NUMBER_WORDS}|\d{{1,19}}|[A-Za-z])"
_FILLERS = re.compile(
    rf"(?<![\w'])(?:{_SAID}|hundred|dash|hyphen|slash)(?P<filler>(?:[,.]{{0,3}} {_FILLER}(?![\w'])){{1,3}}[,.]{{0,3}})"
    rf"(?= (?:double |triple |then )?{_SAID}(?![\w']))",
    _FLAGS,
)
_MAY_FILL = re.compile(r"\b(?:u+[hm]|e+r+m?|h+m+|hang on|hold on|let me|wait|sorry|one sec|i mean|make that)\b", _FLAGS)
_LETTER = (
    r"(?:(?:capital|big|small|upper ?case|lower ?case) )?(?:(?:double|triple) )?[A-Za-z](?:,? (?:as in|for"
    r"|like) [A-Za-z]+)?"
)
_TOKEN = (
    rf"(?:{_NATO}|(?:(?:double|triple) )?(?:{NUMBER_WORDS})|\d{{1,4}}|[A-Z]{{2,3}}(?= (?:slash|dash|stroke)\b)"
    rf"|{_LETTER})(?![\w'])"
)
_SPELLED = re.compile(
    rf"(?<![\w'-]){_TOKEN}(?:(?: ?- ?|[,.]{{1,3}} ?| |,? (?:apostrophe|dash|hyphen|slash|stroke|space|then"
    rf"|and),? ){_TOKEN}){{2,40}}",
    _FLAGS,
)
_TOKENS = re.compile(_TOKEN, _FLAGS)
_AS_IN = re.compile(r" (?:as in|for|like) ", re.IGNORECASE)
_ONE_LETTER = re.compile(rf"(?:.* )?[A-Za-z](?: (?:as in|for|like) .*)?|{_NATO}", _FLAGS)
_NATO_WORDS = frozenset(
    _NATO.replace("juliett?", "juliet|juliett")
    .replace("whiske?y", "whiskey|whisky")
    .replace("x-?ray", "x-ray|xray")
    .split("|")
)
_WORDS = ("a", "A", "I", "i")
"""Letters that are words: at the ends of a spelled text they belong to what stands beside it."""


def write_down(plain: Plain) -> Plain:
    """Return a plain text as it would be written: without what fills the pauses of who reads out a number."""
    if _MAY_FILL.search(plain.text):
        plain = rewrite(plain, [(*match.span("filler"), "") for match in _FILLERS.finditer(plain.text)])
    return plain if plain.text.isascii() else write_down_zh(plain)


def _may_be_spelled(text: str) -> bool:
    keys = keys_of(text)
    if may_spell(text) or not _NATO_WORDS.isdisjoint(keys):
        return True
    # A code may begin with a letter that is a word: "it's a 4 7 9".
    return "s" in keys and not keys.isdisjoint(("a", "i")) and holds_number(text)


def find_spelled(text: str, asked: Collection[Private]) -> Iterator[Finding]:
    """Yield the names and codes of a plain text that are spelled, letter by letter.

    Args:
        text: the plain text.
        asked: the kinds of numbers that the other side has just asked for.
    """
    if not _may_be_spelled(text):
        return
    cues = Cues(text)
    for match in _SPELLED.finditer(text):
        tokens = list(_TOKENS.finditer(text, *match.span()))
        if tokens[0][0] in _WORDS and text[tokens[0].end()] == " " and not _ONE_LETTER.fullmatch(tokens[1][0]):
            tokens.pop(0)
        if tokens[-1][0] in _WORDS and text[tokens[-1].end() : tokens[-1].end() + 2].strip().isalpha():
            tokens.pop()
        letters = [token[0] for token in tokens if _ONE_LETTER.fullmatch(token[0])]
        start, end = tokens[0].start(), tokens[-1].end()
        cue = cues.at(start, end)
        said = cue.kind if cue.enough < 5 else next(iter(asked), None)
        if len(letters) == len(tokens):
            told = sum(_AS_IN.search(letter) is not None for letter in letters)
            if len(letters) >= 4 or told >= 2 or (len(letters) == 3 and "-" in text[start:end]):
                yield Finding(start, end, said or Private.USER_NAME)
        elif letters and (len(tokens) >= 4 if said else len(tokens) >= 5 and len(letters) >= 2):
            yield Finding(start, end, said or Private.ACCOUNT_NUMBER)
