"""Private numbers and codes: what tells a card, a phone or a PIN from an amount, a date or a time.

All patterns expect text that `privacy` has made plain, with ASCII digits and punctuation. They step over each character
a bounded number of times, as the text is anybody's. No check digit decides: a number that is misread, misheard or made
up is private all the same.
"""

import re
from collections.abc import Collection, Iterator

from quality.privacy.cues import CERTAIN, Cue, Cues, Finding, Private, is_cue
from quality.privacy.digits import (
    DIGITS_ZH,
    NUMBER_WORDS,
    RUN,
    TENS,
    TIMES,
    UNIT,
    UNITS,
    Run,
    is_part_of_number,
)
from quality.privacy.lexicon import is_letters_of_code, is_ordinary, parts_of

_FLAGS = re.IGNORECASE | re.ASCII

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = (
    r"(?:(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![\dA-Za-z])"
    r"|(?:(?:(?:twenty|thirty)[ -])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|tenth|eleventh"
    r"|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|thirtieth)\b)"
)
_YEAR = (
    r"(?:(?:19|20)\d\d(?!\d)|'\d\d(?!\d)"
    rf"|(?:nineteen|twenty|two thousand)(?:[ -](?:and )?(?:{NUMBER_WORDS})\b){{1,2}}"
    rf"|(?:{'|'.join(TENS)})(?:[ -](?:{'|'.join(UNITS)}))?\b)"
)
_DATE = (
    r"(?:19|20)\d\d ?[-/.年] ?(?:1[0-2]|0?[1-9]) ?[-/.月] ?(?:3[01]|[12]\d|0?[1-9])(?: ?[日号]|(?![\d-]))"
    r"|(?:3[01]|[12]\d|0?[1-9])(?P<joint> ?[-/.] ?)(?:3[01]|[12]\d|0?[1-9])(?P=joint)(?:(?:19|20)\d\d|\d\d)(?![\d-])"
    rf"|{_MONTH} (?:the )?{_DAY}(?:,? (?:of )?{_YEAR})?"
    rf"|{_DAY}(?: day)?(?: of)? {_MONTH}(?:,? (?:of )?{_YEAR})?"
    rf"|{_DAY} of the {_DAY},? {_YEAR}"
    rf"|{_YEAR}, (?:{_MONTH} (?:the )?{_DAY}|{_DAY}(?: of)? {_MONTH})"
    rf"|(?:(?:(?:19|20)?\d\d|[{DIGITS_ZH}]{{2,4}})年[, ]?)?(?:[农阴阳公]历)?闰?(?:1[0-2]|0?[1-9]|十[一二]?"
    rf"|[一二三四五六七八九正冬腊])月[, ]?"
    r"(?:3[01]|[12]\d|0?[1-9]|[二三]?十[一二三四五六七八九]?|[初廿]?[一二三四五六七八九]|初十)(?:[日号]|(?!\d))"
    rf"|(?:(?:19|20)?\d\d|[{DIGITS_ZH}]{{2,4}})年(?:[农阴]历)?(?:1[0-2]|0?[1-9]|十[一二]?"
    rf"|[一二三四五六七八九正冬腊])月(?:份|(?=生|[^\w]|$))"
    rf"|(?:(?:19|20)?\d\d|[{DIGITS_ZH}]{{2,4}})年(?:的?(?:农历|阴历)?)(?:春节|元宵|端午|七夕|中秋|重阳|腊八|小年|除夕"
    rf"|元旦|圣诞)节?"
    rf"|[{DIGITS_ZH}]{{2,4}}[, 年]{{1,2}}(?:[零〇]?[一二三四五六七八九]"
    rf"|十[一二]?)[, 月]{{1,2}}(?:[零〇]?[一二三四五六七八九]|[二三]?十[一二三四五六七八九]?)"
    rf"(?<=十.|.十)(?![{DIGITS_ZH}])"
)
_HARMLESS = (
    # Money, thousands with commas, times, decimals, spans of years, and whatever has a unit.
    r"(?:(?:[A-Z]{1,3})?[$€£¥₹]|(?:usd|eur|gbp|rmb|cny|inr|rs\.?|hkd|jpy)(?![A-Za-z])) ?\d++(?:,\d++)*+(?:\.\d++)?"
    r"|\d{1,3}(?:,\d{3})++(?:\.\d++)?(?!\d)"
    r"|\d{1,3}(?: \d{3})+[.,]\d\d(?!\d)"
    r"|\d{1,2}:\d{2}(?::\d{2})?(?!\d)"
    r"|\d{1,9}\.\d{1,2}(?!\d|[.-]\d)"
    # Addresses of home networks.
    r"|(?:10|127|192\.168)(?:\.\d{1,3}){2,3}(?![\d.])"
    r"|(?:19|20)\d\d ?(?:-|to|~|至|到) ?(?:19|20)\d\d(?![\d-])"
    rf"|\d{{1,9}}(?:\.\d++)?(?={UNIT})"
)
_BEGINNINGS = rf"[A-Za-z0-9'+($€£¥₹{DIGITS_ZH}农阴阳公闰十正冬腊]"
"""With what any number or code begins."""
_NUMBER = re.compile(
    rf"(?<![A-Za-z0-9])(?={_BEGINNINGS})(?:(?P<date>{_DATE})|(?P<harmless>{_HARMLESS})"
    r"|(?P<lettered>\d++(?:[-./]\d++)++[-/][A-Za-z]{1,2}(?![A-Za-z0-9]))"
    rf"|(?P<run>(?:\+ ?|plus )?\(?{RUN}(?:X(?![A-Za-z0-9]))?)"
    r"|(?P<code>(?=[A-Za-z_/-]{0,12}\d)[A-Za-z0-9]++(?:(?:[-_/]|\.(?=\d))[A-Za-z0-9]++)*+))",
    _FLAGS,
)
_INSTEAD = re.compile(r",? (?:and )?(?:not|instead of|rather than)(?: the)? ", re.IGNORECASE)
"""Between a private number and what somebody took for it."""
_EXTENSION = re.compile(r",? ?(?:ext(?:ension)?\b\.?|x|转|分机号?) ?\d{1,5}(?!\d)", _FLAGS)
_LETTERS = re.compile(r"(?<![A-Za-z0-9-])[A-Z]{5,8}(?![A-Za-z0-9-])")
_CAPITALS = re.compile(r"[A-Z]{5}")
_DIGIT = re.compile(r"\d", re.ASCII)
_SPOKEN = re.compile(
    rf"\b(?:{NUMBER_WORDS})[ ,.-]{{1,4}}(?:(?:{TIMES}) |{NUMBER_WORDS})|[{DIGITS_ZH}]{{3}}|[年月]"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* (?:the )?[a-z]+(?:st|nd|rd|th)\b"
    rf"|(?:st|nd|rd|th) (?:day )?of (?:the )?[a-z]|[{DIGITS_ZH}]{{2}},"
    rf"|[{DIGITS_ZH}][ ,、-]{{1,2}}[{DIGITS_ZH}]",
    re.ASCII,
)

_DAYS_OF = tuple(f"{ending} {day}of" for ending in ("st", "nd", "rd", "th") for day in ("", "day "))
_NUMBER_KEYS = frozenset(NUMBER_WORDS.split("|"))
_MONTHS = frozenset(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))

_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z]{4})?(?: ?(?=[A-Z]{0,3}\d)[A-Z0-9]{4}){2,7}"
    r"(?: ?(?:[A-Z]{1,2}\d[A-Z0-9]?|\d[A-Z0-9]{0,2}))?(?![A-Za-z0-9])",
    re.ASCII,
)
_PLATE_SIGN = f"[A-Z0-9{DIGITS_ZH}]"
_PLATE = re.compile(
    r"[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新] ?[A-Za-z][· .,、-]{0,2}"
    rf"(?:{_PLATE_SIGN}(?:[ ,、]{{0,2}}{_PLATE_SIGN}){{4,5}}|[A-Z0-9]{{4,5}}[学警港澳挂领])(?!{_PLATE_SIGN})"
    r"|\b[A-Z]{2}\d{2} [A-Z]{3}\b",
    re.ASCII,
)
_HONG_KONG_IDENTITY = re.compile(r"(?<![A-Za-z0-9])[A-Z]{1,2}\d{6} ?\([0-9A]\)", re.ASCII)
_POSTCODE = re.compile(r"(?<=\b[A-Z]{2} )\d{5}(?:-\d{4})?(?![-\d])|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b", re.ASCII)
_BY_FORM = (
    (_IBAN, Private.ACCOUNT_NUMBER),
    (_PLATE, Private.ID_NUMBER),
    (_HONG_KONG_IDENTITY, Private.ID_NUMBER),
    (_POSTCODE, Private.ADDRESS),
)
_IDENTITY = re.compile(r"\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{9,11}|[48]00\d{7}")
_LONG_CODE = re.compile(r"[A-Z]{2,}-\d{4,}|.*?\d{5}.*", re.ASCII)
_CHANGE = re.compile(r"\d(?=[A-Z])|[A-Z](?=\d)", re.ASCII)
_MEASURE = re.compile(
    r"\d+(?:k|km|m|mah|p|kg|gb|mb|tb|rmb|usd|eur|ml|mm|cm|w|kwh|hz|fps|x\d+|st|nd|rd|th|s)(?:-\d+\w{0,2})?", _FLAGS
)
_DATE_FIGURES = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_YEAR_FIGURES = re.compile(r"(?:19|20)\d\d")
_YEAR_OR_ROUND = re.compile(r"(?:19|20)\d\d|\d{1,2}00")
_OLD_YEAR = re.compile(
    r"(?<!\d)19[2-9]\d(?!\d)|\bnineteen[ -](?:twen|thir|for|fif|six|seven|eigh|nine)|[一幺]九[二-龥]{2}年", _FLAGS
)
_LUNAR = re.compile(r"(?:[3-9]\d|[三四五六七八九]\w)年[农阴]?历?(?:[正冬腊]月|\w{1,2}月(?:初|廿|十[一-九](?![日号])))")
"""A date of the lunar calendar, of a year that is told by two digits: hardly anything but a birth."""
_FULL_YEAR = re.compile(r"(?:19|20)\d\d")
_NAME_BEFORE = re.compile(r"([A-Z][a-z\u00c0-\u024f-]+), \(?$")
_SINCE = re.compile(r"\b(?:since|from|until|dated?|made|built|in)\b[ \w]*$|自|从", re.IGNORECASE)
_AMOUNT = re.compile(
    r"\b(?:salary|income|earn(?:s|ing|ed)?|mak(?:e|es|ing)|balance|limit|worth|costs?|price|pay(?:s|ing)?|paid|owed?"
    r"|rent"
    r"|spen[dt]|deposit(?:ed)?|withdr[ae]w|transfer(?:red)?|loan|mortgage|borrow(?:ed)?|debts?|budget|total|amount"
    r"|bonus"
    r"|fees?|charged?|invest(?:ed)?|sav(?:e|ed|ings?)|revenue|about|around|over|under|almost|nearly)\b"
    r"(?!.*\b(?:to|into|number)\b)"
    r"|工资|月薪|年薪|收入|余额|额度|贷款|欠|[花转存取交缴付打卖赚挣借还退赔充]了?|价格|金额|费|租金|押金|首付|奖金"
    r"|补贴"
    r"|基数|一共|总共|大概|大约|差不多",
    _FLAGS,
)
"""What makes an amount of the number that follows, unless it says where to."""
_LETTERS_BEFORE = re.compile(
    r"(?<![A-Za-z0-9'])(?:(?:[A-Z]{1,5}\d{0,4}[A-Z]?|[a-z]{2,5}|\d{1,4}[A-Z]{1,3}|\d{1,4})(?:[ -]| (?:dash|hyphen"
    r"|slash|stroke) )"
    r"|[A-Za-z] (?:as in|for) [A-Za-z]+,? )$"
)
_LETTERS_BEHIND = re.compile(r"(?:[ -](?:[B-HJ-Z]|(?=\d*[A-Z])(?=[A-Z]*\d)[A-Z0-9]{2,6})(?![A-Za-z0-9'])){1,6}")
_MOST_LETTERED = 6
_LITTLE_ELSE = 16
"""Characters that an English answer has beside the digits when it tells nothing else."""


def holds_number(text: str) -> bool:
    """Return whether a plain text holds any number or code, private or not."""
    if _DIGIT.search(text) or (_CAPITALS.search(text) and _LETTERS.search(text)):
        return True
    small = text.lower()
    return _may_be_spoken(text, small) and _SPOKEN.search(small) is not None


def _may_be_spoken(text: str, small: str) -> bool:
    """Return whether a plain text holds one of the words of which each match of `_SPOKEN` holds one."""
    if not text.isascii() or any(map(small.__contains__, _DAYS_OF)):
        return True
    parts = parts_of(text)
    return not _NUMBER_KEYS.isdisjoint(parts) or not _MONTHS.isdisjoint([part[:3] for part in parts])


def find_numbers(text: str, asked: Collection[Private] = ()) -> Iterator[Finding]:
    """Yield the private numbers and codes of a plain text.

    `asked` are the kinds that the other side has just asked for: then even a short number is private.
    """
    for pattern, kind in _BY_FORM:
        for match in pattern.finditer(text):
            yield Finding(*match.span(), kind)
    cues = Cues(text)
    last: Finding | None = None
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        found: Private | None = None
        if match["date"]:
            cue = cues.at(start, end)
            if Private.BIRTH_DATE in (cue.kind, *asked) or _is_birth_date(match):
                found = Private.BIRTH_DATE
            elif cue.enough == 3 and match["joint"]:
                found = cue.kind
        elif code := match["code"] or match["lettered"]:
            if not _MEASURE.fullmatch(code):
                start, end = _with_letters(text, start, end)
                found = _kind_of_code(text[start:end], cues.at(start, end), asked)
        elif match["run"] and (run := Run.read(match)) and len(run.digits) >= 3:
            begin, end = _with_letters(text, start, run.end)
            cue = cues.at(begin, run.end)
            lettered = begin < start and cue.kind and cue.enough < 5
            found = cue.kind if lettered else _kind_of_run(run, text, start, cue, asked)
            if not found and asked and _is_little_else(text, start, run) and not cue.is_harmless:
                found = next(iter(asked))  # Some digits of a longer answer.
            if not found and last and _INSTEAD.fullmatch(text, last.end, start):
                found = last.kind
            if found in (Private.ACCOUNT_NUMBER, Private.ID_NUMBER):
                start = begin
            else:
                end = run.end
        if found is Private.PHONE_NUMBER and (extension := _EXTENSION.match(text, end)):
            end = extension.end()
        if found:
            yield (last := Finding(start, end, found))
    cues = Cues(text)
    for match in _LETTERS.finditer(text):
        cue = cues.at(*match.span())
        alone = text.strip(" .") == match[0]
        said = cue.kind if cue.enough == 3 else next(iter(asked), None) if alone else None
        if said and not is_ordinary(match[0]):
            yield Finding(*match.span(), said)


def _is_birth_date(date: re.Match[str]) -> bool:
    """Return whether a date of which nothing is said is of the last century, or stands behind a name."""
    if _OLD_YEAR.search(date[0]) or _LUNAR.search(date[0]):
        return not _SINCE.search(date.string, max(0, date.start() - 16), date.start())
    name = _NAME_BEFORE.search(date.string, max(0, date.start() - 24), date.start())
    return name is not None and _FULL_YEAR.search(date[0]) is not None and not is_ordinary(name[1])


def _kind_of_code(code: str, cue: Cue, asked: Collection[Private]) -> Private | None:
    """Return the kind of a token that mixes letters and digits, None for a product."""
    digits = sum(map(str.isdigit, code))
    if cue.is_harmless:
        return None
    size = sum(map(str.isalnum, code))
    if size >= 3 and cue.kind and cue.enough == 3:
        return cue.kind
    if size >= 4:
        if cue.kind and cue.enough < 5:
            return cue.kind
        if asked and digits >= 2:
            return next(iter(asked))
    if digits >= 6 or len(_CHANGE.findall(code)) >= 4 or _LONG_CODE.fullmatch(code):
        return cue.kind or Private.ACCOUNT_NUMBER
    return None


def _kind_of_run(run: Run, text: str, start: int, cue: Cue, asked: Collection[Private]) -> Private | None:
    """Return the kind of a run of digits, None for a harmless one."""
    size = len(run.digits)
    shape = _shape(run, text[start : run.end])
    countable = _YEAR_OR_ROUND.fullmatch(run.digits) is not None
    if cue.kind and cue.enough <= min(size, 4) and (cue.enough == 3 or not countable):
        return shape if shape is Private.ID_NUMBER else cue.kind
    if not _AMOUNT.search(text, max(0, start - 12), start):
        for kind in asked:
            if size >= (3 if kind is Private.PASSWORD else 4) and (kind in CERTAIN or not countable):
                return shape or kind
    if size < 5 or (cue.is_harmless and not shape) or (not shape and _is_harmless(run, text, start, cue)):
        return None
    return shape or cue.kind or Private.ACCOUNT_NUMBER


def _shape(run: Run, written: str) -> Private | None:
    """Return the kind that a number has by its form alone."""
    digits, lengths = run.digits, [len(group) for group in run.groups]
    if _IDENTITY.fullmatch(digits) or (lengths == [3, 2, 4] and "-" in written):
        return Private.ID_NUMBER
    if 13 <= len(digits) <= 19 and (lengths[:3] == [4, 4, 4] or lengths[:2] == [4, 6] or len(digits) in (16, 19)):
        return Private.CARD_NUMBER
    if written[0] in "+(" and 7 <= len(digits) <= 15:
        return Private.PHONE_NUMBER
    if _PHONE.fullmatch(digits) or lengths[-3:] == [3, 3, 4] or lengths == [3, 4]:
        return Private.PHONE_NUMBER
    return Private.PHONE_NUMBER if run.spoken and len(digits) in (10, 11) else None


def _is_harmless(run: Run, text: str, start: int, cue: Cue) -> bool:
    """Return whether a run without a telling form is an amount, a date, years, a range or a list."""
    groups, digits = run.groups, run.digits
    if len(groups) == 1:
        if _DATE_FIGURES.fullmatch(digits):
            return cue.kind is None
        round_amount = len(digits) <= 7 and digits.endswith("00")
        return round_amount and _AMOUNT.search(text, max(0, start - 32), start) is not None
    if all(_YEAR_FIGURES.fullmatch(group) for group in groups):
        return True
    if run.spoken or all(len(group) == 1 for group in groups):
        few = 6 if cue.kind in CERTAIN else 8 if cue.kind else 12
        return sum(len(group) == 1 for group in groups) < 3 and len(digits) < few
    written = text[start : run.end]
    if any(char in written for char in ",、/"):
        few = len(groups) < 3 or (min(map(len, groups)) < 4 and max(map(len, groups)) < 6)
        return cue.kind is None and few
    if len(groups) == 2 and "-" in written and len(groups[0]) == len(groups[1]) and digits.endswith("0"):
        return True
    return len(digits) < 7 and cue.kind is None and not (len(groups) == 3 and "-" in written)


def _is_little_else(text: str, start: int, run: Run) -> bool:
    """Return whether a text tells nothing beside a run of digits, which is no amount and no year."""
    little = len(text) - (run.end - start) <= _LITTLE_ELSE if text.isascii() else is_part_of_number(text)
    return little and not _YEAR_FIGURES.fullmatch(run.digits) and not _AMOUNT.search(text, 0, start)


def _with_letters(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where a number stands together with the letters that belong to it."""
    begin = start
    for _ in range(_MOST_LETTERED):
        before = _LETTERS_BEFORE.search(text, max(0, begin - 24), begin)
        if not before or is_ordinary(word := before[0][:-1].lower()) or is_cue(word):
            break
        if before[0][:2].islower() and not is_letters_of_code(word):
            break
        begin = before.start()
    behind = _LETTERS_BEHIND.match(text, end)
    return begin, behind.end() if behind else end
