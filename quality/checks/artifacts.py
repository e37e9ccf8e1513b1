"""What a model's machinery leaves in a text: nobody says it on the phone, in whatever language.

Tags (of thought, of tools, of HTML), tokens of chat templates and channels, code and its escapes, Markdown, closed or
not, and characters that nobody sees or that stand for what could not be decoded. Most texts hold no character that any
of this needs: they are looked through once.
"""

import re
import unicodedata

from agents.csc.language import CHINESE

_NOT_SEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode's categories of control and format characters, of private use, of halves of surrogate pairs, of line ends."""
_LAYOUT = frozenset("\t\n\r")
"""Control characters that any text may be laid out with."""

_EMOJI = r"[\u203c-\u2bff\u3030\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*"
_JOINED = "\u0600-\u08ff\u0900-\u109f\u1780-\u18af"
_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdfb\ufe70-\ufefc"
_RIGHTLY_UNSEEN = re.compile(
    rf"{_EMOJI}(?:\u200d{_EMOJI})+"
    "|\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f"
    rf"|(?<=[{_JOINED}])[\u200c\u200d](?=[{_JOINED}])"
    rf"|(?<=[{_RIGHT_TO_LEFT}])[\u200e\u200f\u061c]|[\u200e\u200f\u061c](?=[{_RIGHT_TO_LEFT}])"
)
"""Characters that nobody sees where they belong: in a family or a flag, within words of Persian, beside Hebrew."""

_SUSPICIOUS = re.compile(
    "[<＜>{}`*_~#\\\\|｜◁▷&\ufffc\ufffd▁ĠĊ\u00c2-\u00f4〈《锟烫"
    "\u034f\u115f\u1160\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_ARTIFACT = re.compile(
    rf"""
      [<＜]\s*(?:[/!?|｜]|0x|[^\W\d_])[^<>＜＞]{{0,60}}[>＞]     # <think>, </s>, <|im_end|>, <0x0A>
    | [<＜][/!?|｜] | (?<!\w)[<＜][^\W\d_]                   # the same, cut off
    | /[>＞] | [|｜][>＞] | [◁▷] | ｜ | [〈《]\s*+(?:/\s*+)?(?:think|(?:思考|推理)\s*+[〉》])
    | ^\s*/?(?:think(?:ing)?|thoughts?|reasoning|answer|final|response)[>＞]
    | (?<![a-z])im_(?:start|end)(?![a-z])
    | \{{[^{{}}]*["':}}] | ["'”’\]}}]\s*\}} | \{{[{{%]          # JSON, code, what a template was to fill in
    | &(?:\#\d+|\#x[0-9a-f]+|[a-z]{{2,8}});
    | \\(?:u[0-9a-f]{{4}}|x[0-9a-f]{{2}}|[nrt](?![a-z])|["'()\[\]])
    | (?<![:\\\w])\\n(?-i:(?=[A-Z]))                         # a line's end before a sentence, no path
    | ``` | (?<![\w`])`(?=\w) | `[^`]+`
    | (?<![\w*])\*{{2,3}}(?=[^\W\d_]) | (?<=[^\s\d*])\*\*(?![\w*]) | (?<=[{CHINESE}])\*\*(?![\d*])
    | (?<![\w*])\*(?=[^\W\d_])(?![^*]{{1,80}}\*)            # one that is closed is a stage direction
    | (?<!\w)__?(?=[^\W_]) | (?<=[^\W_])__?(?!\w) | (?<![\w~])~~(?=\w)
    | \#\# | ^\s*[\#*]\s | \|[^|]*\|
    | [\ufffc\ufffd▁ĠĊ]                                     # not decoded, or marks of a tokenizer
    | â€ | [\u00c2-\u00f4][\u00a1-\u00aa\u00ac\u00ad\u00af-\u00ba\u00bc-\u00bf]
    | [\u00c2\u00c3]\u00ae | 锟斤拷 | 烫烫烫                 # decoded as what it is not
    | [\u034f\u115f\u1160\u2800\u3164\uffa0]                 # letters without a shape, and what selects no shape
    | (?<![\W\d_{CHINESE}\u2139])[\ufe00-\ufe0f\U000e0100-\U000e01ef] | [\ufe00-\ufe0f\U000e0100-\U000e01ef]{{2}}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BRACKETED = re.compile(
    r"\[(?:/|(?:INST|THINK|SYS|SYSTEM|TOOL_CALLS|AVAILABLE_TOOLS|BOS|EOS|PAD|UNK|SEP|CLS|g?MASK|END)\]"
    r"|\d{1,3}(?:;\d{1,3})*m|[^][]*\]\()"
)
"""Tokens in square brackets, what is left of an escape sequence, links. Apart from the others, as placeholders stand in
square brackets too: this is looked for where a bracket is."""
_CHANNEL = re.compile(r"^analysis(?=[A-Z])|assistant(?:final|analysis|commentary)")
"""Channels whose tokens a server has taken away: `analysisThey want to ...assistantfinalGood morning.`"""
_HEADING = re.compile(
    r"\s*(?:(?:final )?(?:answer|response|reply|output|utterance)|thoughts?|reasoning|analysis|思考(?:过程)?|推理"
    r"|最终(?:回答|回复|答案)|回答|回复|答复|输出)\s*[:：]|\s*/(?:no_)?think\b",
    re.IGNORECASE,
)
"""What a model writes above its answer, and the switches of thought that it repeats."""


def find_artifact(text: str) -> str | None:
    r"""Return what a model's machinery left in a text, or the name of a character that nobody sees; None if none.

    >>> find_artifact("Hello.<|im_end|>"), find_artifact("It costs **nothing"), find_artifact("a\u200bb")
    ('<|im_end|>', '**', 'U+200B ZERO WIDTH SPACE')
    >>> find_artifact("Press *, then #; it's [UserName], 5 < 6.")
    """
    if not text.isprintable() and (hidden := next(filter(_is_not_seen, _RIGHTLY_UNSEEN.sub("", text)), None)):
        return f"U+{ord(hidden):04X} {unicodedata.name(hidden, unicodedata.category(hidden))}"
    found = (_SUSPICIOUS.search(text) and _ARTIFACT.search(text)) or ("[" in text and _BRACKETED.search(text)) or None
    if found is None and ("assistant" in text or text.startswith("analysis")):
        found = _CHANNEL.search(text)
    found = found or _HEADING.match(text)
    return found.group().strip() if found else None


def _is_not_seen(character: str) -> bool:
    """Tell whether a character cannot be seen, or is none and never will be."""
    if character in _LAYOUT:
        return False
    number = ord(character)
    is_none = number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF
    return is_none or unicodedata.category(character) in _NOT_SEEN
