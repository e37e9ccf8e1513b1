"""The configuration of a run changes with what its items are made from, and with nothing else."""

from contextlib import ExitStack
from typing import Any

import pytest

from agents.csc.emotions import COURSES
from agents.csc.language import Language, Wording
from agents.csc.speakers import Speaker
from agents.csc.strategies import STRATEGIES, StrategyEntry
from agents.csc.topics import TOPICS
from agents.csc.topics.topic import Company, Topic
from graphs.config.provenance import dialogues_provenance, extractions_provenance
from graphs.config.settings import DistillSettings, Settings
from personas.distill.transcripts import Line, Transcript
from personas.persona import Persona
from personas.pool import load_pool
from quality.checks.turn_checks import HINTS
from quality.gate import rubric
from quality.gate.rubric import RUBRIC, Point
from tests.support.golden import check_golden
from tests.support.topics import ACME

POOL = load_pool(None, Language.EN)
CALLS = (Transcript("c1", (Line(Speaker.SUPPORTER, "Hello."), Line(Speaker.CUSTOMER, "It broke."))),)
TOPIC = "technical-support"


@pytest.fixture(autouse=True)
def _forget_rubric() -> None:
    rubric.rubric_digest.cache_clear()


def configurations(**settings: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the configuration of a run of dialogues and of one of extractions."""
    dialogues = dialogues_provenance(Settings(topics=(TOPIC,), **settings), POOL, "m", "j")
    return dialogues.configuration, extractions_provenance(DistillSettings(), CALLS, "m").configuration


def reworded(code: str, language: Language) -> dict[Language, Topic]:
    """Return a topic about something else in a language."""
    return TOPICS[code] | {language: TOPICS[code][language].model_copy(update={"sentence": "Something else."})}


def test_no_name_of_a_type_counts() -> None:
    before = configurations()
    with ExitStack() as stack:
        for renamed in (Language, Speaker, StrategyEntry, Wording, Topic, Company, Point, Transcript, Line, Persona):
            stack.callback(setattr, renamed, "__name__", renamed.__name__)
            renamed.__name__ = f"New{renamed.__name__}"
        assert "NewTopic" in repr(TOPICS)
        rubric.rubric_digest.cache_clear()
        assert configurations() == before


def test_emotions_count_where_they_are_played(monkeypatch: pytest.MonkeyPatch) -> None:
    before, felt = configurations(), configurations(emotions=True)
    assert felt[0].keys() - before[0].keys() == {"emotions"}
    assert {key: felt[0][key] for key in before[0]} == before[0]
    calm = COURSES["calm"]
    monkeypatch.setitem(COURSES, "calm", calm._replace(wording=calm.wording | {Language.EN: "You stay calm."}))
    assert configurations() == before
    assert configurations(emotions=True)[0]["emotions"] != felt[0]["emotions"]


def test_what_is_not_played_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = configurations()
    monkeypatch.setitem(TOPICS, "gardening", TOPICS[TOPIC])
    monkeypatch.setitem(TOPICS, "marketing-promotion", reworded("marketing-promotion", Language.EN))
    monkeypatch.setitem(TOPICS, TOPIC, reworded(TOPIC, Language.ZH))
    monkeypatch.setitem(RUBRIC, Language.ZH, RUBRIC[Language.ZH][:1])
    rubric.rubric_digest.cache_clear()
    assert configurations() == before


def test_each_word_that_is_played_or_asked_counts_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed() -> set[str]:
        rubric.rubric_digest.cache_clear()
        after = configurations()
        return {key for old, new in zip(before, after, strict=True) for key in old if old[key] != new[key]}

    before = configurations()
    with monkeypatch.context() as patch:
        patch.setitem(TOPICS, TOPIC, reworded(TOPIC, Language.EN))
        assert changed() == {"prompts"}
    with monkeypatch.context() as patch:
        patch.setitem(HINTS, "language", HINTS["language"] | {Language.EN: "In English, please."})
        assert changed() == {"prompts"}
    with monkeypatch.context() as patch:
        first, *others = RUBRIC[Language.EN]
        patch.setitem(RUBRIC, Language.EN, (first._replace(question="Is it good?"), *others))
        assert changed() == {"rubric"}
    with monkeypatch.context() as patch:
        entry = STRATEGIES["GT"]  # type: ignore[index]  # a strategy is its code
        wording = entry.wording | {Language.EN: Wording("Greeting", "something else")}
        patch.setitem(STRATEGIES, "GT", entry._replace(wording=wording))
        assert changed() == {"prompts", "rubric"}
    assert not changed()


def test_digests_of_what_ships_are_as_the_golden_file() -> None:
    lines = []
    for language in Language:
        run = dialogues_provenance(Settings(language=language), load_pool(None, language), "m", "j").configuration
        assert "companies" not in run
        lines.append(f"{language} {run['topics']} prompts {run['prompts']} rubric {run['rubric']}\n")
    check_golden("digests.txt", "".join(lines))


def test_what_is_known_of_a_company_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def companies(*topics: str) -> str:
        return str(dialogues_provenance(Settings(topics=topics), POOL, "m", "j").configuration.get("companies"))

    shop = companies("retail", TOPIC)
    assert len({shop, companies("travel", TOPIC), companies(str(ACME))}) == 3
    row = TOPICS["online-order"]
    changed = row[Language.EN].model_copy(update={"facts": ("size",)})
    monkeypatch.setitem(TOPICS, "online-order", row | {Language.EN: changed})
    assert companies("retail", TOPIC) != shop
    monkeypatch.setitem(TOPICS, "online-order", row | {Language.ZH: row[Language.ZH].following("新规定")})
    assert companies("retail", TOPIC) == shop
