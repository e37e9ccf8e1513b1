"""User names, and the names by which people are found on other services."""

import re
from collections.abc import Iterator

from quality.guarded import guard, in_small
from quality.privacy.cues import Finding, Private
from quality.privacy.digits import DIGITS_ZH, NUMBER_WORDS
from quality.privacy.lexicon import is_ordinary, load_lexicon

_FLAGS = re.IGNORECASE | re.ASCII
_SERVICES = (
    "skype|instagram|insta|twitter|tiktok|telegram|discord|snapchat|wechat|psn|xbox|steam|twitch|reddit|facebook"
)
_CUE = guard(
    rf"\b(?:user ?(?:name|id)s?|log-? ?in(?: name| id)?|handle|gamer ?tags?|screen ?name|(?:{_SERVICES})"
    rf"(?: (?:id|name|handle|account|user))?)(?:(?:'s| is| was|:| =| as)+ |: ?| (?=@))(?:called |just )?"
    r"(?:(?<=[s:] )at (?P<said>[A-Za-z0-9]+(?: [A-Za-z0-9]+){0,3})(?=[,.!?]|$)|(?:(?:capital|big"
    r"|upper ?case) )?@?(?P<word>(?:live:)?[A-Za-z0-9](?:[\w.-]{1,40}[A-Za-z0-9_])?(?P<joined>(?: "
    r"(?:dot|underscore|dash|hyphen|point) "
    r"[A-Za-z0-9]+(?: \d+)?){1,4})?)(?P<more>(?:,? [A-Za-z0-9]+){1,5},? (?:all )?(?:one|1) word"
    rf"(?:,? (?:then )?(?:{NUMBER_WORDS}|\d{{1,4}})(?!\w)){{0,4}})?)",
    f"user|log|handle|gamer|screen|{_SERVICES}",
    _FLAGS,
)
_AT = re.compile(r"(?<![\w.@/])@[A-Za-z_][\w.]{2,30}\w", re.ASCII)
_LOOKS_LIKE_ONE = re.compile(r".*(?:\d|[_.-]\w|[a-z][A-Z])", re.ASCII)
_QUESTION = re.compile(
    r"\buser ?(?:name|id)\b|\blog-?in (?:name|id)\b|\b(?:your|the) log-?in\?|\bgamer ?tag\b|\bhandle\?"
    rf"|\b(?:{_SERVICES})(?: (?:id|name|handle"
    rf"|account))"
    r"|[登用][录陆户]名|昵称|网名|微信号|账号名"
)
_TOKEN = re.compile(r"(?<![\w@])(?:live:)?@?[A-Za-z0-9][\w.-]{1,40}\w", re.ASCII)

_HAN = r"\u4e00-\u9fff"
_BEGINNINGS_ZH = "[微v威薇q扣抖快小淘旺京拼支游bliw加用登账会网昵]"
"""With what a Chinese word for a user name begins."""
_CUE_WORD_ZH = (
    r"(?:(?:微信|v信|vx|威信|薇信|qq|扣扣|抖音|快手|小红书|微博|淘宝|旺旺|京东|拼多多|支付宝|游戏|b站"
    r"|(?<![a-z])(?:line|ins|whatsapp)(?![a-z]))"
    r" ?(?:账?[号户]|会员名|名|id)?+|加v(?![a-z])|(?:用户|登[录陆]|账[号户]|会员|网)名|登[录陆]账号|昵称)"
)
_PLAIN_ZH = rf"(?:(?![改换忘错对填写找能不没要是有什怎登了吗呢查和跟与在密叫为搜加])[{_HAN}\w])"
"""A character of a user name that nothing links with its cue: one of those that sentences are made of is none."""
_CUE_ZH = re.compile(
    rf"(?={_BEGINNINGS_ZH}){_CUE_WORD_ZH}"
    rf"(?:(?:就?是|叫做?|为|:) ?(?P<named>(?![A-Za-z])[{_HAN}\w.-]{{2,16}}?)(?=[^{_HAN}\w.-]|$)"
    rf"|(?<=名)(?<!用户名|登[录陆]名) ?(?P<direct>(?![A-Za-z]){_PLAIN_ZH}{{4,12}})(?=[^{_HAN}\w]|$)"
    rf"|(?P<joined>[{_HAN}\w]{{1,10}}_\w{{1,12}})"
    r"|(?:就?是|叫|为|我|[您你]?[搜加]|:){0,2} ?(?!(?:app|pc|pay|vip|pos|wi-?fi|ios"
    r"|ok)(?![a-z]))(?P<id>[A-Za-z][\w.-]*(?: ?(?:[\w.-]{1,20}"
    rf"|点|[{DIGITS_ZH}]{{1,12}})){{0,8}}))",
    re.IGNORECASE | re.ASCII,
)
_NO_NAME_ZH = re.compile(
    r"(?:手机|电话|同号|邮箱|账号)[\u4e00-\u9fff]*|[什怎哪多不没忘错空有对您你我他一乱自之绑][\u4e00-\u9fff]*"
    r"|.*[的了吗呢吧]$"
)
_ANSWER_ZH = re.compile(
    rf"(?:[嗯呃哦,。 ]|是|叫|就|我的?)*(?P<name>[A-Za-z]"
    # Possessive: no other way to part a long word into pieces ends where the text ends.
    rf"(?: ?(?:[A-Za-z0-9_.-]{{1,20}}+|下划线|[{DIGITS_ZH}]{{1,12}}+)){{1,16}}+"
    rf"|[{_HAN}\w.-]{{2,16}})[。!,]?$",
    re.ASCII,
)


def find_handles(text: str, is_chinese: bool) -> Iterator[Finding]:
    """Yield the user names that a plain text tells."""
    for match in _CUE.finditer(text, in_small(text)):
        if match["said"]:
            yield Finding(*match.span("said"), Private.ACCOUNT_NUMBER)
            continue
        word = match["word"]
        if (
            match["more"]
            or match["joined"]
            or _is_made_up(word)
            or _LOOKS_LIKE_ONE.match(word)
            or (text[match.start("word") - 1] == "@")
        ):
            yield Finding(match.start("word"), match.end(), Private.ACCOUNT_NUMBER)
    if "@" in text:
        for match in _AT.finditer(text):
            yield Finding(match.start() + 1, match.end(), Private.ACCOUNT_NUMBER)
    for match in _CUE_ZH.finditer(text) if is_chinese else ():
        if not match["named"] or not _NO_NAME_ZH.fullmatch(match["named"]):
            yield Finding(*match.span(match.lastgroup or 0), Private.ACCOUNT_NUMBER)


def _is_made_up(word: str) -> bool:
    """Return whether a word is in no dictionary."""
    return len(word) > 4 and word.isalpha() and not load_lexicon().is_english(word.lower())


def asks_for_handle(text: str) -> bool:
    """Return whether a plain text in small letters asks for a user name."""
    return _QUESTION.search(text) is not None


def find_answers(text: str, is_chinese: bool) -> Iterator[Finding]:
    """Yield the user names in the answer to a question for one."""
    if is_chinese:
        if (answer := _ANSWER_ZH.match(text)) and not _NO_NAME_ZH.fullmatch(answer["name"]):
            yield Finding(*answer.span("name"), Private.ACCOUNT_NUMBER)
        return
    tokens = list(_TOKEN.finditer(text))
    for token in tokens:
        if _LOOKS_LIKE_ONE.match(token[0]) or (len(tokens) == 1 and not is_ordinary(token[0])):
            yield Finding(*token.span(), Private.ACCOUNT_NUMBER)
