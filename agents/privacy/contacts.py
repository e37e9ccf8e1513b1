"""E-mail addresses, written or said aloud, and street addresses in English and Chinese.

Like those of `numbers`, the patterns expect plain text and step over each character a bounded number of times.
"""

import re
from collections.abc import Iterator

from agents.privacy.cues import Finding, Private
from agents.privacy.names import is_ordinary
from agents.privacy.numbers import NUMBER_WORDS

_FLAGS = re.IGNORECASE | re.ASCII

_HOST = r"(?:gmail|g mail|yahoo|hotmail|outlook|icloud|aol|proton|qq|163|126|live|msn)"
_JOINT = r"(?:dot|point|underscore|dash|hyphen|minus|plus)"
_AT = re.compile(r"@|艾特|\bat\b", re.IGNORECASE)
_EMAIL = re.compile(
    rf"(?<![\w.'+-])(?P<local>(?:\w ){{0,24}}[\w.%+-]{{1,64}}(?:(?: {_JOINT} |点)[\w.+-]{{1,64}}){{0,6}})(?:"
    rf"(?:@| ?艾特 ?| @ ?(?={_HOST}|[\w-]*[A-Za-z][\w-]*(?:\.\w|点)))"
    r"[\w-]{1,64}(?:(?: dot |点|\.)[\w-]{1,24}){0,4}"
    rf"| at (?P<host>{_HOST}\b|[\w-]{{1,64}}(?: (?:dash|hyphen) [\w-]{{1,64}})?(?=\.\w| dot | point ))"
    r"(?:(?:\.| dot | point )[\w-]{2,24}){0,3})",
    _FLAGS,
)
_LOCAL_PART = re.compile(rf" {_JOINT} |[\d._]", _FLAGS)
_WORD_BEFORE = re.compile(r"(?<![\w.'])([A-Za-z0-9]+) $", re.ASCII)
_MAIL_CUE = re.compile(r"\be-?mail|\bmail\b|\baddress", _FLAGS)

_SURE_STREET = r"(?:street|avenue|road|lane|boulevard|terrace|crescent|parkway|highway|broadway|blvd|ave|rd)"
_STREET = (
    r"(?:ln|hwy|pkwy|st|drive|dr|court|ct|place|pl|square|sq|way|close|circle|cir|row|gardens?|grove|mews|gate|hill|walk"
    r"|quay|trail)"
)
_FLAT = (
    r"(?:(?:apt|apartment|unit|suite|ste|flat|room|floor|number|no)\b\.? ?#?|#)(?:\d{1,5}[A-Z]?|[A-Z]\d{0,4})(?![\w'])"
)
_HOUSE = rf"(?:\d{{1,5}}[A-Z]?|(?:(?:{NUMBER_WORDS}|hundred|and)[ -]){{1,5}}(?=[A-Z]))"
_ADDRESS = re.compile(
    rf"(?<![\w.])(?:{_FLAT},? )?{_HOUSE},?(?P<words>(?: (?:[A-Z][\w'-]*\.?|\d{{1,3}}(?:st|nd|rd|th))){{1,4}})"
    rf" (?:(?P<sure>{_SURE_STREET})|(?P<street>{_STREET}))\b\.?(?:,? {_FLAT})?"
    r"|\bp\.? ?o\.? ?box \d+|\b(?:apt|apartment|suite|flat)\b\.? ?#?(?:\d{1,5}[A-Z]?|[A-Z]\d{1,4})(?![\w'])"
    r"|(?<=\baddress is )\d{1,5}[A-Z]?(?: [A-Z]\w+){1,3}",
    _FLAGS,
)
_NO_STREET = re.compile(
    r"\b(?:the|a|an|on|my|your|his|her|our|this|that|in|of|to|at|for|and|or|down|up|from|with|is|was|by|miles?|minutes?|"
    r"hours?|days?|blocks?|weeks?|years?|months?|houses?|doors?|met(?:er|re)s?|km|feet|bedrooms?|people|times|way|more|other|"
    r"different|am|pm)\b",
    _FLAGS,
)

_HAN = r"\u4e00-\u9fff"
_COUNT = r"(?:\d{1,5}|[零〇一二三四五六七八九十百]{1,5}|[A-Za-z]\d{0,4}|[甲乙丙丁东西南北中])"
_BLOCK = r"(?:号楼|号院|栋|幢|单元|弄)"
_PARTS = rf"(?:附?{_COUNT}(?:{_BLOCK}|号|座|室|楼|层|房|门|组|队|户|街坊|区|-)){{1,6}}\d{{0,5}}"
_ROAD_ZH = r"(?:路|街|大道|巷|弄|胡同|小区|花园|苑|公寓|大厦|家园|新村|街道)"
_ADDRESS_ZH = re.compile(
    r"(?:路|街|道|巷|弄|胡同|村|里|苑|园|城|府|庭|庄|寓|厦|场|湾|邸|居|乡|镇|公馆|小区|社区)"
    rf"(?:[东西南北中]段?|[一二三四五六七八九]段)?{_PARTS}"
    rf"|(?:{_COUNT}{_BLOCK}){{1,3}}(?:{_PARTS}|\d{{1,5}}(?:室|房|号)?)"
    rf"|(?<=住在|址是|址在|址为|住址|地址|家在|寄到|寄往|送到|搬到)[{_HAN}]{{2,16}}?{_ROAD_ZH}(?:{_PARTS}|(?![{_HAN}]))"
)
_BEFORE_ZH = re.compile(rf"[{_HAN}]{{0,24}}$")
_NO_STREET_ZH = re.compile(r".*(?:[在到是住址寄送从往去的我你您他她来把给叫和跟]|(?<=..)[省市])")
"""What stands before the street: other words, and the city, which is kept."""


def find_emails(text: str) -> Iterator[Finding]:
    """Yield the e-mail addresses of a plain text."""
    if not _AT.search(text):
        return
    for match in _EMAIL.finditer(text):
        said = match["host"]
        if (
            said is None
            or re.match(_HOST, said, _FLAGS)
            or _LOCAL_PART.search(match["local"])
            or _MAIL_CUE.search(text, max(0, match.start() - 64), match.start())
        ):
            start = match.start()
            while (
                said and match.start() - start < 32 and (before := _WORD_BEFORE.search(text, max(0, start - 24), start))
            ):
                if is_ordinary(before[1]):
                    break
                start = before.start()
            yield Finding(start, match.end(), Private.EMAIL)


def find_addresses(text: str) -> Iterator[Finding]:
    """Yield the street addresses of a plain English text."""
    for match in _ADDRESS.finditer(text):
        if words := match["words"]:
            in_capitals = words.strip()[0].isupper() and (match["street"] or "A")[0].isupper()
            if _NO_STREET.search(words) or not (match["sure"] or in_capitals):
                continue
        yield Finding(*match.span(), Private.ADDRESS)


def find_addresses_zh(text: str) -> Iterator[Finding]:
    """Yield the street addresses of a plain Chinese text, each without its city."""
    for match in _ADDRESS_ZH.finditer(text):
        start = match.start()
        if before := _BEFORE_ZH.search(text, max(0, start - 24), start):
            start = before.start()
        if other := _NO_STREET_ZH.match(text, start, match.end() - 2):
            start = other.end()
        yield Finding(start, match.end(), Private.ADDRESS)
