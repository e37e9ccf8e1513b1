"""The two speakers of a dialogue, and all names that they go by: the only table of them."""

from enum import StrEnum

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

SPEAKERS_BY_NAME: dict[str, Speaker] = {
    **{name.lower(): speaker for names in SPEAKER_NAMES.values() for speaker, name in names.items()},
    **dict.fromkeys(("agent", "assistant", "customer service", "客服人员", "坐席"), Speaker.SUPPORTER),
    **dict.fromkeys(("client", "user", "顾客", "用户"), Speaker.CUSTOMER),
}
"""Who is meant by a name, in lower case, that transcripts, published data sets and models put before what is said."""


def parse_speaker(name: str) -> Speaker:
    """Return the speaker that a name stands for, in whatever case.

    Raises:
        ValueError: nobody goes by that name.

    >>> parse_speaker("客服"), parse_speaker("Agent")
    (<Speaker.SUPPORTER: 'supporter'>, <Speaker.SUPPORTER: 'supporter'>)
    """
    try:
        return SPEAKERS_BY_NAME[name.strip().lower()]
    except KeyError:
        raise ValueError(f"unknown speaker {name!r}; the names are {', '.join(SPEAKERS_BY_NAME)}") from None
