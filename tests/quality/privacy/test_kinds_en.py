"""Kinds of English private data that were missed on calls that nobody had tuned to, and what stands near them."""

import pytest

from quality.privacy import find_in_dialogue, scrub


def found(*texts: str) -> list[str]:
    """Return what is private in the last utterance."""
    return [texts[-1][start:end] for start, end, _ in find_in_dialogue(texts)[-1]]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        # Family names in front of given ones, particles, initials without points.
        ("Trần Minh Tú will sign for it.", "Trần Minh Tú"),
        ("The tenant is Aishah Zulaikha binti Osman.", "Aishah Zulaikha binti Osman"),
        ("T W Hutchinson", "T W Hutchinson"),
        # Any word behind a title, a word behind a given name.
        ("Mrs. Power has the keys.", "Power"),
        ("hello this is keisha london speaking", "keisha london"),
        ("vera dhillon please", "vera dhillon"),
        # Short forms, friends.
        ("hi it's gaz from the garage", "gaz"),
        ("my mate tunde will drop it off", "tunde"),
        # What is said around.
        ("Please say hello to Wren from us.", "Wren"),
        ("You have Adichie down with two c's.", "Adichie"),
        ("but it's millicent on the passport", "millicent"),
        ("could you put grace back on please", "grace"),
        ("the table's under joy please", "joy"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert found(text) == [name]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("The flat is 2/1, 40 Dumbarton Road, Glasgow G11 6PX.", "2/1, 40 Dumbarton Road, Glasgow G11 6PX"),
        ("twelve and a half juniper walk, the blue door", "twelve and a half juniper walk"),
        ("send it to flat nine c, harbour heights", "flat nine c, harbour heights"),
        ("Post it to Ivy Cottage, Lower End, near Bicester please.", "Ivy Cottage, Lower End, near Bicester"),
        ("Ship it to 2210 N Sycamore, unit D, Fresno 93703.", "2210 N Sycamore, unit D, Fresno 93703"),
        ("we live in the bungalow off the station road", "in the bungalow off the station road"),
        ("It's Fern Cottage, Chapel Lane, Ottery", "Fern Cottage, Chapel Lane, Ottery"),
        ("we're at the old vicarage, school lane, upper slaughter", "the old vicarage, school lane, upper slaughter"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert found(text) == [address]


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("email's r for romeo, dash, keller at posteo dot net", "r for romeo, dash, keller at posteo dot net"),
        ("the green kettle at btinternet dot com, all one word", "the green kettle at btinternet dot com"),
        ("tola nineteen hundred at gmail", "tola nineteen hundred at gmail"),
        ("write me at jo&#46;marsh&#64;example&#46;org", "jo&#46;marsh&#64;example&#46;org"),
        ("The login code says four four oh one.", "four four oh one"),
        ("my skype is live:otto.brandt", "live:otto.brandt"),
    ],
)
def test_emails_and_numbers(text: str, private: str) -> None:
    assert found(text) == [private]


@pytest.mark.parametrize(
    ("question", "answer", "name"),
    [
        ("And your middle name?", "story", "story"),
        ("And the last name?", "it's trumpet", "trumpet"),
        ("May I take your full name?", "You may. It's about the loan.", None),
        ("May I take your full name?", "You'll find it under the old account.", None),
        ("Who am I speaking with?", "Paid a bill twice, that's who.", None),
        ("How much is it? The name on the account first, please?", "It's 2,400 dollars.", None),
        ("May I take your full name?", "[UserName]. File it under the rest.", None),
        ("The name is [UserName]. What is the fee?", "It's percent by percent.", None),
        ("You pay the fee and you choose the month.", "Alerts are free.", None),
        ("Is it in your name?", "Brilliant. It was.", None),
    ],
)
def test_answers_to_a_question_for_a_name(question: str, answer: str, name: str | None) -> None:
    assert found(question, answer) == ([name] if name else [])


@pytest.mark.parametrize(
    ("question", "answer", "address"),
    [
        ("Where do we send it?", "the house behind the chapel", "the house behind the chapel"),
        ("Where does it go?", "It goes to savings, 300 each month.", None),
        ("The postcode is LS6 3HN. How long does it take?", "It takes 4 days.", None),
        ("Has your email address changed?", "Two browsers, same result.", None),
        ("Where did you send it?", "By 1 July, and the rest later.", None),
    ],
)
def test_answers_to_a_question_for_an_address(question: str, answer: str, address: str | None) -> None:
    assert found(question, answer) == ([address] if address else [])


@pytest.mark.parametrize(
    "text",
    [
        "Plan B Hutchinson",
        "it's gold on the card",
        "can you put sky back on",
        "I'll have it for summer, please.",
        "five minutes walk, it's the red door",
        "it's under way, thanks",
        "The house is on the main road.",
        "We have build 22631.3007 of it.",
        "U K Customers call free.",
    ],
)
def test_what_looks_like_them_stays(text: str) -> None:
    assert found(text) == []


def test_what_is_told_is_asked_for_by_nobody_scrubbed_or_not() -> None:
    texts = ["My postcode is LS6 3HN. How long does it take?", "The letter takes 4 days."]
    once = scrub(texts).texts
    assert once == ["My postcode is [Address]. How long does it take?", "The letter takes 4 days."]
    assert scrub(once).texts == once
