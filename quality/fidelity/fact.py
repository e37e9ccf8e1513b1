"""What a fact is: a value that does not depend on how it is said, and the units that numbers have."""

import re
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class FactKind(StrEnum):
    """What a fact is about."""

    AMOUNT = "amount"
    PERCENT = "percent"
    NUMBER = "number"
    DATE = "date"
    WEEKDAY = "weekday"
    TIME = "time"
    PLACEHOLDER = "placeholder"
    PRODUCT = "product"


_NUMERIC = frozenset({FactKind.AMOUNT, FactKind.NUMBER, FactKind.PERCENT})


class Fact(BaseModel):
    """A fact.

    Attributes:
        kind: what it is about.
        value: the same however it is said; of a date year, month and day, "?" for what is not said.
        unit: of a number, a currency, or half of the day; empty where none is said.
        text: how it is said.
        turn: the one-based utterance that says it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FactKind
    value: str
    unit: str = ""
    text: str
    turn: int = 1

    def is_told_by(self, other: "Fact") -> bool:
        """Tell whether another fact tells this one: it says as much, or more."""
        if self.kind is FactKind.DATE and other.kind is FactKind.DATE:
            (year, *day), (other_year, *other_day) = self.value.split("-"), other.value.split("-")
            years = {year, other_year} - {"?"}
            return len(years) < 2 and all(mine in ("?", theirs) for mine, theirs in zip(day, other_day, strict=True))
        if not (self.kind is other.kind or {self.kind, other.kind} <= _NUMERIC):
            return False
        return self.value == other.value and (not self.unit or not other.unit or self.unit == other.unit)


CURRENCIES = {
    "USD": r"\$|dollars?|bucks?|usd|美元|美金|刀",
    "EUR": r"€|euros?|eur|欧元",
    "GBP": r"£|pounds?|quid|gbp|英镑",
    "CNY": r"¥|￥|yuan|rmb|cny|元|块钱?|人民币",
    "HKD": r"hkd|港币|港元",
}
"""The currencies, and how they are called, as patterns."""
CENTS = r"cents?|pence|角|毛"
UNITS = {
    "day": r"(?:(?:working|business|calendar) )?days?|个?(?:工作|自然)日|天|日(?!元)",
    "hour": r"hours?|hrs?|个?小时|个?钟头",
    "minute": r"minutes?|mins?|分钟",
    "second": r"seconds?|secs?|秒钟?",
    "week": r"weeks?|周(?!年)|个?星期|个?礼拜",
    "month": r"months?|个月",
    "year": r"years?(?:-old| old)?|年(?!级)|岁",
    "time": r"times|次|回(?!事)|倍",
    "thing": r"(?:payments?|instal(?:l)?ments?|cards?|accounts?|transfers?|orders?|items?|parcels?|nights?|people"
    r"|persons?|points?|tickets?|calls|letters|emails|attempts)|[张笔单件套台份期人号楼]|积分|公里|克",
}
"""The units of numbers that are facts, and how they are called, as patterns."""
MONEY = "|".join(CURRENCIES.values())
UNIT = "|".join(UNITS.values())


def date_fact(text: str, year: object = "?", month: object = "?", day: object = "?") -> Fact:
    """Return a date; "?" for what is not said of it."""
    return Fact(kind=FactKind.DATE, value=f"{year}-{month}-{day}", text=text)


def iso_fact(text: str) -> Fact:
    """Return a date of three numbers, the year first."""
    year, month, day = (int(part) for part in re.findall(r"\d+", text))
    return date_fact(text, year, month, day)


def time_fact(hour: int, minute: int, half: str, text: str) -> Fact:
    """Return a time on a clock of twelve hours; `half` is "am" or "pm", empty where it is not said."""
    if hour > 12:
        half = "pm"
    return Fact(kind=FactKind.TIME, value=f"{hour % 12}:{minute:02}", unit=half, text=text)


def number_fact(kind: FactKind, value: Decimal, unit: str, text: str) -> Fact:
    """Return a number, without zeros behind its point."""
    return Fact(kind=kind, value=format(value.normalize(), "f"), unit=unit, text=text)


def measured_fact(value: Decimal, parts: dict[str, str | None], prefix: str, text: str) -> Fact:
    """Return the fact that a number is, by what stands behind it.

    Args:
        value: of the number.
        parts: of a match, by group; those called `prefix` and money, cents, percent or unit count.
        prefix: of the groups.
        text: how it is said.
    """
    money, cents, unit = (parts.get(f"{prefix}{name}") for name in ("money", "cents", "unit"))
    if money:
        return number_fact(FactKind.AMOUNT, value, unit_name(CURRENCIES, money), text)
    if cents:
        return number_fact(FactKind.AMOUNT, value / (10 if cents in "角毛" else 100), "", text)
    if parts.get(f"{prefix}percent"):
        return number_fact(FactKind.PERCENT, value, "%", text)
    return number_fact(FactKind.NUMBER, value, unit_name(UNITS, unit) if unit else "", text)


def unit_name(table: dict[str, str], word: str) -> str:
    """Return what a table of units calls the unit of this word."""
    return next(name for name, pattern in table.items() if re.fullmatch(pattern, word, re.IGNORECASE))
