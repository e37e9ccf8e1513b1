"""What is said aloud in Chinese, as it would be written: the other words for digits, repeated digits, letters, signs.

All patterns expect plain text and step over each character a bounded number of times.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from quality.privacy.cedict import load_cedict
from quality.privacy.digits import DIGITS_ZH, digits_of_zh
from quality.privacy.plain import Plain, rewrite
from quality.text import CHINESE_CHARACTER

_HONG_KONG = dict(zip("係喺嘅唔咗冇佢嚟畀啲嗰哋邨於妳", "是在的不了没他来给些那们村于你", strict=True))
"""Characters of written Cantonese, and variants, with those that the patterns know."""

_FIGURE = rf"[0-9{DIGITS_ZH}]"
_SIGN = rf"[A-Za-z0-9{DIGITS_ZH}]"
_SAID = rf"[0-9{DIGITS_ZH}两拐勾钩]"
_DIALECT = str.maketrans("两拐勾钩", "二七九九")
_COUNTED = "[十百千万亿块元个年月日天位人点分斤米折号楼层张条次件台会笔边家小种套名只份口户道门句]"
"""What makes an amount of the numeral before it."""
_TIMES = {**{digit: value for value, digit in enumerate("一二三四五六七八九", 1)}, "两": 2, "俩": 2}
_TIMES_SAID = f"[{''.join(_TIMES)}]"
_MAIL = r"(?:gmail|qq|foxmail|outlook|hotmail|扣扣|sina|sohu|yeah|icloud|live|vip|\d{3})"


class _Form(NamedTuple):
    """A way to say something, one of the characters without which it is not said, and how it is written."""

    hint: re.Pattern[str]
    pattern: re.Pattern[str]
    written: Callable[[re.Match[str]], str]


def _form(hints: str, pattern: str, written: Callable[[re.Match[str]], str]) -> _Form:
    return _Form(re.compile(f"[{hints}]"), re.compile(pattern), written)


_FORMS = (
    # Fillers between digits, and behind a place whose number comes.
    _form(
        "呃嗯额诶啊哦那这等我稍然再后接对",
        rf"(?<=[A-Za-z0-9{DIGITS_ZH}两拐勾路街号栋幢楼弄院区元村苑园庄城里座期年月])"
        r"(?:[ ,、.]{0,2}(?:[呃嗯额诶啊哦]对?|那个|这个|等一?下[啊哈]?|我看看|稍等|然后是?|再|后面是?|接着是?|对)){1,3}"
        r"[ ,、.]{0,2}"
        rf"(?={_SIGN}|[两拐勾钩](?!{_COUNTED})|[十初廿正冬腊])",
        lambda match: "",
    ),
    # 两六洞拐
    _form(
        "两拐勾钩",
        rf"(?<![左右])(?:{_SAID}[ ,、]{{0,2}}){{3,24}}{_SAID}(?!{_COUNTED})"
        rf"|(?<=[A-Z]) ?{_SAID}{{3,24}}|{_SAID}{{3,24}}(?= ?[A-Z])",
        lambda match: match[0].translate(_DIALECT),
    ),
    # 四个零; 一个九 only beside another such.
    _form(
        "个",
        rf"(?:(?<=[{DIGITS_ZH}\d,密码是号位数尾 :])|(?={_TIMES_SAID}个{_FIGURE}[ ,、]?{_TIMES_SAID}个{_FIGURE}))"
        rf"({_TIMES_SAID})个({_FIGURE})(?!{_COUNTED})",
        lambda match: digits_of_zh(match[2]) * _TIMES[match[1]],
    ),
    # The X of an identity number.
    _form(
        "Xx叉斯",
        rf"(?<={_FIGURE})[ ,、]{{0,2}}(?:最后|末尾)?(?:一?[位个])?是?(?:大写|小写|字母)?的?"
        r"(?:[Xx](?![A-Za-z0-9])|叉(?![车子腰烧戟神路])|[埃艾]克斯)",
        lambda match: "X",
    ),
    _form("写母", rf"(?<={_SIGN})[ ,、]?(?:大写|小写|字母)的? ?(?=[A-Za-z])", lambda match: ""),
    # 拼音lin, 数字零五, 艾特
    _form(
        "艾爱圈鼠@",
        rf"[ ,、]{{0,2}}(?:拼音|全拼|字母|数字|英文)[是的]? ?((?:{_FIGURE}[ ,、]{{0,2}}){{0,12}})"
        r"(?=[\w ,、.]{0,40}(?:艾特|爱特|圈 ?[aA]|小老鼠|@))",
        lambda match: digits_of_zh(re.sub("[ ,、]", "", match[1])),
    ),
    _form("杠线号", rf"(?<={_SIGN}) ?(?:[横中短]?杠|[中短]?[横划]线|减号) ?(?={_SIGN})", lambda match: "-"),
    _form("线", rf"(?<={_SIGN}) ?(?:下[划横]线|底线) ?(?={_SIGN})", lambda match: "_"),
    # E-mail addresses.
    _form(
        "特圈鼠at",
        rf"(?<={_SIGN})[ ,、]{{0,2}}(?:[艾爱]特|圈 ?[aA]|小老鼠"
        rf"|(?<![A-Za-z])at(?= ?{_MAIL}(?![A-Za-z0-9])| ?{_FIGURE}{{3}}))[ ,、]{{0,2}}"
        rf"(?={_SIGN}|扣扣|网易|腾讯|新浪|搜狐)",
        lambda match: "@",
    ),
    _form("@", r"(?<=[A-Za-z0-9])[ ,、]{0,2}点[ ,、]{0,2}(?=[\w.-]{1,32}@)", lambda match: "."),
    _form("@", rf"(?<=@)(?:{_FIGURE}{{3}}|扣扣)", lambda match: "qq" if match[0] == "扣扣" else digits_of_zh(match[0])),
    _form(
        "点",
        r"(?<=[A-Za-z0-9易讯浪狐]) ?点 ?(?:(com|cn|net|org|edu|gov)(?![A-Za-z])|[康抗卡][母姆])",
        lambda match: f".{match[1] or 'com'}",
    ),
    # Letters, and numerals with pauses between.
    _form(
        "A-Z",
        rf"(?<![A-Za-z])[A-Z](?:[A-Z]{{1,3}}(?=(?:[ ,、]{{0,2}}{_FIGURE}){{7}}))?"
        rf"(?:[ ,、]{{1,2}}{_FIGURE}{{1,8}}){{2,6}}(?![A-Za-z])",
        lambda match: re.sub("[ ,、]+", "", match[0]),
    ),
    # Beside letters or an address sign, and in the numerals of contracts, characters are digits and nothing else.
    _form(
        "A-Za-z·@零壹贰叁肆伍陆柒捌玖",
        rf"(?<=[A-Za-z·])[ ·]?[{DIGITS_ZH}]{{2,24}}|[{DIGITS_ZH}]{{4,24}}(?= ?@)"
        rf"|[{DIGITS_ZH}]{{2,24}}(?=[A-WYZ])|[零壹贰叁肆伍陆柒捌玖]{{4,24}}",
        lambda match: digits_of_zh(match[0]),
    ),
)


@cache
def _traditional() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what finds a character that is not simplified, and the simplified ones by these."""
    simple = load_cedict().simple | _HONG_KONG
    return re.compile(f"[{''.join(simple)}]"), simple


def write_down_zh(plain: Plain) -> Plain:
    """Return a plain text as its Chinese would be written, in simplified characters.

    >>> write_down_zh(Plain("尾号两六洞拐，lin零七圈a qq点com", None)).text
    '尾号二六洞七，lin07@qq.com'
    """
    if not CHINESE_CHARACTER.search(plain.text):
        return plain
    traditional, simple = _traditional()
    plain = Plain(traditional.sub(lambda match: simple[match[0]], plain.text), plain.places)
    for hint, pattern, written in _FORMS:
        if hint.search(plain.text):
            plain = rewrite(plain, [(*match.span(), written(match)) for match in pattern.finditer(plain.text)])
    return plain
