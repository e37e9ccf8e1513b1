"""The languages that dialogues are played in."""

from enum import StrEnum
from typing import NamedTuple


class Language(StrEnum):
    """A language that dialogues are played in."""

    EN = "en"
    ZH = "zh"


class Wording(NamedTuple):
    """A name and its meaning in one language."""

    name: str
    meaning: str
