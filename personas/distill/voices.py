"""Who is who in a call: which of its names are the two sides, and which are third voices (a supervisor, a bot)."""

import re
from collections.abc import Iterable, Mapping

from agents.csc.speakers import SPEAKERS_BY_NAME, Speaker, plain_name

Sides = Mapping[str, Speaker | None]
"""Whose side a name is on, as the user says; None: nobody's, and what they say is left out on purpose."""

_THIRD = re.compile(
    r"\b(?:supervisor|manager|lead|leader|boss|(?:chat|voice)?bot|robot|ivr|system|machine|recording|automated|narrator"
    r"|interpreter|translator|colleague|unknown|speaker|voice|hold|music|transfer|note)\b"
    r"|主管|经理|组长|班长|店长|领导|上级|系统|机器人|语音|自动|录音|旁白|翻译|同事|专家|说话人|发言人|备注",
    re.IGNORECASE,
)
_DEPARTMENT = re.compile(
    r"\b(?:care|success|relations|complaints?|experience|services?|support|team|dept|department|desk|line|office|cent(?:er|re)"
    r"|hotline|operations|sales|billing|retention|assistant|agent|rep(?:resentative)?)\b"
)
"""What makes no person of a name that begins with the customer's: "client relations" work for the company."""
_REMARK = re.compile(r"(.+?) ?[(（\[] ?([^()（）\[\]]+?) ?[)）\]]")
_OF_SEVERAL = re.compile(r"[^:]*\d[^:]*")
"""A remark that tells one of several apart, and is no time: "Tier 2"."""
_PERSON = r"(?:[a-z](?:[a-z'’.]+)?(?: [a-z][a-z'’.]*)?)"
_CHINESE_PERSON = "(?:[小老][\u4e00-\u9fff]|[\u4e00-\u9fff]{1,2}(?:女士|先生|小姐|老师))"
_NUMBERED = re.compile(
    rf"({'|'.join(re.escape(name) for name in sorted(SPEAKERS_BY_NAME, key=len, reverse=True))})"
    rf"(?:\s*[#:]?\s*(?:no\.? ?)?\d+(?: ?号)?|[ ,/|]+{_PERSON}|{_CHINESE_PERSON})"
)
"""A side's name with a number or a person's name behind it: "agent 2", "customer jane doe", "客服小王"."""


def is_third(name: str) -> bool:
    """Tell whether a name says that its bearer is neither of the two sides, such as "Supervisor" or "系统"."""
    return bool(_THIRD.search(name.replace("_", " ")))


def find_speaker(name: str, sides: Sides) -> Speaker | None:
    """Return whom a name stands for: as the user says, else as the table of names does; None when it is neither.

    A remark behind it may tell what the name does not: "Jane (Agent)".
    """
    plain = plain_name(name)
    if plain in sides:
        return sides[plain]
    if found := SPEAKERS_BY_NAME.get(plain):
        return found
    remark = _find_remark(name)
    if remark is None or _OF_SEVERAL.fullmatch(remark[2]) or is_third(remark[2]):
        return None
    return next((one for part in remark.groups() if (one := SPEAKERS_BY_NAME.get(plain_name(part)))), None)


def _find_remark(name: str) -> re.Match[str] | None:
    """Return a name with a remark in brackets behind it, the two as groups; None where there is no remark."""
    return _REMARK.fullmatch(" ".join(name.split()).rstrip(":："))


def find_sides(names: Iterable[str], sides: Sides) -> dict[str, Speaker | None]:
    """Return the side of each of the names in a call; None for third voices.

    "Agent 1", "Agent (Tier 2)" or "Agent Smith" is the supporter where the call knows no other: of two who could be,
    neither is taken.

    Args:
        names: as the call has them.
        sides: what the user says of names, in their plain form.
    """
    known = {name: find_speaker(name, sides) for name in dict.fromkeys(names)}
    taken = set(known.values())
    numbered: dict[Speaker, list[str]] = {}
    for name, speaker in known.items():
        plain = plain_name(name)
        if speaker or plain in sides or is_third(plain):
            continue
        remark = _find_remark(name)
        found = _NUMBERED.fullmatch(plain)
        side = SPEAKERS_BY_NAME.get(found[1] if found else plain_name(remark[1]) if remark else "")
        if side and not (side is Speaker.CUSTOMER and _DEPARTMENT.search(plain)):
            numbered.setdefault(side, []).append(name)
    for speaker, bearers in numbered.items():
        if speaker not in taken and len({plain_name(name) for name in bearers}) == 1:
            known |= dict.fromkeys(bearers, speaker)
    return known
