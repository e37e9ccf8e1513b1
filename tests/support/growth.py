"""How the time of some work grows with the length of the text that it is done on; texts that make patterns slow."""

import time
from collections.abc import Callable
from typing import NamedTuple

SIZE = 800
"""Characters of the shorter text."""
TIMES_LONGER = 4
MOST_GROWTH = 8.0
"""Work in proportion to the length takes `TIMES_LONGER` times the time; work by its square takes 16 times."""
_LEAST = 0.0005
"""Seconds that count as if they were so many: less cannot be told from noise."""
_REPEATS, _TRIALS = 2, 4


class Pump(NamedTuple):
    """A text of any length: a unit over and over, between what stands before and behind it."""

    unit: str
    before: str = ""
    behind: str = ""

    def text(self, size: int) -> str:
        """Return the text of about `size` characters."""
        return f"{self.before}{self.unit * (size // len(self.unit))}{self.behind}"


PUMPS = (
    *map(Pump, ("a", "1", "一", "@", "-", "!", "号", "是", "[", "“", "(", "<", "\u0323\u0301")),
    *map(Pump, ("a ", "1-", "A.", "A-", "1 uh ", "一呃", "“‘", "[[a", "<think>", "客服：", "the John ", "dot a ")),
    # White space between words, where each pattern that begins or ends with it may look from each character on.
    *(
        Pump(unit, before, behind)
        for unit in (" ", "\n")
        for before, behind in (
            ("a", "b:"),
            ("客服", "a："),
            ("<", "think>"),
            ("(GT", "a)"),
            ("《", "a"),
            ("Jane (", "a)"),
        )
    ),
    Pump("a", "x @ ", "!"),
    Pump("A-", "1 ", " 1"),
    *(Pump("卓玛", "", behind) for behind in ("", "嘿嘿嘿嘿嘿")),
    Pump("1 a ", "me@ "),
    Pump("one word ", "", " @"),
    Pump("[", "](", ""),
    Pump("<think>", "</think>"),
)


def grows_by_its_length(work: Callable[[str], object], pump: Pump) -> bool:
    """Tell whether some work takes a time that grows with the length of its text; one trial of some shows it."""
    return any(
        _seconds(work, pump, TIMES_LONGER * SIZE, trial) < MOST_GROWTH * _seconds(work, pump, SIZE, trial)
        for trial in range(_TRIALS)
    )


def _seconds(work: Callable[[str], object], pump: Pump, size: int, trial: int) -> float:
    """Return the least CPU time of some repeats, each on a text of its own: what is remembered must not help."""
    least = float("inf")
    for repeat in range(_REPEATS):
        text = pump.text(size + (trial * _REPEATS + repeat) * len(pump.unit))
        started = time.process_time()
        work(text)
        least = min(least, time.process_time() - started)
    return max(least, _LEAST)
