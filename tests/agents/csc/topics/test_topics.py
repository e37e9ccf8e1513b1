"""Topics: the tables that ship, a user's own, and every mistake in one in a line that says where and what to do."""

from pathlib import Path

import pytest

from agents.csc.language import Language
from agents.csc.topics import GROUPS, ROLECS_TOPICS, TOPICS, choose_topics, topics_by_code, usual_company
from agents.csc.topics.topic import Topic
from agents.errors import UsageError
from tests.support.topics import ACME

COMPANY = 'group = "acme"\n[company.en]\nname = "Acme"\n'
TOPIC = '[[topics]]\ncode = "acme-bill"\n[topics.en]\nname = "bills"\nsentence = "A bill is wrong."\n'


def test_the_topics_that_ship_are_written_in_each_language() -> None:
    assert len(TOPICS) == 15
    for code, row in TOPICS.items():
        assert set(row) == set(Language)
        assert {topic.code for topic in row.values()} == {code} and len({topic.group for topic in row.values()}) == 1
        assert len({(len(topic.facts), len(topic.company.impossible)) for topic in row.values()}) == 1
    for language in Language:
        assert len({row[language].name for row in TOPICS.values()}) == len(TOPICS)


def test_the_seven_of_rolecs_are_told_by_their_words_alone() -> None:
    assert len(ROLECS_TOPICS) == 7 and tuple(TOPICS)[:7] == ROLECS_TOPICS
    for code, row in TOPICS.items():
        for language, topic in row.items():
            assert topic.is_plain == (code in ROLECS_TOPICS)
            assert (topic.company == usual_company(language)) == (code in ROLECS_TOPICS)


def test_groups_and_codes_are_told_apart() -> None:
    assert GROUPS.keys() == {"finance", "telecoms", "retail", "travel", "utilities", "software"}
    assert not GROUPS.keys() & TOPICS.keys()
    assert choose_topics(["finance"], Language.EN)[:7] == ROLECS_TOPICS and len(GROUPS["finance"]) == 10
    assert choose_topics(["retail", "risk-security"], Language.ZH) == ("online-order", "risk-security")


@pytest.mark.parametrize("language", list(Language))
def test_own_topics_come_whole_beside_codes(language: Language) -> None:
    code, own = choose_topics(["travel-booking", str(ACME)], language)
    assert code == "travel-booking" and isinstance(own, Topic)
    assert own.company.impossible[0] in ("name the hour at which the line works again", "说准几点恢复")
    assert len(own.company.impossible) == len(own.company.paragraphs) == 2
    assert topics_by_code([code, own.model_dump(mode="json")], language)["acme-outage"] == own


@pytest.mark.parametrize("names", [[], ["technical-support"] * 2, ["finance", "technical-support"], [str(ACME)] * 2])
def test_each_topic_is_chosen_once(names: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one topic, and each of them once"):
        choose_topics(names, Language.EN)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('group = "a', "cannot read the table of topics FILE: "),
        ('company = "Acme"', "FILE: group: missing: write its name, in small letters, digits and hyphens"),
        ('group = "Acme Inc"\n', "FILE: group: write small letters, digits and hyphens, as in late-delivery"),
        ('group = "acme"', "FILE: company: missing: add tables such as [company.en]"),
        ('group = "acme"\n[company.en]', "FILE: company.en.name: missing: write a few words"),
        (COMPANY, "FILE: topics: missing: add tables that begin with [[topics]]"),
        (COMPANY + "voices = 1\n", "FILE: company.en.voices: unknown: correct the key or leave it out, docs/topics.md"),
        (COMPANY + 'products = "Fibre"\n', "FILE: company.en.products: write a list, in square brackets"),
        (COMPANY + 'policies = "x"\npolicies_file = "y"\n' + TOPIC, "FILE: company.en: give policies or policies_file"),
        (COMPANY + 'policies_file = "a\\u0000"\n' + TOPIC, "FILE: company.en.policies_file: holds a control character"),
        ("company = 1\n" + COMPANY.partition("[")[0] + TOPIC, "FILE: company: write a table, such as [company.en]"),
        (
            COMPANY + 'policies_file = "../private.txt"\n' + TOPIC,
            "FILE: company.en.policies_file: lies outside of the table's folder: put it beside the table",
        ),
        (COMPANY + 'policies_file = "/etc/passwd"\n' + TOPIC, "FILE: company.en.policies_file: lies outside of"),
        (COMPANY + 'policies_file = "none.txt"\n' + TOPIC, "cannot read the policies of FILE, "),
        (
            COMPANY + 'policies_file = "long.txt"\n' + TOPIC,
            "200,001 characters, more than 200,000: keep what calls turn",
        ),
        (COMPANY + "[[topics]]\n", "FILE: topic 1: code: missing: write small letters, digits and hyphens"),
        (COMPANY + TOPIC + TOPIC, "FILE: topic 2 (acme-bill): code: an earlier topic has it: give each its own"),
        (COMPANY + '[[topics]]\ncode = "a b"', "FILE: topic 1 (a b): code: write small letters, digits and hyphens"),
        (
            COMPANY + '[[topics]]\ncode = "a\\nb"',
            r"FILE: topic 1 (a\nb): code: write small letters, digits and hyphens",
        ),
        (COMPANY + TOPIC + '"odd\\nkey" = 1', r"FILE: topic 1 (acme-bill): en.odd\nkey: unknown: correct the key"),
        (COMPANY + f'[[topics]]\ncode = "{"a" * 999}"', f"FILE: topic 1 ({'a' * 60}...): code: String should have at"),
        ("x = " + "[" * 9999, "cannot read the table of topics FILE: its arrays or tables are nested too deeply"),
        (COMPANY + '[[topics]]\ncode = "a"', "FILE: topic 1 (a): has no words: add a table such as [topics.en]"),
        (
            COMPANY + '[[topics]]\ncode = "a"\n[topics.en]\nname = "a"',
            "FILE: topic 1 (a): en.sentence: missing: write in",
        ),
        (COMPANY + TOPIC + 'facts = ["a", 2]', "FILE: topic 1 (acme-bill): en.facts.1: Input should be a valid string"),
        (COMPANY + TOPIC + 'facts = ["\\u0007"]', "FILE: topic 1 (acme-bill): en.facts.0: holds a control character"),
        (COMPANY + TOPIC.replace("bills", "b" * 101), "en.name: String should have at most 100 characters"),
        (COMPANY + TOPIC.replace("bills", " "), "en.name: String should have at least 1 character"),
        (COMPANY + TOPIC.replace("topics.en", "topics.fr"), "FILE: topic 1 (acme-bill): fr: unknown: correct the key"),
        (
            COMPANY + TOPIC.replace("topics.en", "topics.zh"),
            "the company has no words in it: add the table [company.zh]",
        ),
        (COMPANY + TOPIC.replace("acme-bill", "risk-security"), "topic 1 (risk-security): code: a topic or group that"),
        (COMPANY.replace("en", "zh") + TOPIC.replace("topics.en", "topics.zh"), "has no words in en: add the table"),
        ("topics = [1]\n" + COMPANY, "FILE: topic 1: write a table, such as [company.en] or [[topics]]"),
    ],
)
def test_what_is_wrong_in_a_table_is_said_in_one_line(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    (tmp_path / "long.txt").write_text("x" * 200_001, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        choose_topics([str(file)], Language.EN)
    assert problem.replace("FILE", str(file)) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"cannot read the table of topics none\.toml"):
        choose_topics(["none.toml"], Language.EN)
