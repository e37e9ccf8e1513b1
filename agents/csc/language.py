"""The languages that dialogues are played in."""

from enum import StrEnum
from typing import NamedTuple


class Language(StrEnum):
    """A language that dialogues are played in."""

    EN = "en"
    ZH = "zh"


CHINESE = r"\u3400-\u9fff"
"""The Chinese characters, as a range within a character class of a regular expression."""


class Wording(NamedTuple):
    """A name and its meaning in one language."""

    name: str
    meaning: str
