"""The facts of what is said, by rules: amounts, percentages, numbers, dates, times, placeholders, products.

"Twelve hundred dollars" and "$1,200" are one fact. What people say without meaning a number is none: "one moment",
"一下". A fact of a form that the rules do not know is missed on both sides of a comparison, and raises no alarm.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from agents.csc.language import CHINESE
from quality.fidelity import chinese, english
from quality.fidelity.fact import Fact, FactKind
from quality.text import PLACEHOLDER

_CHINESE = re.compile(f"[{CHINESE}]")
_MASK = "\ue000"
"""Stands for each character of what has been read."""


@lru_cache(4096)
def find_facts(text: str) -> tuple[Fact, ...]:
    """Return the facts of an utterance in their order, those of one value and kind once.

    >>> said = "I paid twelve hundred dollars on 4 May, [UserName]."
    >>> [(fact.kind.value, fact.value, fact.unit) for fact in find_facts(said)]
    [('amount', '1200', 'USD'), ('date', '?-5-4', ''), ('placeholder', 'UserName', '')]
    >>> [(fact.kind.value, fact.value) for fact in find_facts("上周五转了两万三，扣了百分之五，等一下。")]
    [('weekday', '5'), ('number', '23000'), ('percent', '5')]
    """
    found: list[tuple[int, Fact]] = []
    for match in PLACEHOLDER.finditer(text):
        found.append((match.start(), Fact(kind=FactKind.PLACEHOLDER, value=match[1], text=match[0])))
    plain = _without(text, found)
    finders = (
        (chinese.find_numbers, chinese.find_products)
        if _CHINESE.search(plain)
        else (english.find_numbers, english.find_months, english.find_products)
    )
    for find in finders:
        now = list(find(plain))
        found += now
        plain = _without(plain, now)
    facts = [fact for _, fact in sorted(found, key=lambda item: item[0])]
    return tuple({(fact.kind, fact.value, fact.unit): fact for fact in reversed(facts)}.values())[::-1]


def _without(text: str, found: Iterable[tuple[int, Fact]]) -> str:
    for start, fact in found:
        text = text[:start] + _MASK * len(fact.text) + text[start + len(fact.text) :]
    return text


def facts_of(texts: Iterable[str]) -> list[Fact]:
    """Return the facts of a dialogue's utterances, each with the one-based number of its own."""
    return [
        fact.model_copy(update={"turn": number})
        for number, text in enumerate(texts, start=1)
        for fact in find_facts(text)
    ]


def is_told(fact: Fact, others: Iterable[Fact], said: str) -> bool:
    """Tell whether a text tells a fact.

    Args:
        fact: to be found.
        others: the facts of the text.
        said: the text itself, in lower case: of a product the name is looked for, wherever it stands.
    """
    if fact.kind is FactKind.PRODUCT:
        return fact.value in said
    return any(fact.is_told_by(other) for other in others)
