"""What a dialogue is like: the traits in which sets of dialogues are compared.

A trait is one number a dialogue (how long, how many questions), or counts of what occurs in it (words, strategies,
the forms in which it opens and closes).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from quality.text import PLACEHOLDER, ngrams, split_words

FORM_WORDS = {Language.EN: 3, Language.ZH: 4}
"""How many words (Chinese: characters) make an opening or a closing form."""
RUN_WORDS = 3
"""How many words in a row count as said again when they come back in a dialogue."""

_NEGATIVE = {
    Language.EN: (
        "afraid angry annoyed annoying anxious apologies apologise apologize ashamed awful concerned confused "
        "confusing desperate disappointed disappointing embarrassed embarrassing frustrated frustrating "
        "frustration furious hate horrible inconvenience mad nervous nightmare panic ridiculous sad scared sick "
        "sorry stress stressed stressful terrible tired unacceptable unfortunately unhappy upset upsetting "
        "worried worry worrying"
    ),
    Language.ZH: (
        "抱歉 崩溃 不安 不好意思 不满 愁 担心 倒霉 对不起 (?<!麻)烦 尴尬 过分 害怕 慌 火大 焦虑 紧张 离谱 难过 难受 "
        "恼火 气死 生气 失望 受不了 讨厌 委屈 无语 遗憾 郁闷 糟糕 着急"
    ),
}
_POSITIVE = {
    Language.EN: (
        "amazing appreciate appreciated awesome brilliant delighted excellent fantastic glad grateful great "
        "happy helpful hope hopefully love lovely nice perfect pleased pleasure relief relieved thank thankful "
        "thanks wonderful"
    ),
    Language.ZH: ("安心 不错 多谢 放心 感激 感谢 高兴 很好 开心 满意 顺利 踏实 太好了 谢谢 欣慰 幸好 愉快 真好 祝您"),
}
"""Words of feeling; small lists of our own, for which of two sets has more of them, and not for what anybody feels."""


def _feelings(words: dict[Language, str]) -> dict[Language, re.Pattern[str]]:
    # Chinese words are found wherever they stand: nothing marks where one begins. 不着急 is the contrary of one.
    return {
        language: re.compile(
            "|".join(rf"\b{word}\b" if language is Language.EN else f"(?<!不){word}" for word in listed.split())
        )
        for language, listed in words.items()
    }


_FEELINGS = {"negative": _feelings(_NEGATIVE), "positive": _feelings(_POSITIVE)}
_QUESTION = re.compile(r"[?？]")

_THIRDS = ("first", "middle", "last")


class Traits(NamedTuple):
    """The traits of one dialogue by name: numbers, and counts of what occurs."""

    numbers: dict[str, float]
    counts: dict[str, Counter[str]]


def measure_traits(turns: Sequence[Turn], language: Language) -> Traits:
    """Return the traits of a dialogue in which both sides say something.

    Words are those of `split_words`; a turn without a strategy or an emotion is passed over where these are counted.

    Raises:
        ValueError: one side says nothing.
    """
    words = [split_words(turn.text) for turn in turns]
    sides = {
        speaker: [i for i, turn in enumerate(turns) if turn.speaker is speaker and words[i]] for speaker in Speaker
    }
    if not all(sides.values()):
        raise ValueError("one side says nothing")
    between = "" if language is Language.ZH else " "
    runs = [run for said in words for run in ngrams(said, RUN_WORDS)]
    spoken = {speaker: sum(len(words[i]) for i in places) for speaker, places in sides.items()}
    numbers = {
        "utterances": float(len(turns)),
        "supporter's share of the words": spoken[Speaker.SUPPORTER] / sum(spoken.values()),
        "turns by the speaker of the turn before": _share(a.speaker is b.speaker for a, b in pairwise(turns)),
        "runs of three words said again": 1 - len(set(runs)) / len(runs) if runs else 0.0,
        "placeholders a turn": sum(len(PLACEHOLDER.findall(turn.text)) for turn in turns) / len(turns),
    }
    counts = {
        "strategies": Counter(turn.strategy.value for turn in turns if turn.strategy),
        "strategy after strategy": Counter(_transitions(turn.strategy for turn in turns)),
        "emotions": Counter(turn.emotion.code for turn in turns if turn.emotion),
        "emotion after emotion": Counter(_transitions(turn.emotion.name if turn.emotion else None for turn in turns)),
        "emotions by third of the call": Counter(_course(turns)),
        "strategy after emotion": Counter(
            f"{before.emotion.name} {turn.strategy}"
            for before, turn in pairwise(turns)
            if before.emotion and turn.strategy
        ),
        "who speaks first and last": Counter([f"{turns[0].speaker} first, {turns[-1].speaker} last"]),
        "closing words": Counter([between.join(_spoken_last(words)[-FORM_WORDS[language] :])]),
    }
    for speaker, places in sides.items():
        texts = [turns[i].text for i in places]
        numbers[f"{speaker}: words a turn"] = spoken[speaker] / len(places)
        numbers[f"{speaker}: turns with a question"] = _share(_QUESTION.search(text) is not None for text in texts)
        for name, patterns in _FEELINGS.items():
            felt = sum(len(patterns[language].findall(text.lower())) for text in texts)
            numbers[f"{speaker}: words of {name} feeling in 100"] = 100 * felt / spoken[speaker]
        counts[f"{speaker}: words"] = Counter(word for i in places for word in words[i])
        counts[f"{speaker}: opening words"] = Counter([between.join(words[places[0]][: FORM_WORDS[language]])])
    return Traits(numbers, counts)


def _share(which: Iterator[bool]) -> float:
    found = list(which)
    return sum(found) / len(found) if found else 0.0


def _transitions(labels: Iterable[str | None]) -> Iterator[str]:
    for before, after in pairwise(label for label in labels if label):
        yield f"{before} {after}"


def _course(turns: Sequence[Turn]) -> Iterator[str]:
    for place, turn in enumerate(turns):
        if turn.emotion:
            yield f"{_THIRDS[len(_THIRDS) * place // len(turns)]} {turn.emotion.name}"


def _spoken_last(words: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the words of the last turn that has any."""
    return next(said for said in reversed(words) if said)
