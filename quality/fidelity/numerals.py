"""Numbers as people write and say them: figures, English number words, Chinese numerals, and what they come to."""

import re
from collections.abc import Iterable
from decimal import Decimal
from math import prod

_BELOW_TWENTY = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen
"""
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINAL_WORDS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
sixteenth seventeenth eighteenth nineteenth twentieth
"""
_UNITS = {word: value for value, word in enumerate(_BELOW_TWENTY.split())}
_TENS = {word: 10 * value for value, word in enumerate(_ROUND.split(), start=2)}
_ORDINALS = {word: value for value, word in enumerate(_ORDINAL_WORDS.split(), start=1)} | {"thirtieth": 30}
_SCALES = {"hundred": 100, "thousand": 1000, "grand": 1000, "k": 1000, "million": 10**6, "billion": 10**9}
_SCALES |= {"m": 10**6, "mn": 10**6, "bn": 10**9}
_SMALL = _UNITS | _TENS
_SCALE = "hundred|thousand|grand|million|billion"

FIGURES = r"(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d+)?"
"""A number in figures, as a pattern."""
_WORD = "|".join(sorted(_SMALL, key=len, reverse=True))
_AND = rf"(?:{'|'.join(f'(?<={scale})' for scale in _SCALE.split('|'))}) and "
WORDS_EN = (
    rf"(?:(?:{_WORD})\b|(?:an?|half an?) (?={_SCALE}))"
    rf"(?:(?:[ -]|(?<= )|{_AND})(?:{_WORD}|{_SCALE})\b)*(?: point(?: (?:{_WORD})\b)+)?"
)
"""An English number in words, as a pattern for text in lower case."""
_BELOW_TEN, _TEENS = (_BELOW_TWENTY.split()[start:end] for start, end in ((1, 10), (10, 20)))
TENS_EN = rf"(?:\d\d|(?:{'|'.join(_TEENS)})|(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_BELOW_TEN)}))?)\b"
"""An English number of 10 to 99, as a pattern for text in lower case."""
ORDINALS_EN = rf"(?:(?:twenty|thirty)[ -])?(?:{'|'.join(_ORDINALS)})\b"
"""An English ordinal below 40 in words, as a pattern for text in lower case."""

_DIGITS_ZH = {**{digit: value for value, digit in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2, "俩": 2}
_SCALES_ZH = {"十": 10, "百": 100, "千": 1000, "k": 1000, "万": 10_000, "w": 10_000, "亿": 10**8}
DIGITS_ZH = frozenset(_DIGITS_ZH)
"""The Chinese characters of digits."""
_NO_COUNT = r"(?![\d.个天月年次张笔件位日号小分周期倍%])"
MIXED_ZH = rf"(?:{FIGURES}(?:[kKwW](?![A-Za-z])|(?:[百千][万亿]?|[万亿])(?:\d{{1,4}}(?:[百千]万?|万|{_NO_COUNT}))*)?)"
"""A number in figures, Chinese scales between them, as a pattern."""
NUMERALS_ZH = rf"[{''.join(_DIGITS_ZH)}半十百千万亿]+"
"""A number in Chinese numerals, as a pattern."""


def values_of_words(text: str) -> tuple[Decimal, ...]:
    """Return what an English number in words comes to, an ordinal too; where it may be more than one, all of them.

    >>> values_of_words("twelve hundred and fifty"), values_of_words("forty-two"), values_of_words("one point two five")
    ((Decimal('1250'),), (Decimal('42'),), (Decimal('1.25'),))
    >>> values_of_words("nine ninety-nine"), values_of_words("five five one")
    ((Decimal('9.99'), Decimal('999')), (Decimal('551'),))
    """
    whole, _, behind = text.lower().strip().partition(" point ")
    if behind:
        digits = "".join(str(_SMALL[word]) for word in re.split(r"[ -]", behind))
        return (values_of_words(whole)[0] + Decimal(f"0.{digits}"),)
    if whole.startswith("half "):
        return (values_of_words(whole.removeprefix("half "))[0] / 2,)
    numbers = _numbers(re.split(r"[ -]", whole))
    if len(numbers) == 1:
        return (Decimal(numbers[0]),)
    if len(numbers) == 2 and numbers[0] < 100 and 10 <= numbers[1] < 100:
        # A price, a time or a year: nine ninety-nine, five thirty, nineteen eighty-four.
        return Decimal(numbers[0]) + Decimal(numbers[1]) / 100, Decimal(100 * numbers[0] + numbers[1])
    return (Decimal("".join(map(str, numbers))),)


def _numbers(words: Iterable[str]) -> list[int]:
    """Return the numbers that words make up one after the other: most often one."""
    totals, total, current, room = [], 0, 0, 0
    for word in words:
        if word in _SCALES:
            scale = _SCALES[word]
            if scale == 100:
                current = (current or 1) * scale
            else:
                total, current = total + (current or 1) * scale, 0
            room = scale
        elif word != "and":
            value = 1 if word in ("a", "an") else _SMALL[word] if word in _SMALL else _ORDINALS[word]
            if room and value >= room:
                totals.append(total + current)
                total = current = 0
            current += value if word not in ("a", "an") else 0
            # Behind twenty comes less than ten, behind two nothing but a scale.
            room = 10 if word in _TENS else 1
    return [*totals, total + current]


def value_of_figures(text: str, scale: str | None = None) -> Decimal:
    """Return what figures come to, with the English word for a scale behind them, if any.

    >>> value_of_figures("1,200.50"), value_of_figures("15", "k")
    (Decimal('1200.50'), Decimal('15000'))
    """
    return Decimal(text.replace(",", "").replace("，", "")) * _SCALES.get((scale or "").lower(), 1)


def value_of_mixed(text: str) -> Decimal:
    """Return what figures with Chinese scales between them come to.

    >>> [str(value_of_mixed(text)) for text in ("1万2千", "3亿5000万", "5千万", "1万2", "2w")]
    ['12000', '350000000', '50000000', '12000', '20000']
    """
    total, section, last = Decimal(0), Decimal(0), 1
    for figures, scales in re.findall(rf"({FIGURES})([kKwW]|[百千]?[万亿]?)", text):
        value, scale = value_of_figures(figures), prod(_SCALES_ZH[character] for character in scales.lower())
        if not scales and len(figures) == 1:
            # 1万2 is 12,000.
            section += value * max(last // 10, 1)
        elif scale >= 10_000:
            total, section = total + (section + value) * scale, Decimal(0)
        else:
            section += value * scale
        last = scale
    return total + section


def value_of_numerals(text: str) -> Decimal | None:
    """Return what Chinese numerals come to; None for what is no number.

    >>> [str(value_of_numerals(text)) for text in ("五千", "两万三", "一百零五", "二〇二六", "十二", "半", "千百")]
    ['5000', '23000', '105', '2026', '12', '0.5', 'None']
    """
    if text == "半":
        return Decimal("0.5")
    if all(character in _DIGITS_ZH for character in text):
        return Decimal("".join(str(_DIGITS_ZH[character]) for character in text)) if len(text) != 2 else None
    total = section = digit = 0
    last_scale = 0
    seen_digit = False
    for character in text:
        if character in _DIGITS_ZH:
            digit, seen_digit = _DIGITS_ZH[character], True
            if character in "零〇":
                last_scale = 0
        elif character == "半":
            return None
        elif not seen_digit and character != "十":
            # 万一, 千万: no numbers.
            return None
        elif (scale := _SCALES_ZH[character]) >= 10_000:
            total, section, digit, last_scale = total + (section + digit) * scale, 0, 0, scale
        else:
            seen_digit = True
            section, digit, last_scale = section + (digit or 1) * scale, 0, scale
    # 两万三 is 23,000, 一百五 is 150: the last digit counts for the next lower scale.
    return Decimal(total + section + digit * (last_scale // 10 if digit and last_scale > 10 else 1))
