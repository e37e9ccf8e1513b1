"""Runs of words that a text shares with another one: with the prompts, with a persona, with its own task.

Words are those of `split_words`: a Latin word, a number or a Chinese character each. A run goes across punctuation, and
never across a place where a prompt has a value put in.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.strategies import STRATEGIES
from agents.prompts.rendering import prompt_text
from agents.roles import EMOTION_PROMPTS
from quality.text import split_words

RUN = {Language.EN: 6, Language.ZH: 12}
"""Words of a run that nobody shares with another text by chance."""
TASK_RUN = {Language.EN: 5, Language.ZH: 9}
"""The same for the few words of a task."""

_HOLE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\n", re.DOTALL)

Runs = frozenset[tuple[str, ...]]


@lru_cache(maxsize=4096)
def runs_of(text: str, length: int) -> Runs:
    """Return all runs of `length` words of a text."""
    return _runs(split_words(text), length)


@cache
def prompt_runs(language: Language, length: int, *prompts: str) -> Runs:
    """Return all runs of `length` words of prompt files, each line by itself, without the values put in."""
    texts = (prompt_text(language, f"{prompt}.md") for prompt in prompts)
    parts = (part for text in texts for part in _HOLE.split(text))
    return frozenset().union(*(_runs(split_words(part), length) for part in parts))


def find_echo(text: str, sources: Iterable[Runs], length: int) -> str | None:
    """Return the first run of `length` words of a text that lies in one of the sources; None where none does."""
    runs = _runs_in_order(split_words(text), length)
    known = list(sources)
    # Hardly a text shares one, and this is told without a step of Python for each run.
    if all(source.isdisjoint(runs) for source in known):
        return None
    return " ".join(next(run for run in runs if any(run in source for source in known)))


def find_prompt_echo(turn: Turn, hints: Runs, language: Language) -> str | None:
    """Return the words by which a turn says its task instead of doing it; None where there are none.

    The task is its prompt, the strategy's meaning or the direction, and `hints`, runs of `TASK_RUN` words of what it
    may be told after a fault; behind it stands the prompt of its side.
    """
    run, task_run = RUN[language], TASK_RUN[language]
    felt = EMOTION_PROMPTS if turn.emotion else ()
    side = prompt_runs(language, run, f"{turn.speaker}_side", *felt)
    task = [hints, prompt_runs(language, task_run, turn.speaker)]
    if turn.strategy:
        task.append(runs_of(STRATEGIES[turn.strategy].wording[language].meaning, task_run))
    if found := find_echo(turn.text, task, task_run) or find_echo(turn.text, [side], run):
        return found
    return (
        turn.direction
        if turn.direction and split_words(turn.direction) and _speaks(turn.text, turn.direction, run)
        else None
    )


def _speaks(text: str, direction: str, length: int) -> bool:
    """Tell whether a text says a direction aloud: the words that it begins with, `length` at most.

    What a direction says further on, a customer may well say in these words.
    """
    return " ".join(split_words(direction)[:length]) in " ".join(split_words(text))


def _runs(words: Sequence[str], length: int) -> Runs:
    return frozenset(_runs_in_order(words, length))


def _runs_in_order(words: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(length)), strict=False))
