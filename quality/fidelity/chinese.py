"""Facts in Chinese: amounts, percentages, numbers, dates, times, products."""

import re
from collections.abc import Iterator
from decimal import Decimal

from quality.fidelity.fact import (
    CENTS,
    CURRENCIES,
    MONEY,
    UNIT,
    UNITS,
    Fact,
    FactKind,
    date_fact,
    iso_fact,
    measured_fact,
    number_fact,
    time_fact,
    unit_name,
)
from quality.fidelity.numerals import FIGURES, NUMERALS_ZH, value_of_figures, value_of_numerals

_MORNING = "凌晨|早上|早晨|上午"
_HALF = f"{_MORNING}|中午|下午|傍晚|晚上"
_SMALL = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"

_FACT = re.compile(
    "|".join(
        (
            r"(?P<iso>(?:19|20)\d\d ?[-/.年] ?\d{1,2} ?[-/.月] ?\d{1,2})[日号]?",
            rf"(?P<month>{_SMALL})月(?:份|(?P<day>{_SMALL})[日号]?)",
            r"(?P<the_day>\d{1,2}|[一二三四五六七八九十]{2,3})号(?!线|楼|机|码)",
            r"(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])",
            r"(?P<clock>\d{1,2}[:：]\d\d)",
            rf"(?P<half>{_HALF})?(?P<hour>\d{{1,2}}|[一二两三四五六七八九十]{{1,3}})点(?!子|儿|\d)"
            rf"(?P<past>半|钟|整|[一三]刻|{_SMALL}分)?",
            rf"百分之(?P<hundredths>{NUMERALS_ZH}(?:点{NUMERALS_ZH})?|\d+(?:\.\d+)?)",
            rf"(?P<sign>[$€£¥￥]) ?(?P<signed>{FIGURES})(?P<signed_scale>[万千亿])?",
            rf"(?P<figures>{FIGURES})(?P<scale>[万千百亿])?(?: ?(?P<percent>%)|多?(?P<money>{MONEY})"
            rf"|(?P<cents>{CENTS})|多?(?P<unit>{UNIT}))?(?!位)",
            rf"(?P<numerals>{NUMERALS_ZH})(?:多?(?P<numerals_money>{MONEY})|(?P<numerals_cents>{CENTS})"
            rf"|多?(?P<numerals_unit>{UNIT})|(?P<tenths>成)(?![功为了本])|(?<=[百千万])|(?<=[百千万][一二三四五六七八九]))",
        )
    ),
    re.IGNORECASE,
)
_PRODUCT = re.compile(r"《([^》]{1,30})》|(?<![A-Za-z])([A-Za-z][A-Za-z0-9+]{2,})")
_GENERIC = frozenset({"app", "sms", "vip", "atm", "wifi", "okay"})
_ARTICLES = frozenset({"thing", "time"})
"""Units before which 一 is an article rather than a number: 一次, 一笔, 一位."""


def find_numbers(text: str) -> Iterator[tuple[int, Fact]]:
    """Yield amounts, numbers, dates and times, each with its place."""
    for match in _FACT.finditer(text):
        if fact := _read(match.groupdict(), match[0]):
            yield match.start(), fact


def find_products(text: str) -> Iterator[tuple[int, Fact]]:
    """Yield what stands in the brackets of titles, and names in Latin letters, each with its place."""
    for match in _PRODUCT.finditer(text):
        name = match[1] or match[2]
        if name.lower() not in _GENERIC:
            yield match.start(), Fact(kind=FactKind.PRODUCT, value=name.lower(), text=name)


def _small_zh(text: str) -> int:
    return int(text) if text.isdigit() else int(value_of_numerals(text) or 0)


def _read(parts: dict[str, str | None], text: str) -> Fact | None:
    if iso := parts["iso"]:
        return iso_fact(iso)
    if month := parts["month"]:
        return date_fact(text, month=_small_zh(month), day=_small_zh(parts["day"]) if parts["day"] else "?")
    if day := parts["the_day"]:
        return date_fact(text, day=_small_zh(day))
    if weekday := parts["weekday"]:
        return Fact(kind=FactKind.WEEKDAY, value=str(min("一二三四五六日天".index(weekday), 6) + 1), text=text)
    if clock := parts["clock"]:
        hours, _, minutes = clock.replace("：", ":").partition(":")
        return time_fact(int(hours), int(minutes), "", text)
    if hour := parts["hour"]:
        return _time_zh(hour, parts["half"], parts["past"], text)
    if hundredths := parts["hundredths"]:
        share = _decimal_zh(hundredths)
        return None if share is None else number_fact(FactKind.PERCENT, share, "%", text)
    if signed := parts["signed"]:
        amount = value_of_figures(signed, parts["signed_scale"])
        return number_fact(FactKind.AMOUNT, amount, unit_name(CURRENCIES, parts["sign"] or ""), text)
    if figures := parts["figures"]:
        return measured_fact(value_of_figures(figures, parts["scale"]), parts, "", text)
    value = value_of_numerals(parts["numerals"] or "")
    if value is None:
        return None
    if parts["tenths"]:
        return number_fact(FactKind.PERCENT, value * 10, "%", text)
    if parts["numerals_unit"] and value == 1 and unit_name(UNITS, parts["numerals_unit"]) in _ARTICLES:
        # 一次, 一笔, 一位: an article rather than a number.
        return None
    return measured_fact(value, parts, "numerals_", text)


def _time_zh(hour: str, half: str | None, past: str | None, text: str) -> Fact | None:
    """Return a time; None for 一点 and 三点 alone, which are "a little" and "three points"."""
    if not (half or past or hour.isdigit()):
        return None
    minute = {"半": 30, "一刻": 15, "三刻": 45, "钟": 0, "整": 0, None: 0}.get(past)
    if minute is None:
        minute = _small_zh((past or "").removesuffix("分"))
    number = _small_zh(hour)
    day_half = "" if not half else "am" if half in _MORNING else "pm"
    return time_fact(number, minute, day_half, text)


def _decimal_zh(text: str) -> Decimal | None:
    """Return what 三点五 or 3.5 comes to; None for no number."""
    if text[0].isdigit():
        return Decimal(text)
    whole, _, digits = text.partition("点")
    value = value_of_numerals(whole)
    if value is None or not digits:
        return value
    return value + Decimal(f"0.{''.join(str(int(value_of_numerals(digit) or 0)) for digit in digits)}")
