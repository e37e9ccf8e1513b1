"""Facts by rules: one value however it is said, and nothing where no fact is meant."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from quality.fidelity.differences import compare_facts
from quality.fidelity.fact import Fact
from quality.fidelity.facts import find_facts
from quality.fidelity.findings import Change
from quality.fidelity.turn_facts import check_turn_facts
from tests.support import DATA


def one(text: str) -> Fact:
    (fact,) = find_facts(text)
    return fact


@pytest.mark.parametrize(
    ("texts", "kind", "value"),
    [
        (("$1,200", "1200 dollars", "twelve hundred dollars", "1.2k dollars"), "amount", "1200"),
        (("5000元", "五千块", "5千元", "¥5,000"), "amount", "5000"),
        (("¥5,000", "￥5000", "5,000 yen", "5000日元", "5000円"), "amount", "5000"),
        (("1.7%", "1.7 percent"), "percent", "1.7"),
        (("百分之四点五", "4.5%的利率"), "percent", "4.5"),
        (("4 May", "May 4th", "the fourth of May"), "date", "?-5-4"),
        (("5月4日", "五月四号"), "date", "?-5-4"),
        (("ten working days", "10 days", "10 business days"), "number", "10"),
        (("24小时", "二十四个小时"), "number", "24"),
        (("3 pm", "15:00", "3:00 p.m."), "time", "3:00"),
        (("下午三点半", "15:30"), "time", "3:30"),
        (("星期天", "周日", "礼拜日"), "weekday", "7"),
        (("昨天", "昨晚"), "day", "-1"),
        (("八五折", "85折", "8.5折"), "number", "85"),
        (("两个半小时", "2.5小时", "两个半钟头"), "number", "2.5"),
        (("一年半", "1.5年", "一点五年"), "number", "1.5"),
        (("三天半", "3.5天"), "number", "3.5"),
        (("31/12/2025", "December 31, 2025", "31.12.2025"), "date", "2025-12-31"),
        (("二〇二五年十二月三十一日", "2025-12-31"), "date", "2025-12-31"),
    ],
)
def test_a_fact_is_one_however_it_is_said(texts: tuple[str, ...], kind: str, value: str) -> None:
    facts = [one(text) for text in texts]
    assert {(fact.kind.value, fact.value) for fact in facts} == {(kind, value)}
    assert all(fact.is_told_by(other) for fact in facts for other in facts)


@pytest.mark.parametrize(
    "text",
    [
        "One moment, please.",
        "I may be the first one.",
        "请等一下，有一点慢。",
        "我有三点意见。",
        "The last four digits?",
        "It is a 16-digit number.",
        "One second, I have a second card.",
        "We are here for you 24/7.",
        "万一丢了怎么办？千万别急。",
        "十分感谢。",
        "后四位是多少？",
    ],
)
def test_what_is_no_fact_is_none(text: str) -> None:
    assert [fact for fact in find_facts(text) if not fact.passing] == []


@pytest.mark.parametrize(
    ("told", "other"),
    [
        ("5 days", "5 hours"),
        ("$5", "£5"),
        ("5元", "5日元"),
        ("¥5", "$5"),
        ("4 May", "in May"),
        ("4 May 2025", "4 May 2024"),
        ("1.7%", "17%"),
    ],
)
def test_another_value_or_unit_tells_another_fact(told: str, other: str) -> None:
    assert not one(told).is_told_by(one(other))


@given(st.integers(0, 10**7))
def test_figures_are_read_as_they_are_written(number: int) -> None:
    assert one(f"{number} dollars").value == one(f"{number:,} dollars").value == one(f"{number}元").value == str(number)


@pytest.mark.parametrize("language", Language)
def test_what_is_said_in_other_words_is_the_same_and_what_is_another_fact_is_not(language: Language) -> None:
    rows = [json.loads(line) for line in (DATA / "fidelity" / f"said-{language}.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) >= 50
    alarms = [row for row in rows if compare_facts([turn(row["said"])], [turn(row["same"])])]
    missed = [row for row in rows if not compare_facts([turn(row["said"])], [turn(row["other"])])]
    assert (alarms, missed) == ([], [])


WORDS = """
a an and half quarter third two-thirds two nine ninety-nine twelve hundred thousand point past to of the dollars cents
percent % $ 5 12 3.5 1,200 may june on by noon pm days hours first 7/4 1/2/25 5:30 - , 24/7 digits
"""
CHARACTERS = "零一二三十百千万亿半点分之成折块元毛角年月日号周上下午晚每个天前昨后大03579.,，:%$w到至时工作"


@given(st.one_of(st.lists(st.sampled_from(WORDS.split()), max_size=8).map(" ".join), st.text(CHARACTERS, max_size=12)))
def test_whatever_is_said_is_read_and_tells_itself(text: str) -> None:
    facts = find_facts(text)
    assert all(fact.is_told_by(fact) for fact in facts)
    assert [compare_facts([turn(text)], [turn(text)])] == [()]
    assert all(Fact.model_validate_json(fact.model_dump_json()).value == fact.value for fact in facts)


def turn(text: str, strategy: Strategy | None = None) -> Turn:
    return Turn(speaker=Speaker.SUPPORTER if strategy else Speaker.CUSTOMER, text=text, strategy=strategy)


def test_lost_added_and_changed() -> None:
    original = [turn("I paid 40 dollars on Monday."), turn("It takes 5 days.", Strategy.ID)]
    rewrite = [
        turn("Your name, please?", Strategy.IV),
        turn("[UserName]. I paid 50 dollars."),
        turn("It takes 5 days, and 3 percent.", Strategy.ID),
    ]
    found = {
        (one.change, one.before and one.before.text, one.after and one.after.text)
        for one in compare_facts(original, rewrite)
    }
    assert found == {
        (Change.CHANGED, "40 dollars", "50 dollars"),
        (Change.LOST, "Monday", None),
        (Change.ADDED, None, "3 percent"),
    }


def test_a_turn_tells_what_it_covers_and_nothing_else() -> None:
    known = find_facts("40 dollars on Monday for Gold Saver")
    said = "40 dollars on monday for gold saver"

    def checks(text: str) -> list[str]:
        return [failed.check for failed in check_turn_facts(text, known[:1], known, said)]

    assert checks("It was $40, on Monday.") == []
    assert checks("It was a fee of 40 dollars for 3 days.") == ["invented-fact"]
    assert checks("It was a fee, on Monday.") == ["dropped-fact"]
