"""What of a company's policies a call gets: all where it fits, else what has to do with it, never more than fits."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.csc.language import Language
from agents.csc.topics.policies import BUDGET, fit_policies
from agents.csc.topics.topic import Company

WORDS = {
    Language.EN: (
        "Refunds of a late parcel are paid in five days. ",
        "Parking is free on Sundays. ",
        "A refund, late.",
    ),
    Language.ZH: ("包裹迟到的退款五天内到账。", "周日停车免费，不用登记。", "客户要求退款，包裹迟到。"),
}


@pytest.mark.parametrize("language", list(Language))
def test_of_long_policies_those_stay_that_have_to_do_with_the_call(language: Language) -> None:
    wanted, other, about = WORDS[language]
    room = BUDGET[language]
    long = (other * room)[: room // 3]
    paragraphs = [long, wanted, long.upper() + "!", wanted + other, long + "."]
    chosen = fit_policies(paragraphs, about, language).split("\n\n")
    assert {wanted, wanted + other} <= set(chosen) and len(chosen) == 4
    assert chosen == [paragraph for paragraph in paragraphs if paragraph in chosen]


def test_of_what_says_nothing_of_the_call_the_earlier_stays() -> None:
    paragraphs = [letter * 2500 for letter in "abc"]
    assert fit_policies(paragraphs, "nothing", Language.EN) == "\n\n".join(paragraphs[:2])


def test_a_single_paragraph_that_is_too_long_is_cut() -> None:
    assert fit_policies(["x" * 9000], "x", Language.EN) == "x" * BUDGET[Language.EN]


LONG_TEXTS = st.builds(operator.mul, st.text(min_size=1, max_size=12), st.integers(1, 75))
"""Drawn as a few characters many times over: to draw each would take seconds."""


@given(st.lists(LONG_TEXTS, max_size=12), st.text(max_size=200), st.sampled_from(Language))
def test_never_more_than_fits_and_nothing_made_up(texts: list[str], about: str, language: Language) -> None:
    paragraphs = Company(name="A", policies="\n\n".join(texts)).paragraphs
    fitted = fit_policies(paragraphs, about, language)
    assert len(fitted) <= BUDGET[language]
    assert set(Company(name="A", policies=fitted).paragraphs) <= set(paragraphs)
    if len("\n\n".join(paragraphs)) <= BUDGET[language]:
        assert fitted == "\n\n".join(paragraphs)
