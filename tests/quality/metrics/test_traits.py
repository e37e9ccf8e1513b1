"""The traits of small dialogues, by hand."""

from collections import Counter

import pytest

from agents.csc.dialogue import Turn
from agents.csc.emotions import FEELINGS
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from quality.metrics.traits import measure_traits


def supporter(text: str, strategy: Strategy | None = None) -> Turn:
    return Turn(speaker=Speaker.SUPPORTER, text=text, strategy=strategy)


def customer(text: str) -> Turn:
    return Turn(speaker=Speaker.CUSTOMER, text=text)


def test_an_english_dialogue_by_hand() -> None:
    numbers, counts = measure_traits(
        [
            supporter("Good morning, how can I help?", Strategy.GT),
            customer("I am angry, it's [UserName]."),
            customer("My card does not work!"),
            supporter("So sorry. I am angry too?", Strategy.EM),
            supporter("..."),
            supporter("Thank you, goodbye.", Strategy.AC),
        ],
        Language.EN,
    )
    assert numbers == pytest.approx(
        {
            "utterances": 6,
            "supporter's share of the words": 15 / 25,
            "turns by the speaker of the turn before": 3 / 5,
            # 4 + 3 + 3 + 4 + 1 runs, of which "i am angry" comes twice
            "runs of three words said again": 1 / 15,
            "placeholders a turn": 1 / 6,
            "supporter: words a turn": 15 / 3,
            "customer: words a turn": 10 / 2,
            "supporter: turns with a question": 2 / 3,
            "customer: turns with a question": 0,
            "supporter: words of negative feeling in 100": 200 / 15,
            "supporter: words of positive feeling in 100": 100 / 15,
            "customer: words of negative feeling in 100": 10,
            "customer: words of positive feeling in 100": 0,
        }
    )
    assert counts["strategies"] == Counter(["GT", "EM", "AC"])
    assert counts["strategy after strategy"] == Counter(["GT EM", "EM AC"])
    assert counts["who speaks first and last"] == Counter(["supporter first, supporter last"])
    assert counts["supporter: opening words"] == Counter(["good morning how"])
    assert counts["customer: opening words"] == Counter(["i am angry"])
    assert counts["closing words"] == Counter(["thank you goodbye"])
    assert counts["customer: words"]["my"] == 1 and counts["supporter: words"]["my"] == 0


def test_emotions_are_counted_with_their_intensity_and_followed_by_name() -> None:
    codes = ("dissatisfied 2", "neutral", "neutral")
    felt = [customer(f"Word {code}.").model_copy(update={"emotion": FEELINGS[code]}) for code in codes]
    _, counts = measure_traits([felt[0], supporter("I see."), felt[1], customer("Hm."), felt[2]], Language.EN)
    assert counts["emotions"] == Counter({"dissatisfied 2": 1, "neutral": 2})
    assert counts["emotion after emotion"] == Counter(["dissatisfied neutral", "neutral neutral"])
    assert counts["emotions by third of the call"] == Counter(["first dissatisfied", "middle neutral", "last neutral"])
    assert not counts["strategy after emotion"], "nobody labelled strategies"


def test_strategies_are_counted_by_the_emotion_that_they_answer() -> None:
    upset = customer("No!").model_copy(update={"emotion": FEELINGS["dissatisfied 2"]})
    _, counts = measure_traits([upset, supporter("Sorry.", Strategy.EM), supporter("So.", Strategy.ID)], Language.EN)
    assert counts["strategy after emotion"] == Counter(["dissatisfied EM"])


def test_a_chinese_dialogue_by_hand() -> None:
    numbers, counts = measure_traits([customer("您好，我很着急！"), supporter("好的，请问您贵姓？")], Language.ZH)
    assert numbers["customer: words of negative feeling in 100"] == pytest.approx(100 / 6)
    assert numbers["supporter: turns with a question"] == 1
    assert counts["customer: opening words"] == Counter(["您好我很"])
    numbers, _ = measure_traits([customer("我不满意，也不放心。"), supporter("麻烦您别烦恼。")], Language.ZH)
    assert numbers["customer: words of positive feeling in 100"] == 0
    assert numbers["supporter: words of negative feeling in 100"] == pytest.approx(100 / 6)
    assert counts["closing words"] == Counter(["问您贵姓"])


def test_a_monologue_has_no_traits() -> None:
    with pytest.raises(ValueError, match="one side says nothing"):
        measure_traits([supporter("Hello."), customer("...")], Language.EN)
