"""Cleaning of what a speaker role answered: plain speech without wrapping, and not a word less."""

import re
from collections.abc import Iterable

from agents.csc.language import CHINESE, Language
from agents.csc.speakers import SPEAKERS_BY_NAME, Speaker
from agents.csc.strategies import STRATEGIES, Strategy, authors_label

_LONG_LABELS = frozenset(
    label
    for strategy, entry in STRATEGIES.items()
    for language in Language
    for label in (entry.wording[language].name, authors_label(strategy, language))
)


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


SPEAKER_PATTERN = rf"(?:{_any_of(SPEAKERS_BY_NAME)})"
LABEL_PATTERN = rf"(?:(?:strategy|策略)\s*+(?:[:：]\s*+)?)?(?:{_any_of(_LONG_LABELS | frozenset(Strategy))})"

STRATEGY_NAMES_PATTERN = (
    "(?:"
    + "|".join(
        re.escape(entry.wording[Language.EN].name)
        for entry in STRATEGIES.values()
        if " " in entry.wording[Language.EN].name
    )
    + ")"
)
"""The strategies' English names of several words, which nobody says by chance with capital letters."""


def _tag(inside: str) -> str:
    return rf"[<\[◁]\s*+(?:[|｜]\s*+)?(?:{inside})\s*+(?:[|｜]\s*+)?[>\]▷]"


_THOUGHT = "(?:[a-z]+:)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad|思考|推理)"
_THOUGHT_BEGINS = _tag(rf"(?:(?:begin|start)_of_)?{_THOUGHT}(?:_begin|_start)?")
_THOUGHT_ENDS = _tag(rf"/\s*{_THOUGHT}|end_of_{_THOUGHT}|{_THOUGHT}_end")
_THOUGHTS = re.compile(f"{_THOUGHT_BEGINS}.*?{_THOUGHT_ENDS}", re.DOTALL | re.IGNORECASE)
_UP_TO_THE_LAST_END = re.compile(rf"\A.*{_THOUGHT_ENDS}", re.DOTALL | re.IGNORECASE)
"""Chat templates write the beginning themselves, and some servers leave it out of the answer."""
_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""Whatever ends a line for any reader of files."""
_CJK = rf"[\u3000-\u303f{CHINESE}\uff00-\uffef]"
_CJK_BREAK = re.compile(rf"(?<={_CJK})\n|\n(?={_CJK})")
# A speaker's name or a strategy's full name counts as a prefix only with a colon behind it, a label also in brackets:
# "客户您好" and "Greetings to you" are speech.
_PREFIX = re.compile(
    rf"""^\s*+\**+\s*+(?:
        (?:{SPEAKER_PATTERN})(?:\s*+[(（][^()（）]{{0,40}}[)）])?\s*+\**+\s*+[:：]
      | [\[【(（<]\s*+(?:{SPEAKER_PATTERN}|{LABEL_PATTERN}(?:\s*+(?:[:：,，-]\s*+)?{LABEL_PATTERN})?)
        \s*+[\]】)）>]\s*+\**+\s*+[:：]?
      | (?:{_any_of(_LONG_LABELS)})\s*+\**+\s*+[:：]
      | (?:strategy|策略)\s*[:：]\s*{LABEL_PATTERN}\s*(?:[\n:：.。]|$)
      | \[say\]|【发言】
      | (?:the\ )?(?:customer|supporter)['’]s\ next\ (?:reply|turn|words)
        (?:,\ in\ the\ customer['’]s\ own\ words)?\s*+[:：]
      | (?:你的|客户的?|客服的?)下一句(?:话)?\s*+[:：]
    )\s*\**""",
    re.IGNORECASE | re.VERBOSE,
)
UTTERANCE_ENDS: dict[Language, tuple[str, ...]] = {
    Language.EN: (".\n", "!\n", "?\n", '"\n'),
    Language.ZH: ("。\n", "！\n", "？\n", "”\n"),
}
"""Nobody speaks in paragraphs on the phone: a line break behind a full sentence ends an utterance. Four at most, as
servers take no more."""
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "「": "」", "『": "』"}

_INTRODUCED = re.compile(
    r"(?P<words>(?:\b(?:I['’]m|I am|this is|name is|it['’]s)|我是|我叫|(?:名字|姓名|这里)[是叫]?|^)[\s:：]*)"
    r"\[(?:(?:your|my|agent|customer|representative)(?:['’]s)? (?:full |first |last )?name"
    r"|(?:[您你我]|客服|客户)的?(?:名字|姓名))\]",
    re.IGNORECASE,
)
"""The gap of a template where somebody says who they are: whose name it is follows from who speaks."""
_NAMES = {Speaker.SUPPORTER: "[AgentName]", Speaker.CUSTOMER: "[UserName]"}


def _unquote(text: str) -> str:
    """Remove one pair of quotes that wraps the whole of `text`; a quotation inside it stays."""
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    if closing is None or len(text) < 2 or text[-1] != closing or text[0] in inner or closing in inner:
        return text
    return inner.strip()


def clean_utterance(text: str, speaker: Speaker, strategy: Strategy | None = None) -> str:
    """Return the speech in a model's answer on one line.

    Takes away thoughts, also where their beginning is missing, speaker prefixes, the task's tag and strategy labels in
    front, and quotes around the whole; repeated until nothing more comes off, so cleaning twice changes nothing. A bare
    code with a colon ("ID: ...") is a label only when it is the code of `strategy`, the one that the turn was told to
    use. Who introduces themselves by the gap of a template, as models do, gets the placeholder of their name.

    >>> clean_utterance('客服：【礼貌问候】“您好，请问有什么可以帮您？”', Speaker.SUPPORTER)
    '您好，请问有什么可以帮您？'
    >>> clean_utterance("客户您好", Speaker.SUPPORTER)
    '客户您好'
    >>> clean_utterance("They want a greeting.</think> Hello, this is [Your Name].", Speaker.SUPPORTER)
    'Hello, this is [AgentName].'
    """
    if last := _UP_TO_THE_LAST_END.match(text):
        # No thought that has an end begins behind it: each beginning would be looked for one up to the text's end.
        text = _UP_TO_THE_LAST_END.sub("", _THOUGHTS.sub("", last[0]) + text[last.end() :])
    text = text.strip()
    code = re.compile(rf"^{strategy}\s*[:：]") if strategy else None
    while True:
        cleaned = code.sub("", text) if code else text
        cleaned = _unquote(_PREFIX.sub("", cleaned, count=1).strip())
        if cleaned == text:
            break
        text = cleaned
    lines = "\n".join(line for part in _BREAK.split(text) if (line := part.strip()))
    line = _CJK_BREAK.sub("", lines).replace("\n", " ").replace("\t", " ")
    return _INTRODUCED.sub(rf"\g<words>{_NAMES[speaker]}", line) if "[" in line else line
