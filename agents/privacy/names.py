"""English names of people, found by what is said around them and by lists of names."""

import importlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cache, lru_cache
from typing import NamedTuple

from agents.privacy.name_words import (
    ABBREVIATED,
    ARTICLES,
    BEHIND_PRESENTED,
    FILLERS,
    GIVEN_TOO,
    GREETINGS,
    LEAD_OF_AN_ANSWER,
    LIKELY_PAIRS,
    NAME_NOUNS,
    NEVER,
    NO_PERSON_BEFORE,
    NO_PERSON_BEHIND,
    PARTICLES,
    PRESENTING,
    PRONOUNS,
    ROLES,
    SIGNATURES,
    SMALL_WORDS_TOO,
    SURE_PAIRS,
    THINGS,
    TITLES,
    WORDS_TOO,
)

_POPULAR_LOCALES = ("en_GB", "en_IE", "en_IN", "en_NZ", "en_US")
_LOCALES = (
    *_POPULAR_LOCALES,
    *("ar_AA", "de_DE", "en", "en_KE", "en_NG", "en_PK", "es_AR", "es_ES", "es_MX", "fr_FR", "ha_NG", "id_ID", "ig_NG"),
    *("it_IT", "ja_JP", "nl_NL", "pl_PL", "pt_BR", "sv_SE", "tr_TR", "tw_GH", "vi_VN", "yo_NG", "zh_CN"),
)
"""Of these the names are known in Latin letters; of the popular ones also when they are written small."""

_LETTER = r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"
_WORD = re.compile(rf"{_LETTER}+(?:-{_LETTER}+|'(?![sS](?!{_LETTER})){_LETTER}+)*")
_SET_OFF = re.compile(rf"{_WORD.pattern}(?: (?=[A-Z]){_WORD.pattern})?(?:[,.!?;]|$)")
_CLAUSE_END = re.compile(r"[,.!?;]")
_NO_NAME_ENDING = re.compile(r"(?:ly|ing|ed|ish|ese|ian|ican|ic|tion|ness|able)$")
_SPELLED = re.compile(
    r"(?<![A-Za-z0-9'-])[A-Za-z](?:(?:-[A-Za-z]){2,}|(?:[ ,.]{1,2}[A-Za-z]){3,})(?![A-Za-z0-9'-])"
    r"|(?<![A-Za-z0-9'])[A-Za-z] (?:as in|for|like) [A-Za-z]+(?:,? (?:and )?[A-Za-z] (?:as in|for|like) [A-Za-z]+)+"
)
_VERB_BEHIND = re.compile(
    r" (?:is|isn't|was|has|had|said|says|told|called|asked|wants?|wanted|and|here|did|does|already|never|just|will)\b"
)
"""What follows a name rather than a word at the beginning of a sentence."""
_REST_OF_USER_NAME = re.compile(r"[_\d][\w.-]*")
_QUESTION = re.compile(
    r"\b(?:full|first|last|middle|your|his|her|their|legal|maiden|the|user|sur|a)[ -]?name\b|\bname,? please\b"
    r"|\bname\?|^name\b"
    r"|\bwho (?:am i|is this|do i|may i|are you|is calling)|\bwho's (?:this|calling)|\bspell (?:that|it|your)"
    r"|\band (?:yours|you are|you)\b|\bwhom? .{0,24}\b(?:pleasure|speaking|speak)\b"
    r"|\b(?:speaking (?:with|to)|call you|address you)\?"
)
_NO_QUESTION = re.compile(rf"\b(?:{'|'.join(sorted(THINGS))}|apartment|doctor)(?:'s)? name")


class _Trust(IntEnum):
    """How surely a name stands at a place, by what is said around it."""

    NONE = 0
    LIKELY = 1
    SURE = 2


class _Word(NamedTuple):
    start: int
    end: int
    key: str
    capital: bool


class _Lexicon(NamedTuple):
    """Words: all first names, the popular ones among them, family names, and what English mostly consists of."""

    first: frozenset[str]
    popular: frozenset[str]
    last: frozenset[str]
    common: frozenset[str]

    def is_first(self, key: str) -> bool:
        """Return whether somebody may be called so; of a double name both parts count."""
        return _has(self.first, key) or (key.startswith(("o'", "mc")) and len(key) > 4)

    def is_last(self, key: str) -> bool:
        """Return whether a family may be called so."""
        return _has(self.last, key)

    def is_word(self, key: str) -> bool:
        """Return whether this may be something else than a name."""
        return key in self.common or key in WORDS_TOO


def _has(names: frozenset[str], key: str) -> bool:
    return key in names or ("-" in key and all(part in names for part in key.split("-")))


@cache
def _lexicon() -> _Lexicon:
    # Loaded late: it takes a quarter of a second, for which commands that scrub nothing need not wait.
    first: set[str] = set()
    popular: set[str] = set()
    last: set[str] = set()
    for locale in _LOCALES:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute in dir(provider):
            values = getattr(provider, attribute)
            if not attribute.startswith(("first_", "last_")) or not isinstance(values, Iterable):
                continue
            words = {_fold(word) for value in values if isinstance(value, str) for word in value.split()}
            (last if attribute.startswith("last_") else first).update(words)
            if attribute.startswith("first_") and locale in _POPULAR_LOCALES:
                popular.update(words)
    common = {word.lower() for word in importlib.import_module("faker.providers.lorem.en_US").Provider.word_list}
    no_names = NEVER | PARTICLES
    return _Lexicon(
        frozenset(first - no_names), frozenset(popular - no_names), frozenset(last - no_names), frozenset(common)
    )


def _fold(word: str) -> str:
    """Return a word in small letters without its accents."""
    if word.isascii():
        return word.lower()
    return "".join(char for char in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(char))


@lru_cache(256)
def _words(text: str) -> list[_Word]:
    """Return the words of a text; a word all in capitals counts as written small."""
    small = text.lower()
    words: list[_Word] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        capital = text[start] != small[start] and (end - start == 1 or not match[0].isupper())
        words.append(_Word(start, end, _fold(small[start:end]), capital))
    return words


def is_ordinary(word: str) -> bool:
    """Return whether a word is one of the most common English ones."""
    key = _fold(word)
    return key in NEVER or key in _lexicon().common


def find_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names of people stand in a plain English text."""
    for match in _SPELLED.finditer(text):
        yield match.span()
    words = _words(text)
    index = 0
    while index < len(words):
        length = _name_length(text, words, index)
        if length:
            yield words[index].start, words[index + length - 1].end
        index += length or 1


def _name_length(text: str, words: list[_Word], index: int) -> int:
    """Return of how many words the name consists that begins at `words[index]`; 0 when none begins there."""
    head = words[index]
    if head.key in NEVER:
        return 0
    trust = _trust(text, words, index)
    if not _may_begin(text, words, index, trust):
        return 0
    length = 1
    while length < 5 and index + length < len(words) and _goes_on(text, words, index + length, trust, head.capital):
        length += 1
    while length > 1 and words[index + length - 1].key in PARTICLES:
        length -= 1
    behind = index + length
    if trust is not _Trust.SURE and behind < len(words) and words[behind].key in NO_PERSON_BEHIND:
        return 0 if words[behind].capital and _adjacent(text, words, behind) else length
    return length


def _trust(text: str, words: list[_Word], index: int) -> _Trust:
    """Return how surely a name begins at `words[index]`, by what is said around it."""
    head = words[index]
    behind = words[index + 1].key if index + 1 < len(words) else ""
    if behind in ("speaking", "here") or (behind == "calling" and head.capital):
        return _Trust.LIKELY
    before = [word for word in words[max(0, index - 8) : index] if word.key not in FILLERS]
    if not before:
        return _Trust.NONE
    last = before[-1].key
    gap = text[before[-1].end : head.start]
    if last in TITLES:
        return _Trust.SURE
    if gap.strip(" ,:") and not (gap == ". " and last in ABBREVIATED):
        return _Trust.NONE
    pair = f"{before[-2].key} {last}" if len(before) > 1 else last
    if pair in SURE_PAIRS or last in SIGNATURES:
        return _Trust.SURE
    if last in ("is", "was", "be", "name's") or (gap.strip() and head.capital):
        keys = [word.key for word in reversed(before)]
        noun = next((place for place, key in enumerate(keys) if key in NAME_NOUNS), None)
        if noun is not None and not (noun + 1 < len(keys) and keys[noun + 1] in THINGS):
            return _Trust.SURE
    if last in ("i'm", "im") or last in ROLES or pair in LIKELY_PAIRS:
        return _Trust.LIKELY
    if last in ("is", "was", "called") and len(before) > 1 and before[-2].key in ROLES:
        return _Trust.LIKELY
    set_off = _SET_OFF.match(text, head.start) is not None
    if last in PRESENTING or pair in PRESENTING:
        return _Trust.LIKELY if set_off or behind in BEHIND_PRESENTED else _Trust.NONE
    if last in GREETINGS and (set_off or not head.capital):
        return _Trust.LIKELY
    if set_off and ("," in gap and head.key not in WORDS_TOO and not before[-1].capital):
        return _Trust.LIKELY
    return _Trust.NONE


def _may_begin(text: str, words: list[_Word], index: int, trust: _Trust) -> bool:
    """Return whether a name may begin at a word that is not known to be none."""
    key, capital = words[index].key, words[index].capital
    lexicon = _lexicon()
    known = lexicon.is_first(key)
    clear = known and not lexicon.is_word(key)
    if trust is _Trust.SURE:
        return known or lexicon.is_last(key) or not (key in lexicon.common or _NO_NAME_ENDING.search(key))
    if key in PARTICLES or len(key) == 1:
        return False
    if not capital:
        if not clear or key in SMALL_WORDS_TOO:
            return False
        sure = trust is _Trust.LIKELY or _has(lexicon.popular, key)
        return (sure and len(key) > 3) or _family_follows(text, words, index)
    if trust is _Trust.LIKELY:
        return known or lexicon.is_last(key) or not (key in lexicon.common or _NO_NAME_ENDING.search(key))
    if index and _adjacent(text, words, index) and words[index - 1].key in NO_PERSON_BEFORE:
        return False
    if clear or (key in GIVEN_TOO and _stands_out(text, words, index)):
        return True
    return (known or key not in lexicon.common) and _family_follows(text, words, index)


def _stands_out(text: str, words: list[_Word], index: int) -> bool:
    """Return whether a word with a capital stands amid a sentence, alone with its capital and no thing."""
    if not index or words[index - 1].key in ARTICLES:
        return False
    begins = text[words[index - 1].start].isupper()
    gap = text[words[index - 1].end : words[index].start]
    if (begins and words[index - 1].key not in NEVER) or gap.strip(" '\"-" if begins else " ,'\"-"):
        return False
    behind = index + 1
    if behind == len(words) or not _adjacent(text, words, behind) or words[behind].key == "i":
        return True
    return not text[words[behind].start].isupper()


def _family_follows(text: str, words: list[_Word], index: int) -> bool:
    """Return whether the next word is a family name and nothing else."""
    if index + 1 >= len(words) or not _adjacent(text, words, index + 1):
        return False
    head, behind = words[index : index + 2]
    lexicon = _lexicon()
    return (
        behind.capital is head.capital
        and len(behind.key) > 2
        and lexicon.is_last(behind.key)
        and not lexicon.is_word(behind.key)
        and head.key not in NO_PERSON_BEFORE
    )


def _goes_on(text: str, words: list[_Word], index: int, trust: _Trust, capital: bool) -> bool:
    """Return whether a name, begun with a capital or not, goes on with `words[index]`."""
    key = words[index].key
    if key in NEVER or not _adjacent(text, words, index):
        return False
    lexicon = _lexicon()
    if key in PARTICLES:
        return index + 1 < len(words) and words[index + 1].key not in NEVER | lexicon.common
    known = lexicon.is_last(key) or lexicon.is_first(key)
    if words[index].capital:
        return capital and key not in NO_PERSON_BEHIND and (known or key not in lexicon.common)
    if lexicon.is_word(key) or (capital and trust is not _Trust.SURE):
        return False
    if known:
        return len(key) > 2
    ends = index + 1 == len(words) or words[index + 1].key in NEVER or not _adjacent(text, words, index + 1)
    return trust is not _Trust.NONE and ends and len(key) > 2 and not _NO_NAME_ENDING.search(key)


def _adjacent(text: str, words: list[_Word], index: int) -> bool:
    """Return whether nothing but a space, or the point of an initial, parts a word from the one before."""
    before = words[index - 1]
    gap = text[before.end : words[index].start]
    return gap == " " or (gap in (". ", ".") and before.end - before.start == 1)


def asks_for_name(text: str) -> bool:
    """Return whether a plain English text in small letters asks somebody for a person's name."""
    return _QUESTION.search(text) is not None and _NO_QUESTION.search(text) is None


def find_answers(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names stand in the answer to a question for a name."""
    words = _words(text)
    heads = [index for index, word in enumerate(words) if word.key not in LEAD_OF_AN_ANSWER][:1]
    heads += [
        index
        for index in range(1, len(words))
        if _CLAUSE_END.search(text, words[index - 1].end, words[index].start)
        and _lexicon().is_first(words[index].key)
        and (words[index].capital or not _lexicon().is_word(words[index].key))
    ]
    for index in heads:
        if length := _answer_length(text, words, index):
            end = words[index + length - 1].end
            rest = _REST_OF_USER_NAME.match(text, end)
            yield words[index].start, rest.end() if rest else end


def _answer_length(text: str, words: list[_Word], first: int) -> int:
    """Return of how many words the name consists with which an answer begins, 0 when it begins with none."""
    lexicon = _lexicon()
    length = 0
    while first + length < len(words) and length < 4:
        key = words[first + length].key
        known = lexicon.is_first(key) or lexicon.is_last(key)
        if key in NEVER or (length and not _adjacent(text, words, first + length)):
            break
        if not known and (key in lexicon.common or _NO_NAME_ENDING.search(key)):
            break
        length += 1
    head, behind = words[first], words[first + length : first + length + 1]
    asks = head.key in ("may", "will") and behind and behind[0].key in PRONOUNS
    if not length or len(head.key) == 1 or asks:
        return 0
    clear = head.capital or (lexicon.is_first(head.key) and not lexicon.is_word(head.key))
    end = words[first + length - 1].end
    return length if clear or not text[end : end + 1].strip(",.!?_0123456789") else 0


class KnownNames:
    """The names that a dialogue has shown; finds them wherever they stand."""

    def __init__(self) -> None:
        self._clear: set[str] = set()
        self._words_too: set[str] = set()

    def learn(self, name: str) -> None:
        """Take the words of a name in."""
        lexicon = _lexicon()
        for word in _words(name):
            if len(word.key) > 1 and word.key not in NEVER and word.key not in PARTICLES:
                (self._words_too if lexicon.is_word(word.key) else self._clear).add(word.key)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the names stand in a plain text.

        A name that is a word too counts where it has a capital, unless it begins a sentence like a word.
        """
        if not self._clear and not self._words_too:
            return
        for word in _words(text):
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
