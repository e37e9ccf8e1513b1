"""Runs of words that a text shares with another one: with the prompts, with a persona, with its own task.

Words are those of `split_words`: a Latin word, a number or a Chinese character each. A run goes across punctuation, and
never across a place where a prompt has a value put in.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import STRATEGIES, Strategy
from agents.prompts.rendering import prompt_text
from agents.roles import EMOTION_PROMPTS
from quality.text import ngrams, split_words

RUN = {Language.EN: 6, Language.ZH: 12}
"""Words of a run that nobody shares with another text by chance."""
TASK_RUN = {Language.EN: 5, Language.ZH: 9}
"""The same for the few words of a task."""

_HOLE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\n", re.DOTALL)

Runs = frozenset[tuple[str, ...]]


@lru_cache(maxsize=4096)
def runs_of(text: str, length: int) -> Runs:
    """Return all runs of `length` words of a text."""
    return frozenset(ngrams(split_words(text), length))


@cache
def prompt_runs(language: Language, length: int, *prompts: str) -> Runs:
    """Return all runs of `length` words of prompt files, each line by itself, without the values put in."""
    texts = (prompt_text(language, f"{prompt}.md") for prompt in prompts)
    parts = (part for text in texts for part in _HOLE.split(text))
    return frozenset().union(*(ngrams(split_words(part), length) for part in parts))


def find_echo(text: str, sources: Iterable[Runs], length: int) -> str | None:
    """Return the first run of `length` words of a text that lies in one of the sources; None where none does."""
    return _find_shared(split_words(text), list(sources), length)


def find_prompt_echo(turn: Turn, words: Sequence[str], hints: Runs, language: Language) -> str | None:
    """Return the words by which a turn says its task instead of doing it; None where there are none.

    The task is its prompt, the strategy's meaning or the direction; behind it stands the prompt of its side.

    Args:
        turn: what was said.
        words: of its text, see `split_words`.
        hints: runs of `TASK_RUN` words of what it may be told after a fault.
        language: that the call is in.
    """
    run, task_run = RUN[language], TASK_RUN[language]
    task = _task_runs(hints, turn.speaker, turn.strategy, language)
    side = prompt_runs(language, run, f"{turn.speaker}_side", *(EMOTION_PROMPTS if turn.emotion else ()))
    if found := _find_shared(words, [task], task_run) or _find_shared(words, [side], run):
        return found
    if turn.direction and (told := split_words(turn.direction)) and _speaks(words, told[:run]):
        return turn.direction
    return None


@cache
def _task_runs(hints: Runs, speaker: Speaker, strategy: Strategy | None, language: Language) -> Runs:
    length = TASK_RUN[language]
    meaning = runs_of(STRATEGIES[strategy].wording[language].meaning, length) if strategy else frozenset()
    return hints | prompt_runs(language, length, speaker) | meaning


def _speaks(words: Sequence[str], told: Sequence[str]) -> bool:
    """Tell whether a text says a direction aloud: the words that it begins with, `told`.

    What a direction says further on, a customer may well say in these words.
    """
    return " ".join(told) in " ".join(words)


def _find_shared(words: Sequence[str], sources: Sequence[Runs], length: int) -> str | None:
    runs = list(ngrams(words, length))
    # Hardly a text shares one, and this is told without a step of Python for each run.
    if all(source.isdisjoint(runs) for source in sources):
        return None
    return " ".join(next(run for run in runs if any(run in source for source in sources)))
