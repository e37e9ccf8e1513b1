"""Plain text: no disguise that Unicode or HTML has hides a character, and each one is found where it stood."""

import itertools
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quality.privacy import find_private, scrub
from quality.privacy.plain import make_plain

_ALL = [chr(code) for code in range(sys.maxunicode + 1)]
SPACES = [char for char in _ALL if unicodedata.category(char) == "Zs"]
UNSEEN = [char for char in _ALL if unicodedata.category(char) in ("Cf", "Mn", "Me")]
DIGITS = [char for char in _ALL if unicodedata.category(char) == "Nd"]
CIRCLED = [chr(code + value) for code in (0x2460, 0x2474, 0x2488, 0x2776, 0x2780, 0x278A, 0x3220) for value in range(9)]
CARD = "4539 1488 0343 6467"


@given(st.text())
@example("0\U0001d16d\x1b")
def test_the_way_back_leads_to_places_in_order(text: str) -> None:
    plain, places = make_plain(text)
    if places is None:
        assert len(plain) == len(text)
        return
    assert len(places) == len(plain)
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)
    # What stands beside any character is no part of it.
    for before, behind in itertools.pairwise(places):
        assert before == behind or before[1] <= behind[0]


@given(st.text(st.characters(categories=("Lu", "Ll", "Lo", "Nd", "Zs", "Po", "Cf", "Mn", "Me", "No", "Sm"))))
def test_plain_text_is_plain(text: str) -> None:
    plain = make_plain(text).text
    assert not set(plain) & set(UNSEEN)
    assert all(char.isascii() for char in plain if char.isspace() or char.isdecimal())


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=12), st.sampled_from((*SPACES, *UNSEEN)))
def test_long_way_and_short_way_agree(text: str, disguise: str) -> None:
    """A text goes the short way when all of it is simple; with one more character behind, it goes the long one."""
    simple, _ = make_plain(text)
    longer, _ = make_plain(f"{text}\n\u2007{disguise}")
    assert longer.startswith(simple)


@given(st.sampled_from(SPACES), st.sampled_from(UNSEEN), st.integers(1, 3))
def test_a_card_is_found_whatever_lies_between_its_digits(space: str, unseen: str, times: int) -> None:
    shown = CARD.replace(" ", space + unseen * times).replace("8", f"8{unseen}")
    assert scrub([f"It is {shown}."]).texts == ["It is [CardNumber]."]


@given(st.lists(st.sampled_from((*DIGITS, *CIRCLED)), min_size=16, max_size=16))
def test_a_card_is_found_in_the_digits_of_any_script(digits: list[str]) -> None:
    groups = ["".join(digits[start : start + 4]) for start in range(0, 16, 4)]
    text = f"the card is {' '.join(groups)}, ok"
    ((start, end, _),) = find_private(text)
    assert text[start:end] == " ".join(groups)


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("card 4539&nbsp;1488&#160;0343&#xA0;6467&amp;nbsp;", "card [CardNumber]&amp;nbsp;"),
        ("mail t&#46;lowe&#64;example&period;net &amp; wait", "mail [Email] &amp; wait"),
        ("Hi, I'm Zoe\u0308. Zoë called.", "Hi, I'm [UserName]. [UserName] called."),
        ("my name is Andre\u0301s", "my name is [UserName]"),
        ("it is 0\ufe0f\u20e37\ufe0f\u20e37\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e3 900 518!", "it is [PhoneNumber]!"),
        ("\u202a+1 (303) 555\u20110172\u202c is mine", "\u202a[PhoneNumber] is mine"),
        ("电话①③⑦0013⑦007，谢谢", "电话[PhoneNumber]，谢谢"),
        ("card 4539\n1488\n0343\n6467.", "card [CardNumber]."),
        ("card **4539** **1488** **0343** **6467**.", "card **[CardNumber]**."),
        ("card 4539_1488_0343_6467 or 4539|1488|0343|6467", "card [CardNumber] or [CardNumber]"),
        ("card 4539\u20281488\u28000343\u31646467.", "card [CardNumber]."),
        ("card 4539%201488%200343%206467 of t.lowe%40example.net", "card [CardNumber] of [Email]"),
        ("card &#52&#53&#51&#57&#32;1488 0343 6467!", "card [CardNumber]!"),
        ("mail t.lowe @ example . net now", "mail [Email] now"),
        ("手机138_1234_5678。", "手机[PhoneNumber]。"),
        ("call 10:30:45, 5*6*7, 20% off, 2:1, a|b", "call 10:30:45, 5*6*7, 20% off, 2:1, a|b"),
        ("AT&T and R&D; 5\ufe0f\u20e3 of 5\ufe0f\u20e3", "AT&T and R&D; 5\ufe0f\u20e3 of 5\ufe0f\u20e3"),
    ],
)
def test_disguises(text: str, scrubbed: str) -> None:
    assert scrub([text]).texts == [scrubbed]
