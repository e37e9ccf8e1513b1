"""The scrubber on whatever text there is: what it always holds to, and how long it takes."""

import re
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.privacy import find_private, scrub

_PIECES = st.sampled_from(
    (
        *("my name is", "I'm", "thanks,", "Dana", "Mark", "Hale", "jane doe", "van", "O'Brien", "Mr.", "A-B-C", "'s"),
        *(
            "what is your name?",
            "your PIN?",
            "first pet?",
            "card",
            "account number",
            "born",
            "password is",
            "é",
            "İ",
            "ß",
        ),
        *(
            "555",
            "0147",
            "4111 1111 1111 1111",
            "12/04/1985",
            "march 3rd",
            "five",
            "double two",
            "$5",
            "100",
            "AB12 CDE",
        ),
        *(
            "QF7R2T",
            "14 Elm",
            "Street",
            "a@b.com",
            "jane dot doe at example dot com",
            "[UserName]",
            "[Password]",
            "１２",
        ),
        *(
            "[",
            "]",
            ",",
            ".",
            "?",
            "!",
            "(",
            "+",
            "-",
            "·",
            "\n",
            "\t",
            "\ue000",
            "我叫",
            "我是",
            "王小明",
            "先生",
            "姓",
        ),
        *("李", "的", "号", "卡号", "6222", "一三八", "路", "12号", "市", "是", "您贵姓？", "密码", "生日", "年", "月"),
    )
)
_DIALOGUES = st.lists(
    st.one_of(
        st.text(max_size=40), st.lists(_PIECES, max_size=12).map(" ".join), st.lists(_PIECES, max_size=12).map("".join)
    ),
    max_size=5,
)


@given(_DIALOGUES)
@settings(max_examples=400)
def test_scrubbing_twice_changes_nothing(texts: list[str]) -> None:
    scrubbed = scrub(texts)
    assert scrub(scrubbed.texts) == (scrubbed.texts, Counter())
    assert len(scrubbed.texts) == len(texts)
    added = sum(len(re.findall(r"\[[A-Z][A-Za-z]*\]", text)) for text in scrubbed.texts)
    assert added >= min(1, scrubbed.counts.total())


@given(_DIALOGUES)
@settings(max_examples=200)
def test_findings_are_in_order_and_leave_placeholders_alone(texts: list[str]) -> None:
    for text in texts:
        findings = find_private(text)
        places = [place for finding in findings for place in finding[:2]]
        assert places == sorted(places) and all(start < end <= len(text) for start, end, _ in findings)
        for placeholder in re.finditer(r"\[(?:UserName|Password)\]", text):
            assert all(end <= placeholder.start() or start >= placeholder.end() for start, end, _ in findings)


@pytest.mark.parametrize(
    "unit",
    [
        *("1", " ", "A", "a", "王", "一", ".", "@", "[", "İ", "\n", "路", "·"),
        *("1 ", "1-", "12/", "1,111,", "five, ", "Anna ", "word ", "a@", "a at ", "x at y dot ", "a-", "A1 ", "a!1 "),
        *(
            "card 12 ",
            "PIN is the ",
            "12 Elm ",
            "jan 1 ",
            "Thanks, Mark. ",
            "a as in a ",
            "王明先生",
            "路1号",
            "name? ",
        ),
    ],
)
def test_hostile_texts_take_no_longer_than_others(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    began = time.process_time()
    scrub([text])
    assert time.process_time() - began < 20


def test_a_long_word_in_the_place_of_a_user_name_takes_no_longer_than_others() -> None:
    began = time.process_time()
    scrub(["请问您的用户名是什么？", f"{'a' * 300}@好"])
    assert time.process_time() - began < 5
