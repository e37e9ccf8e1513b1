"""The lists of English names and words, and how a text is split into its words."""

import heapq
import importlib
import importlib.resources
import pkgutil
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from quality.privacy.name_words import FURTHER_FAMILY, FURTHER_GIVEN, GIVEN_TOO, NO_NAMES, PARTICLES, WORDS_TOO

_POPULAR_LOCALES = ("en_GB", "en_IE", "en_IN", "en_NZ", "en_US")
_LOCALES = (
    *_POPULAR_LOCALES,
    *("ar_AA", "de_DE", "en", "en_KE", "en_NG", "en_PK", "es_AR", "es_ES", "es_MX", "fr_FR", "ha_NG", "id_ID", "ig_NG"),
    *("it_IT", "ja_JP", "nl_NL", "pl_PL", "pt_BR", "sv_SE", "tr_TR", "tw_GH", "vi_VN", "yo_NG", "zh_CN"),
)
"""Of these all names are known that are in Latin letters, of the popular ones also when they are written small.

Of the other locales those are that no English dictionary has.
"""

_CENSUS_FIRST = ("dist.female.first", "dist.male.first")
_CENSUS_LAST = "dist.all.last"
_FIRST_RATHER_THAN_WORD = 1.2e-5
_FREQUENT = 4000
"""How many words of the dictionary are often met, and often misspelled."""
_LAST_RATHER_THAN_WORD = 5e-5
"""A listed name that is in the dictionary too is rather a name from this percentage of people a mention on."""

_LETTER = r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"
WORD = re.compile(rf"{_LETTER}+(?:-{_LETTER}+|'(?![sS](?!{_LETTER})){_LETTER}+)*")
NO_NAME_ENDING = re.compile(r"(?:ly|ing|ed|ish|ese|ian|ican|ic|tion|ness|able|ous|ful|less|ive|ical)$")
_VOWEL = re.compile("[aeiouy]")
_JOINT = re.compile("[-']")
_ONE_S = re.compile(rf"(?<!{_LETTER})(?<!')[sS](?!{_LETTER})")
_IN_CAPITALS = re.compile(r"\b[A-Z]{2,}(?:[-'][A-Z]{2,})?(?: [A-Z]\.?)?(?: [A-Z][A-Z'-]+)+\b")


class Word(NamedTuple):
    """A word at `text[start:end]`, in small letters without accents, and whether it has a capital."""

    start: int
    end: int
    key: str
    capital: bool


class Lexicon(NamedTuple):
    """Words: all first names, the popular ones among them, family names, common words, and what never names anybody.

    `clear_last` are family names that are hardly ever words; `english` are the words of a spelling dictionary, with the
    names that it holds; `frequent` are those of them that are met most.
    """

    first: frozenset[str]
    popular: frozenset[str]
    last: frozenset[str]
    clear_last: frozenset[str]
    common: frozenset[str]
    dull: frozenset[str]
    english: frozenset[str]
    frequent: frozenset[str]

    def is_first(self, key: str) -> bool:
        """Return whether somebody may be called so; of a double name both parts count."""
        return in_list(self.first, key) or (key.startswith(("o'", "mc")) and len(key) > 4)

    def is_last(self, key: str) -> bool:
        """Return whether a family may be called so."""
        return key in self.last or ("-" in key and any(part in self.last for part in key.split("-")))

    def is_word(self, key: str) -> bool:
        """Return whether this may be something else than a name."""
        return key in self.common or key in WORDS_TOO

    def is_english(self, key: str) -> bool:
        """Return whether a word is in an English dictionary, American or British, with its apostrophe or not."""
        stem, _, ending = key.partition("'")
        american = key.replace("ll", "l").replace("our", "or").replace("ys", "yz").replace("is", "iz")
        return (
            key in self.english
            or american in self.english
            or (ending in ("d", "ll", "m", "re", "t", "ve") and stem in self.english)
            or f"{key[:-1]}'{key[-1:]}" in self.english
            or f"{key[:-2]}'{key[-2:]}" in self.english
        )


def in_list(names: frozenset[str], key: str) -> bool:
    """Return whether a name, or each part of a double one, is in a list."""
    return key in names or ("-" in key and all(part in names for part in key.split("-")))


@cache
def load_lexicon() -> Lexicon:
    """Return the words, read once from `faker`, `names` (the US census of 1990), `nicknames` and `pyspellchecker`."""
    # Loaded late: it takes half a second, for which commands that scrub nothing need not wait.
    from spellchecker import SpellChecker

    mentions = SpellChecker().word_frequency.dictionary
    spelled = frozenset(mentions)
    first: set[str] = set()
    popular: set[str] = set()
    last: set[str] = set()
    for _, locale, _ in pkgutil.iter_modules(importlib.import_module("faker.providers.person").__path__):
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute in dir(provider):
            values = getattr(provider, attribute)
            if not attribute.startswith(("first_", "last_")) or not isinstance(values, Iterable):
                continue
            words = {_fold(word) for value in values if isinstance(value, str) for word in value.split()}
            if locale not in _LOCALES:
                words = {word for word in words if len(word) > 3 and WORD.fullmatch(word)} - spelled
            (last if attribute.startswith("last_") else first).update(words)
            if attribute.startswith("first_") and locale in _POPULAR_LOCALES:
                popular.update(words)

    def clear_names(file: str, least: float) -> set[str]:
        return {name for name, share in _read_census(file) if (share + 0.0005) / mentions.get(name, 1) >= least}

    further = _read_nicknames() - spelled
    for file in _CENSUS_FIRST:
        further |= clear_names(file, _FIRST_RATHER_THAN_WORD)
    first |= further
    popular |= further
    clear_last = clear_names(_CENSUS_LAST, _LAST_RATHER_THAN_WORD)
    last |= clear_last
    common = {word.lower() for word in importlib.import_module("faker.providers.lorem.en_US").Provider.word_list}
    no_names = NO_NAMES | PARTICLES
    first |= FURTHER_GIVEN
    last |= FURTHER_FAMILY
    names = first | last | GIVEN_TOO
    return Lexicon(
        frozenset(first - no_names),
        frozenset(popular - no_names),
        frozenset(last - no_names),
        frozenset(clear_last - no_names - common - WORDS_TOO),
        frozenset(common),
        frozenset(common - names | NO_NAMES),
        spelled,
        frozenset(heapq.nlargest(_FREQUENT, mentions, key=mentions.__getitem__)) | common | NO_NAMES,
    )


def _read_census(file: str) -> Iterator[tuple[str, float]]:
    """Yield the names of a list, and the percentage of people who are called so; the rarest have 0."""
    for line in importlib.resources.files("names").joinpath(file).read_text("ascii").splitlines():
        # SMITH          1.006  1.006      1
        name, share, _, _ = line.lower().split()
        yield name, float(share)


def _read_nicknames() -> set[str]:
    """Return names and their short forms: lines of a name, a relationship and a name."""
    lines = importlib.resources.files("nicknames").joinpath("names.csv").read_text("utf-8").splitlines()[1:]
    return {name for line in lines for name in line.split(",")[::2] if len(name) > 2 and WORD.fullmatch(name)}


def _fold(word: str) -> str:
    """Return a word in small letters without its accents."""
    if word.isascii():
        return word.lower()
    return "".join(char for char in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(char))


@lru_cache(256)
def split_words(text: str) -> list[Word]:
    """Return the words of a text; one all in capitals counts as written small, but for several among others."""
    small, is_ascii = text.lower(), text.isascii()
    in_capitals = [match.span() for match in _IN_CAPITALS.finditer(text)] if small.upper() != text else []
    has_article = "al-" in text or "el-" in text
    words: list[Word] = []
    for match in WORD.finditer(text):
        start, end = match.span()
        key = small[start:end]
        capital = text[start] != key[0] or (has_article and text.startswith(("al-", "el-"), start))
        if capital and end - start > 1 and text[start:end].isupper():
            capital = any(first <= start < last for first, last in in_capitals)
        words.append(Word(start, end, key if is_ascii else _fold(key), capital))
    return words


@lru_cache(256)
def keys_of(text: str) -> frozenset[str]:
    """Return the words of a text as `split_words` does, in small letters alone."""
    return frozenset([word.key for word in split_words(text)])


@lru_cache(256)
def parts_of(text: str) -> frozenset[str]:
    """Return the words of a text, and what hyphens and apostrophes part in them."""
    keys = keys_of(text)
    return keys.union(*[_JOINT.split(key) for key in keys if "-" in key or "'" in key])


@lru_cache(256)
def may_spell(text: str) -> bool:
    """Return whether a text has a letter that stands alone and is no word, or letters joined by hyphens.

    That of "it's" is part of a word.
    """
    letters = {key for key in keys_of(text) if len(key) == 1 or "-" in key[:2]} - {"a", "i"}
    return bool(letters) and (letters != {"s"} or _ONE_S.search(text) is not None)


def is_ordinary(word: str) -> bool:
    """Return whether a word is one of the most common English ones."""
    key = _fold(word)
    return key in NO_NAMES or key in load_lexicon().common


def is_unheard_of(key: str) -> bool:
    """Return whether a word is in no dictionary, nor its parts ("fifty-two"), and has not the form of one that is."""
    is_english = load_lexicon().is_english
    # "Lookin'" has lost its last letter.
    heard = all(is_english(part) or (part.endswith("in") and is_english(f"{part}g")) for part in key.split("-"))
    return (
        key not in NO_NAMES | WORDS_TOO and not heard and NO_NAME_ENDING.search(key) is None and not is_misspelled(key)
    )


@lru_cache(1024)
def is_misspelled(key: str) -> bool:
    """Return whether a word that is no listed name is one edit from one of the most common English words."""
    lexicon = load_lexicon()
    if not 4 <= len(key) <= 16 or lexicon.is_first(key) or lexicon.is_last(key):
        return False
    halves = [(key[:at], key[at:]) for at in range(len(key) + 1)]
    letters = "abcdefghijklmnopqrstuvwxyz"
    edited = {first + second[1:] for first, second in halves if second}
    edited |= {first + second[1] + second[0] + second[2:] for first, second in halves if len(second) > 1}
    edited |= {first + letter + second[1:] for first, second in halves if second for letter in letters}
    edited |= {first + letter + second for first, second in halves for letter in letters}
    return not edited.isdisjoint(lexicon.frequent)


def is_letters_of_code(word: str) -> bool:
    """Return whether a few letters in one piece are no word, as a transcript writes the letters of a code: "jx"."""
    key = word.lower()
    if not 2 <= len(key) <= 5 or is_ordinary(key):
        return False
    return _VOWEL.search(key) is None or not load_lexicon().is_english(key)
