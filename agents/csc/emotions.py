"""How a customer feels in an utterance, and the courses that feelings take over a call: the only tables of them.

An emotion with its intensity is a feeling. The seven emotions are those of EmoWOZ, made for service dialogues (Feng et
al. 2022, arXiv 2109.04919, section 3); wording, intensities and courses are ours.
"""

from enum import StrEnum
from random import Random
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.csc.language import Language, Wording


class Emotion(StrEnum):
    """What a customer feels. Every customer turn of a run with emotions carries one; supporter turns carry none."""

    NEUTRAL = "neutral"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    EXCITED = "excited"
    APOLOGETIC = "apologetic"
    FEARFUL = "fearful"
    ABUSIVE = "abusive"


def _wordings(en: tuple[str, str], zh: tuple[str, str]) -> dict[Language, Wording]:
    return {Language.EN: Wording(*en), Language.ZH: Wording(*zh)}


EMOTIONS: dict[Emotion, dict[Language, Wording]] = {
    Emotion.NEUTRAL: _wordings(("neutral", "no feeling is heard"), ("平静", "听不出情绪")),
    Emotion.SATISFIED: _wordings(("satisfied", "content, relieved, thankful"), ("满意", "满足、松了口气、道谢")),
    Emotion.DISSATISFIED: _wordings(("dissatisfied", "annoyed, let down, impatient"), ("不满", "不高兴、失望、不耐烦")),
    Emotion.EXCITED: _wordings(("excited", "eager, delighted"), ("激动", "兴奋、迫不及待")),
    Emotion.APOLOGETIC: _wordings(("apologetic", "sorry, embarrassed"), ("歉意", "不好意思、自责")),
    Emotion.FEARFUL: _wordings(("fearful", "worried, anxious, afraid"), ("害怕", "担心、焦虑、恐慌")),
    Emotion.ABUSIVE: _wordings(("abusive", "insults or threatens the supporter"), ("辱骂", "侮辱或威胁客服")),
}
"""The names that people read, and what each is heard by."""

NEGATIVE = frozenset({Emotion.DISSATISFIED, Emotion.FEARFUL, Emotion.ABUSIVE})
"""A strong one of these asks for an answer before anything else."""
STRONG = 2
"""The highest intensity: the feeling is what the words are about."""


class Feeling(BaseModel):
    """An emotion and its intensity: 0 for neutral alone, 1 for one that is heard in the words, 2 for a strong one.

    Raises:
        ValueError: a neutral feeling has an intensity, or another one has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Emotion
    intensity: Annotated[int, Field(ge=0, le=STRONG)]

    @model_validator(mode="after")
    def _check_intensity(self) -> "Feeling":
        if (self.name is Emotion.NEUTRAL) is not (self.intensity == 0):
            raise ValueError(f"{self.name} has intensity {self.intensity}; neutral has 0, all others 1 or 2")
        return self

    @property
    def code(self) -> str:
        """How models write it: "neutral", "fearful 2"."""
        return f"{self.name} {self.intensity}" if self.intensity else self.name.value

    @property
    def is_upset(self) -> bool:
        """Tell whether it is a strong negative one."""
        return self.name in NEGATIVE and self.intensity == STRONG


FEELINGS: dict[str, Feeling] = {
    feeling.code: feeling
    for name in Emotion
    for intensity in range(STRONG + 1)
    if (name is Emotion.NEUTRAL) is (intensity == 0)
    for feeling in [Feeling(name=name, intensity=intensity)]
}
"""The thirteen feelings by their codes: a model chooses among these, so no answer can pair an emotion wrongly."""


class Course(NamedTuple):
    """How a customer's feelings go over a call: a code, and what the customer's side is told by language."""

    code: str
    wording: dict[Language, str]


COURSES: dict[str, Course] = {
    code: Course(code, {Language.EN: en, Language.ZH: zh})
    for code, en, zh in (
        (
            "calm",
            "On this call you stay calm throughout, whatever you are told.",
            "这通电话里，你始终心平气和。",
        ),
        (
            "cools-down",
            "On this call you begin upset and cool down as soon as you are listened to.",
            "这通电话里，你开头有火气，有人好好听就慢慢平静。",
        ),
        (
            "flares-up",
            "On this call you flare up once, at one answer, and then collect yourself.",
            "这通电话里，你只发作一次，随后又收住。",
        ),
        (
            "wears-thin",
            "On this call your patience wears thin, turn by turn, until you get a clear answer.",
            "这通电话里，你的耐心一点点耗尽，直到有明确答复。",
        ),
        (
            "worried",
            "On this call you worry from the start, and each open question worries you more.",
            "这通电话里，你一直担心，没说清的都让你更不安。",
        ),
        (
            "brightens",
            "On this call you begin flat and brighten up when something goes your way.",
            "这通电话里，你开头平淡，一有转机就高兴起来。",
        ),
        (
            "up-and-down",
            "On this call your mood goes up and down with every answer, and you show it.",
            "这通电话里，你的情绪随着答复忽高忽低。",
        ),
    )
}
"""The courses by code. Half of them do not rise: real calls do not either."""


def draw_course(seed: int) -> Course:
    """Return the course of the call with this seed, each as likely as any other."""
    return Random(seed).choice(list(COURSES.values()))


def with_course(description: str, course: str | None, language: Language) -> str:
    """Return who the customer is with how their feelings go over the call; as it is without a course.

    Args:
        description: of the persona, in the second person.
        course: a code of `COURSES`.
        language: of the description.

    Raises:
        KeyError: no course has this code.
    """
    if course is None:
        return description
    return f"{description}{' ' if language is Language.EN else ''}{COURSES[course].wording[language]}"
