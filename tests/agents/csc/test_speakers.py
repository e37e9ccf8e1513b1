"""The names that speakers go by."""

import pytest

from agents.csc.language import Language
from agents.csc.speakers import SPEAKER_NAMES, SPEAKERS_BY_NAME, Speaker, parse_speaker


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("speaker", Speaker)
def test_what_we_call_a_speaker_is_read_back(speaker: Speaker, language: Language) -> None:
    assert parse_speaker(SPEAKER_NAMES[language][speaker]) is speaker
    assert parse_speaker(f" {speaker.upper()} ") is speaker


def test_a_name_is_known_in_any_case_and_no_other_is() -> None:
    assert all(name == name.lower() for name in SPEAKERS_BY_NAME)
    with pytest.raises(ValueError, match="unknown speaker 'System': neither a supporter "):
        parse_speaker("System")
