"""Transcripts in plain text: a name in front of what is said, in one of the ways in which people write that.

    Agent: Hello.          [00:01:05] Agent: Hello.      Agent (00:05): Hello.      **Agent:** Hello.
    [Agent] Hello.         <Agent> Hello.                【客服】您好。
    Agent - Hello.         Agent | Hello.                Agent, a tab, Hello.      Agent> Hello.
    Agent 00:05            and what is said in the lines below; the time may stand first
    AGENT                  and what is said in the lines below

A call keeps to one way, the one in which most of its lines name a speaker that is known. In that way other names count
too: they are third voices, and nobody's words. A line without a name belongs to the one before, unless an export tells
by it what happened ("Jane has joined the chat").
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from agents.csc.speakers import SPEAKERS_BY_NAME
from personas.distill.forms.call import Said
from personas.distill.voices import is_third
from quality.privacy import Private
from quality.text import CHINESE_CHARACTER

_TIME = (
    r"(?:[上下]午|凌晨|晚上)?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:\s?[AaPp]\.?[Mm]\b\.?)?(?:Z|[+-]\d{2}:?\d{2})?"
)
_DATE = r"\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?"
_SECONDS = r"(?:\d+\s?h\s)?(?:\d+\s?m\s)?\d+(?:[.,]\d+)?\s?s(?:ec(?:onds?)?)?\b"
_MOMENT = rf"(?:{_DATE},?[T ]+{_TIME}|{_TIME}|{_SECONDS})"
_SPAN = rf"{_MOMENT}(?:\s*(?:-->|->|[-–—~]|to)\s*{_MOMENT})?"
_STAMP = rf"(?:[\[(（【<]\s*(?:{_SPAN}|{_DATE}|\d+\.\d+(?:\s*[-–—]\s*\d+\.\d+)?)\s*[\])）】>]|{_SPAN})"
_NUMBERED = re.compile(r"\d{1,6}(?:[.):]\s+|\s+)(?=\D)")
"""The number of a line, where all lines have one."""
_FRONT = re.compile(rf"(?:(?:[-*•]|>{{1,3}})\s+|#+\s+|\d{{1,6}}[.):]\s+)?(?:{_STAMP}\s*[-–—|,]?\s*)?")
_UNSEEN = " \t\ufeff\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""White space, and the marks that messengers put in front of a line."""
_BRACKETED_STAMP = re.compile(rf"[\[(（【<](?:{_SPAN})[\])）】>]\s*")
_ONLY_STAMP = re.compile(rf"{_STAMP}\s*")

_NAME = r"[^\s:：|<>\t][^:：|\n\t]{0,59}?"
_WAYS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        rf"(?P<name>{_NAME})\s*(?:{_STAMP}\s*)?[*_]*(?P<colon>：|(?<!\d):(?![/\\])|:(?![/\\\d]))(?P<text>.*)",
        r"(?P<name>\[[^\[\]]{1,40}\]|<[^<>]{1,40}>|【[^【】]{1,40}】)\s*(?P<text>.*)",
        r"(?P<name>[^\s|\t][^|\t]{0,40}?)\s*[|\t]\s*(?P<text>.*)",
        r"(?P<name>\w[^\n]{0,40}?)(?:\s+(?:[-–—>]|[-=]>)|>)\s+(?P<text>.*)",
        rf"(?P<name>{_NAME})\s+{_STAMP}\s*(?P<text>)",
        rf"(?P<name>{_NAME})\s*(?P<text>)",
    )
)
_COLON, _BRACKETS, _HEADED, _ALONE = 0, 1, len(_WAYS) - 2, len(_WAYS) - 1
_MID_LINE = re.compile(
    rf"(?<=[.!?。！？…])\s*(?=(?:{'|'.join(map(re.escape, SPEAKERS_BY_NAME))})\s*[:：])", re.IGNORECASE
)
"""Where another speaker begins in the middle of a line."""
_MID_LINE_ANY = re.compile(
    rf"{_MID_LINE.pattern}|(?<=[.!?])\s+(?=(?-i:[A-Z]\w*(?: [A-Z0-9]\w*){{0,2}}):\s)", re.IGNORECASE
)
"""The same where lines are known to hold several speakers: a third voice may be one."""
_CHAT = re.compile(
    r"<\|im_start\|>(?:[^\S\n]*+\n)*([^\n]{0,1000})\n(.*?)(?:<\|im_end\|>|(?=<\|im_start\|>)|\Z)", re.DOTALL
)
_CHAT_BEGIN = "<|im_start|>"

_NO_NAME = re.compile(r"[,;!?\"“”，。；！？、…]|\.{2}|://")
_OF_A_SENTENCE = re.compile(
    r"\b(?:i|me|my|you|your|it|its|we|they|he|she|is|are|was|were|be|am|do|does|did|said|says|say|that|this|these|to"
    r"|as|at|but|because|if|so|then|when|what|with|for|from|on|in)\b",
    re.IGNORECASE,
)
_CHINESE_SENTENCE = re.compile("[我你您他她它]|(?:是|为|有|说|讲|问|下|的|了|样|如下|在|叫|到)$")
_LAST_FIRST = re.compile(r"[A-Z][\w'’-]+, [A-Z][\w.'’-]+")
_LOWER_WORD = re.compile(r"[a-z]")
_ITEM = re.compile(
    r"(?:option|step|item|plan|choice|question|answer|version|package|day|week|part)"
    r"(?: (?:[a-z]|\d{1,3}|one|two|three|four))?|(?:(?:my|your|full|first|last|user) ?)?name"
    r"|(?:order|account|serial|model|tracking|reference|ticket|case|phone|card)(?: (?:number|no\.?|id|#))?"
    r"|(?:sub)?total|price|amount|balance|date|time|e-?mail|address|city|zip(?: code)?|size|colou?r|quantity|subject"
    r"|reason|problem|issue|example|result|summary|warning|tip|hint|important|update|link|website|p\.?s\.?|also"
    r"|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|next|then|plus|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?:订单|快递单|账|卡|手机|电话|工单|流水)号码?|姓名|电话|地址|订单|金额|时间|日期|原因|问题|型号|数量"
    r"|颜色|尺码|例如|比如|另外|首先|其次|最后|结果|总计|合计|链接|(?:方案|选项|步骤|套餐|第)[一二三四五六A-Da-d\d]步?",
    re.IGNORECASE,
)
"""What stands before a colon within what somebody says, as people list things; a note may be somebody else's."""
_NO_WORDS = re.compile(
    r"<?(?:image|video|audio|sticker|gif|document|media|contact card|attachment) omitted>?|this message was deleted\.?"
    r"|[\[【](?:图片|语音|视频|文件|表情|位置)[\]】]",
    re.IGNORECASE,
)
"""What messengers write in the place of pictures."""
_EVENT = re.compile(
    r"\*{3}\s.*\s\*{3}|messages and calls are end-to-end encrypted.*|transcribed by https?://\S+"
    r"|(?-i:(?!I\b)[A-Z][\w.'-]*(?: [A-Z\d(][\w.'()-]*){0,3}) (?:has |have )?"
    r"(?:joined|left|entered|ended|closed|accepted) (?:the )?(?:chat|conversation|session|call|room)(?: session)?\.?"
    r"|(?:the )?(?:chat|call|conversation|session) (?:(?:has|was|is) )?(?:been )?(?:started|ended|closed|transferred)\b"
    r".{0,60}|(?:[^，。,]{1,12} ?)?(?:加入|进入|离开|退出|结束|接入)了?(?:会话|聊天|对话|群聊|通话)[。.]?"
    r"|(?:会话|通话|对话)已?(?:结束|关闭|转接|接入).{0,20}|.{1,20}撤回了一条消息",
    re.IGNORECASE,
)
"""What an export tells of a call on a line of its own."""
_PLACEHOLDERS = frozenset(kind.value for kind in Private)
_MARKUP = re.compile(
    r"</?(?:p|div|br|span|b|i|u|em|strong|a|ul|ol|li|img|table|tbody|tr|td|th|h\d|blockquote|html|body|font)\b[^<>]*>",
    re.IGNORECASE,
)
_LINE_END = re.compile(r"<br\b[^<>]*>|</(?:p|div|li|tr|h\d|blockquote)\s*>", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(-{3,}|={3,})\s*")
MAX_WORDS, MAX_CHINESE = 4, 8
"""The longest name of a third voice, in words and in Chinese characters."""


class _Line(NamedTuple):
    """A line taken apart.

    Attributes:
        whole: all of it, but for a time in brackets in front.
        body: what stands behind a time, a number or a bullet in front.
        name: what stands where the name stands; None where nothing does.
        text: what stands behind the name.
        stamped: a time, a number or a bullet stands in front.
        glued: a word follows right behind the colon, as in "10:30" or "https:x".
    """

    whole: str
    body: str
    name: str | None = None
    text: str = ""
    stamped: bool = False
    glued: bool = False


def parse_text(lines: Iterable[str], is_known: Callable[[str], bool]) -> list[Said]:
    """Return what is said in a call of plain text, line by line; what comes before the first name has none.

    Args:
        lines: of one call.
        is_known: tells whether a name stands for one of the two sides.
    """
    text = "\n".join(lines)
    if _CHAT_BEGIN in text:
        return [Said(name.strip(), said) for name, said in _CHAT.findall(text)]
    # Whatever ends a line for somebody ends it here: words must not land with the speaker before.
    whole = [stripped for line in text.splitlines() if (stripped := line.strip(_UNSEEN))]
    if len(whole) > 1 and all(map(_NUMBERED.match, whole)):
        whole = [_NUMBERED.sub("", line, count=1) for line in whole]
    inside = _MID_LINE_ANY if any(len(_split(line, _MID_LINE)) > 1 for line in whole) else _MID_LINE
    split = [part.strip() for line in whole for part in _split(line, inside)]
    split = [line for line in split if line and not _ONLY_STAMP.fullmatch(line)]
    way, known = _find_way(split, is_known)
    lower_case = all(name == name.lower() for name in known)
    said: list[Said] = []
    for line in split:
        parts = _take_apart(line, way)
        if parts.name and (is_known(parts.name) or _is_name(parts, way, lower_case)):
            said.append(Said(_unwrap(parts.name), "" if _NO_WORDS.fullmatch(parts.text.strip(_UNSEEN)) else parts.text))
        elif _EVENT.fullmatch(parts.body):
            said.append(Said("", parts.whole))
        else:
            said.append(Said(said[-1].name if said else "", parts.whole))
    return said


def _split(line: str, inside: re.Pattern[str]) -> list[str]:
    """Return the parts of a line, the number, bullet or time in front with the first."""
    front = _FRONT.match(line)
    begin = front.end() if front else 0
    first, *others = inside.split(line[begin:])
    return [line[:begin] + first, *others]


def _find_way(lines: Sequence[str], is_known: Callable[[str], bool]) -> tuple[int, list[str]]:
    """Return the way in which most lines name a known speaker, and the names; the first of those that are equal.

    Where nobody is known, it is the way in which most lines seem to name somebody: so that these can be told.
    """
    best: tuple[int, list[str]] = _COLON, []
    for way in range(len(_WAYS)):
        names = [parts.name for line in lines if (parts := _take_apart(line, way)).name and is_known(parts.name)]
        if len(names) > len(best[1]):
            best = way, names
    if not best[1]:
        seeming = {
            way: sum(_is_name(_take_apart(line, way), way, lower_case=False) for line in lines)
            for way in (_COLON, _BRACKETS, _HEADED)
        }
        best = max(seeming, key=seeming.__getitem__), []
    return best


def _take_apart(line: str, way: int) -> _Line:
    front = _FRONT.match(line)
    body = line[front.end() :] if front else line
    whole = _BRACKETED_STAMP.sub("", line, count=1)
    found = _WAYS[way].fullmatch(body)
    if found is None:
        return _Line(whole, body)
    name, text = found["name"], found["text"]
    if way == _BRACKETS and _ONLY_STAMP.fullmatch(text):
        text = ""
    glued = way == _COLON and found["colon"] == ":" and text[:1].isascii() and text[:1].isalnum()
    return _Line(whole, body, name, text.lstrip("*_ ") if name[0] in "*_" else text, body != line, glued)


def _unwrap(name: str) -> str:
    """Return a name without the marks around it; a remark in brackets behind it is part of it."""
    bare = name.strip("*_ \t")
    return bare[1:-1].strip() if bare[:1] in tuple("[<【") and bare[-1:] in tuple("]>】") else bare


def _is_name(parts: _Line, way: int, lower_case: bool) -> bool:
    """Tell whether what stands where names stand is one, though nobody knows it: a third voice.

    Better one too many than one too few: what a third voice says is left out, and not taken for another's words.
    """
    name = _unwrap(parts.name or "")
    words = name.split()
    if parts.glued or not 1 <= len(words) <= MAX_WORDS or "".join(words).isdigit():
        return False
    if name in _PLACEHOLDERS or (_NO_NAME.search(name) and not _LAST_FIRST.fullmatch(name)):
        return False
    if way == _COLON and _ITEM.fullmatch(name):
        return False
    if way == _ALONE and not parts.stamped:
        return is_third(name)
    if CHINESE_CHARACTER.search(name):
        return len(name) <= MAX_CHINESE and not _CHINESE_SENTENCE.search(name)
    if len(words) > 1 and _OF_A_SENTENCE.search(name):
        return False
    return is_third(name) or not any(_LOWER_WORD.match(word) for word in words) or (lower_case and len(words) <= 2)


def take_out_markup(text: str) -> str:
    r"""Return a text without tags of HTML; where these end a line or a paragraph, a line ends.

    >>> take_out_markup("<p>Chat &amp; more</p>( 2s ) Agent: Hi <b>Ann</b><br>"), take_out_markup("I <3 it, a < b")
    ('Chat & more\n( 2s ) Agent: Hi Ann', 'I <3 it, a < b')
    """
    if (shown := _MARKUP.sub(" ", _LINE_END.sub("\n", text))) == text:
        return text
    return "\n".join(" ".join(line.split()) for line in html.unescape(shown).split("\n")).strip()


def split_calls(lines: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Yield the calls of numbered lines: a line of three or more dashes or equals signs ends one."""
    call: list[tuple[int, str]] = []
    for number, line in lines:
        if not _SEPARATOR.fullmatch(line):
            call.append((number, line))
        elif call:
            yield call
            call = []
    if call:
        yield call
