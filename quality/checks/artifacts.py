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

_SUSPICIOUS = re.compile(r"[<＜>{}`*_~#\\|｜◁▷&\ufffc\ufffd▁ĠĊ]")
_ARTIFACT = re.compile(
    rf"""
      [<＜]\s*(?:[/!?|｜]|0x|[^\W\d_])[^<>＜＞]{{0,60}}[>＞]     # <think>, </s>, <|im_end|>, <0x0A>
    | [<＜][/!?|｜] | (?<!\w)[<＜][^\W\d_]                   # the same, cut off
    | /[>＞] | [|｜][>＞] | [◁▷] | ｜
    | (?<![a-z])im_(?:start|end)(?![a-z])
    | \{{[^{{}}]*["':}}] | ["'\]}}]\s*\}} | \{{[{{%]          # JSON, code, what a template was to fill in
    | &(?:\#\d+|\#x[0-9a-f]+|[a-z]{{2,8}});
    | \\(?:u[0-9a-f]{{4}}|x[0-9a-f]{{2}}|[nrt](?![a-z])|["'()\[\]])
    | ``` | (?<![\w`])`(?=\w) | `[^`]+`
    | (?<![\w*])\*{{2,3}}(?=[^\W\d_]) | (?<=[^\s\d*])\*\*(?![\w*]) | (?<=[{CHINESE}])\*\*(?![\d*])
    | (?<![\w*])\*(?=[^\W\d_])(?![^*]{{1,80}}\*)            # one that is closed is a stage direction
    | (?<!\w)__?(?=[^\W_]) | (?<=[^\W_])__?(?!\w) | ~~
    | \#\# | ^\s*[\#*]\s | \|[^|]*\|
    | [\ufffc\ufffd▁ĠĊ]                                     # not decoded, or marks of a tokenizer
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BRACKETED = re.compile(
    r"\[(?:/|(?:INST|THINK|SYS|SYSTEM|TOOL_CALLS|AVAILABLE_TOOLS|BOS|EOS|PAD|UNK|SEP|CLS|g?MASK|END)\]"
    r"|\d{1,3}(?:;\d{1,3})*m|[^]]*\]\()"
)
"""Tokens in square brackets, what is left of an escape sequence, links. Apart from the others, as placeholders stand in
square brackets too: this is looked for where a bracket is."""
_CHANNEL = re.compile(r"^analysis(?=[A-Z])|assistant(?:final|analysis|commentary)")
"""Channels whose tokens a server has taken away: `analysisThey want to ...assistantfinalGood morning.`"""


def find_artifact(text: str) -> str | None:
    r"""Return what a model's machinery left in a text, or the name of a character that nobody sees; None if none.

    >>> find_artifact("Hello.<|im_end|>"), find_artifact("It costs **nothing"), find_artifact("a\u200bb")
    ('<|im_end|>', '**', 'U+200B ZERO WIDTH SPACE')
    >>> find_artifact("Press *, then #; it's [UserName], 5 < 6.")
    """
    if not text.isprintable() and (hidden := next(filter(_is_not_seen, text), None)):
        return f"U+{ord(hidden):04X} {unicodedata.name(hidden, unicodedata.category(hidden))}"
    found = (_SUSPICIOUS.search(text) and _ARTIFACT.search(text)) or ("[" in text and _BRACKETED.search(text)) or None
    if found is None and ("assistant" in text or text.startswith("analysis")):
        found = _CHANNEL.search(text)
    return found.group().strip() if found else None


def _is_not_seen(character: str) -> bool:
    """Tell whether a character cannot be seen, or is none and never will be."""
    if character in _LAYOUT:
        return False
    number = ord(character)
    is_none = number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF
    return is_none or unicodedata.category(character) in _NOT_SEEN
