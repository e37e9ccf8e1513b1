"""What only one side of a call says: offers of help and questions for identification, or calls for help.

Models that play a customer as the "assistant" of a chat drift into assistants; some supporters into customers.
"""

import re
from collections.abc import Sequence

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from quality.guarded import guard
from quality.text import PLACEHOLDER

_DETAIL = (
    r"(?:(?:full|account|last|first) name\b"
    r"|(?:full |account |card |phone |mobile |id |identity |policy |customer |date |last |social |email )*"
    r"(?:number|identity|id\b|account|card|phone|birth|address|email|identification|details|pin\b|code"
    r"|\[[A-Za-z]+\]))"
)
"""Details that prove who one is. The bare name is none: a customer may ask for the supporter's."""
_OFFERS_HELP = {
    Language.EN: guard(
        r"\bhow (?:can|may|could|else can) (?:i|we) (?:help|assist|be of)|\bwhat can (?:i|we) do for you"
        r"|\b(?:can|may|could) (?:i|we) (?:help|assist) you"
        r"|\b(?:i['’]m|i am|we['’]re|we are) (?:here|happy|glad|ready|able|pleased) to (?:help|assist)"
        r"|\b(?:i|we)(?:['’]ll| will| can| could| would be happy to| am going to|['’]d be happy to)"
        r"(?: gladly| certainly| definitely)? (?:help|assist) you\b|\blet me (?:help|assist) you"
        r"|\bthank(?:s| you) for (?:calling|contacting|reaching out)(?! me)"
        r"|\banything else (?:i|we) can (?:help|assist|do for you)"
        r"|\b(?:we|i) apologi[sz]e for (?:the|any|this) (?:inconvenience|delay|confusion|trouble)"
        r"|\bplease let (?:me|us) know if you (?:have (?:any|more|further|other)"
        r"|need (?:any |more |further |other )*(?:help|assist)|(?:need|want|would like) anything else(?! from))"
        r"|\bi(?:['’]m| am) your (?:customer )?(?:service|support|agent|rep|assistant)",
        "m your|help|assist|be of|do for you|for calling|for contacting|for reaching|anything else|apologi|let me know"
        "|let us",
    ),
    Language.ZH: guard(
        r"有什么(?:要|需要)帮忙|有什么(?:可以|能|需要)?[^。？！，]{0,6}(?:帮[您你到]|为[您你]|效劳)|(?:可以|能)为[您你]做"
        r"|有什么(?:可以|能|需要)[^。？！，]{0,6}帮助"
        r"|(?:我|我们)(?:可以|能|会|将|来|马上|这就|立即|很乐意|愿意)*(?:帮助?[您你]|为[您你]|给[您你](?:办|查|处理|解决)|协助[您你])"
        r"|感谢[您你]的?(?:来电|致电|联系|咨询)|很高兴(?:为|能为|可以为)[您你]|(?:竭诚|随时)为[您你]"
        r"|我是[您你]的?(?:专属|人工)?客服",
        "您|你|帮|有什么",
    ),
}
_ASKS_IDENTITY = {
    Language.EN: guard(
        r"\b(?:can|could|would|may|might) (?:you|i)(?: please)?"
        r"(?: have| get| ask for| provide| confirm| verify| give| tell| share| give me| tell me| provide me(?: with)?)+"
        rf" (?:me )?(?:with )?your {_DETAIL}"
        rf"|\bplease (?:provide|confirm|verify|give me|tell me|share)(?: me)?(?: with)? your {_DETAIL}"
        r"|\b(?:verify|confirm) your identity|\blast four digits (?:of|on) (?:your|it)\b"
        r"|\bwhat(?:['’]s| is) your (?:full name|account|card|phone|id)\b",
        "your|last four digits",
    ),
    Language.ZH: guard(
        r"(?:提供|告诉我|告知|确认|核实|核对|出示|报一下|说一下|验证)[^。？！，]{0,6}[您你]的[^。？！，]{0,10}"
        r"(?:姓名|名字|身份|证件|卡号|账号|账户|手机|电话|号码|\[)|(?:核实|验证|确认)(?:一下)?[您你]的身份"
        r"|[您你](?:的|注册的|预留的)*(?:注册|预留|登记)?(?:姓名|身份证号?码?|卡号|手机号码?|账号)"
        r"(?:是多少|是什么|是哪|后四位|呢？)"
        r"|(?:报|说|提供)(?:一下|下)?[^。？！，我]{0,8}(?:身份证|卡号|手机号|姓名)[^。，！我]{0,6}(?:[？?吗]|后四位)",
        "您|你|身份证|卡号|手机号|姓名",
    ),
}
_ASKS_HELP = {
    Language.EN: guard(
        r"\b(?:can|could|would) you (?:please |kindly )?(?:help|assist) me\b"
        r"(?! (?:to )?(?:verify|confirm|understand|by|identify|locate|find your"
        r"|with (?:your|the|a few|a couple|one more)))"
        r"|\bi(?:['’]m| am)? (?:need|needing|looking for|require) (?:your |some |any )?(?:help|assistance)\b"
        r"|\bplease help me\b|\bi need (?:you|someone) to (?:help|fix|assist)",
        "help|assist|i need",
    ),
    Language.ZH: guard(
        r"(?<!高兴)(?<!乐意)(?<!愿意)(?<!荣幸)(?<![看不])(?:能|可以|能否|能不能|可不可以|请|麻烦)(?:[您你])?(?:帮我|帮帮我|帮忙|帮助我|帮一下我)(?!(?:一下)?(?:确认|核实|提供|核对|描述|说明|报|念|拍|截|填|说))"
        r"|我需要[您你]?的?帮助|帮帮我",
        "帮",
    ),
}
_THIRD_PERSON = {
    (Language.EN, Speaker.CUSTOMER): guard(
        r"(?<!i am )(?<!i['’]m )(?<!\bas )(?<!being )(?<!\blike )\bthe customer\b"
        r"(?!['’]s always| is (?:always )?(?:right|king)|[ -](?:service|support|care|relations|help|team|rep|desk|line"
        r"|hotline|portal|number))|\bthe supporter\b",
        "the customer|the supporter",
    ),
    (Language.EN, Speaker.SUPPORTER): guard(
        r"\bthe customer(?:['’]s (?:full |account |phone )?(?:name|card|account|number|problem|issue|request|concern"
        r"|identity)\b|,? (?:is (?:\w+ )?(?:\w+ing|upset|worried|concerned|satisfied|interested)|wants|needs"
        r"|would like|reported|said|has (?:accidentally|been|asked|said|requested|reported))\b)"
        r"|\bof the customer\W*\Z|\bthe supporter\b",
        "the customer|the supporter",
    ),
    (Language.ZH, Speaker.CUSTOMER): guard(
        r"(?:请|问|让|帮助?|了解|理解|感谢|希望|需要)客户(?!服务|经理|专员|代表|端)"
        r"|(?<!我的)(?<!我们的)(?<!我们)(?<!我)客户(?:的(?:问题|需求|反馈|帮助|要求|请求)|希望|想要|需要|反馈说|表示)",
        "客户",
    ),
    (Language.ZH, Speaker.SUPPORTER): guard(
        r"(?:请|问|让|了解|理解)客户(?!服务|经理|专员|代表|端)|感谢客户(?!服务|经理|们?的)"
        r"|(?<!贵)客户(?:的(?:问题|需求|反馈|要求|请求|姓名)|希望|想要|反馈说|表示)",
        "客户",
    ),
}
"""Nobody on the phone calls the one they speak to "the customer"; a rule of the company may, of customers at large."""
_COMPANYS = re.compile(r"Agent|Staff|Company|Bank|Branch|Brand|Support|Service|Product|Hotline|Website|Reference|Case")
"""Kinds of placeholders for what is the company's, which the supporter may know before the customer says it."""


def find_wrong_side(turn: Turn, small: str, language: Language) -> str | None:
    """Return the words by which a turn speaks for the other side; None where there are none.

    Args:
        turn: what was said.
        small: its text in small letters, see `in_small`.
        language: that the call is in.
    """
    patterns = (_OFFERS_HELP, _ASKS_IDENTITY) if turn.speaker is Speaker.CUSTOMER else (_ASKS_HELP,)
    return next((found.group() for one in patterns if (found := one[language].search(turn.text, small))), None)


def find_third_person(turn: Turn, small: str, language: Language) -> str | None:
    """Return the words by which a turn speaks of its own call's customer, or supporter, as of somebody else.

    A real merchant may well speak of "the customer": it is asked of played turns alone, see `find_wrong_side`.
    """
    found = _THIRD_PERSON[language, turn.speaker].search(turn.text, small)
    return found.group() if found else None


def find_known_too_early(turn: Turn, earlier: Sequence[Turn], scenario: str) -> str | None:
    """Return a placeholder for something of the customer's that the supporter says before anybody has said it.

    What the scenario names is known to both sides. Once the customer has answered who they are, the supporter sees
    their account.
    """
    if "[" not in turn.text or turn.speaker is Speaker.CUSTOMER:
        return None
    asked = next((index for index, other in enumerate(earlier) if other.strategy is Strategy.IV), len(earlier))
    if asked + 1 < len(earlier):
        return None
    new = [mark for mark in PLACEHOLDER.finditer(turn.text) if not _COMPANYS.search(mark[1])]
    said = " ".join((scenario, *(other.text for other in earlier))) if new else ""
    return next((mark[0] for mark in new if mark[0] not in said), None)
