"""How surely an English name stands at a place, by what is said around it."""

import re
from enum import IntEnum

from quality.privacy.lexicon import WORD, Word, is_unheard_of, load_lexicon
from quality.privacy.name_words import (
    ABBREVIATED,
    ALL_GIVEN_TOO,
    ARTICLES,
    BEHIND_PRESENTED,
    BOOKED,
    DEPARTMENTS,
    DONE_BY,
    FILLERS,
    GIVEN_TOO,
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
    SALUTATIONS,
    SIGN_OFFS,
    SIGNATURES,
    SPEAKS,
    SURE_PAIRS,
    THINGS,
    TITLES,
    TOLD,
    VERBS_TOO,
    WORDS_TOO,
    table,
)

_SET_OFF = re.compile(rf"{WORD.pattern}(?: (?=[A-Z]){WORD.pattern})?(?:[,.!?;]|$)")
_FIRST_OF_TWO = re.compile(r",? (?:first|last|family|maiden|given|middle) name\b")
_ADDRESSED = re.compile(
    r", (?:i|i'm|i've|i'll|we|we've|you|you've|your|can|could|would|please|what|it|it's|that's|the|thank|thanks|if|do"
    r"|did|are|is|let|just|may|have|my|how|sorry)\b",
    re.IGNORECASE,
)
_RELATED = re.compile(rf", (?:who's |that's )?(?:my|our|his|her|their) (?:{'|'.join(sorted(ROLES))})\b")
"""Behind a name: who it is."""
SPELLED_BEHIND = re.compile(
    r"(?: down)?,? (?:with|without) (?:an?|one|two|no|the|double) '?[a-z]'?s?(?![\w'])"
    r"|,? (?:it's )?spel(?:led|t)\b",
    re.IGNORECASE,
)
"""Behind a name: how it is written."""
_TELLING = SPEAKS | table(
    """and calling down her here his is isn't it it's my next on our s speaking spelled spelt that that's their wasn't
    who who's will with without"""
)
"""With what all begins that is looked for behind a name."""
_IS_NAME = re.compile(r"'s (?:my|his|her|their) (?:(?:first|last|full|sur|maiden) ?)?name\b")
_ON_PAPER = re.compile(
    r" on (?:the|my|her|his|your) (?:account|bill|booking|card|contract|form|lease|letter|licen[cs]e|passport|policy"
    r"|ticket)\b"
)
"""Behind a name: where it is written."""
_AND_I = re.compile(r" and i (?:are|both|had|have|live|need|share|want|were|would)\b", re.IGNORECASE)
_SAYS = re.compile(rf" (?:{'|'.join(sorted(SPEAKS))})\b")
_DOES = re.compile(
    r" (?:who (?:came|called|rang|said|told|works|lives)|(?:isn't|wasn't|is not) (?:home|here|in|available)"
    r"|will (?:pick|collect|call|ring|come)|next door)\b"
)
"""Behind a name: what persons alone do."""
_OWNED = re.compile(
    r"'s (?:account|appointment|bill|birthday|booking|card|email|flat|house|mobile|name|number|order|parcel|passport"
    r"|phone|policy|prescription|room|dad|daughter|husband|mum|mom|partner|son|wife)\b"
)
"""Behind a name: what somebody has."""
_SIGNED = re.compile(rf"(?:[,.!]? ?\n ?|[,!] ){WORD.pattern}(?: {WORD.pattern})?\W*$")
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
    return max(
        _trust_by_behind(text, words, index),
        _trust_by_ends(text, words, index) or _trust_by_before(text, words, index),
    )


def _trust_by_behind(text: str, words: list[Word], index: int) -> Trust:
    """Return how surely a name begins at a word, by what is said behind it that is said of persons alone."""
    if index + 1 == len(words) or words[index + 1].key not in _TELLING:
        return Trust.NONE
    head, lexicon = words[index], load_lexicon()
    last = words[index - 1].key if index else ""
    is_known = lexicon.is_first(head.key) or head.key in lexicon.clear_last or is_unheard_of(head.key)
    if not is_known:
        return Trust.NONE
    if SPELLED_BEHIND.match(text, head.end) or _IS_NAME.match(text, head.end) or _presents(words, index):
        return Trust.SURE
    is_word = lexicon.is_english(head.key) and not (head.capital and not lexicon.is_word(head.key))
    if _ON_PAPER.match(text, head.end) and last in ("is", "it's", "s") and not lexicon.is_word(head.key):
        return Trust.SURE
    if _RELATED.match(text, head.end) and (not is_word or last in ("and", "for", "is", "s", "to", "with")):
        return Trust.SURE if is_word else Trust.LIKELY
    if _OWNED.match(text, head.end) and last not in ARTICLES:
        return Trust.LIKELY
    if _DOES.match(text, head.end) or (not head.capital and _SAYS.match(text, head.end)):
        return Trust.NONE if is_word else Trust.LIKELY
    if _AND_I.match(text, head.end) and last not in ARTICLES:
        return Trust.LIKELY if not is_word or head.key in GIVEN_TOO else Trust.NONE
    return Trust.NONE


def _trust_by_ends(text: str, words: list[Word], index: int) -> Trust:
    """Return how surely a name begins at a word, by where it stands and the word or mark behind it."""
    head = words[index]
    behind = _key_behind(words, index)
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
    return Trust.NONE


def _trust_by_before(text: str, words: list[Word], index: int) -> Trust:
    """Return how surely a name begins at a word, by what is said before it above all."""
    head, lexicon = words[index], load_lexicon()
    behind = _key_behind(words, index)
    before = [word for word in words[max(0, index - 8) : index] if word.key not in FILLERS]
    if not before:
        return Trust.NONE
    last = before[-1].key
    gap = text[before[-1].end : head.start].removeprefix("'s")
    if last in SIGN_OFFS and _SIGNED.match(text, before[-1].end) and not lexicon.is_english(head.key):
        return Trust.SURE
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
    if last in ("is", "was", "be") or pair == "name s" or (head.capital and (gap.strip() or last in NAME_NOUNS)):
        keys = [word.key for word in reversed(before)]
        noun = next((place for place, key in enumerate(keys) if key in NAME_NOUNS), None)
        if noun is not None and not (noun + 1 < len(keys) and keys[noun + 1] in THINGS):
            return Trust.SURE
    is_given = head.key in ALL_GIVEN_TOO or head.key in VERBS_TOO
    if is_given and not head.capital and _is_called(text, words, index, before, pair):
        return Trust.SURE
    if last in ("i'm", "im") or last in ROLES or pair in LIKELY_PAIRS:
        return Trust.LIKELY
    if last in ("is", "was", "called", "named") and len(before) > 1 and before[-2].key in ROLES | PEOPLE:
        return Trust.SURE if last in ("called", "named") and before[-2].key in PEOPLE else Trust.LIKELY
    if len(before) > 2 and before[-3].key in _BEFORE_NAME.get(pair, ()):
        return Trust.SURE
    if last == "put" and behind in ("back", "on", "through"):
        # "Put summer back on": it is a person whom one is put through to, whatever else she is called like.
        is_person = head.key in ALL_GIVEN_TOO or (lexicon.is_first(head.key) and head.key in lexicon.common)
        return Trust.SURE if is_person else Trust.LIKELY
    if pair in ("in law", "me and"):
        return Trust.LIKELY
    if last in ("called", "named") and len(before) > 1 and before[-2].key not in _NO_SUBJECT:
        return Trust.LIKELY
    if last == "under" and not any(word.key in MENUS for word in before):
        booked = any(word.key in BOOKED for word in before)
        clear = head.key in lexicon.clear_last or not lexicon.is_english(head.key)
        ends = _SET_OFF.match(text, head.start) is not None or behind in ("please", "thanks")
        alone = head.key in GIVEN_WHEN_SMALL and ends
        return Trust.LIKELY if booked or clear or alone else Trust.WEAK
    if (
        last in TOLD
        or (last in ("to", "with") and any(word.key in TOLD for word in before[-6:]))
        or (last == "by" and len(before) > 1 and before[-2].key in DONE_BY)
        or (last in ("is", "was") and behind in (PRESENCE if head.capital else ("in", "around", "available")))
    ) and _is_plausible(head):
        return Trust.LIKELY
    return _trust_by_address(text, words, index, before[-1], pair)


def _trust_by_address(text: str, words: list[Word], index: int, before: Word, pair: str) -> Trust:
    """Return how surely a name begins at a word, as that of who is presented, greeted or spoken to.

    Args:
        text: of the utterance.
        words: of it.
        index: of the word.
        before: the word before that says something.
        pair: that one and the one before it.
    """
    head, last = words[index], before.key
    behind = _key_behind(words, index)
    comma = "," in text[before.end : head.start]
    presented = last in PRESENTING or pair in PRESENTING
    if not (presented or last in GREETINGS or comma):
        return Trust.NONE
    set_off = _SET_OFF.match(text, head.start) is not None
    if presented:
        if not head.capital and head.key in GIVEN_WHEN_SMALL and pair in SAID_OF_THINGS:
            # "It's sunny, yes": the weather is more often told than such a name in small letters.
            return Trust.LIKELY if behind in ("again", "calling", "from", "speaking") else Trust.NONE
        return Trust.LIKELY if set_off or behind in BEHIND_PRESENTED else Trust.NONE
    if last in GREETINGS and (
        set_off
        if head.capital
        else (set_off and last in SALUTATIONS and _is_plausible(head))
        or (load_lexicon().is_first(head.key) and (set_off or head.key not in GIVEN_WHEN_SMALL))
    ):
        return Trust.LIKELY
    if set_off and comma and head.key not in WORDS_TOO and not before.capital:
        return Trust.LIKELY
    return Trust.NONE


def _key_behind(words: list[Word], index: int) -> str:
    """Return the key of the word behind another; empty where it is the last."""
    return words[index + 1].key if index + 1 < len(words) else ""


def _is_called(text: str, words: list[Word], index: int, before: list[Word], pair: str) -> bool:
    """Return whether a given name in small letters that is a word too names somebody who is spoken to or of."""
    head, last = words[index], before[-1].key
    if pair in LIKELY_PAIRS:
        return last in ("to", "with")
    set_off = _SET_OFF.match(text, head.start) is not None
    if last in ROLES:
        owns = index + 1 < len(words) and words[index + 1].key == "s"
        return owns or (set_off and head.key not in ("may", "will"))
    return last in SALUTATIONS and set_off


def _is_plausible(word: Word) -> bool:
    """Return whether a word may be a name: it has a capital, is a given name, or stands in no dictionary."""
    return word.capital or load_lexicon().is_first(word.key) or is_unheard_of(word.key)


def _presents(words: list[Word], index: int) -> bool:
    """Return whether somebody presents himself by a given name that is a word too."""
    behind = _key_behind(words, index)
    before = [word.key for word in words[max(0, index - 3) : index]]
    if words[index].key not in ALL_GIVEN_TOO | VERBS_TOO:
        return False
    presented = before[-2:] in (["this", "is"], ["it", "s"], ["name", "s"]) or before[-1:] in (["i'm"], ["im"])
    if behind == "speaking" or (behind == "calling" and presented):
        return True
    return behind == "here" and (not before or before[-1] in GREETINGS or presented)


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
