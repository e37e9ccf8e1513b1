"""E-mail addresses, written or said aloud in English or Chinese.

Like those of `numbers`, the pattern expects plain text and steps over each character a bounded number of times.
"""

import re
from collections.abc import Iterator

from quality.guarded import guard
from quality.privacy.cues import Finding, Private
from quality.privacy.lexicon import is_ordinary, load_lexicon
from quality.privacy.numbers import NUMBER_WORDS

_FLAGS = re.IGNORECASE | re.ASCII

_HOST = r"(?:gmail|g mail|yahoo|hotmail|outlook|icloud|aol|proton|qq|163|126|live|msn)"
_DASH = r"(?:dash|hyphen|minus)"
_DOT = r"(?: ?(?:\.|点|[(\[](?:dot|\.)[)\]]) ?| (?:dot|point|period) )"
_JOINT = (
    rf"(?: (?:dot|point|period|underscore|{_DASH}|plus) "
    r"| ?(?:[(\[](?:dot|\.)[)\]]|点|下划线|下横线|[中短]?[横划]线|减号|[中横]?杠) ?| \. )"
)
_SAID_AT = r" ?(?:艾特|圈 ?a|小老鼠|[(\[](?:at|@)[)\]]) ?"
_AT = guard(
    r"@|艾特|圈 ?a|小老鼠|[(\[]at[)\]]"
    rf"|\bat (?:{_HOST}\b|[\w-]+(?: (?:{_DASH} )?[\w-]+){{0,2}}(?:\.\w| dot | point ))",
    "@|艾特|圈|小老鼠|[at|(at|at ",
    re.ASCII,
)
_LETTERS = r"(?:\w,? ){0,24}"
_EMAIL = re.compile(
    rf"(?<![\w.'+-])(?P<local>{_LETTERS}[\w.%+-]{{1,64}}(?:{_JOINT}(?:\w ){{0,24}}?[\w.+-]{{1,64}}){{0,6}}"
    rf"(?:[ -](?:{NUMBER_WORDS}|\d{{1,6}})(?!\w)){{0,6}})(?:"
    rf"(?:@|{_SAID_AT}| ?@ ?(?={_HOST}|[\d_-]*+[A-Za-z][\w-]*+(?: ?\.[ ]?\w|点)))"
    rf"(?:[\w-]{{1,64}}|网易|腾讯|新浪|谷歌|搜狐|雅虎)(?:{_DOT}[\w-]{{1,24}}){{0,4}}"
    rf"| at (?P<host>{_HOST}\b|[\w-]{{1,64}}(?: (?:{_DASH} )?[\w-]{{1,64}}){{0,2}}(?=\.\w| dot | point ))"
    r"(?:(?:\.| dot | point )[\w-]{2,24}){0,3})",
    _FLAGS,
)
_LOCAL_PART = re.compile(
    rf"{_JOINT}|[\d._]|^(?:info|sales|support|contact|hello|admin|office|enquiries|bookings)$", _FLAGS
)
_WORD_BEFORE = re.compile(r"(?<![\w.'])([A-Za-z0-9]+) $", re.ASCII)
_MAIL_CUE = re.compile(r"\be-?mail|\bmail\b|\baddress|邮箱|邮件", _FLAGS)


def _is_made_up(local: str) -> bool:
    """Return whether the last word of what stands before "at" is no word of English, or a first name."""
    word, lexicon = re.split(r"\W", local)[-1].lower(), load_lexicon()
    return len(word) > 1 and ((lexicon.is_first(word) and not lexicon.is_word(word)) or not lexicon.is_english(word))


def asks_for_email(text: str) -> bool:
    """Return whether a plain text in small letters speaks of an e-mail address."""
    return _MAIL_CUE.search(text) is not None


def find_emails(text: str, asked: bool = False) -> Iterator[Finding]:
    """Yield the e-mail addresses of a plain text; `asked` tells whether the other side has just asked for one."""
    small = text.lower()
    if not _AT.search(small, small):
        return
    for match in _EMAIL.finditer(text):
        said = match["host"]
        if said and said.isdigit() and not re.match(_HOST, said, _FLAGS):
            continue  # a rate: "locked at 3.60"
        if (
            said is None
            or asked
            or _is_made_up(match["local"])
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
