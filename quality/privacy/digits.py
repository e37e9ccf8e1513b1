"""Digits as they are written or said one behind the other, in English and in Chinese.

All patterns expect plain text and step over each character a bounded number of times.
"""

import re
from typing import NamedTuple

_FLAGS = re.IGNORECASE | re.ASCII

UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
"""The English words for the digits in order, and for the tens from twenty on."""
DIGITS_ZH = "零〇一二三四五六七八九幺洞"
"""The Chinese numerals that are said for digits, as the characters of a pattern."""
_ZEROS = ("oh", "o", "nought", "naught")
_DIGIT_WORDS = {word: str(value) for value, word in enumerate(UNITS)} | dict.fromkeys(_ZEROS, "0")
_TEN_WORDS = {word: str(value * 10) for value, word in enumerate(TENS, start=2)}
_DIGITS_OF = (
    _DIGIT_WORDS
    | {word: str(value) for value, word in enumerate(_TEENS, start=10)}
    | _TEN_WORDS
    | dict(zip(DIGITS_ZH, "0012345678910", strict=True))
)
_FIGURES_ZH = str.maketrans(f"{DIGITS_ZH}壹贰叁肆伍陆柒捌玖", "0012345678910123456789")
_TIMES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
TIMES = "|".join(_TIMES)
"""The English words for a digit or a letter said several times, as a pattern."""
NUMBER_WORDS = "|".join((*_DIGIT_WORDS, *_TEENS, *TENS))
"""The English words for the numbers below a hundred, as a pattern."""

UNIT = (
    r" ?-?(?:(?:dollars?|bucks?|usd|eur|euros?|pounds?|gbp|quid|cents?|pence|yuan|rmb|cny|yen|jpy|rupees?|inr|won"
    r"|pesos?|francs?|k|m|thousand|million|billion|hundred|grand|percent|per cent|points?|miles?|km|kilomet(?:er|re)s?"
    r"|ft|feet|met(?:er|re)s?|sq|square|inch(?:es)?|gb|mb|tb|kb|mbps|kwh|mah|watts?|people|users?|guests?|customers"
    r"|steps"
    r"|shares|units|items|pieces|copies|words|rooms?|times|hours?|hrs?|minutes?|mins?|seconds?|secs?|days?|nights?"
    r"|weeks?|months?"
    r"|years?|credits?|stars?|degrees?|am|pm|a\.m|p\.m|o'clock|calls|kg|lbs?|calories|bedrooms?)(?![A-Za-z])"
    r"|[%‰°元块角分万千百亿人次天年月日点时秒米斤度位名件笔股折倍岁个张台套份期层楼周]"
    r"|美元|美金|欧元|英镑|日元|港币|积分|小时|公里|公斤|平方|左右)"
)
"""What makes an amount of the number before it, as a pattern."""
UNIT_BEHIND = re.compile(UNIT, _FLAGS)
_DIGITS = (
    rf"(?:\d++(?![A-Za-z]|-[A-Za-z])|[{DIGITS_ZH}]"
    rf"|(?:{'|'.join(UNITS[1:])}) hundred(?=,? (?:(?:{TIMES}) )?(?:{NUMBER_WORDS}|\d)\b)"
    rf"|(?:(?:{TIMES})[ -])?(?:{NUMBER_WORDS})(?![A-Za-z]))"
)
_SEPARATOR = (
    r"(?: ?[-()]{1,2} ?|[,、] ?|(?:\.{2,6}|…{1,2}) ?|,? (?:dash|hyphen|slash|stroke|space|then|and then),? |[./]"
    r"| {1,6}|)"
)
RUN = rf"{_DIGITS}(?:{_SEPARATOR}{_DIGITS})*+"
"""Digits one behind the other, as a pattern."""
_GROUP = re.compile(_DIGITS, _FLAGS)
_MOST_OF_PART = 8
"""More digits than that are the whole of a number."""
_PART = re.compile(
    r"(?:[嗯好对是,。. ]|好的|然后|还有|最后|后面|yes|yeah|ok|okay|then|and)*+"
    rf"(?P<run>{RUN})"
    r"(?:[嗯对啊哦,。?!. ]|好的?|[您你]?继续|记下了|然后呢|还有呢|没错|ok|okay|yes|right)*+",
    _FLAGS,
)
_HUNDRED = re.compile(r"[ -]hundred\b", re.IGNORECASE)
_MOST_COUNTED = 6
"""A "hundred" behind more numbers than that says two digits, and Chinese digits are read out and count nothing."""


def digits_of_zh(numerals: str) -> str:
    """Return a text with digits in the place of Chinese numerals.

    >>> digits_of_zh("B七二零")
    'B720'
    """
    return numerals.translate(_FIGURES_ZH)


def is_part_of_number(text: str) -> bool:
    """Return whether a plain text holds a few digits and nothing else, as of who reads out a long number in parts."""
    part = _PART.fullmatch(text)
    if not part:
        return False
    digits = (len(group) if group.isdigit() else 1 for group in _GROUP.findall(part["run"]))
    return sum(digits) <= _MOST_OF_PART


class Run(NamedTuple):
    """A run of digits, written or spoken: the digits group by group, and where the last group ends."""

    groups: list[str]
    end: int
    spoken: bool

    @property
    def digits(self) -> str:
        """All digits in one string."""
        return "".join(self.groups)

    @classmethod
    def read(cls, match: re.Match[str]) -> "Run | None":
        """Read the group `run` of a match of `RUN`, without its last digits when a unit makes an amount of them."""
        tokens = list(_GROUP.finditer(match.string, match.start("run"), match.end("run")))
        hundred = len(tokens) > _MOST_COUNTED and _HUNDRED.match(match.string, match.end("run"))
        read_out = len(tokens) > _MOST_COUNTED and tokens[-1][0] in DIGITS_ZH
        if not hundred and not read_out and UNIT_BEHIND.match(match.string, match.end("run")):
            tokens.pop()
        if not tokens:
            return None
        groups: list[str] = []
        spoken = before_spoken = False
        for token in tokens:
            *times, word = token[0].lower().replace("-", " ").split(" ")
            digits = _DIGITS_OF[times.pop()] + "00" if word == "hundred" else _DIGITS_OF.get(word, word)
            if before_spoken and not times and word in _DIGIT_WORDS and groups[-1] in _TEN_WORDS.values():
                groups[-1] = groups[-1][0] + digits
            else:
                groups.append(digits * (_TIMES[times[0]] if times else 1))
            before_spoken = word in _DIGITS_OF or word == "hundred"
            spoken = spoken or before_spoken
        if hundred:
            return cls([*groups, "00"], hundred.end(), spoken)
        end = tokens[-1].end()
        if match.string[end : match.end("run")] in ("x", "X"):
            groups[-1] += "X"
            end += 1
        return cls(groups, end, spoken)
