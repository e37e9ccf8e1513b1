"""Facts in English: amounts, percentages, numbers, dates, times, products."""

import re
from collections.abc import Iterator

from quality.fidelity.fact import (
    CENTS,
    CURRENCIES,
    MONEY,
    UNIT,
    Fact,
    FactKind,
    date_fact,
    iso_fact,
    measured_fact,
    number_fact,
    time_fact,
    unit_name,
)
from quality.fidelity.numerals import FIGURES, ORDINALS_EN, WORDS_EN, value_of_figures, value_of_words
from quality.text import SENTENCE_ENDS

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = "|".join(f"{month}|{month[:3]}" for month in _MONTHS if month != "may") + "|may|sept"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SCALE = r"(?: ?k\b| thousand\b| grand\b| million\b| billion\b)"
_BEGIN, _END = r"(?<![A-Za-z0-9.])", r"(?![A-Za-z0-9])"
_YEAR = r"(?:19|20)\d\d"
_DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|(?:the )?{ORDINALS_EN})"

_FACT = re.compile(
    "|".join(
        (
            rf"{_BEGIN}(?P<iso>{_YEAR}[-/.]\d{{1,2}}[-/.]\d{{1,2}}){_END}",
            rf"{_BEGIN}(?P<clock>\d{{1,2}}:\d\d)(?: ?(?P<clock_half>[ap]\.?m\b\.?))?(?![0-9])",
            rf"{_BEGIN}(?P<hour>\d{{1,2}}|{WORDS_EN})(?: ?(?P<hour_half>[ap]\.?m\b\.?)| (?P<oclock>o['’]clock)\b)",
            rf"\b(?P<month>{_MONTH})\b\.? (?P<day>{_DAY})(?!\d| ?%| percent)(?:,? (?P<year>{_YEAR})\b)?",
            rf"\b(?P<day2>{_DAY}) (?:of )?(?P<month2>{_MONTH})\b(?:,? (?P<year2>{_YEAR})\b)?",
            r"\b(?P<the_day>\d{1,2}(?:st|nd|rd|th))\b",
            rf"\b(?P<weekday>{'|'.join(_WEEKDAYS)})s?\b",
            rf"(?P<sign>[$€£¥￥]) ?(?P<signed>{FIGURES})(?P<signed_scale>{_SCALE})?",
            rf"{_BEGIN}(?P<figures>{FIGURES})(?P<scale>{_SCALE})?"
            rf"(?: ?(?P<percent>%|percent\b|per cent\b)|[ -]?(?P<money>{MONEY})\b|[ -]?(?P<cents>{CENTS})\b"
            rf"|[ -]?(?P<unit>{UNIT})\b)?(?! ?-?digits?\b)",
            rf"\b(?P<words>{WORDS_EN})(?: (?P<words_percent>percent|per cent)|[ -](?P<words_money>{MONEY})"
            rf"|[ -](?P<words_cents>{CENTS})|[ -](?P<words_unit>{UNIT}))\b",
        )
    ),
    re.IGNORECASE,
)
_BARE_MONTH = re.compile(
    rf"\b(?:(?P<month>{'|'.join(month for month in _MONTHS if month not in ('may', 'march'))})|"
    r"(?:in|since|until|last|next|this|by|of|from|early|late|mid)[ -](?P<other>may|march))\b",
    re.IGNORECASE,
)
_NO_PRODUCT = frozenset(
    f"""i i'm i've i'll i'd mr mrs ms miss dr sir madam ok okay pin id english chinese god christmas easter internet
    {" ".join(_WEEKDAYS)} {" ".join(_MONTHS)} {" ".join(month[:3] for month in _MONTHS)}""".split()
)
_CAPITALS = re.compile(r"[A-Z][\w&'’-]*(?: (?:[A-Z][\w&'’-]*|\d+))*")


def find_numbers(text: str) -> Iterator[tuple[int, Fact]]:
    """Yield amounts, numbers, dates and times, each with its place."""
    for match in _FACT.finditer(text):
        yield match.start(), _read(match.groupdict(), match[0])


def find_months(text: str) -> Iterator[tuple[int, Fact]]:
    """Yield the months that stand without a day, each with its place; May and March where they cannot be verbs."""
    for match in _BARE_MONTH.finditer(text):
        yield match.start(), date_fact(match[0], month=_month(match["month"] or match["other"]))


def find_products(text: str) -> Iterator[tuple[int, Fact]]:
    """Yield what is written with capital letters where the language does not ask for them, each with its place."""
    for match in _CAPITALS.finditer(text):
        before = text[: match.start()].rstrip(" \"'“‘(")
        words = match[0].split(" ")
        if not before or before[-1] in f"{SENTENCE_ENDS}:…":
            words = words[1:]
        while words and (_plain(words[0]) in _NO_PRODUCT or words[0].isdigit()):
            words = words[1:]
        while words and _plain(words[-1]) in _NO_PRODUCT:
            words = words[:-1]
        name = " ".join(words).removesuffix("'s").removesuffix("’s")
        # TV, SMS, ATM: nothing that a company sells.
        if name and not (len(words) == 1 and name.isupper() and len(name) <= 4):
            yield match.start() + match[0].index(words[0]), Fact(kind=FactKind.PRODUCT, value=name.lower(), text=name)


def _read(parts: dict[str, str | None], text: str) -> Fact:
    if iso := parts["iso"]:
        return iso_fact(iso)
    if clock := parts["clock"]:
        hours, _, minutes = clock.partition(":")
        return time_fact(int(hours), int(minutes), _half(parts["clock_half"]), text)
    if hour := parts["hour"]:
        number = int(hour) if hour.isdigit() else int(value_of_words(hour))
        return time_fact(number, 0, _half(parts["hour_half"]), text)
    for behind in ("", "2"):
        if month := parts[f"month{behind}"]:
            return date_fact(text, parts[f"year{behind}"] or "?", _month(month), _day(parts[f"day{behind}"] or ""))
    if day := parts["the_day"]:
        return date_fact(text, day=_day(day))
    if weekday := parts["weekday"]:
        return Fact(kind=FactKind.WEEKDAY, value=str(_WEEKDAYS.index(weekday.lower()) + 1), text=text)
    if signed := parts["signed"]:
        value = value_of_figures(signed, (parts["signed_scale"] or "").strip())
        return number_fact(FactKind.AMOUNT, value, unit_name(CURRENCIES, parts["sign"] or ""), text)
    if figures := parts["figures"]:
        return measured_fact(value_of_figures(figures, (parts["scale"] or "").strip()), parts, "", text)
    return measured_fact(value_of_words(parts["words"] or ""), parts, "words_", text)


def _half(text: str | None) -> str:
    return (text or "").lower().replace(".", "")


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower()[:3]))


def _day(text: str) -> int:
    figures = re.match(r"\d+", text)
    return int(figures[0]) if figures else int(value_of_words(text.lower().removeprefix("the ")))


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")
