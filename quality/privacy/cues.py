"""The kinds of private data, and the words that say of which kind a number is."""

import re
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple


class Private(StrEnum):
    """The kinds of private data; the value is the name that a placeholder shows."""

    USER_NAME = "UserName"
    PHONE_NUMBER = "PhoneNumber"
    CARD_NUMBER = "CardNumber"
    ACCOUNT_NUMBER = "AccountNumber"
    ID_NUMBER = "IdNumber"
    EMAIL = "Email"
    ADDRESS = "Address"
    BIRTH_DATE = "BirthDate"
    PASSWORD = "Password"


class Finding(NamedTuple):
    """Private data at `text[start:end]`."""

    start: int
    end: int
    kind: Private


CERTAIN: Final = (Private.PASSWORD, Private.BIRTH_DATE, Private.ADDRESS)
"""Kinds whose cues speak of nothing else: "PIN 482" needs no "number"."""

MASK: Final = "\ue000"
"""Stands for every character of a placeholder: no pattern takes it for a letter or for punctuation."""

SECRET_WORD = r"(?:pass ?(?:word|code|phrase)|(?:code|secret|memorable|safe|magic|security|verification) ?word)"
"""The English names of secret words, as a pattern."""

_CUES: dict[Private | None, tuple[str, str]] = {
    # A number behind these is none of the kinds below.
    None: (
        r"(?:error|promo|discount|coupon|voucher|area|country|product|model|qr|bar|dress|status)[- ]?(?:code|number)s?"
        r"|flight|room|gate|version|build|firmware|readings?\b|mileage\b|odometer\b",
        r"错误码|错误代码|报错|优惠码|二维码|邀请码|航班|房间|读数|示数|型号|机型|版本|批次",
    ),
    Private.ADDRESS: (
        r"(?:zip|post|postal|eir)[- ]?codes?|pincodes?\b|zip\b|(?<!e-mail )(?<!email )address\b|(?:door|house) number",
        r"邮编|邮政编码|门牌|地址",
    ),
    Private.BIRTH_DATE: (
        r"(?:date of )?birth(?:day|date)?s?\b|born\b|d\.?o\.?b\b",
        r"出生|生日|生于|生辰|(?<=[日号节月份\d一二三四五六七八九十])生的",
    ),
    Private.PASSWORD: (
        rf"pins?\b|{SECRET_WORD}s?\b|cvv2?\b|cvc\b|otp\b|codes?\b|security answer"
        r"|(?:three|3|four|4|digits|number|numbers) on the back\b|back of (?:the|my|your) card",
        r"密码|口令|(?:验证|安全|校验|动态|激活|取件|提货|核销|兑换|短信|识别|开门)码|短信里?(?:那个|的"
        r"|发的)?数字?|暗号|密保"
        r"|(?<![后末尾前])[四六46]位数字?",
    ),
    Private.ID_NUMBER: (
        r"passport|ssn\b|social(?: security)?\b|national insurance\b|ni number|licen[cs]e\b|id (?:card|number)"
        r"|identity\b|tax(?:payer)? ?(?:file|id\w*|ref\w*|number|no)\b|tin\b|vat\b|plates?\b|reg(?:o|istration)?\b"
        r"|vrn\b|medic(?:are|aid)\b|nhs\b|(?:hospital|patient) number|mrn\b|aadhaar\b|pan\b|nric\b|fin\b|ppsn?\b"
        r"|bvn\b|nin\b|tfn\b|my ni\b",
        r"身份证(?:号码?)?(?:尾号)?|身份号码|证件|证号|护照|驾照|驾驶证|[社医]保卡?|税号|纳税人|统编|车牌|牌照"
        r"|通行证|军官证|台胞证|回乡证|居住证|学生证|户口本|学籍号|准考证",
    ),
    Private.CARD_NUMBER: (
        r"cards?\b|visa\b|master ?card\b|amex\b|last (?:four|4)\b"
        r"(?!.{0,8} of\b.{0,6} (?:social|ssn|account|phone))",
        r"卡号?|尾号",
    ),
    Private.PHONE_NUMBER: (
        r"(?:tele)?phones?\b|mobile\b|cell(?:phone)?\b|tel\b|fax\b|whatsapp\b|landline\b|ext(?:ension)?\b|call ?back\b"
        r"|(?:call|text|ring|reach)(?: me| us| her| him)?(?: back)? (?:at|on)\b|(?:contact|best) number"
        r"|number to (?:call|reach)",
        r"手机(?:号码?)?(?:尾号)?|手提|电话|座机|分机|联系方式|打给|打[到回]|回电|回拨|来电|拨打|拨我|传真|呼我|换号",
    ),
    Private.ACCOUNT_NUMBER: (
        r"(?:account|acct|acc|order|booking|reservation|confirmation|policy|claim|customer|client|member(?:ship)?"
        r"|loyalty|reference|ref|consignment|waybill|docket|bsb|ifsc|mpan|mprn|nmi|tracking|invoice|ticket|case|iban"
        r"|routing|sort ?code|swift|transaction|contract|loan"
        r"|serial|imei|meter|user|employee|staff|badge|agent|student|pnr|wechat|package|parcel|receipt|device|online"
        r"|login|service tag|vin)s?\b",
        r"账号|帐号|账户|帐户|户头|订单|[单票件柜案]号|保单|合同|客户号|会员|编[号码]|流水|运单|快递|物流|微信"
        r"|户号|工号|学号|序列号|机身号"
        r"|设备号|发票|(?:预[约订定]|挂)号|参考号|案件|车架号|确认[号码]|受理号|档案号?|(?:病历|住院|就诊|门诊"
        r"|病案|体检|积分)[卡号]*|宽带|(?:电|水|气|燃气)表"
        r"|工单|报案|扣扣|(?<=[\u4e00-\u9fff,。])qq",
    ),
}
"""The cues of each kind in English and in Chinese, in small letters."""


def _one_of_the_cues(language: int) -> str:
    return "|".join(
        f"(?P<{kind.name}_{language}>{words[language]})" if kind else words[language] for kind, words in _CUES.items()
    )


_BEGINNINGS_ZH = (
    "[46q二件优会传住体保兑六军准出分动医单卡参发取受口台合呼四回地型学安客宽密就尾居工帐序座开微快户房手打扣批护报拨挂换提暗机来柜校"
    "核案档气水流激燃版牌物生电病短确示社票积税纳统编联航订设证识读账身车运通邀邮错门预驾验]"
)
"""With what the Chinese cues begin: at other characters none of them is tried."""
_CUE_EN = re.compile(rf"\b(?=[a-z0-9])(?:{_one_of_the_cues(0)})", re.ASCII)
_CUE = re.compile(rf"{_CUE_EN.pattern}|(?={_BEGINNINGS_ZH})(?:{_one_of_the_cues(1)})", re.ASCII)
_LINK = re.compile(
    r"(?:'s\b|[\s:=#,\"'-]|\b(?:numbers?|no|num|id|codes?|is|was|it's|its|that's|reads?|says|shows|are|the|a|my|full|new|old|one"
    r"|i have|(?:that )?i (?:got|was sent|received)|(?:you|they|it) (?:sent|texted|gave)(?: me)?|(?:end|start"
    r"|begin)(?:s|n?ing)(?: in| with)?|last|final|first|(?:four|4|three|3|six|6)(?: digits)?|digits"
    r"|should|be|would|it|(?:on|for|of|to) (?:the|my|your|his|her|this|that|our) \w+|on file|here"
    r"|uh|um|er|so|ok|okay|yes|please)\b\.?"
    r"|号码?|是|为|的|[后末前][两几三四六346]位|倒数|最后|开头|尾[号数]|末尾|就是|应该|[我您你]"
    r"|[吧呢啊嗯呃哦诶额]|这边|那个|这个|记一?下|听[好着]?|念"
    r"|好像|可能|大概|报|给|写|填|设置?|改|换|成|叫|这?一?[串组]|数字?|码|单|编|在|有|对|来|新|旧|老|现在|今天"
    r"|刚才|收到|发|了|一下)*+",
    re.IGNORECASE | re.ASCII,
)
"""What may stand between a cue and the number of which it speaks."""
_NUMBER_WORD = re.compile(
    r"\b(?:numbers?|no|num|id|codes?|ending|ends|starts|begins|last|final|digits|ref(?:erence)?|pnr)\b|#|号"
    r"|[后末]|编|码|尾|单",
    re.IGNORECASE | re.ASCII,
)
"""What makes sure that a number names something and counts nothing."""
_NUMBERS_THEMSELVES = ("aadhaar", "bvn", "nin", "nric", "pan", "plate", "reg", "rego", "social", "ssn", "tin", "vrn")
"""Cues that need no "number" in a question."""
_ENDING = re.compile(
    r"\b(?:end(?:s|ing)?(?: in| with)|last (?:four|4|three|3)(?: digits)?)(?: are| is|:)? $"
    r"|(?:[后末尾]|倒数)[四4三3几]位(?:数字?)?(?:是|就是|:|,)? ?$",
    re.IGNORECASE,
)
"""What stands before the end of a number."""
_NEVER_ENOUGH = 99


class Cue(NamedTuple):
    """The nearest word that says what a number is, and how many digits it takes to believe it."""

    kind: Private | None
    enough: int

    @property
    def is_harmless(self) -> bool:
        """Whether it says of a number that it is none of the private kinds."""
        return self.enough == _NEVER_ENOUGH


class Cues:
    """The cues of one plain text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._passed = 0

    @cached_property
    def _found(self) -> list[re.Match[str]]:
        return _find_cues(self._text)

    def at(self, start: int, end: int) -> Cue:
        """Return the cue of the number at `start`; to be asked for in rising order of `start`."""
        while self._passed < len(self._found) and self._found[self._passed].end() <= start:
            self._passed += 1
        if self._passed and start - (cue := self._found[self._passed - 1]).end() <= 48:
            kind = _kind_of(cue)
            if not _LINK.fullmatch(self._text, cue.end(), start):
                return self._ending(start) or Cue(kind, 5)
            if kind is None:
                return Cue(None, _NEVER_ENOUGH)
            certain = kind in CERTAIN or _NUMBER_WORD.search(self._text, cue.start(), start)
            return Cue(kind, 3 if certain else 4)
        if self._passed < len(self._found) and (cue := self._found[self._passed]).start() - end <= 16:
            return self._ending(start) or Cue(_kind_of(cue), 5)
        return self._ending(start) or Cue(None, 5)

    def _ending(self, start: int) -> Cue | None:
        """Return the cue of the end of a number of which is not said what it is; most are cards'."""
        return Cue(Private.CARD_NUMBER, 3) if _ENDING.search(self._text, max(0, start - 24), start) else None


def _find_cues(text: str) -> list[re.Match[str]]:
    pattern = _CUE_EN if text.isascii() else _CUE
    return list(pattern.finditer(text.lower()))


def _kind_of(cue: re.Match[str]) -> Private | None:
    return Private[cue.lastgroup.rpartition("_")[0]] if cue.lastgroup else None


def is_cue(word: str) -> bool:
    """Return whether there is a cue in a word in small letters."""
    return _CUE.search(word) is not None


def asked_kinds(text: str) -> tuple[Private, ...]:
    """Return the kinds of numbers that a question in a plain text asks for, in its order."""
    kinds: dict[Private, None] = {}
    for cue in _find_cues(text):
        kind = _kind_of(cue)
        about = max(0, cue.start() - 20), cue.end() + 12
        named = kind in (*CERTAIN, Private.PHONE_NUMBER) or cue[0] in _NUMBERS_THEMSELVES
        link = _LINK.match(text, cue.end())
        if link and text.startswith(MASK, link.end()):
            continue  # told already: "the code is [Address], and the fee?"
        if kind and (named or _NUMBER_WORD.search(text, *about)):
            kinds[kind] = None
    return tuple(kinds)
