"""The two speakers of a dialogue, and all names that they go by: the only table of them."""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

from agents.csc.language import Language


class Speaker(StrEnum):
    """Who says an utterance."""

    SUPPORTER = "supporter"
    CUSTOMER = "customer"


SPEAKER_NAMES: dict[Language, dict[Speaker, str]] = {
    Language.EN: {Speaker.SUPPORTER: "Supporter", Speaker.CUSTOMER: "Customer"},
    Language.ZH: {Speaker.SUPPORTER: "客服", Speaker.CUSTOMER: "客户"},
}
"""What prompts and data sets call them."""

_SUPPORTERS = """
agent, human agent, live agent, support agent, service agent, customer service agent, call center agent,
call centre agent, contact center agent, representative, rep, csr, customer service, customer service representative,
customer service rep, customer care, customer care representative, client services, customer support,
customer support representative, service representative, support representative, sales representative, support,
help desk, helpdesk, operator, advisor, adviser, assistant, gpt, staff, employee, associate, consultant,
客服人员, 人工客服, 在线客服, 电话客服, 客服代表, 客服专员, 客服坐席, 客服员, 坐席, 座席, 坐席人员,
座席人员, 坐席员, 座席员, 坐席代表, 话务员, 接线员, 客户经理, 客户代表, 工作人员, 服务人员, 业务员, 店家, 卖家
"""
_CUSTOMERS = """
client, user, end user, caller, consumer, human, visitor, guest, member, subscriber, shopper, buyer, requester,
顾客, 用户, 来电者, 来电人, 来电客户, 来电用户, 客人, 会员, 访客, 买家, 消费者, 咨询者, 咨询人
"""

SPEAKERS_BY_NAME: dict[str, Speaker] = {
    **{name.lower(): speaker for names in SPEAKER_NAMES.values() for speaker, name in names.items()},
    **{name.strip(): Speaker.SUPPORTER for name in _SUPPORTERS.split(",")},
    **{name.strip(): Speaker.CUSTOMER for name in _CUSTOMERS.split(",")},
}
"""Who is meant by a name, in lower case, that transcripts, published data sets and models put before what is said."""

_WRAPPING = " \t*_<>[]()【】（）\"'“”:：."
_BETWEEN_WORDS = re.compile(r"[\s_-]+")

LONGEST_NAME = 1000
"""Characters of a name that are looked at: to put accents in order takes a time that grows with their square."""


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a name as the table has it: in lower case and full-width letters made plain, without brackets around it.

    >>> plain_name("**CUSTOMER_SERVICE**"), plain_name("ＡＧＥＮＴ："), plain_name("[SPEAKER_00]")
    ('customer service', 'agent', 'speaker 00')
    """
    plain = unicodedata.normalize("NFKC", name[:LONGEST_NAME]).lower()
    spoken = "".join(character for character in plain if unicodedata.category(character) != "Cf")
    return _BETWEEN_WORDS.sub(" ", spoken.strip(_WRAPPING)).strip()


def parse_speaker(name: str) -> Speaker:
    """Return the speaker that a name stands for, in whatever case.

    Raises:
        ValueError: nobody goes by that name.

    >>> parse_speaker("客服"), parse_speaker("Agent")
    (<Speaker.SUPPORTER: 'supporter'>, <Speaker.SUPPORTER: 'supporter'>)
    """
    try:
        return SPEAKERS_BY_NAME[plain_name(name)]
    except KeyError:
        raise ValueError(
            f"unknown speaker {name!r}: neither a supporter (agent, representative, 客服, ...) nor a customer (client, "
            "caller, 客户, ...)"
        ) from None
