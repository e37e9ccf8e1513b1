"""What a rewrite lost, added and changed of the facts and of the customer's utterances, by rules alone."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from agents.csc.dialogue import Turn
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from quality.fidelity.fact import Fact, FactKind
from quality.fidelity.facts import facts_of, is_told
from quality.fidelity.findings import Change, Difference, Match
from quality.text import PLACEHOLDER, split_words

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]
"""Returns the unit vectors of texts, shape [texts, dimensions]."""

FEWEST_WORDS = 4
"""Words, or Chinese characters, of an utterance that has a meaning of its own: "Yes, please." may be lost."""
SAME_WORDS = 0.8
"""Share of an utterance's words from which on nobody needs to ask what they mean."""


def compare_facts(original: Sequence[Turn], rewrite: Sequence[Turn]) -> tuple[Difference, ...]:
    """Return the facts that only one of two calls tells; a lost and an added one of a kind are one that has changed.

    What proves who the customer is may be new, as a rewritten call verifies it where the original did not: a
    placeholder that answers an IV is no difference, wherever else it is said.
    """
    before, after = (facts_of(turn.text for turn in turns) for turns in (original, rewrite))
    said_before, said_after = ("\n".join(turn.text for turn in turns).lower() for turns in (original, rewrite))
    proofs = _proofs(rewrite)
    lost = _once(fact for fact in before if not (fact.passing or is_told(fact, after, said_after)))
    added = _once(
        fact
        for fact in after
        if not (
            fact.passing
            or is_told(fact, before, said_before)
            or (fact.kind is FactKind.PLACEHOLDER and fact.value in proofs)
        )
    )
    differences = []
    for fact in lost:
        other = next((one for one in added if one.kind is fact.kind and one.unit == fact.unit), None) or next(
            (one for one in added if one.kind is fact.kind), None
        )
        if other and fact.kind is not FactKind.PLACEHOLDER:
            added.remove(other)
            differences.append(Difference(change=Change.CHANGED, before=fact, after=other))
        else:
            differences.append(Difference(change=Change.LOST, before=fact))
    return (*differences, *(Difference(change=Change.ADDED, after=fact) for fact in added))


def _once(facts: Iterable[Fact]) -> list[Fact]:
    """Return facts, those of one kind, value and unit once: where they are first said."""
    first: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        first.setdefault((fact.kind, fact.value, fact.unit), fact)
    return list(first.values())


def _proofs(turns: Sequence[Turn]) -> frozenset[str]:
    """Return the kinds of placeholders by which the customer proves who they are."""
    answers = (answer.text for turn, answer in pairwise(turns) if turn.strategy is Strategy.IV)
    return frozenset(kind for text in answers for kind in PLACEHOLDER.findall(text))


def match_customer(original: Sequence[Turn], rewrite: Sequence[Turn], encode: Encode | None) -> tuple[Match, ...]:
    """Find each of the customer's utterances that has a meaning of its own again in a rewrite.

    Words tell first; where they differ, the meaning does, by the cosine of sentence embeddings.

    Args:
        original: the lines of the original.
        rewrite: the turns of the rewrite.
        encode: embeds texts; None: the words alone tell.
    """
    lines = [
        (number, turn.text)
        for number, turn in enumerate(original, start=1)
        if turn.speaker is Speaker.CUSTOMER and len(_content(turn.text)) >= FEWEST_WORDS
    ]
    turns = [(number, turn.text) for number, turn in enumerate(rewrite, start=1) if turn.speaker is Speaker.CUSTOMER]
    if not turns:
        return tuple(Match(line=number, turn=None, similarity=0.0) for number, _ in lines)
    matches = {}
    open_lines = []
    for number, text in lines:
        shared = [share_words(text, other) for _, other in turns]
        best = int(np.argmax(shared))
        matches[number] = Match(line=number, turn=turns[best][0], similarity=round(shared[best], 2))
        if shared[best] < SAME_WORDS:
            open_lines.append((number, text))
    if open_lines and encode:
        # Two turns beside each other may say together what one line says.
        texts = [text for _, text in turns]
        joint = [*texts, *(" ".join(pair) for pair in pairwise(texts))]
        vectors = encode([*(text for _, text in open_lines), *joint])
        cosines = vectors[: len(open_lines)] @ vectors[len(open_lines) :].T
        for (number, _), row in zip(open_lines, cosines, strict=True):
            best = int(row.argmax())
            similarity = round(float(row[best]), 2)
            if similarity > matches[number].similarity:
                turn = turns[best if best < len(turns) else best - len(turns)][0]
                matches[number] = Match(line=number, turn=turn, similarity=similarity)
    return tuple(matches.values())


_SAYS_NOTHING = """
a an the i i'm i've it it's is am are was were be to of and or but so that this you your my me we he she they in on at
for with have has had do does did not no yes ok okay well um uh oh just yeah please thanks thank hello hi bye
的 了 是 我 你 您 们 吗 呢 啊 吧 嗯 哦 好 那 这 就 也 都 在 有 不 对 一 个 啦 呀 喂 请 谢 再 见
"""
_EMPTY = frozenset(_SAYS_NOTHING.split())
"""Words that say nothing of what an utterance is about."""


def _content(text: str) -> list[str]:
    return [word for word in split_words(text) if word not in _EMPTY]


def share_words(text: str, other: str) -> float:
    """Return the share of a text's words that another one has as well, 0 to 1; of inflected words the stem is enough.

    >>> share_words("My card was declined twice.", "It declined my card twice."), share_words("卡被拒了", "拒我的卡")
    (1.0, 0.67)
    """
    words, others = _content(text) or split_words(text), set(split_words(other))
    if not words:
        return 1.0
    found = sum(
        word in others or (len(word) > 3 and any(len(one) > 3 and fuzz.ratio(word, one) >= 75 for one in others))
        for word in words
    )
    return round(found / len(words), 2)
