"""What is said letter by letter and digit by digit: fillers between them go, and spelled names and codes are found.

All patterns expect plain text and step over each character a bounded number of times.
"""

import re
from collections.abc import Collection, Iterator

from quality.privacy.cues import Cues, Finding, Private, is_cue
from quality.privacy.digits import NUMBER_WORDS, TIMES
from quality.privacy.lexicon import is_letters_of_code, keys_of, may_spell
from quality.privacy.numbers import holds_number
from quality.privacy.plain import Plain, rewrite
from quality.privacy.spoken_zh import write_down_zh

_FLAGS = re.IGNORECASE | re.ASCII

_NATO = (
    "alpha|alfa|bravo|charlie|delta|echo|foxtrot|golf|hotel|india|juliett?|kilo|lima|mike|november|oscar|papa|quebec"
    "|romeo|sierra|tango|uniform|victor|whiske?y|x[- ]?ray|yankee|zulu"
)
"""The words of the spelling alphabet of radio operators (ICAO)."""
_FILLER = (
    r"(?:u+h+m*|u+m+|e+r+m*|h+m+|hang on(?: a (?:sec|second|minute))?|hold on|let me (?:see|look|check)"
    r"|(?:(?:no|nope|nah),? )?(?:wait|sorry)|no|nope|i mean|i think(?: (?:it's|an?))?|make that|actually|okay|one sec"
    r"|bear with me|here (?:it is|we are|we go)|yeah)"
)
_SAID = rf"(?:{NUMBER_WORDS}|\d{{1,19}}|[A-Za-z])"
_HESITATION = r"(?:u+h+m*|u+m+|e+r+m*|h+m+)"
_FILLERS = re.compile(
    rf"(?<![\w'])(?:(?:{_SAID}|hundred|dash|hyphen|slash|{_NATO}|(?:as in|for"
    rf"|like) [A-Za-z-]{{1,16}})(?P<filler>(?:[,.]{{0,3}} {_FILLER}(?![\w'])){{1,3}}[,.]{{0,3}})"
    rf"(?= (?:(?:{TIMES}|then) )?(?:{_SAID}|{_NATO})(?![\w']))"
    # Letters that a transcript writes as one word.
    rf"|[A-Za-z]{{2,5}}(?P<hesitation>,? {_HESITATION},?)(?= (?:(?:{TIMES}) )?(?:{NUMBER_WORDS}|\d{{1,19}})(?![\w'])))",
    _FLAGS,
)
_MAY_FILL = re.compile(
    r"\b(?:u+[hm]|e+r+m?|h+m+|hang on|hold on|let me|bear with|here (?:it|we)|wait|sorry|one sec|i mean|make that)\b"
    rf"|\b(?:no|nope|actually|okay|i think(?: (?:it's|an?))?),? (?:\d|[b-hj-z]\b|(?:{NUMBER_WORDS}|{TIMES})\b)",
    _FLAGS,
)
_LETTER = (
    rf"(?:(?:capital|big|small|upper ?case|lower ?case) )?(?:(?:{TIMES}) )?[A-Za-z](?:,? (?:as in|for"
    r"|like) [A-Za-z-]+)?"
)
_TOKEN = (
    rf"(?:{_NATO}|(?:(?:{TIMES}) )?(?:{NUMBER_WORDS})|\d{{1,4}}|[A-Z]{{2,3}}(?= (?:slash|dash|stroke)\b)"
    rf"|{_LETTER})(?![\w'])"
)
_SPELLED = re.compile(
    rf"(?<![\w'-]){_TOKEN}(?:(?: ?- ?|[,.]{{1,3}} ?| |,? (?:apostrophe|dash|hyphen|slash|stroke|space|then"
    rf"|and),? ){_TOKEN}){{2,40}}",
    _FLAGS,
)
_TOKENS = re.compile(_TOKEN, _FLAGS)
_PIECE_BEFORE = re.compile(r"(?<![\w'-])([A-Za-z]{2,5})[ ,-]{1,2}$", re.ASCII)
_PIECE_BEHIND = re.compile(r"[ ,-]{1,2}([A-Za-z]{2,5})(?![\w'-])", re.ASCII)
_AS_IN = re.compile(r" (?:as in|for|like) ", re.IGNORECASE)
_ONE_LETTER = re.compile(rf"(?:.* )?[A-Za-z](?: (?:as in|for|like) .*)?|{_NATO}", _FLAGS)
_NATO_WORDS = frozenset(
    _NATO.replace("juliett?", "juliet|juliett")
    .replace("whiske?y", "whiskey|whisky")
    .replace("x[- ]?ray", "x-ray|xray")
    .split("|")
)
_WORDS = ("a", "A", "I", "i")
"""Letters that are words: at the ends of a spelled text they belong to what stands beside it."""


def write_down(plain: Plain) -> Plain:
    """Return a plain text as it would be written: without what fills the pauses of who reads out a number."""
    if _MAY_FILL.search(plain.text):
        fillers = [(*match.span(match.lastgroup or 0), "") for match in _FILLERS.finditer(plain.text)]
        plain = rewrite(plain, fillers)
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
        start, end = _with_pieces(text, start, end)
        cue = cues.at(start, end)
        said = cue.kind if cue.enough < 5 else next(iter(asked), None)
        if len(letters) == len(tokens):
            told = sum(_AS_IN.search(letter) is not None for letter in letters)
            if len(letters) >= 4 or told >= 2 or (len(letters) == 3 and "-" in text[start:end]):
                yield Finding(start, end, said or Private.USER_NAME)
        elif letters and (len(tokens) >= 4 if said else len(tokens) >= 5 and len(letters) >= 2):
            yield Finding(start, end, said or Private.ACCOUNT_NUMBER)


def _with_pieces(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where a spelled code stands together with the letters that a transcript has in one piece."""
    before = _PIECE_BEFORE.search(text, max(0, start - 8), start)
    if before and is_letters_of_code(before[1]) and not is_cue(before[1].lower()):
        start = before.start()
    behind = _PIECE_BEHIND.match(text, end)
    return start, behind.end() if behind and is_letters_of_code(behind[1]) else end
