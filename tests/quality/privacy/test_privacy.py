"""The scrubber: what is private goes, what personas are made of stays."""

from collections import Counter

import pytest

from quality.privacy import Private, find_private, scrub
from tests.quality.privacy import sentences_en, sentences_zh


def found(text: str) -> list[tuple[str, str]]:
    return [(text[finding.start : finding.end], finding.kind.value) for finding in find_private(text)]


@pytest.mark.parametrize(("text", "private"), sentences_en.NAMES + sentences_zh.NAMES)
def test_names_are_found(text: str, private: str) -> None:
    assert found(text) == [(private, "UserName")]


@pytest.mark.parametrize(("text", "private", "kind"), sentences_en.NUMBERS + sentences_zh.NUMBERS)
def test_numbers_codes_and_addresses_are_found(text: str, private: str, kind: Private) -> None:
    assert found(text) == [(private, kind.value)]


@pytest.mark.parametrize("text", sentences_en.STAYS + sentences_zh.STAYS)
def test_what_personas_are_made_of_stays(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(("texts", "scrubbed"), sentences_en.TOLD + sentences_zh.TOLD)
def test_one_utterance_tells_of_another(texts: list[str], scrubbed: list[str]) -> None:
    assert scrub(texts).texts == scrubbed


def test_what_is_replaced_is_counted() -> None:
    scrubbed = scrub(["I'm Dana, my email is d@example.com", "Thanks Dana!"])
    assert scrubbed.counts == Counter({Private.USER_NAME: 2, Private.EMAIL: 1})
