"""What a fact is: a value that does not depend on how it is said, and the units that numbers have."""

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class FactKind(StrEnum):
    """What a fact is about."""

    AMOUNT = "amount"
    PERCENT = "percent"
    NUMBER = "number"
    DATE = "date"
    WEEKDAY = "weekday"
    DAY = "day"
    TIME = "time"
    PLACEHOLDER = "placeholder"
    PRODUCT = "product"


_NUMERIC = frozenset({FactKind.AMOUNT, FactKind.NUMBER, FactKind.PERCENT})


class Fact(BaseModel):
    """A fact.

    Attributes:
        kind: what it is about.
        value: the same however it is said; of a date year, month and day, "?" for what is not said; of a day how many
            from today on. Where it may be one of several, all of them, "|" between.
        unit: of a number, a currency, or half of the day; empty where none is said. Where it may be one of several, all
            of them, "|" between.
        text: how it is said.
        turn: the one-based utterance that says it.
        passing: whether it is hardly meant as a fact: "an hour", "the first". It tells other facts, and nothing has to
            tell it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FactKind
    value: str
    unit: str = ""
    text: str
    turn: int = 1
    passing: bool = Field(False, exclude=True)

    def is_told_by(self, other: "Fact") -> bool:
        """Tell whether another fact tells this one: it says as much, or more."""
        if self.kind is FactKind.DATE and other.kind is FactKind.DATE:
            return any(_is_in_date(mine, theirs) for mine in _values(self.value) for theirs in _values(other.value))
        if {self.kind, other.kind} == {FactKind.TIME, FactKind.NUMBER}:
            # "At 8" and "at 8 o'clock"; "five thirty" and "5:30".
            time, number = (self, other) if self.kind is FactKind.TIME else (other, self)
            return not number.unit and bool(_hours(time.value) & _values(number.value))
        if not (self.kind is other.kind or {self.kind, other.kind} <= _NUMERIC):
            return False
        if not self.unit or not other.unit or _values(self.unit) & _values(other.unit):
            return bool(_values(self.value) & _values(other.value))
        (unit, size), (other_unit, other_size) = (_SMALLER_UNITS.get(one.unit, (one.unit, 1)) for one in (self, other))
        return unit == other_unit and any(
            Decimal(mine) * size == Decimal(theirs) * other_size
            for mine in _values(self.value)
            for theirs in _values(other.value)
        )


def _is_in_date(date: str, other: str) -> bool:
    """Tell whether a date says all that another one says, but for the year, which need not be said."""
    (year, *day), (other_year, *other_day) = date.split("-"), other.split("-")
    if day == ["?", "?"]:
        return year == other_year
    years = {year, other_year} - {"?"}
    return len(years) < 2 and all(mine in ("?", theirs) for mine, theirs in zip(day, other_day, strict=True))


def _values(value: str) -> set[str]:
    return set(value.split("|"))


def _hours(time: str) -> set[str]:
    """Return the numbers as which a time is said: 3:00 as 3 or 15, 5:30 as 5.3."""
    hour, minute = map(int, time.split(":"))
    return {_plain(Decimal(hour + half) + Decimal(minute) / 100) for half in (0, 12)}


def _plain(value: Decimal) -> str:
    """Return a number without zeros behind its point."""
    return format(value.normalize(), "f")


CURRENCIES = {
    "AUD": r"aud|australian dollars?|澳元|澳币",
    "CAD": r"cad|canadian dollars?|加元|加币",
    "SGD": r"sgd|singapore dollars?|新加坡元|新币",
    "HKD": r"hkd|hong kong dollars?|港币|港元",
    "USD": r"\$|(?:us )?dollars?|bucks?|usd|美元|美金|刀",
    "EUR": r"€|euros?|eur|欧元",
    "GBP": r"£|pounds?|quid|gbp|英镑",
    "JPY": r"yen|jpy|日元|日币|円",
    "CHF": r"(?:swiss )?francs?|chf|瑞士法郎|瑞郎",
    "INR": r"₹|rupees?|inr|卢比",
    "CNY": r"yuan|rmb|cny|元|块钱?|人民币",
    "CNY|JPY": r"[¥￥]",
}
"""The currencies, and how they are called, as patterns; what may be one of several has them all, "|" between."""
SIGN = r"(?:[$€£¥￥₹]|(?:AUD|CAD|SGD|HKD|USD|EUR|GBP|JPY|CHF|INR|RMB|CNY|人民币|美元|欧元|英镑|港币|日元)(?= ?\d))"
"""What stands before an amount, as a pattern."""
CENTS = r"cents?|pence|角|毛"
UNITS = {
    "day": r"(?:(?:working|business|calendar) )?days?|个?(?:工作|自然)日|天|日(?!元|币)",
    "hour": r"hours?|hrs?|个?小时|个?钟头",
    "minute": r"minutes?|mins?|分钟",
    "second": r"seconds?|secs?|秒钟?",
    "week": r"weeks?|周(?!年)|个?星期|个?礼拜",
    "month": r"months?|个月",
    "year": r"years?(?:-old| old)?|年(?!级)|岁",
    "time": r"times|次|回(?!事)|倍",
    "gigabyte": r"gb|gigs?|gigabytes?",
    "megabyte": r"mb|megs?|megabytes?|兆",
    "kilometre": r"km|kilomet(?:er|re)s?|公里|千米",
    "mile": r"miles?|英里",
    "kilo": r"kg|kilos?|kilograms?|公斤|千克",
    "kilowatt-hour": r"kwh|kilowatt[ -]hours?|千瓦时|度(?![假过数])",
    "cubic metre": r"cubic met(?:er|re)s?|立方米?|方水",
    "discount": r"折(?![叠腾旧磨返合])",
    "per mille": r"厘(?!米)",
    "thing": r"(?:payments?|instal(?:l)?ments?|cards?|accounts?|transfers?|orders?|items?|parcels?|nights?|people"
    r"|persons?|points?|tickets?|calls|letters|emails|attempts|shares?|seats?|rooms?|bags?|users?|licen[cs]es?)"
    r"|[张笔单件套台份期人号楼晚股箱盒瓶双辆]|积分|克",
}
"""The units of numbers that are facts, and how they are called, as patterns."""
MOMENTS = frozenset({"second", "minute"})
"""Units of which one is no time: "one second, please"."""
_SMALLER_UNITS = {"week": ("day", 7), "year": ("month", 12), "hour": ("minute", 60)}
"""Units of time, of what and of how many they consist."""
MONEY = "|".join(CURRENCIES.values())
UNIT = "|".join(UNITS.values())
_CENTS_IN_TENTHS = "角毛"


def date_fact(text: str, year: object = "?", month: object = "?", day: object = "?", *, passing: bool = False) -> Fact:
    """Return a date; "?" for what is not said of it."""
    return Fact(kind=FactKind.DATE, value=f"{year}-{month}-{day}", text=text, passing=passing)


def iso_fact(text: str) -> Fact:
    """Return a date of three numbers, the year first."""
    year, month, day = (int(part) for part in re.findall(r"\d+", text))
    return date_fact(text, year, month, day)


def time_fact(hour: int, minute: int, half: str, text: str, *, passing: bool = False) -> Fact:
    """Return a time on a clock of twelve hours; `half` is "am" or "pm", empty where it is not said."""
    if hour > 12:
        half = "pm"
    return Fact(kind=FactKind.TIME, value=f"{hour % 12}:{minute:02}", unit=half, text=text, passing=passing)


def number_fact(kind: FactKind, values: Sequence[Decimal], unit: str, text: str, *, passing: bool = False) -> Fact:
    """Return a number, or one of several that it may be."""
    return Fact(kind=kind, value="|".join(map(_plain, values)), unit=unit, text=text, passing=passing)


def measured_fact(values: Sequence[Decimal], parts: dict[str, str | None], prefix: str, text: str) -> Fact:
    """Return the fact that a number is, by what stands behind it.

    Args:
        values: of the number; several where it may be one of them.
        parts: of a match, by group; those called `prefix` and money, cents, percent or unit count.
        prefix: of the groups.
        text: how it is said.
    """
    money, cents, unit = (parts.get(f"{prefix}{name}") for name in ("money", "cents", "unit"))
    if money:
        return number_fact(FactKind.AMOUNT, values, unit_name(CURRENCIES, money), text)
    if cents:
        share = 10 if cents in _CENTS_IN_TENTHS else 100
        return number_fact(FactKind.AMOUNT, [value / share for value in values], "", text)
    if parts.get(f"{prefix}percent"):
        return number_fact(FactKind.PERCENT, values, "%", text)
    return number_fact(FactKind.NUMBER, values, unit_name(UNITS, unit) if unit else "", text)


def unit_name(table: dict[str, str], word: str) -> str:
    """Return what a table of units calls the unit of this word."""
    return next(name for name, pattern in table.items() if re.fullmatch(pattern, word, re.IGNORECASE))
