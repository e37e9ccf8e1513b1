"""How surely an English name stands at a place, by what is said around it."""

import re
from enum import IntEnum

from quality.privacy.lexicon import WORD, Word, load_lexicon
from quality.privacy.name_words import (
    ABBREVIATED,
    ALL_GIVEN_TOO,
    ARTICLES,
    BEHIND_PRESENTED,
    BOOKED,
    DEPARTMENTS,
    FILLERS,
    GIVEN_WHEN_SMALL,
    GREETINGS,
    LIKELY_PAIRS,
    MENUS,
    NAME_NOUNS,
    NAMED_BY,
    NAMED_UNDER,
    PEOPLE,
    PRESENCE,
    PRESENTING,
    ROLES,
    SAID_OF_THINGS,
    SIGNATURES,
    SPEAKS,
    SURE_PAIRS,
    THINGS,
    TITLES,
    TOLD,
    WORDS_TOO,
)

_SET_OFF = re.compile(rf"{WORD.pattern}(?: (?=[A-Z]){WORD.pattern})?(?:[,.!?;]|$)")
_FIRST_OF_TWO = re.compile(r",? (?:first|last|family|maiden|given|middle) name\b")
_ADDRESSED = re.compile(
    r", (?:i|i'm|i've|i'll|we|we've|you|you've|your|can|could|would|please|what|it|it's|that's|the|thank|thanks|if|do"
    r"|did|are|is|let|just|may|have|my|how|sorry)\b",
    re.IGNORECASE,
)
_INTERJECTION = re.compile(r"(.)\1\1|^[aeiouwy]*[hgmrw]*h?$|^(?:b|p|s|w|y)h?[aeo]+[hw]?$")
_NO_SUBJECT = (
    "it",
    "it's",
    "that",
    "that's",
    "this",
    "thing",
    "what",
    "which",
    "app",
    "product",
    "plan",
    "i",
    "i've",
    "you",
    "we",
    "have",
)
"""What is called something that is no person, and who calls somebody."""

_BEFORE_NAME = {"s name": ROLES, "the name": NAMED_UNDER}
"""What stands before a possessive or an article, "name", and the name itself."""


class Trust(IntEnum):
    """How surely a name stands at a place, by what is said around it."""

    NONE = 0
    WEAK = 1
    """Of a word that no dictionary has, or of a name that is nothing else."""
    LIKELY = 2
    SURE = 3


def find_trust(text: str, words: list[Word], index: int) -> Trust:
    """Return how surely a name begins at `words[index]`, by what is said around it."""
    head = words[index]
    behind = words[index + 1].key if index + 1 < len(words) else ""
    if behind in ("speaking", "here") or (behind == "calling" and head.capital):
        return Trust.LIKELY
    if behind == "from" and index + 2 < len(words) and words[index + 2].key in DEPARTMENTS:
        return Trust.WEAK
    if (
        not index
        and head.capital
        and (behind in SPEAKS or (_ADDRESSED.match(text, head.end) and not _INTERJECTION.search(head.key)))
    ):
        return Trust.WEAK
    if head.capital and (
        _FIRST_OF_TWO.match(text, head.end)
        or (behind == "again" and index < 2 and load_lexicon().is_first(head.key))
        or (index and behind in SPEAKS and not words[index - 1].capital)
    ):
        return Trust.LIKELY
    if behind in SPEAKS and head.key in ALL_GIVEN_TOO and words[index - 1].key not in ARTICLES:
        return Trust.LIKELY
    before = [word for word in words[max(0, index - 8) : index] if word.key not in FILLERS]
    if not before:
        return Trust.NONE
    last = before[-1].key
    gap = text[before[-1].end : head.start].removeprefix("'s")
    if last in TITLES:
        return Trust.SURE
    if gap.strip(" ,:") and not (gap == ". " and last in ABBREVIATED):
        return Trust.NONE
    if ":" in gap and last in ("it", "this", "that"):
        return Trust.NONE
    pair = f"{before[-2].key} {last}" if len(before) > 1 else last
    if (
        pair in SURE_PAIRS
        or pair in NAMED_BY
        or last in SIGNATURES
        or (head.key in (last, behind) and _is_said_twice(text, words, index))
    ):
        return Trust.SURE
    if last in ("is", "was", "be", "name's") or (head.capital and (gap.strip() or last in NAME_NOUNS)):
        keys = [word.key for word in reversed(before)]
        noun = next((place for place, key in enumerate(keys) if key in NAME_NOUNS), None)
        if noun is not None and not (noun + 1 < len(keys) and keys[noun + 1] in THINGS):
            return Trust.SURE
    if last in ("i'm", "im") or last in ROLES or pair in LIKELY_PAIRS:
        return Trust.LIKELY
    if last in ("is", "was", "called", "named") and len(before) > 1 and before[-2].key in ROLES | PEOPLE:
        return Trust.SURE if last in ("called", "named") and before[-2].key in PEOPLE else Trust.LIKELY
    if len(before) > 2 and before[-3].key in _BEFORE_NAME.get(pair, ()):
        return Trust.SURE
    if pair in ("in law", "me and") or (last == "put" and behind in ("back", "on", "through")):
        return Trust.LIKELY
    if last in ("called", "named") and len(before) > 1 and before[-2].key not in _NO_SUBJECT:
        return Trust.LIKELY
    if last == "under" and not any(word.key in MENUS for word in before):
        booked = any(word.key in BOOKED for word in before)
        clear = head.key in load_lexicon().clear_last or not load_lexicon().is_english(head.key)
        return Trust.LIKELY if booked or clear else Trust.WEAK
    if (
        last in TOLD
        or (last in ("to", "with") and any(word.key in TOLD for word in before[-6:]))
        or (last in ("is", "was") and behind in (PRESENCE if head.capital else ("in", "around", "available")))
    ) and (head.capital or load_lexicon().is_first(head.key)):
        return Trust.LIKELY
    presented = last in PRESENTING or pair in PRESENTING
    if not (presented or last in GREETINGS or "," in gap):
        return Trust.NONE
    set_off = _SET_OFF.match(text, head.start) is not None
    if presented:
        if not head.capital and head.key in GIVEN_WHEN_SMALL and pair in SAID_OF_THINGS:
            # "It's sunny, yes": the weather is more often told than such a name in small letters.
            return Trust.LIKELY if behind in ("again", "calling", "from", "speaking") else Trust.NONE
        return Trust.LIKELY if set_off or behind in BEHIND_PRESENTED else Trust.NONE
    if last in GREETINGS and (
        set_off if head.capital else load_lexicon().is_first(head.key) and (set_off or head.key not in GIVEN_WHEN_SMALL)
    ):
        return Trust.LIKELY
    if set_off and ("," in gap and head.key not in WORDS_TOO and not before[-1].capital):
        return Trust.LIKELY
    return Trust.NONE


def _is_said_twice(text: str, words: list[Word], index: int) -> bool:
    """Return whether a name is said once alone and once with the family name ("I'm Frank, Frank Hale")."""
    key = words[index].key
    first = index - 1 if words[index - 1].key == key else index
    return (
        0 < first < len(words) - 1
        and words[first + 1].key == key
        and text[words[first].end : words[first + 1].start] == ", "
        and words[first - 1].key in ("i'm", "im", "am", "is", "s", "name")
        and load_lexicon().is_first(key)
    )
