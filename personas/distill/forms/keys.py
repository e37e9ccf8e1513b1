"""What exports call the parts of a transcript, in JSON keys and in columns of tables: the only table of it."""

import re
import unicodedata
from functools import lru_cache

from agents.csc.speakers import LONGEST_NAME

_NO_WORD = re.compile(r"[\W_]+")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SPEAKER = _words("""
participantrole role speakerrole speakertype participanttype sendertype authortype actortype usertype fromtype
channelrole sentby speaker speakername speakerlabel speakerid speakertag spk participant participantid
participantpurpose from
sender sendername author authorid actorid party actor fromuser mediachannel source who channel channeltag name user
userid displayname
说话人 发言人 角色 说话者 发言者 发送者 发送人 身份
""")
"""Who speaks; a role goes before a name, and a name before a channel."""
PRESENT = {"fromuser": "agent", "fromexternalcontact": "customer"}
"""Under which keys an object describes whoever speaks, and whose side that is (Genesys)."""
_SURE = _words("purpose isagent fromagent iscustomer incoming isinbound")
"""Keys that say whose side it is, if they say anything."""
SPEAKER_OF_OBJECT = tuple(dict.fromkeys((*_SURE, *PRESENT, *SPEAKER, *_words("fromme event origin direction type"))))
"""Who speaks, in JSON; what is true or false speaks for itself."""
PARTIES = {"requesterid": "customer", "assigneeid": "agent"}
"""Under which keys a call has the id of a side, by which its utterances name their speakers (Zendesk)."""
WEAK_SPEAKER = frozenset(
    (
        *_SURE,
        *_words(
            "party actor source who name user userid displayname channel channeltag 身份 event origin direction type"
        ),
    )
)
"""Keys that say who speaks only where a side's name stands under them."""
TEXT = _words("""
text content utterance message messagetext value transcript sentence finalsentence said plaintextbody bodytext body msg
line phrase
speech dialogue dialog conversation chat 内容 文本 话术 消息 对话内容 发言 发言内容 说话内容 消息内容 语句 原文
""")
"""What is said."""
TEXT_OF_OBJECT = (
    *TEXT,
    *_words("parts messageparts messagecontent sentences alternatives words data kwargs messagedata"),
)
"""What is said, in JSON; the later ones wrap it."""
WRAPPERS = frozenset(_words("data kwargs messagedata"))
"""Under which keys an utterance may as well have its speaker."""
WORDS = frozenset(_words("items words tokens"))
"""Under which keys a recogniser lists single words; whole utterances go before them."""
HIDDEN = {"public": False, "ispublic": False, "private": True, "isprivate": True, "internal": True, "isinternal": True}
"""What marks a note that the other side did not get."""
HIDDEN_TYPES = frozenset(_words("note notes internalnote privatenote internal"))
"""Types of such notes (Crisp, Help Scout)."""
_PURPOSE = {"internal": "agent", "external": "customer"}
MEANT = {
    "participantpurpose": _PURPOSE,
    "purpose": _PURPOSE,
    "author": {"admin": "agent"},
    "direction": dict.fromkeys(_words("inbound incoming in"), "customer")
    | dict.fromkeys(_words("outbound outgoing out"), "agent"),
    **{key: {key: "agent", f"not {key}": "customer"} for key in ("isagent", "fromagent")},
    **{key: {key: "customer", f"not {key}": "agent"} for key in ("iscustomer", "incoming", "isinbound")},
}
"""What speakers are called by key, where the table of their names does not say it (Genesys, Intercom, HubSpot)."""
CALL = _words("""
callid conversationid dialogueid dialogid convoid convid sessionid contactid chatid ticketid interactionid threadid
transcriptid recordingid callsid episodeid call conversation dialogue session
通话id 会话id 对话id 通话编号 会话编号 对话编号 工单号 录音编号 流水号 id
""")
"""Which call it is; a plain id comes last, it may be the utterance's own."""
NUMBER = _words("""
turn turnid turnnumber turnindex turnno utteranceid utteranceindex index idx seq sequence sequencenumber order lineno
linenumber position number starttime start startseconds startms beginoffsetmillis offset
轮次 序号 顺序 句序
""")
"""Where in its call it stands."""
CALLS = _words("""
turns utterances dialogue dialog conversation conversations messages transcript transcripts transcription original log
history chat chats lines segments phrases sentences entries events items thread discourse delexed comments
对话 会话 通话 聊天记录
""")
"""Under which keys the utterances of one call stand."""


@lru_cache(maxsize=4096)
def plain_key(key: str) -> str:
    """Return a key or a column's name as the tables have it: letters and digits alone, in lower case.

    >>> plain_key("Participant_Role"), plain_key("call-ID "), plain_key("说话人")
    ('participantrole', 'callid', '说话人')
    """
    return _NO_WORD.sub("", unicodedata.normalize("NFKC", key[:LONGEST_NAME]).casefold())
