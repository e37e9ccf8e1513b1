"""No text takes the scrubber, the checks or the cleaning of speech a time that grows faster than its length.

Texts are anybody's. A pattern that looks from each character on to the end of the text takes minutes for some.
"""

from collections.abc import Callable

import pytest

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.llm.dialect import bare_json
from agents.roles.speech import clean_utterance
from quality.checks.artifacts import find_artifact
from quality.checks.structured_checks import check_direction
from quality.checks.turn_checks import check_turn
from quality.privacy import find_in_dialogue, find_private, load_word_lists
from tests.support.growth import PUMPS, grows_by_its_length

QUESTIONS = (
    "What is your full name, your address, your e-mail and your card number, please?",
    "The answer to your security question: what is your favourite pet?",
    "请问您的微信号是多少？",
)


def answer(text: str) -> None:
    for question in QUESTIONS:
        find_in_dialogue([question, text])


def check(text: str) -> None:
    customer, supporter = Turn(speaker=Speaker.CUSTOMER, text=text), Turn(speaker=Speaker.SUPPORTER, text=text)
    for language in Language:
        list(check_turn(customer, [supporter], language))
        list(check_turn(supporter, [customer], language))


def direct(text: str) -> None:
    for language in Language:
        list(check_direction(text, "To have the card sent again.", language))


def clean(text: str) -> None:
    clean_utterance(text, Speaker.SUPPORTER, Strategy.ID)


def unwrap(text: str) -> None:
    bare_json(f"```json{text}")


@pytest.mark.parametrize("work", [find_private, answer, check, direct, find_artifact, clean, unwrap])
def test_time_grows_by_the_length_of_the_text(work: Callable[[str], object]) -> None:
    load_word_lists()
    assert [pump for pump in PUMPS if not grows_by_its_length(work, pump)] == []
