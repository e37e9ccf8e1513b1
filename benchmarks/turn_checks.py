"""CPU time a turn of the checks without a model: each turn as it is said, then all rules on the finished call.

The calls are pieces of the good calls of the gold set (`tests/data/gold`), put together without the greetings and
closings between them. Every text begins with fillers in an order of its own, so that none was seen before, as in a
real play: what is remembered of a text helps only the later turns of its call. CPU is the process's own
(`time.process_time`).
"""

import argparse
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from itertools import product
from statistics import median

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from benchmarks._common import describe_machine, print_table
from quality.checks.rules import check_rules
from quality.checks.turn_checks import check_turn
from tests.quality.gate.test_gold import load

UTTERANCES = (10, 25, 50)
GOAL_MS = 0.3
"""The most that a turn of a call of 50 utterances should cost."""
DIALOGUES = 50
MANY_DIALOGUES = 500
ROUNDS = 3
_EN_FILLERS = """
    about after again all also and any are as at back because been before but by can could did do down first for from
    get go good had has have here how if in into is it just know like look made more most much my no not now of off on
    only or other our out right so some still take than that the then there they this to up use very want was we well
    what when which who will with would yes yet you your
"""
_FILLERS = {
    Language.EN: tuple(f"{word} " for word in _EN_FILLERS.split()),
    Language.ZH: tuple(
        "嗯啊哦呃唉哎嘿呀哈噢喔那就这对是好行的了吗呢吧也都还再又只才很太最可要能会不没有在上下去来说看想知道现我你他们个"
    ),
}
"""Ordinary words. A placeholder would not do: the search for private data does not tell one from another."""
_OPENINGS = {language: map("".join, product(fillers, repeat=3)) for language, fillers in _FILLERS.items()}
"""Never start anew, so that no text comes twice."""


def make_calls(language: Language, count: int, utterances: int) -> Iterator[list[Turn]]:
    """Yield `count` calls of `utterances` turns, with texts that never were before."""
    chance, openings = random.Random(1), _OPENINGS[language]
    gold = [row.turns for row, label in load(language) if label["fault"] is None]
    for _ in range(count):
        first, *others = chance.sample(gold, len(gold))
        turns = itertools.chain(first[:-1], *(other[2:-1] for other in others))
        yield [
            turn.model_copy(update={"text": f"{next(openings).strip().capitalize()}, {turn.text}", "ends_call": False})
            for turn in itertools.islice(turns, utterances)
        ]


def measure(language: Language, dialogues: int, utterances: int) -> tuple[float, float]:
    """Return the milliseconds a turn that `check_turn` takes, and those that `check_rules` adds."""
    said = finished = 0.0
    for turns in make_calls(language, dialogues, utterances):
        started = time.process_time()
        for index, turn in enumerate(turns):
            list(check_turn(turn, turns[:index], language))
        played = time.process_time()
        check_rules(turns, Limits(), language)
        said += played - started
        finished += time.process_time() - played
    return 1000 * said / (dialogues * utterances), 1000 * finished / (dialogues * utterances)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the cost by the length of the call, and beside each other that of few and of many dialogues."""
    parser = argparse.ArgumentParser(prog="benchmarks.turn_checks", description="Measure the checks without a model.")
    parser.add_argument("--dialogues", type=int, default=DIALOGUES, help="calls of each length a round")
    parser.add_argument("--many", type=int, default=MANY_DIALOGUES, help="calls that the cost is to stay the same for")
    arguments = parser.parse_args(argv)
    lengths, growth = [], []
    for language in Language:
        measure(language, 1, max(UTTERANCES))  # Loads the lists of names.
        for utterances in UTTERANCES:
            rounds = [measure(language, arguments.dialogues, utterances) for _ in range(ROUNDS)]
            said, finished = (median(part) for part in zip(*rounds, strict=True))
            goal = ""
            if utterances == max(UTTERANCES):
                goal = f"{GOAL_MS} {'met' if said + finished <= GOAL_MS else 'missed'}"
            cells = (f"{value:.3f}" for value in (said, finished, said + finished))
            lengths.append((f"{language}, {utterances} utterances", *cells, goal))
        few = said + finished
        many = sum(measure(language, arguments.many, max(UTTERANCES)))
        growth.append((language, f"{few:.3f}", f"{many:.3f}", many / few))
    print_table(
        f"CPU of the checks, ms a turn, {arguments.dialogues} calls of each length, median of {ROUNDS} rounds "
        f"({describe_machine('rapidfuzz')})",
        ("calls", "as it is said", "rules at the end", "both", "goal"),
        lengths,
    )
    print_table(
        f"The same for calls of {max(UTTERANCES)} utterances by the number of dialogues, ms a turn",
        ("language", f"{arguments.dialogues:,}", f"{arguments.many:,}", "ratio"),
        growth,
    )


if __name__ == "__main__":
    main()
