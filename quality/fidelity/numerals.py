"""Numbers as people write and say them: figures, English number words, Chinese numerals, and what they come to."""

import re
from decimal import Decimal

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
_SCALES = {"hundred": 100, "thousand": 1000, "grand": 1000, "k": 1000, "million": 1_000_000, "billion": 10**9}
_SMALL = _UNITS | _TENS
_SCALE = "hundred|thousand|grand|million|billion"

FIGURES = r"(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d+)?"
"""A number in figures, as a pattern."""
WORDS_EN = (
    rf"(?:(?:{'|'.join(sorted(_SMALL, key=len, reverse=True))})\b|(?:an?|half an?) (?={_SCALE}))"
    rf"(?:(?:[ -]|(?<= )| and )(?:{'|'.join(sorted(_SMALL, key=len, reverse=True))}|{_SCALE})\b)*"
)
"""An English number in words, as a pattern for text in lower case."""
ORDINALS_EN = rf"(?:(?:twenty|thirty)[ -])?(?:{'|'.join(_ORDINALS)})\b"
"""An English ordinal below 40 in words, as a pattern for text in lower case."""

_DIGITS_ZH = {**{digit: value for value, digit in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2, "俩": 2}
_SCALES_ZH = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 10**8}
NUMERALS_ZH = rf"[{''.join(_DIGITS_ZH)}半{''.join(_SCALES_ZH)}]+"
"""A number in Chinese numerals, as a pattern."""


def value_of_words(text: str) -> Decimal:
    """Return what an English number in words comes to, an ordinal too.

    >>> value_of_words("twelve hundred and fifty"), value_of_words("forty-two"), value_of_words("twenty-first")
    (Decimal('1250'), Decimal('42'), Decimal('21'))
    """
    words = re.split(r"[ -]", text.lower().strip())
    if words[0] == "half":
        return value_of_words(" ".join(words[1:])) / 2
    total = current = 0
    for word in words:
        if word in ("a", "an"):
            current = current or 1
        elif word in _SCALES:
            scale = _SCALES[word]
            if scale == 100:
                current = (current or 1) * scale
            else:
                total, current = total + (current or 1) * scale, 0
        else:
            current += _SMALL.get(word, _ORDINALS.get(word, 0))
    return Decimal(total + current)


def value_of_figures(text: str, scale: str | None = None) -> Decimal:
    """Return what figures come to, with the word for a scale behind them, if any.

    >>> value_of_figures("1,200.50"), value_of_figures("1.2", "万"), value_of_figures("15", "k")
    (Decimal('1200.50'), Decimal('12000.0'), Decimal('15000'))
    """
    value = Decimal(text.replace(",", "").replace("，", ""))
    return value * (_SCALES.get((scale or "").lower()) or _SCALES_ZH.get(scale or "") or 1)


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
        elif (scale := _SCALES_ZH[character]) >= 10_000:
            total, section, digit, last_scale = total + (section + digit) * scale, 0, 0, scale
        else:
            if not seen_digit and scale != 10:
                return None
            section, digit, last_scale = section + (digit or 1) * scale, 0, scale
    # 两万三 is 23,000, 一百五 is 150: the last digit counts for the next lower scale.
    return Decimal(total + section + digit * (last_scale // 10 if digit and last_scale > 10 else 1))
