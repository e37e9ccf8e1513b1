"""Facts in English: amounts, percentages, numbers, dates, times, products."""

import re
from collections.abc import Iterator
from decimal import Decimal

from quality.fidelity.fact import (
    CENTS,
    CURRENCIES,
    MOMENTS,
    MONEY,
    SIGN,
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
from quality.fidelity.numerals import FIGURES, ORDINALS_EN, TENS_EN, WORDS_EN, value_of_figures, values_of_words
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
_DAY = rf"(?:(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)|{ORDINALS_EN})|\d{{1,2}})"
_ON = "(?:" + "|".join(rf"(?<=\b{word} )" for word in ("on", "by", "since", "until", "till", "before", "dated")) + ")"
_HOUR = rf"(?:\d{{1,2}}|{WORDS_EN})"
_HALF = r"(?: ?[ap]\.?m\b\.?| in the (?:morning|afternoon|evening)\b)"
_A_PART = r"(?: and (?:an? |one )?(?:half|quarter)\b| and three quarters\b)"
_PARTS = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "third": Decimal(1) / 3, "fifth": Decimal("0.2")}
_PARTS |= {"tenth": Decimal("0.1")}
_NO_CENTS = rf"(?!\w|[,.:/]\d|[ -]?(?:%|per ?cent|{UNIT}|{MONEY}|{_MONTH}|[ap]\.?m|o['’]clock)\b|[ -]?%)"
_CENTS = rf"(?:,? and (?P<and_cents>{_HOUR}) (?:{CENTS})\b| (?P<bare_cents>{TENS_EN}){_NO_CENTS})"

_FACT = re.compile(
    "|".join(
        (
            r"\b24/7\b",
            rf"{_BEGIN}(?P<iso>{_YEAR}[-/.]\d{{1,2}}[-/.]\d{{1,2}}){_END}",
            rf"{_BEGIN}(?P<numeric>\d{{1,2}}/\d{{1,2}}/(?:{_YEAR}|\d\d)|\d{{1,2}}\.\d{{1,2}}\.{_YEAR}"
            rf"|{_ON}\d{{1,2}}/\d{{1,2}}){_END}",
            rf"{_BEGIN}(?P<clock>\d{{1,2}}:\d\d)(?P<clock_half>{_HALF})?(?![0-9])",
            r"\b(?P<past>half past|(?:an? )?quarter (?:past|after|to)) "
            rf"(?P<past_hour>{_HOUR})(?P<past_half>{_HALF})?{_END}",
            r"\b(?P<noon>noon|midday|midnight)\b",
            rf"{_BEGIN}(?P<hour>{_HOUR})(?:(?P<hour_half>{_HALF})| (?P<oclock>o['’]clock)\b)",
            rf"\b(?P<month>{_MONTH})\b\.? (?P<day>{_DAY})(?!\d| ?%| percent)(?:,? (?P<year>{_YEAR})\b)?",
            rf"\b(?P<day2>{_DAY}) (?:of )?(?P<month2>{_MONTH})\b(?:,? (?P<year2>{_YEAR})\b)?",
            rf"\b(?P<month3>{_MONTH})\b\.?,? (?:of )?(?P<year3>{_YEAR})\b",
            r"\b(?P<the_day>\d{1,2}(?:st|nd|rd|th))\b",
            rf"{_ON}the (?P<nth_day>{ORDINALS_EN})"
            r"(?= of (?:the|this|next|last|each|every) month|[,.;:!?]|$| and | but | at )",
            rf"\b(?P<nth>{ORDINALS_EN})",
            rf"\b(?P<weekday>{'|'.join(_WEEKDAYS)})s?\b",
            r"\b(?P<short>(?-i:Mon|Tues?|Wed|Thurs?|Thu|Fri|Sat|Sun))(?:\b|\.)(?!-)",
            r"\b(?P<relative>(?:the )?day (?:before yesterday|after tomorrow)|yesterday|last night|tomorrow)\b",
            rf"(?P<sign>{SIGN}) ?(?P<signed>{FIGURES})(?P<signed_scale>{_SCALE}|(?:mn?|bn)\b)?",
            rf"\b(?P<share>half|(?:an? |three )?quarters?)(?: of)?(?: an? |(?<=half)[ -])(?P<share_unit>{UNIT})\b",
            r"(?<!first )(?<!second )(?<!other )"
            r"\b(?P<fraction>half(?! an? (?:hundred|thousand|million|billion))"
            r"|(?:an? |(?:one|two|three|four)[ -])(?:third|quarter|fifth|tenth)s?)\b"
            r"(?P<of>(?= of\b| off\b| (?:the|my|your|his|her|our|their|that|this)\b))?",
            rf"\ban? (?P<once_unit>{UNIT}) and a (?P<once_part>half|quarter)\b",
            rf"\b(?:an?|per|each|every) (?P<each>{UNIT})\b",
            r"\b(?P<twice>twice)\b",
            rf"{_BEGIN}(?>(?:(?P<figures>{FIGURES})|(?P<words>{WORDS_EN}))(?P<part>{_A_PART})?(?P<scale>{_SCALE})?"
            r"(?: ?(?P<percent>%|per ?cent\b|percentage points?\b)"
            rf"|[ -]?(?P<money>{MONEY})\b{_CENTS}?|[ -]?(?P<cents>{CENTS})\b"
            rf"|[ -]?(?P<unit>{UNIT})\b)?)(?![ -]?digits?\b)",
        )
    ),
    re.IGNORECASE,
)
_BARE_MONTH = re.compile(
    rf"\b(?:(?P<month>{'|'.join(month for month in _MONTHS if month not in ('may', 'march'))})|"
    r"(?:in|since|until|last|next|this|by|of|from|early|late|mid)[ -](?P<other>may|march))\b",
    re.IGNORECASE,
)
_FEW = 3
"""Number words below that stand alone are hardly meant as numbers: "this one", "you two"."""
_MOST_MONTHS = 12
_SHORT_YEAR = 99
_NO_PRODUCT = frozenset(
    f"""i i'm i've i'll i'd mr mrs ms miss dr sir madam ok okay pin id english chinese god christmas easter internet
    {" ".join(_WEEKDAYS)} {" ".join(_MONTHS)} {" ".join(month[:3] for month in _MONTHS)}""".split()
)
_CAPITALS = re.compile(r"[A-Z][\w&'’-]*(?: (?:[A-Z][\w&'’-]*|\d+))*")


def find_numbers(text: str) -> Iterator[tuple[int, Fact]]:
    """Yield amounts, numbers, dates and times, each with its place."""
    for match in _FACT.finditer(text):
        if fact := _read(match.groupdict(), match[0]):
            yield match.start(), fact


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
        if name and not (name.isalpha() and name.isupper() and len(name) <= 4):
            yield match.start() + match[0].index(words[0]), Fact(kind=FactKind.PRODUCT, value=name.lower(), text=name)


def _read(parts: dict[str, str | None], text: str) -> Fact | None:
    return _read_time(parts, text) or _read_date(parts, text) or _read_number(parts, text)


def _read_time(parts: dict[str, str | None], text: str) -> Fact | None:
    if clock := parts["clock"]:
        hours, _, minutes = clock.partition(":")
        return time_fact(int(hours), int(minutes), _half(parts["clock_half"]), text)
    if past := parts["past"]:
        full, half = _small(parts["past_hour"] or ""), _half(parts["past_half"])
        if past.lower().startswith("half"):
            return time_fact(full, 30, half, text)
        is_to = past.lower().endswith("to")
        return time_fact(full - is_to, 45 if is_to else 15, half, text)
    if noon := parts["noon"]:
        return time_fact(12, 0, "am" if noon.lower() == "midnight" else "pm", text)
    if hour := parts["hour"]:
        return time_fact(_small(hour), 0, _half(parts["hour_half"]), text)
    return None


def _read_date(parts: dict[str, str | None], text: str) -> Fact | None:
    if iso := parts["iso"]:
        return iso_fact(iso)
    if numeric := parts["numeric"]:
        return _numeric_date(numeric)
    for behind in ("", "2", "3"):
        if month := parts[f"month{behind}"]:
            day = parts.get(f"day{behind}")
            return date_fact(text, parts[f"year{behind}"] or "?", _month(month), _day(day) if day else "?")
    if day := parts["the_day"] or parts["nth_day"]:
        return date_fact(text, day=_day(day))
    if nth := parts["nth"]:
        return date_fact(text, day=_day(nth), passing=True)
    if weekday := parts["weekday"] or parts["short"]:
        number = next(n for n, name in enumerate(_WEEKDAYS, start=1) if name.startswith(weekday.lower()[:3]))
        return Fact(kind=FactKind.WEEKDAY, value=str(number), text=text)
    if relative := parts["relative"]:
        return Fact(kind=FactKind.DAY, value=str(_days_from_today(relative.lower())), text=text)
    return None


def _read_number(parts: dict[str, str | None], text: str) -> Fact | None:
    if signed := parts["signed"]:
        value = value_of_figures(signed, (parts["signed_scale"] or "").strip())
        return number_fact(FactKind.AMOUNT, [value], unit_name(CURRENCIES, parts["sign"] or ""), text)
    if share := parts["share"]:
        return number_fact(FactKind.NUMBER, [_share(share)], unit_name(UNITS, parts["share_unit"] or ""), text)
    if fraction := parts["fraction"]:
        percent = round(100 * _share(fraction), 1)
        return number_fact(FactKind.PERCENT, [percent], "%", text, passing=parts["of"] is None)
    if unit := parts["once_unit"]:
        return number_fact(
            FactKind.NUMBER, [1 + _PARTS[(parts["once_part"] or "").lower()]], unit_name(UNITS, unit), text
        )
    if unit := parts["each"]:
        return number_fact(FactKind.NUMBER, [Decimal(1)], unit_name(UNITS, unit), text, passing=True)
    if parts["twice"]:
        return number_fact(FactKind.NUMBER, [Decimal(2)], "time", text, passing=True)
    figures, words, part = parts["figures"], parts["words"] or "", parts["part"]
    if not (figures or words):
        # 24/7 is no number.
        return None
    values = (value_of_figures(figures),) if figures else values_of_words(words)
    if part:
        values = tuple(value + _share(part.lower().replace(" and", "").replace("a ", "").strip()) for value in values)
    if cents := parts["and_cents"] or parts["bare_cents"]:
        values = tuple(value + Decimal(_small(cents)) / 100 for value in values)
    scale = value_of_figures("1", (parts["scale"] or "").strip())
    fact = measured_fact([value * scale for value in values], parts, "", text)
    # "One of those", "a hundred things", "one second" are no facts; "one hour" is.
    is_vague = not part and (values[0] < _FEW or words.lower().startswith(("a ", "an ")))
    is_moment = values[0] == 1 and fact.unit in MOMENTS
    return fact.model_copy(update={"passing": True}) if words and is_vague and (is_moment or not fact.unit) else fact


def _numeric_date(text: str) -> Fact:
    """Return the date of figures with the year at the end or none: 5/4 is the 5th of April or the 4th of May."""
    one, other, *said = (int(part) for part in re.split(r"[/.]", text))
    year: object = "?" if not said else said[0] if said[0] > _SHORT_YEAR else 2000 + said[0]
    day, month = (one, other) if other <= _MOST_MONTHS else (other, one)
    fact = date_fact(text, year, month, day)
    if max(one, other) > _MOST_MONTHS or one == other:
        return fact
    return fact.model_copy(update={"value": f"{fact.value}|{date_fact(text, year, day, month).value}"})


def _half(text: str | None) -> str:
    """Return the half of the day of "p.m." or "in the evening"; empty where none is said."""
    said = (text or "").lower()
    return "" if not said else "am" if "morning" in said or said.strip().startswith("a") else "pm"


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower()[:3]))


def _day(text: str) -> int:
    figures = re.search(r"\d+", text)
    return int(figures[0]) if figures else int(values_of_words(text.lower().removeprefix("the "))[0])


def _days_from_today(text: str) -> int:
    if "before" in text or "after" in text:
        return -2 if "before" in text else 2
    return 1 if text == "tomorrow" else -1


def _small(text: str) -> int:
    return int(text) if text.isdigit() else int(values_of_words(text)[-1])


def _share(text: str) -> Decimal:
    """Return what "half", "a quarter" or "two thirds" comes to."""
    *count, part = re.split(r"[ -]", text.lower())
    return _PARTS[part.removesuffix("s")] * (1 if set(count) <= {"a", "an"} else values_of_words(count[0])[0])


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")
