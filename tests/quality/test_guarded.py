"""A guarded pattern is passed over in no text that it matches; what stands for beginnings of patterns has them all."""

import importlib
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.guarded import Guarded, guard, in_small
from quality.privacy import addresses, cues, digits, handles, name_patterns_zh, numbers
from quality.privacy.lexicon import parts_of
from quality.privacy.name_words_zh import HOLDERS, ROLES

MODULES = ("checks.sides", "checks.turn_checks", "privacy", "privacy.emails", "privacy.handles")


def guarded() -> Iterator[object]:
    for name in MODULES:
        for variable, value in vars(importlib.import_module(f"quality.{name}")).items():
            for key, found in value.items() if isinstance(value, dict) else [("", value)]:
                if isinstance(found, Guarded):
                    yield pytest.param(found, id=f"{name}.{variable}{key}")


@pytest.mark.parametrize("pattern", list(guarded()))
@settings(max_examples=15)
@given(st.data())
def test_what_a_guarded_pattern_matches_it_finds(pattern: Guarded, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern.pattern))
    expected = [match.span() for match in pattern.pattern.finditer(text)]
    assert [match.span() for match in pattern.finditer(text, in_small(text))] == expected
    first = pattern.search(text, in_small(text))
    assert first is not None and first.span() == expected[0]


def test_a_guarded_pattern_is_not_tried_without_its_words() -> None:
    pattern = guard("a+|b", "b")
    assert pattern.search("aaa", "aaa") is None and not list(pattern.finditer("aaa", "aaa"))


@pytest.mark.parametrize("letter", "iks")
@given(st.characters())
def test_small_letters_are_those_that_python_compares(letter: str, character: str) -> None:
    if re.fullmatch(letter, character, re.IGNORECASE):
        assert in_small(character) == letter


@settings(max_examples=15)
@given(st.from_regex(numbers._SPOKEN))
def test_what_spoken_numbers_hold_tells_them(text: str) -> None:
    assert numbers._may_be_spoken(text, text.lower())


@settings(max_examples=15)
@given(st.from_regex(addresses._HINT))
def test_what_hints_at_an_address_is_one_of_its_words(text: str) -> None:
    assert not addresses._HINT_WORDS.isdisjoint(parts_of(text)) or not text.isascii()


@pytest.mark.parametrize(
    ("pattern", "beginnings"),
    [
        (handles._CUE_WORD_ZH, handles._BEGINNINGS_ZH),
        (ROLES, f"[{name_patterns_zh._ROLES_BEGIN}]"),
        (HOLDERS, f"[{name_patterns_zh._HOLDERS_BEGIN}]"),
        *((words[0], "[a-z0-9]") for words in cues._CUES.values()),
        *((words[1], cues._BEGINNINGS_ZH) for words in cues._CUES.values()),
        *(
            (part, numbers._BEGINNINGS)
            for part in (numbers._DATE, numbers._HARMLESS, rf"(?:\+ ?|plus )?\(?{digits._DIGITS}")
        ),
    ],
)
@settings(max_examples=50)
@given(st.data())
def test_what_a_pattern_begins_with_is_looked_at_first(pattern: str, beginnings: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(rf"\A(?:{pattern})", re.ASCII)))
    assert re.match(beginnings, text)
