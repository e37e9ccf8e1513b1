"""Street addresses in Chinese: estates, houses, flats, villages, and places that are told by what is near.

The patterns expect plain text and step over each character a bounded number of times.
"""

import re
from collections.abc import Iterator

from quality.privacy.cedict import load_cedict
from quality.privacy.cues import Finding, Private
from quality.privacy.digits import DIGITS_ZH

_HAN = r"\u4e00-\u9fff"
_PLACE = "(?:(?![我你您他她它这那哪个的了吗在到把们是放寄送存搁有就])[\u4e00-\u9fff])"
"""A character of the name of a place."""
_COUNT = rf"(?:\d{{1,5}}|[{DIGITS_ZH}两十百千]{{1,6}}|[A-Za-z]\d{{0,4}}|[甲乙丙丁东西南北中])"
_BLOCK = r"(?:号楼|号院|(?<![A-Za-z]{2})#楼?|栋|幢|单元|弄|座)"
_UNIT = rf"(?:{_BLOCK}|号|室|楼|层|房|门|组|社|队|户|街坊|舍(?!五入|不得|得)|[东西南北]?[区期]|-)"
_PARTS = (
    rf"(?:附?{_COUNT}{_UNIT})(?:[, ]?附?{_COUNT}{_UNIT}){{0,6}}"
    rf"(?:[, ]?(?:[A-Za-z]?\d{{1,5}}|[{DIGITS_ZH}]{{2,5}})|之[{DIGITS_ZH}\d])?(?:室|房|号)?"
)
_ROAD = (
    r"(?:路|街|大道|巷|胡同|小区|花园|苑|公寓|大厦|家园|新村|街道|嘉园|写字楼|广场|社区|村|工业园|产业园|科技园|宿舍"
    r"|天地|国际|府|湾|坊|轩|阁|家属院|大院|山庄|[华豪]庭|公馆|别墅|[村屯]子|坪|塘)"
)
_ADDRESS = re.compile(
    r"(?:路|街|道|巷|弄|胡同|村|里|苑|园|城|府|庭|庄|寓|厦|广场|国际|天地|湾|邸|居|乡|镇|屯|寨|社|公馆|小区|社区)"
    rf"(?:[东西南北中]段?|[一二三四五六七八九]段)?{_PARTS}"
    rf"|[{_HAN}]{{2,8}}(?:[一二三四五六七八九\d]+期)?(?<![码号单])\d{{1,3}}(?:-\d{{1,4}}){{1,3}}(?!\d)"
    rf"|[{_HAN}]{{0,6}}(?:楼|舍|公寓|院)[A-Za-z]?\d{{3,4}}(?!\d)[室房]?"
    rf"|(?:{_COUNT}{_BLOCK}){{1,3}}(?:{_PARTS}|(?:[A-Za-z]?\d{{1,5}}|[{DIGITS_ZH}]{{2,5}})(?:室|房|号)?)"
    rf"|(?<=住在|家住|址是|址写|址在|址为|住址|地址|家在|我在|寄到|寄往|寄回|送到|发到|搬到"
    rf"|搬去)(?!哪|什么)[{_HAN}]{{2,20}}?{_ROAD}"
    rf"(?:{_PARTS}|[东西南北][门口头面](?:[{_HAN}]{{1,5}}(?![{_HAN}]))?|(?=[了吧就](?![{_HAN}]{{3}}))|(?![{_HAN}]))"
)
_ROWS = re.compile(
    rf"(?:家属[院区]|大院|平房|[村厂坊巷]|新区|宿舍)第?{_COUNT}排[东西]?(?:第?{_COUNT}(?:[号户家间]|(?![张个位座]))|[东西]头)"
)
"""Rows of houses."""
_WITHOUT_FIGURES = re.compile(
    rf"[{_HAN}]{{2,6}}(?:镇|(?<!城)乡(?!镇)|街道)[{_HAN}]{{1,6}}?(?:[村屯寨](?![民委里口镇])|嘎查|社区)"
    rf"|[{_HAN}]{{2,8}}[路街道][和与跟]?[{_HAN}]{{1,8}}?[路街道]的?(?:交叉口|交[汇叉]处?|路口|拐角)"
    rf"|[{_HAN}]{{2,8}}?(?<![码号单])(?:[{DIGITS_ZH}]{{1,3}}-){{1,2}}[{DIGITS_ZH}]{{3,4}}(?!-)"
)
"""Villages, crossings, and flats whose numbers are words."""
_WITHOUT_FIGURES_HINT = re.compile(rf"[镇乡]|街道|路口|拐角|交[叉汇]|[{DIGITS_ZH}]-")
_KEPT = re.compile(
    rf"(?:[放送寄存搁投派][到在去往至]?|[在到])(?P<kept>{_PLACE}{{2,10}}(?:小区|花园|新村|公寓|大厦|家园|广场|校区|[苑村里城府湾园庄院]|\d期)"
    rf"(?:{_PLACE}?[东西南北正后前侧]门)?的?(?:{_PLACE}{{0,4}}(?:柜(?!子)|驿站)|门[卫岗]室?|岗亭|保安[亭室]|传达室|物业(?:前台|中心)?"
    rf"|前台|{_PLACE}{{0,4}}(?:代[收取]点|小卖部|超市)))"
)
"""An estate, and who or what keeps parcels there."""
_LANDMARK = re.compile(
    rf"(?:(?<![{_HAN}])|(?<=[就在到去]))(?P<mark>(?:(?![前后每条楼门对旁隔十丁]){_PLACE}){{1,4}}"
    rf"(?:[街路村巷]口|桥头|大队|村|庄|屯|寨|集上|镇上)(?:那个|的)?{_PLACE}{{2,10}}?"
    rf"(?:旁边|隔壁|楼上|楼下|斜?对面|后[面头]|边上)(?:那[家户栋间])?)(?=[^{_HAN}]|$|就[行好])"
)
"""A place in a village or at a corner, and what is there."""
_ON_THE_SPOT = re.compile(
    "柜|驿站|门[卫岗]|岗亭|保安|传达|物业|前台|代[收取]点|小卖部|超市|旁边|隔壁|楼[上下]|对面|后[面头]|边上"
)
_MORE = re.compile(
    rf"(?:, ?(?:[{_HAN}]{{0,8}}?{_PARTS}|[{_HAN}]{{2,8}}(?:广场|大厦|小区|花园|中心|楼上|那栋楼))(?![{_HAN}])){{1,6}}"
)
"""What else is said of where it is."""
_NEAR = re.compile(
    rf"(?:住在?|址[是在写为]|家在|[寄送搬][到往去]|派到)(?P<place>[{_HAN}\w]{{2,20}}?(?:[东西南北][门口头边面]"
    rf"|往[东西南北里左右]|隔壁|对面|后面|旁边"
    r"|斜对过|斜对面|进[来去]|拐进去|右手边|左手边)"
    rf"(?:[{_HAN}\w]{{0,10}}?那[家户栋间幢]|[{_HAN}\w]{{0,10}}?(?=[ ,。!?]|就[行好可]|[了吧]?$|[了吧][,。])))"
)
"""An address that is told by what is near."""
_BEHIND = re.compile(
    rf"[的]?(?:[东西南北左右][门口头边面手]|后面|旁边|隔壁|对面)(?:[{_HAN}]{{0,8}})(?=[,。!?]|$)|楼下的?{_PLACE}{{0,4}}(?:柜(?!子)|驿站|超市)"
)
_ORDINAL = re.compile(
    rf"[{_HAN}\w]{{0,16}}?(?:[东西南北][头边面口门]|[村屯寨]子?|[巷弄]子?|胡同|[前后]门|旁边|对面|后面|隔壁"
    rf"|往[东西南北里])[{_HAN}]{{0,6}}?"
    r"第[一二三四五六七八九十\d]{1,2}个?(?:家|户|栋|幢|排|门洞?|单元|院子?|胡同|巷子?|房子?|间)"
    rf"(?=[^{_HAN}]|$|[就是吧啊呢了])"
)
"""A house that is told by counting."""
_FIGURES_BEFORE = re.compile(r"\d*$", re.ASCII)
_SHOPS = re.compile(r".*(?:商场|超市|医院|[一二三四五六七八九十\d]楼)[一二三四五六七八九十\d]+[楼层]$")
_HINT = re.compile(
    r"[号栋幢弄室楼层组座单户门区期镇乡舍社排#-]|路口|交[叉汇]|拐角|[路街道巷同区园苑寓厦村](?![\u4e00-\u9fff])"
    r"|住|[址家我]在|[寄送搬][到往去]"
)
_BARE = re.compile(rf"(?:(?![的了吗呢吧不没我你您他她这那有是还就都也很在说看先再又请给])[{_HAN}]){{3,8}}")
"""What may be the name of an estate: a few characters, none of them one of those that sentences are made of."""
_BEFORE = re.compile(rf"[{_HAN}]{{0,32}}(?<=[{_HAN}])(?:[A-Za-z]{{2,12}} ?)?$|$")
_NO_STREET = re.compile(
    r".*(?:[在到是住址寄送往的我你您他她把给叫跟]|(?<![进过出下上])去|(?<![解开])放|快递|麻烦|[址写]写|(?<![东进过出下上])来|从(?!化)|和(?!平|谐|顺"
    r"|田|龙|静|政|林|县)|[改换变写][成为到])"
)
"""What stands before an address: other words."""


def is_estate(text: str) -> bool:
    """Return whether a plain Chinese text is the name of an estate and nothing else, as an answer has it."""
    return _BARE.fullmatch(text) is not None and not _is_made_of_words(text)


def find_addresses_zh(text: str) -> Iterator[Finding]:
    """Yield the street addresses of a plain Chinese text, each with the region in front."""
    for match in _ORDINAL.finditer(text) if "第" in text else ():
        other = _NO_STREET.match(text, match.start(), match.end() - 2)
        yield Finding(other.end() if other else match.start(), match.end(), Private.ADDRESS)
    if _ON_THE_SPOT.search(text):
        for pattern in (_KEPT, _LANDMARK):
            for match in pattern.finditer(text):
                yield Finding(*match.span(match.lastgroup or 0), Private.ADDRESS)
    if not _HINT.search(text):
        return
    for match in _NEAR.finditer(text):
        yield Finding(*match.span("place"), Private.ADDRESS)
    matches = [*_ADDRESS.finditer(text)]
    if _WITHOUT_FIGURES_HINT.search(text):
        matches += _WITHOUT_FIGURES.finditer(text)
    if "排" in text:
        matches += _ROWS.finditer(text)
    for match in matches:
        start = match.start()
        # 3号宿舍楼412, 14舍327
        if text[start] in "号栋舍" and (figures := _FIGURES_BEFORE.search(text, max(0, start - 3), start)):
            start = figures.start()
        if before := _BEFORE.search(text, max(0, start - 32), start):
            start = before.start()
        if other := _NO_STREET.match(text, start, match.end() - 2):
            start = other.end()
        if not _SHOPS.match(text, start, match.end()):
            more = _MORE.match(text, match.end())
            end = more.end() if more else match.end()
            near = _BEHIND.match(text, end)
            yield Finding(start, near.end() if near else end, Private.ADDRESS)


def _is_made_of_words(text: str) -> bool:
    """Return whether a Chinese text is but words of the dictionary, cities among them, one behind the other."""
    words, proper = load_cedict()[:2]
    ends = {0}
    for end in range(2, len(text) + 1):
        parts = {text[end - size : end] for size in (2, 3, 4) if end - size in ends}
        if not (parts.isdisjoint(words) and parts.isdisjoint(proper)):
            ends.add(end)
    return len(text) in ends
