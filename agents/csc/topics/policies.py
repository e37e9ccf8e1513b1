"""Which paragraphs of a company's policies a call gets, where it cannot get all."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log

from agents.csc.language import CHINESE, Language
from agents.csc.topics.topic import Topic

BUDGET = {Language.EN: 6000, Language.ZH: 2000}
"""Most characters of policies in a prompt: about 1,500 tokens."""
_WORD = re.compile(rf"[^\W{CHINESE}]+|[{CHINESE}]+")
_CHINESE = re.compile(f"[{CHINESE}]")
_STEM = 5
"""Letters by which words count as the same: refund, refunds, refunded."""


def fit_to_call(topic: Topic, scenario: str, language: Language) -> Topic:
    """Return a topic with the policies that a call gets; see `fit_policies`.

    Args:
        topic: what the call is about, with all policies of the company.
        scenario: of the call.
        language: of the call.
    """
    about = f"{topic.name} {topic.sentence} {scenario}"
    return topic.following(fit_policies(topic.company.paragraphs, about, language))


def fit_policies(paragraphs: Sequence[str], about: str, language: Language) -> str:
    r"""Return the policies that fit into a prompt: all, or the paragraphs that have most to do with a text.

    A paragraph counts by the words that it shares with the text, each weighted by its rarity among the paragraphs
    (inverse document frequency, Spärck Jones 1972); of equal ones the earlier wins, so what holds in general is best
    written first. Those that are chosen stand in their own order. Where no paragraph fits, the best one is cut off.

    Args:
        paragraphs: the policies, taken apart.
        about: what the call is about: topic and scenario.
        language: of all of them; says how much fits, see `BUDGET`.

    >>> fit_policies(["Refunds take 5 days.", "No smoking."], "A refund", Language.EN)
    'Refunds take 5 days.\n\nNo smoking.'
    """
    room, between = BUDGET[language], "\n\n"
    if len(whole := between.join(paragraphs)) <= room:
        return whole
    terms = [_terms(paragraph) for paragraph in paragraphs]
    used_in = Counter(term for of_one in terms for term in of_one)
    asked = _terms(about)
    weights = [sum(log(1 + len(paragraphs) / used_in[term]) for term in of_one & asked) for of_one in terms]
    ranked = sorted(range(len(paragraphs)), key=lambda index: -weights[index])
    chosen: list[int] = []
    for index in ranked:
        if (cost := len(paragraphs[index]) + len(between)) <= room:
            chosen.append(index)
            room -= cost
    return between.join(paragraphs[index] for index in sorted(chosen)) or paragraphs[ranked[0]][:room]


def _terms(text: str) -> frozenset[str]:
    """Return what texts are compared by: beginnings of words, and pairs of Chinese characters.

    >>> sorted(_terms("Refunded 退货期"))
    ['refun', '货期', '退货']
    """
    found: set[str] = set()
    for word in _WORD.findall(text.lower()):
        found.update(map("".join, pairwise(word)) if _CHINESE.match(word) else [word[:_STEM]])
    return frozenset(found)
