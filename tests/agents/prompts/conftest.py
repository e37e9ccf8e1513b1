"""A sound call in each language."""

import pytest

from agents.csc.dialogue import Turn
from agents.csc.language import Language


@pytest.fixture(params=list(Language))
def language(request: pytest.FixtureRequest) -> Language:
    return Language(request.param)


@pytest.fixture
def turns(language: Language, en_turns: tuple[Turn, ...], zh_turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    return en_turns if language is Language.EN else zh_turns
