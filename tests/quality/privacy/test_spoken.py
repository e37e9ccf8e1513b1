"""Numbers, codes, e-mails and addresses as people say them: whatever the digits and however they are read out."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.privacy import find_in_dialogue

_DIGITS = ("oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TIMES = {2: ("double",), 3: ("triple", "treble")}
_PAUSES = (", ", " ", ", uh, ", " um ", ", then ", " and then ", "... ", ", okay ", ", no, sorry, ")
_EXPLAINED = {"b": "bombay", "k": "kilo", "l": "lima", "p": "papa", "q": "queen", "r": "robert", "x": "x-ray"}
chances = st.integers(0, 2**32).map(random.Random)


def read_out(digits: str, chance: random.Random) -> str:
    """Return digits in words, as they are read out: now and then two or three at once."""
    words, at = [], 0
    while at < len(digits):
        alike = len(digits[at:]) - len(digits[at:].lstrip(digits[at]))
        times = min(alike, chance.choice((1, 2, 3)))
        word = _DIGITS[int(digits[at])] if digits[at] != "0" else chance.choice(("oh", "zero", "nought"))
        words.append(f"{chance.choice(_TIMES[times])} {word}" if times > 1 else word)
        at += times
    return " ".join(words)


def in_groups(sizes: tuple[int, ...], chance: random.Random) -> str:
    groups = ["".join(chance.choices("0123456789", k=size)) for size in sizes]
    said = read_out(groups[0], chance)
    for group in groups[1:]:
        said += chance.choice(_PAUSES) + read_out(group, chance)
    return said


def spell(count: int, chance: random.Random) -> str:
    letters = chance.choices(tuple(_EXPLAINED), k=count)
    how = chance.choice(("{}", "{} for {}", "{} as in {}"))
    return ", ".join(how.format(letter, _EXPLAINED[letter]) for letter in letters)


def is_hidden(texts: list[str], private: str) -> bool:
    """Return whether all letters and digits of what is private in the last text are found."""
    start = texts[-1].index(private)
    hidden = {place for finding in find_in_dialogue(texts)[-1] for place in range(finding.start, finding.end)}
    return all(place in hidden for place in range(start, start + len(private)) if texts[-1][place].isalnum())


@settings(max_examples=60)
@given(
    st.sampled_from(
        [
            ("my mobile's {}", "And a contact number?", (5, 3, 3)),
            ("my number is {}", "What's your phone number?", (3, 3, 4)),
            ("the long number is on the card, it's {}", "Could I take the card number?", (4, 4, 4, 4)),
            ("my social is {}", "Could you verify your social?", (3, 2, 4)),
            ("aadhaar {}", "Your Aadhaar number, please?", (4, 4, 4)),
            ("nhs number {}", "Do you have the NHS number?", (3, 3, 4)),
            ("sort code {}", "And the sort code?", (2, 2, 2)),
            ("the account number is {}", "What's the account number?", (4, 4)),
        ]
    ),
    chances,
)
def test_numbers_in_words(how: tuple[str, str, tuple[int, ...]], chance: random.Random) -> None:
    cued, question, sizes = how
    said = in_groups(sizes, chance)
    assert is_hidden([cued.format(said)], said)
    assert is_hidden([question, f"yeah it's {said}"], said)


@settings(max_examples=60)
@given(
    st.sampled_from(
        [
            ("my ni number is {}", "And your National Insurance number?", (2, 6, 1)),
            ("pan card number {}", "Could you share your PAN number?", (5, 4, 1)),
            ("the registration's {}", "And the registration of the car?", (3, 4, 0)),
            ("policy number {}", "What's the policy number?", (2, 7, 0)),
            ("tracking number {}", "What's the tracking number?", (2, 9, 2)),
        ]
    ),
    chances,
)
def test_codes_in_letters_and_words(how: tuple[str, str, tuple[int, int, int]], chance: random.Random) -> None:
    cued, question, (before, digits, behind) = how
    parts = [spell(before, chance), in_groups((digits,), chance), *([spell(behind, chance)] if behind else [])]
    said = ", ".join(parts)
    assert is_hidden([cued.format(said)], said)
    assert is_hidden([question, f"it's {said}"], said)


@settings(max_examples=60)
@given(
    st.sampled_from(["ngozi underscore okafor", "paula dot grech", "p grech", "the pet barn all one word"]),
    st.sampled_from(["gmail dot com", "yahoo dot co dot u k", "outlook dot ie", "green fields dot org"]),
    st.booleans(),
    chances,
)
def test_emails_in_words(local: str, host: str, numbered: bool, chance: random.Random) -> None:
    number = f" {in_groups((2,), chance)}" if numbered and "word" not in local else ""
    said = f"{local}{number} at {host}"
    assert is_hidden([f"my email's {said}"], said)
    assert is_hidden(["And an email address?", f"yeah it's {said}"], said)


@pytest.mark.parametrize(
    "texts",
    [
        ["What's the best number?", "uh yeah it's four one five", "okay", "eight oh two"],
        ["Where should we send it?", "flat three b", "right", "the old foundry, harbour street"],
        ["And your email?", "it's paula dot grech", "yep", "and the other is pgrech84"],
    ],
)
def test_an_answer_goes_on_behind_a_nod(texts: list[str]) -> None:
    _, first, nod, second = find_in_dialogue(texts)
    assert first and second
    assert not nod


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("its for summer, my daughter", "summer"),
        ("mark with a k", "mark"),
        ("i spoke to rose last week", "rose"),
        ("thembeka will collect it", "thembeka"),
        ("cheers, baz", "baz"),
        ("reg is kilo november one nine, x ray tango lima", "kilo november one nine, x ray tango lima"),
        ("my security answer is biscuit", "biscuit"),
        ("it's block four, number oh eight dash one one", "block four, number oh eight dash one one"),
        ("po box one one four, kilmallock", "po box one one four, kilmallock"),
        ("it's order 7741-0092 not 7714", "7714"),
    ],
)
def test_what_is_said_around_it_tells(text: str, private: str) -> None:
    assert is_hidden([text], private)


@pytest.mark.parametrize(
    "text",
    [
        "mark it as paid please",
        "i was told to mark it as paid",
        "the full deck all summer, goodbye",
        "our number is 0800 111 4567",
        "the house is called up for review",
        "could you dobule check that",
        "Activate, with a V in the middle?",
    ],
)
def test_what_looks_private_and_is_not_stays(text: str) -> None:
    assert find_in_dialogue([text]) == [[]]
