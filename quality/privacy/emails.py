"""E-mail addresses, written or said aloud in English or Chinese.

Like those of `numbers`, the pattern expects plain text and steps over each character a bounded number of times.
"""

import re
from collections.abc import Iterator

from quality.guarded import guard
from quality.privacy.cues import Finding, Private
from quality.privacy.digits import NUMBER_WORDS, TIMES
from quality.privacy.lexicon import is_ordinary, load_lexicon
from quality.privacy.name_words import table

_FLAGS = re.IGNORECASE | re.ASCII

_HOST = r"(?:gmail|g mail|yahoo|hotmail|outlook|icloud|aol|proton|qq|163|126|live|msn)"
_DOMAIN = r"(?:[\w-]{2,24}|[a-z] [a-z](?!\w))"
"""What stands between the dots behind a host: "dot co dot u k"."""
_DASH = r"(?:dash|hyphen|minus)"
_DOT = r"(?: ?(?:\.|点|[(\[](?:dot|\.)[)\]]) ?| (?:dot|point|period) )"
_JOINT = (
    rf"(?:,? (?:dot|point|period|underscore|{_DASH}|plus),? "
    r"| ?(?:[(\[](?:dot|\.)[)\]]|点|下划线|下横线|[中短]?[横划]线|减号|[中横]?杠) ?| \. )"
)
_SAID_AT = r" ?(?:艾特|圈 ?a|小老鼠|[(\[](?:at|@)[)\]]) ?"
_AT = guard(
    r"@|艾特|圈 ?a|小老鼠|[(\[]at[)\]]"
    rf"|\bat (?:{_HOST}\b|[\w-]+(?: (?:{_DASH} )?[\w-]+){{0,2}}(?:\.\w| dot | point ))",
    "@|艾特|圈|小老鼠|[at|(at|at ",
    re.ASCII,
)
_LETTERS = rf"(?:(?:(?:{TIMES}) )?\w(?:,? (?:as in|for|like) [A-Za-z]{{1,16}})?,? ){{0,24}}"
_EMAIL = re.compile(
    rf"(?<![\w.'+-])(?P<local>{_LETTERS}"
    rf"(?:\w,? (?:as in|for|like) [A-Za-z]{{1,16}}|[\w.%+-]{{1,64}})"
    rf"(?:{_JOINT}(?:\w ){{0,24}}?[\w.+-]{{1,64}}){{0,6}}"
    rf"(?:[ -](?:(?:{TIMES}) )?(?:{NUMBER_WORDS}|hundred|thousand|\d{{1,6}})(?!\w)){{0,6}})(?:"
    rf"(?:@|{_SAID_AT}| ?@ ?(?={_HOST}|[\d_-]*+[A-Za-z][\w-]*+(?: ?\.[ ]?\w|点)))"
    rf"(?:[\w-]{{1,64}}|网易|腾讯|新浪|谷歌|搜狐|雅虎)(?:{_DOT}[\w-]{{1,24}}){{0,4}}(?:(?<= dot [a-z]) [a-z](?!\w))?"
    rf"|,? at (?P<host>{_HOST}\b|[\w-]{{1,64}}(?: (?:{_DASH} )?[\w-]{{1,64}}){{0,2}}(?=\.\w| dot | point ))"
    rf"(?:(?:\.| dot | point ){_DOMAIN}){{0,3}}(?![\w.-]{{0,64}}@))",
    _FLAGS,
)
_LOCAL_PART = re.compile(
    rf"{_JOINT}|[\d._]|\b(?:{NUMBER_WORDS})\b"
    r"|^(?:info|sales|support|contact|hello|admin|office|enquiries|bookings)$",
    _FLAGS,
)
_WORD_BEFORE = re.compile(r"(?<![\w.'])([A-Za-z0-9]+),? $", re.ASCII)
_JOINED = re.compile(
    r"(?:,? (?:(?:that's|it's|and) )?(?:all (?:in )?|in )?(?:(?:one|1) word|lower ?case(?: letters)?|small letters"
    r"|together"
    r"|(?:with )?no (?:spaces|gaps|dots))){1,4}(?=,? (?:at|dot|underscore|dash|hyphen|@) )",
    _FLAGS,
)
"""How the words before it are written; the local part goes on behind it."""
_JOINED_BEHIND = re.compile(r",? (?:(?:that's|it's|and) )?all (?:in )?(?:one|1) word\b", _FLAGS)
_JOIN = "_"
_MOST_JOINED = 4
_BEFORE_JOINED = table(
    """address an and as be dot e-mail email er for is it it's its just mail my no ok okay so that that's to uh um was
    well yeah yes"""
)
"""Words that are hardly the beginning of a local part that is several words said as one."""
_LOCAL_ALONE = re.compile(
    r"(?<![\w'-])[A-Za-z0-9]+(?: (?:dot|underscore|dash|hyphen) [A-Za-z0-9]+)+(?![\w'-])"
    r"|(?<![\w'.-])(?:[A-Za-z]{2,32}\d{1,6}|[A-Za-z]{1,32}[._][A-Za-z0-9]{2,32})(?![\w'-])",
    re.ASCII,
)
"""An answer that leaves the host for later."""
_MAIL_CUE = re.compile(r"\be-?mail|\bmail\b|\baddress|邮箱|邮件", _FLAGS)


def _is_made_up(local: str) -> bool:
    """Return whether the last word of what stands before "at" is no word of English, or a first name."""
    word, lexicon = re.split(r"\W", local)[-1].lower(), load_lexicon()
    return len(word) > 1 and ((lexicon.is_first(word) and not lexicon.is_word(word)) or not lexicon.is_english(word))


def asks_for_email(text: str) -> bool:
    """Return whether a plain text in small letters speaks of an e-mail address."""
    return _MAIL_CUE.search(text) is not None


def _start_of_joined(text: str, start: int) -> int:
    """Return where several words begin that are said to be one, the last of them at `start`."""
    for _ in range(_MOST_JOINED):
        before = _WORD_BEFORE.search(text, max(0, start - 24), start)
        if not before or before[1].lower() in _BEFORE_JOINED:
            break
        start = before.start()
    return start


def find_emails(text: str, asked: bool = False) -> Iterator[Finding]:
    """Yield the e-mail addresses of a plain text; `asked` tells whether the other side has just asked for one."""
    small = text.lower()
    if not _AT.search(small, small):
        if asked:
            for match in _LOCAL_ALONE.finditer(text):
                yield Finding(*match.span(), Private.EMAIL)
        return
    if "word" in small or "case" in small or "small" in small or " no " in small or "together" in small:
        # Of the same length, so that places stay.
        text = _JOINED.sub(lambda joined: _JOIN * len(joined[0]), text)
    for match in _EMAIL.finditer(text):
        said = match["host"]
        if said and said.isdigit() and not re.match(_HOST, said, _FLAGS):
            continue  # a rate: "locked at 3.60"
        if (
            said is None
            or asked
            or _is_made_up(match["local"])
            or _JOINED_BEHIND.match(text, match.end())
            or re.match(_HOST, said, _FLAGS)
            or _LOCAL_PART.search(match["local"])
            or _MAIL_CUE.search(text, max(0, match.start() - 64), match.start())
        ):
            start = match.start()
            if _JOIN in match["local"] or _JOINED_BEHIND.match(text, match.end()):
                start = _start_of_joined(text, start)
            while (
                said and match.start() - start < 32 and (before := _WORD_BEFORE.search(text, max(0, start - 24), start))
            ):
                if is_ordinary(before[1]):
                    break
                start = before.start()
            yield Finding(start, match.end(), Private.EMAIL)
