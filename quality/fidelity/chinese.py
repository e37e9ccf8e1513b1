"""Facts in Chinese: amounts, percentages, numbers, dates, times, products."""

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
from quality.fidelity.numerals import (
    DIGITS_ZH,
    FIGURES,
    MIXED_ZH,
    NUMERALS_ZH,
    value_of_figures,
    value_of_mixed,
    value_of_numerals,
)

_MORNING = "凌晨|清晨|早上|早晨|上午"
_HALF = f"{_MORNING}|中午|下午|傍晚|晚上|夜里"
_SMALL = r"(?:\d{1,2}|[零一二三四五六七八九十]{1,3})"
_TEN_MINUTES = rf"(?:\d\d|零[一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?)(?![\d.个多几天%]|{MONEY})"
_YEAR = r"(?:(?:19|20)\d\d|[一二][九零〇0][零〇一二三四五六七八九]{2})"
_DECIMAL = rf"(?:{FIGURES}|{NUMERALS_ZH}(?:点{NUMERALS_ZH})?)"
_DIGIT = r"[\d零一二两三四五六七八九]"
_TENTHS = rf"(?:(?P<{{0}}tenths>{_DIGIT})(?:[毛角](?:(?P<{{0}}hundredths>{_DIGIT})分?)?)?(?![\d.:：点十百千万]|{UNIT}))"
"""What stands behind 块 or 元: 29块9, 五块五毛二."""
_HALVES = r"(?:个半(?P<{0}half_unit>小时|钟头|月|星期|礼拜)|(?P<{0}half_behind>年|周|天)半(?![天夜载年]))"
"""两个半小时, 一年半."""

_FACT = re.compile(
    "|".join(
        (
            r"(?P<iso>(?:19|20)\d\d ?[-/.] ?\d{1,2} ?[-/.] ?\d{1,2})",
            rf"(?P<year>{_YEAR}) ?年(?!级)(?: ?(?P<year_month>{_SMALL}) ?月份?(?: ?(?P<year_day>{_SMALL})[日号]?)?)?",
            rf"(?P<month>{_SMALL})月(?!内|以)(?:份|初?(?P<day>{_SMALL})[日号]?)?",
            r"(?P<the_day>\d{1,2}|[一二三四五六七八九十]{2,3})(?:号(?![线楼机码])|日(?!之?[内后]|以|元|币|[游均常用化]))",
            r"(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])(?P<weekday2>(?<=六)[日天])?",
            r"(?P<relative>大?(?<![以之提])前[天日](?!数)|昨[天日晚夜儿]|明[天日早晚儿](?!白)|大?(?<![今以之最然])后天)",
            r"(?P<clock>\d{1,2}[:：]\d\d)",
            rf"(?P<decimal>{NUMERALS_ZH}点[零一二三四五六七八九]{{1,4}})(?![零一二三四五六七八九十分])"
            rf"(?:(?P<decimal_percent>个?百分点)|(?P<decimal_money>{MONEY})|(?P<decimal_unit>{UNIT}))?",
            rf"(?P<half_day>{_HALF})?(?P<hour>\d{{1,2}}|[零一二两三四五六七八九十]{{1,3}})点(?!子|儿|\d(?!\d|分))"
            rf"(?P<past>半|钟|整|[一三]刻|{_SMALL}分|{_TEN_MINUTES})?",
            rf"(?P<base>百|千|万|{_DECIMAL})分之(?P<part>{_DECIMAL})",
            r"(?P<one_half>一半)",
            rf"(?P<discount>{_DECIMAL})折(?![叠腾旧磨返合])",
            rf"(?P<sign>{SIGN}) ?(?P<signed>{MIXED_ZH})",
            rf"每(?:一|个)?(?P<each>{UNIT})",
            rf"(?P<figures>{MIXED_ZH})(?: ?(?P<percent>%|个?百分点)|[多来]?(?P<money>{MONEY}){_TENTHS.format('')}?"
            rf"|(?P<cents>{CENTS})|{_HALVES.format('')}| ?[多来]?(?P<unit>{UNIT}))?(?!位)",
            rf"(?P<numerals>{NUMERALS_ZH})(?:[多来]?(?P<numerals_money>{MONEY}){_TENTHS.format('numerals_')}?"
            rf"|(?P<numerals_cents>{CENTS})|{_HALVES.format('numerals_')}|[多来]?(?P<numerals_unit>{UNIT})"
            r"|(?P<tens_of_percent>成)(?![功为了本])"
            rf"|(?=[到至或~～—-]{NUMERALS_ZH}(?:{UNIT}|{MONEY}))"
            r"|(?<=[零〇一二三四五六七八九]{3})|(?<=[百千万亿])|(?<=[十百千万亿][一二三四五六七八九])|(?<=[二三四五六七八九]十)(?![分足全几]))",
        )
    ),
    re.IGNORECASE,
)
_PRODUCT = re.compile(r"《([^》]{1,30})》|(?<![A-Za-z])([A-Za-z][A-Za-z0-9+]{2,})")
_GENERIC = frozenset({"app", "sms", "vip", "atm", "wifi", "okay"})
_BASES = {"百": Decimal(100), "千": Decimal(1000), "万": Decimal(10_000)}
_ARTICLES = MOMENTS | {"thing", "time"}
"""Units before which 一 is an article rather than a number."""


def find_numbers(text: str) -> Iterator[tuple[int, Fact]]:
    """Yield amounts, numbers, dates and times, each with its place."""
    for match in _FACT.finditer(text):
        parts = match.groupdict()
        if fact := _read_date(parts, match[0]) or _read_number(parts, match[0]):
            yield match.start(), fact
        if parts["weekday2"]:
            # 周六日: two of them.
            yield match.start(), Fact(kind=FactKind.WEEKDAY, value="7", text=match[0])


def find_products(text: str) -> Iterator[tuple[int, Fact]]:
    """Yield what stands in the brackets of titles, and names in Latin letters, each with its place."""
    for match in _PRODUCT.finditer(text):
        name = match[1] or match[2]
        if name.lower() not in _GENERIC:
            yield match.start(), Fact(kind=FactKind.PRODUCT, value=name.lower(), text=name)


def _read_date(parts: dict[str, str | None], text: str) -> Fact | None:
    if iso := parts["iso"]:
        return iso_fact(iso)
    if year := parts["year"]:
        digits = "".join(map(str, map(_small, year)))
        return date_fact(text, digits, *(_small(parts[name] or "") or "?" for name in ("year_month", "year_day")))
    if month := parts["month"]:
        return date_fact(text, month=_small(month), day=_small(parts["day"] or "") or "?")
    if day := parts["the_day"]:
        return date_fact(text, day=_small(day))
    if weekday := parts["weekday"]:
        return Fact(kind=FactKind.WEEKDAY, value=str(min("一二三四五六日天".index(weekday), 6) + 1), text=text)
    if relative := parts["relative"]:
        distance = 1 + ("前" in relative or "后" in relative) + relative.startswith("大")
        return Fact(kind=FactKind.DAY, value=str(distance if relative[-2] in "明后" else -distance), text=text)
    if clock := parts["clock"]:
        hours, _, minutes = clock.replace("：", ":").partition(":")
        return time_fact(int(hours), int(minutes), "", text)
    if hour := parts["hour"]:
        return _time(hour, parts["half_day"], parts["past"], text)
    return None


def _read_number(parts: dict[str, str | None], text: str) -> Fact | None:
    if base := parts["base"]:
        whole, share = _BASES.get(base) or _decimal(base), _decimal(parts["part"] or "")
        return number_fact(FactKind.PERCENT, [round(100 * share / whole, 4)], "%", text) if whole and share else None
    if parts["one_half"]:
        return number_fact(FactKind.PERCENT, [Decimal(50)], "%", text)
    if discount := parts["discount"]:
        # 八折, 8折 and 80折; 八五折, 8.5折 and 85折.
        rate = _decimal(discount) or Decimal(0)
        return number_fact(FactKind.NUMBER, [rate if rate >= 10 else 10 * rate], "discount", text) if rate else None
    if signed := parts["signed"]:
        return number_fact(FactKind.AMOUNT, [value_of_mixed(signed)], unit_name(CURRENCIES, parts["sign"] or ""), text)
    if unit := parts["each"]:
        return number_fact(FactKind.NUMBER, [Decimal(1)], unit_name(UNITS, unit), text, passing=True)
    if decimal := parts["decimal"]:
        exact = _decimal(decimal)
        return None if exact is None else measured_fact([exact], parts, "decimal_", text)
    if figures := parts["figures"]:
        return _measured(value_of_mixed(figures), parts, "", text)
    value = value_of_numerals(parts["numerals"] or "")
    if value is None:
        return None
    if parts["tens_of_percent"]:
        return number_fact(FactKind.PERCENT, [value * 10], "%", text)
    fact = _measured(value, parts, "numerals_", text)
    # 一次, 一笔, 一位: an article rather than a number.
    return fact.model_copy(update={"passing": True}) if value == 1 and fact.unit in _ARTICLES else fact


def _measured(value: Decimal, parts: dict[str, str | None], prefix: str, text: str) -> Fact:
    """Return a number with what stands within or behind its unit: 29块9, 两个半小时, 一年半."""
    between, behind = parts[f"{prefix}half_unit"], parts[f"{prefix}half_behind"]
    if unit := behind or (between and f"个{between}"):
        return number_fact(FactKind.NUMBER, [value + Decimal("0.5")], unit_name(UNITS, unit), text)
    tenths, hundredths = (_decimal(parts[f"{prefix}{name}"] or "") or 0 for name in ("tenths", "hundredths"))
    return measured_fact([value + Decimal(tenths) / 10 + Decimal(hundredths) / 100], parts, prefix, text)


def _time(hour: str, half: str | None, past: str | None, text: str) -> Fact:
    """Return a time; 一点 and 三点 alone are in passing, as they are "a little" and "three points" too."""
    minute = {"半": 30, "一刻": 15, "三刻": 45, "钟": 0, "整": 0, None: 0}.get(past)
    if minute is None:
        minute = _small((past or "").removesuffix("分"))
    day_half = "" if not half else "am" if half in _MORNING else "pm"
    is_sure = bool(half or past or hour.isdigit() or hour in ("零", "十一", "十二"))
    return time_fact(_small(hour), minute, day_half, text, passing=not is_sure)


def _small(text: str) -> int:
    return int(text) if text.isdecimal() else int(value_of_numerals(text) or 0) if text else 0


def _decimal(text: str) -> Decimal | None:
    """Return what 三点五, 3.5 or 八五 comes to; None for no number."""
    if text[:1].isdecimal():
        return value_of_figures(text)
    whole, _, digits = text.partition("点")
    if len(whole) == 2 and set(whole) <= DIGITS_ZH:
        return Decimal("".join(map(str, map(_small, whole))))
    value = value_of_numerals(whole) if whole else None
    if value is None or not digits:
        return value
    return value + Decimal(f"0.{''.join(map(str, map(_small, digits)))}")
