"""English names of people, found by what is said around them and by lists of names."""

import re
from collections.abc import Iterator
from enum import IntEnum

from quality.privacy.cedict import load_cedict
from quality.privacy.lexicon import WORD, Word, in_list, is_ordinary, load_lexicon, may_spell, split_words
from quality.privacy.name_words import (
    ABBREVIATED,
    ARTICLES,
    BEHIND_PRESENTED,
    BEHIND_SMALL,
    BOOKED,
    COMPANIES,
    DEPARTMENTS,
    FILLERS,
    GIVEN_TOO,
    GIVEN_WHEN_SMALL,
    GREETINGS,
    LIKELY_PAIRS,
    MENUS,
    NAME_NOUNS,
    NAMED_BY,
    NAMED_UNDER,
    NO_NAMES,
    NO_PERSON_BEFORE,
    NO_PERSON_BEHIND,
    PARTICLES,
    PEOPLE,
    PRESENCE,
    PRESENTING,
    ROLES,
    SAID_OF_THINGS,
    SIGNATURES,
    SMALL_WORDS_TOO,
    SPEAKS,
    SURE_PAIRS,
    THINGS,
    TIERS,
    TITLES,
    TOLD,
    WORDS_TOO,
)

_SET_OFF = re.compile(rf"{WORD.pattern}(?: (?=[A-Z]){WORD.pattern})?(?:[,.!?;]|$)")
_INITIALS = re.compile(
    rf"(?<![\w.'&])(?!(?:U\. ?S|P\. ?O|U\. ?K|[AP]\. ?M)\.)(?:[A-Z]\. ?){{1,3}}(?=[A-Z]){WORD.pattern}(?!\.\w)"
)
_SMALL_INITIALS = re.compile(
    r"(?<![\w'])(?:[b-hj-z]\.? [b-hj-z]|(?<=\bby )[b-hj-z]|(?<=\bit's )[b-hj-z]"
    r"|(?<=\bname is )[b-hj-z])\.? ([a-z]{3,})\b"
)
_COUNTED = re.compile(r"\b(?:plan|option|type|class|level|grade|section|row|gate|vitamin|part|group|letter) $", re.I)
_FIRST_OF_TWO = re.compile(r",? (?:first|last|family|maiden|given|middle) name\b")
_ADDRESSED = re.compile(
    r", (?:i|i'm|i've|i'll|we|we've|you|you've|your|can|could|would|please|what|it|it's|that's|the|thank|thanks|if|do"
    r"|did|are|is|let|just|may|have|my|how|sorry)\b",
    re.IGNORECASE,
)
_INTERJECTION = re.compile(r"(.)\1\1|^[aeiouwy]*[hgmrw]*h?$|^(?:b|p|s|w|y)h?[aeo]+[hw]?$")
NO_NAME_ENDING = re.compile(r"(?:ly|ing|ed|ish|ese|ian|ican|ic|tion|ness|able|ous|ful|less|ive|ical)$")
_SPELLED = re.compile(
    r"(?<![A-Za-z0-9'-])[A-Za-z](?:(?:-[A-Za-z]){2,}|(?:[ ,.]{1,2}[A-Za-z]){3,})(?![A-Za-z0-9'-])"
    r"|(?<![A-Za-z0-9'])[A-Za-z] (?:as in|for|like) [A-Za-z]+(?:,? (?:and )?[A-Za-z] (?:as in|for|like) [A-Za-z]+)+"
)
_VERB_BEHIND = re.compile(
    r" (?:is|isn't|was|has|had|said|says|told|called|asked|wants?|wanted|and|here|did|does|already|never|just|will)\b"
)
"""What follows a name rather than a word at the beginning of a sentence."""
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
_GIVEN_TOO = GIVEN_TOO | GIVEN_WHEN_SMALL
_BEFORE_NAME = {"s name": ROLES, "the name": NAMED_UNDER}
"""What stands before a possessive or an article, "name", and the name itself."""
_COMPANY_WORDS = frozenset(word for company in COMPANIES for word in company.split())


class _Trust(IntEnum):
    """How surely a name stands at a place, by what is said around it."""

    NONE = 0
    WEAK = 1
    """Of a word that no dictionary has, or of a name that is nothing else."""
    LIKELY = 2
    SURE = 3


def find_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names of people stand in a plain English text."""
    spells = may_spell(text)
    for match in _SPELLED.finditer(text) if spells else ():
        yield match.span()
    for match in _SMALL_INITIALS.finditer(text) if spells else ():
        if load_lexicon().is_last(match[1]) or not load_lexicon().is_english(match[1]):
            yield match.span()
    for match in _INITIALS.finditer(text) if "." in text else ():
        family = match[0].rpartition(" ")[2].rpartition(".")[2]
        if (
            len(family) > 1
            and not is_ordinary(family)
            and not _COUNTED.search(text, max(0, match.start() - 9), match.start())
        ):
            yield match.span()
    words = split_words(text)
    dull = load_lexicon().dull
    index = 0
    named = -2
    while index < len(words):
        length = 0
        word = words[index]
        if word.key not in dull or (word.capital and index and words[index - 1].key in TITLES):
            follows = named == index - 1 and word.capital and words[named].key in ("and", "or")
            length = _name_length(text, words, index, _Trust.LIKELY if follows else _trust(text, words, index))
        if length:
            yield words[index].start, words[index + length - 1].end
            named = index + length
        index += length or 1


def _name_length(text: str, words: list[Word], index: int, trust: _Trust) -> int:
    """Return of how many words the name consists that begins at a word that is not dull; 0 when none begins there."""
    head = words[index]
    if head.key in _COMPANY_WORDS and _is_company(words, index):
        return 0
    if head.capital and _is_figure(words, index):
        return 0
    if not _may_begin(text, words, index, trust):
        return 0
    length = 1
    while length < 5 and index + length < len(words) and _goes_on(text, words, index + length, trust, head.capital):
        length += 1
    while length > 1 and words[index + length - 1].key in PARTICLES:
        length -= 1
    behind = index + length
    if trust is not _Trust.SURE and behind < len(words) and words[behind].key in NO_PERSON_BEHIND:
        return 0 if words[behind].capital and are_adjacent(text, words, behind) else length
    return length


def _is_company(words: list[Word], index: int) -> bool:
    """Return whether a word is part of a company's name."""
    keys = [word.key for word in words[max(0, index - 2) : index + 3]]
    at = min(index, 2)
    return any(
        " ".join(keys[first : first + length]) in COMPANIES
        for length in (2, 3)
        for first in range(max(0, at - length + 1), at + 1)
    )


def _is_figure(words: list[Word], index: int) -> bool:
    """Return whether a word begins or ends the name of somebody whom everybody knows."""
    return any(
        first >= 0
        and words[first].capital
        and f"{words[first].key} {words[first + 1].key}" in load_cedict().english_figures
        for first in range(index - 1, min(index, len(words) - 2) + 1)
    )


def _trust(text: str, words: list[Word], index: int) -> _Trust:
    """Return how surely a name begins at `words[index]`, by what is said around it."""
    head = words[index]
    behind = words[index + 1].key if index + 1 < len(words) else ""
    if behind in ("speaking", "here") or (behind == "calling" and head.capital):
        return _Trust.LIKELY
    if behind == "from" and index + 2 < len(words) and words[index + 2].key in DEPARTMENTS:
        return _Trust.WEAK
    if (
        not index
        and head.capital
        and (behind in SPEAKS or (_ADDRESSED.match(text, head.end) and not _INTERJECTION.search(head.key)))
    ):
        return _Trust.WEAK
    if head.capital and (
        _FIRST_OF_TWO.match(text, head.end)
        or (behind == "again" and index < 2 and load_lexicon().is_first(head.key))
        or (index and behind in SPEAKS and not words[index - 1].capital)
    ):
        return _Trust.LIKELY
    if behind in SPEAKS and head.key in _GIVEN_TOO and words[index - 1].key not in ARTICLES:
        return _Trust.LIKELY
    before = [word for word in words[max(0, index - 8) : index] if word.key not in FILLERS]
    if not before:
        return _Trust.NONE
    last = before[-1].key
    gap = text[before[-1].end : head.start].removeprefix("'s")
    if last in TITLES:
        return _Trust.SURE
    if gap.strip(" ,:") and not (gap == ". " and last in ABBREVIATED):
        return _Trust.NONE
    if ":" in gap and last in ("it", "this", "that"):
        return _Trust.NONE
    pair = f"{before[-2].key} {last}" if len(before) > 1 else last
    if (
        pair in SURE_PAIRS
        or pair in NAMED_BY
        or last in SIGNATURES
        or (head.key in (last, behind) and _is_said_twice(text, words, index))
    ):
        return _Trust.SURE
    if last in ("is", "was", "be", "name's") or (head.capital and (gap.strip() or last in NAME_NOUNS)):
        keys = [word.key for word in reversed(before)]
        noun = next((place for place, key in enumerate(keys) if key in NAME_NOUNS), None)
        if noun is not None and not (noun + 1 < len(keys) and keys[noun + 1] in THINGS):
            return _Trust.SURE
    if last in ("i'm", "im") or last in ROLES or pair in LIKELY_PAIRS:
        return _Trust.LIKELY
    if last in ("is", "was", "called", "named") and len(before) > 1 and before[-2].key in ROLES | PEOPLE:
        return _Trust.SURE if last in ("called", "named") and before[-2].key in PEOPLE else _Trust.LIKELY
    if len(before) > 2 and before[-3].key in _BEFORE_NAME.get(pair, ()):
        return _Trust.SURE
    if pair in ("in law", "me and") or (last == "put" and behind in ("back", "on", "through")):
        return _Trust.LIKELY
    if last in ("called", "named") and len(before) > 1 and before[-2].key not in _NO_SUBJECT:
        return _Trust.LIKELY
    if last == "under" and not any(word.key in MENUS for word in before):
        booked = any(word.key in BOOKED for word in before)
        clear = head.key in load_lexicon().clear_last or not load_lexicon().is_english(head.key)
        return _Trust.LIKELY if booked or clear else _Trust.WEAK
    if (
        last in TOLD
        or (last in ("to", "with") and any(word.key in TOLD for word in before[-6:]))
        or (last in ("is", "was") and behind in (PRESENCE if head.capital else ("in", "around", "available")))
    ) and (head.capital or load_lexicon().is_first(head.key)):
        return _Trust.LIKELY
    presented = last in PRESENTING or pair in PRESENTING
    if not (presented or last in GREETINGS or "," in gap):
        return _Trust.NONE
    set_off = _SET_OFF.match(text, head.start) is not None
    if presented:
        if not head.capital and head.key in GIVEN_WHEN_SMALL and pair in SAID_OF_THINGS:
            # "It's sunny, yes": the weather is more often told than such a name in small letters.
            return _Trust.LIKELY if behind in ("again", "calling", "from", "speaking") else _Trust.NONE
        return _Trust.LIKELY if set_off or behind in BEHIND_PRESENTED else _Trust.NONE
    if last in GREETINGS and (
        set_off if head.capital else load_lexicon().is_first(head.key) and (set_off or head.key not in GIVEN_WHEN_SMALL)
    ):
        return _Trust.LIKELY
    if set_off and ("," in gap and head.key not in WORDS_TOO and not before[-1].capital):
        return _Trust.LIKELY
    return _Trust.NONE


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


def _may_begin(text: str, words: list[Word], index: int, trust: _Trust) -> bool:
    """Return whether a name may begin at a word that is not known to be none."""
    key, capital = words[index].key, words[index].capital
    lexicon = load_lexicon()
    known = lexicon.is_first(key)
    clear = known and not lexicon.is_word(key)
    if trust is _Trust.SURE:
        # "The caller was genuine": in small letters a word of the dictionary that nobody is called by is no name.
        is_word = not capital and (NO_NAME_ENDING.search(key) is not None or lexicon.is_english(key))
        return known or lexicon.is_last(key) or not (key in lexicon.common or is_word)
    if key in PARTICLES or len(key) == 1:
        return False
    if not capital:
        if trust and len(key) > 3 and _is_unheard_of(key):
            return True
        if trust is _Trust.LIKELY and len(key) > 3 and key in lexicon.clear_last:
            return True
        if trust is _Trust.LIKELY and known and _is_small_name(text, words, index):
            return True
        if not clear or key in SMALL_WORDS_TOO:
            # "My brother will ring": behind a person these are verbs.
            is_name = known and key not in ("may", "will")
            return is_name and trust is _Trust.LIKELY and _family_follows(text, words, index)
        sure = trust is _Trust.LIKELY or in_list(lexicon.popular, key)
        return (sure and len(key) > (2 if trust is _Trust.LIKELY else 3)) or _family_follows(text, words, index)
    if trust is _Trust.WEAK and (_is_unheard_of(key) or (not index and (clear or (known and key in _GIVEN_TOO)))):
        return True
    if trust is _Trust.LIKELY:
        ending = None if "-" in key or (index and key.endswith("ly")) else NO_NAME_ENDING.search(key)
        return known or lexicon.is_last(key) or not (key in lexicon.common or ending)
    if (
        index
        and words[index - 1].key in NO_PERSON_BEFORE
        and text[words[index - 1].end : words[index].start] in (" ", ". ")
    ):
        return False
    if clear or (key in GIVEN_TOO and _stands_out(text, words, index)):
        return True
    if (
        _is_unheard_of(key)
        and index + 1 < len(words)
        and words[index + 1].capital
        and are_adjacent(text, words, index + 1)
    ):
        follower = words[index + 1].key
        if lexicon.is_first(follower) and not lexicon.is_word(follower):
            return True
    return (known or lexicon.is_last(key) or not lexicon.is_english(key)) and _family_follows(text, words, index)


def _is_small_name(text: str, words: list[Word], index: int) -> bool:
    """Return whether a word written small, where a name is likely, is one by what stands behind it."""
    key, behind = words[index].key, index + 1
    if index and words[index - 1].key == "no" and are_adjacent(text, words, index):
        return False  # "No grace": a thing that there is none of
    if behind < len(words) and words[behind].key in SPEAKS:
        return key in _GIVEN_TOO
    ends = behind == len(words) or not are_adjacent(text, words, behind)
    return key in GIVEN_WHEN_SMALL and (ends or words[behind].key in NO_NAMES or words[behind].key in BEHIND_SMALL)


def _is_unheard_of(key: str) -> bool:
    """Return whether a word is in no dictionary, nor its parts ("fifty-two"), and has not the form of one that is."""
    is_english = load_lexicon().is_english
    # "Lookin'" has lost its last letter.
    heard = all(is_english(part) or (part.endswith("in") and is_english(f"{part}g")) for part in key.split("-"))
    return key not in NO_NAMES | WORDS_TOO and not heard and NO_NAME_ENDING.search(key) is None


def _stands_out(text: str, words: list[Word], index: int) -> bool:
    """Return whether a word with a capital stands amid a sentence, alone with its capital and no thing."""
    if not index or words[index - 1].key in ARTICLES:
        return False
    begins = text[words[index - 1].start].isupper()
    gap = text[words[index - 1].end : words[index].start]
    if (begins and words[index - 1].key not in NO_NAMES) or gap.strip(" '\"-" if begins else " ,'\"-"):
        return False
    behind = index + 1
    if behind == len(words) or not are_adjacent(text, words, behind) or words[behind].key == "i":
        return True
    return not text[words[behind].start].isupper() and words[behind].key not in TIERS


def _family_follows(text: str, words: list[Word], index: int) -> bool:
    """Return whether the next word is a family name and nothing else."""
    if index + 1 >= len(words) or not are_adjacent(text, words, index + 1):
        return False
    head, behind = words[index : index + 2]
    lexicon = load_lexicon()
    return (
        behind.capital is head.capital
        and len(behind.key) > 2
        and lexicon.is_last(behind.key)
        and not lexicon.is_word(behind.key)
        and head.key not in NO_PERSON_BEFORE
    )


def _goes_on(text: str, words: list[Word], index: int, trust: _Trust, capital: bool) -> bool:
    """Return whether a name, begun with a capital or not, goes on with `words[index]`."""
    key = words[index].key
    if not are_adjacent(text, words, index):
        return False
    if key in NO_NAMES or len(key) == 1:
        # A middle name or an initial.
        named = capital and words[index].capital and (key == "may" or (len(key) == 1 and key != "i"))
        return named and _family_follows(text, words, index)
    lexicon = load_lexicon()
    if key in PARTICLES:
        return index + 1 < len(words) and words[index + 1].key not in NO_NAMES | lexicon.common
    known = lexicon.is_last(key) or lexicon.is_first(key)
    if words[index].capital:
        return capital and key not in NO_PERSON_BEHIND and (known or key not in lexicon.common)
    if lexicon.is_word(key) or (capital and trust is not _Trust.SURE):
        return False
    if known:
        return len(key) > 2
    ends = index + 1 == len(words) or words[index + 1].key in NO_NAMES or not are_adjacent(text, words, index + 1)
    return trust is not _Trust.NONE and ends and len(key) > 2 and _is_unheard_of(key)


def are_adjacent(text: str, words: list[Word], index: int) -> bool:
    """Return whether nothing but a space, or the point of an initial, parts a word from the one before."""
    before = words[index - 1]
    gap = text[before.end : words[index].start]
    return gap == " " or (gap in (". ", ".") and before.end - before.start == 1)


class KnownNames:
    """The names that a dialogue has shown; finds them wherever they stand."""

    def __init__(self) -> None:
        self._clear: set[str] = set()
        self._words_too: set[str] = set()

    def learn(self, name: str) -> None:
        """Take the words of a name in."""
        lexicon = load_lexicon()
        for word in split_words(name):
            if len(word.key) > 1 and word.key not in NO_NAMES and word.key not in PARTICLES:
                (self._words_too if lexicon.is_word(word.key) else self._clear).add(word.key)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the names stand in a plain text.

        A name that is a word too counts where it has a capital, unless it begins a sentence like a word.
        """
        if not self._clear and not self._words_too:
            return
        for word in split_words(text):
            if word.key in self._clear or (
                word.key in self._words_too
                and word.capital
                and (
                    text[word.end : word.end + 1] in ("", ",", ".", "!", "?")
                    or (word.start and text[max(0, word.start - 2) : word.start].strip() not in (".", "!", "?"))
                    or _VERB_BEHIND.match(text, word.end)
                )
            ):
                yield word.start, word.end
