"""What belongs to the company and to nobody in person: its hotlines, mailboxes, branches, short numbers."""

import re

from quality.privacy.cues import Finding, Private

_KINDS = (Private.PHONE_NUMBER, Private.ACCOUNT_NUMBER, Private.EMAIL, Private.ADDRESS)
_BEFORE = re.compile(
    r"\b(?:our (?:[\w'-]+ ){0,3}(?:lines?|helpline|hotline|support|mailbox|inbox|help ?desk|branch|store|shop|showroom"
    r"|depot"
    r"|warehouse|head ?office|headquarters|call cent(?:re|er)|switchboard|reception|(?:office|opening) hours|website)"
    r"|(?:reach|contact|call|ring|phone|e-?mail|write to|text|visit|find) us|helpline|hotline|freephone|switchboard"
    r"|customer (?:line|service|services|support|care))\b(?!.*\b(?:my|mine|me|your)\b)[^?!]{0,48}$"
    r"|(?:客服|服务|投诉|举报|咨询|监督|报修|官方|全国|统一)[^,。?!我您你]{0,6}(?:热线|电话|专线|邮箱|号码"
    r"|号)[^我您你]{0,8}$"
    r"|(?:热线|总机)[^我您你]{0,8}$|(?:总部|门店|网点|营业厅|我们[^,。?!您你]{0,4}店)[^,。?!您你]{0,8}$",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"[,.;]? (?:that's|it's|which is|is) (?:our|the) (?:[\w-]+ ){0,3}(?:line|helpline|hotline|team|switchboard|desk)\b"
    r"|[,，]?(?:是|这是)(?:我们)?(?:的)?(?:客服|官方|投诉|服务)",
    re.IGNORECASE,
)
_FREEPHONE = re.compile(
    r"0?8(?:00|08)[ -]\d{3}[ -]?\d{3,4}|1[38]00[ -]\d{3}[ -]\d{3}"
    r"|(?:\+?1[ -])?8(?:00|88|77|66|55|44|33)[ -]\d{3}[ -]\d{4}"
)
"""Who calls such a number pays nothing: no person has one."""
_MINE = re.compile(r"\b(?:my|me)\b[^.?!]*$", re.IGNORECASE)
_SHORT = re.compile(r"\d{3,6}", re.ASCII)
_DIALLED = re.compile(
    r"\b(?:call|dial|ring|phone|(?:text|send) (?:\S+ ){0,2}to) $|(?:[拨打]打?|致电|发送?(?:短信)?\w{0,4}到) ?$",
    re.IGNORECASE,
)
_BEFORE_CHARACTERS = 64
_SENTENCE_END = re.compile(r"[.。;] |[。！？?!]")


def is_companys(text: str, finding: Finding) -> bool:
    """Return whether what was found in a plain text is the company's own by what is said around it."""
    start, end, kind = finding
    if kind not in _KINDS:
        return False
    before = _SENTENCE_END.split(text[max(0, start - _BEFORE_CHARACTERS) : start])[-1]
    if kind is Private.PHONE_NUMBER and _FREEPHONE.match(text, start, end) and not _MINE.search(before):
        return True
    if _BEFORE.search(before) or _BEHIND.match(text, end):
        return True
    return _SHORT.fullmatch(text, start, end) is not None and _DIALLED.search(before) is not None
