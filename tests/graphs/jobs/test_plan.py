"""Plan and settings: pure functions of what they are given."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from agents.csc.language import Language
from agents.csc.topics import ROLECS_TOPICS
from agents.errors import UsageError
from graphs.config.loading import load_settings
from graphs.config.provenance import dialogues_provenance
from graphs.config.settings import DistillSettings, PoolSettings, Settings
from graphs.jobs.plan import describe_coverage, iterate_plan
from outputs.runs.record import Planned
from personas.persona import Persona
from personas.pool import load_pool

POOL = load_pool(None, Language.EN)


def make_plan(
    digest: str, pool: Sequence[Persona], topics: Sequence[str], seed: int, n: int, **kind: bool
) -> list[Planned]:
    return list(islice(iterate_plan(digest, pool, topics, seed, **kind), n))


def test_each_round_plays_every_persona_on_every_topic_once() -> None:
    pairs = len(POOL) * len(ROLECS_TOPICS)
    plan = make_plan("digest", POOL, ROLECS_TOPICS, 7, 2 * pairs)
    for number, part in ((1, plan[:pairs]), (2, plan[pairs:])):
        assert len({(planned.persona, planned.topic) for planned in part}) == pairs
        assert {planned.number for planned in part} == {number}
    assert len({planned.key for planned in plan}) == len({planned.seed for planned in plan}) == 2 * pairs
    assert [planned.position for planned in plan] == list(range(2 * pairs))


def test_a_longer_plan_begins_with_a_shorter_one_and_another_seed_is_another_plan() -> None:
    short, long, other = (
        make_plan("d", POOL, ("technical-support",), seed, n) for seed, n in ((7, 5), (7, 50), (8, 5))
    )
    assert long[:5] == short
    assert not {planned.key for planned in short} & {planned.key for planned in other}


@pytest.mark.parametrize(("people", "topics"), [(28, 7), (10, 4), (5, 3), (3, 7), (1, 2)])
def test_a_balanced_plan_is_even_at_any_length(people: int, topics: int) -> None:
    pool, some_topics = POOL[:people], ROLECS_TOPICS[:topics]
    pairs = people * topics
    plan = make_plan("digest", pool, some_topics, 7, 2 * pairs + 3, balance=True)
    by_persona, by_topic = Counter({persona.id: 0 for persona in pool}), Counter(dict.fromkeys(some_topics, 0))
    for planned in plan:
        by_persona[planned.persona] += 1
        by_topic[planned.topic] += 1
        for calls in (by_persona, by_topic):
            assert max(calls.values()) - min(calls.values()) <= 1
    for part in (plan[:pairs], plan[pairs : 2 * pairs]):
        assert len({(planned.persona, planned.topic) for planned in part}) == pairs
    assert plan[:5] == make_plan("digest", pool, some_topics, 7, 5, balance=True)
    assert [planned.persona for planned in plan[:people]] != [persona.id for persona in pool] or people == 1


def test_the_coverage_of_a_plan_is_told() -> None:
    plan = make_plan("digest", POOL, ROLECS_TOPICS, 7, 30, balance=True)
    assert describe_coverage(plan, POOL, ROLECS_TOPICS) == (
        "30 dialogues: personas 28 of 28 (1 to 2 calls each), topics 7 of 7 (4 to 5 calls each), pairs 30 of 196"
    )


def test_keys_depend_on_the_configuration() -> None:
    (one,), (two,) = (make_plan(digest, POOL, ("technical-support",), 7, 1) for digest in "ab")
    assert one.key != two.key


def test_flags_win_over_the_file_and_the_file_over_the_run(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("seed = 2\ntemperature = 0.5\n[limits]\nmin_utterances = 12\n", encoding="utf-8")
    stored = {"seed": 1, "temperature": 0.1, "concurrency": 3, "limits": {"min_utterances": 8, "max_utterances": 30}}
    settings = load_settings(Settings, config, {"seed": 9}, stored)
    assert (settings.seed, settings.temperature, settings.concurrency) == (9, 0.5, 3)
    assert (settings.limits.min_utterances, settings.limits.max_utterances) == (12, 30)
    assert load_settings(Settings, None, {}) == Settings()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"topics": ["weather"]}, "topics: unknown topic 'weather'; the topics are product-consultation"),
        ({"topics": ["technical-support"] * 2}, "each of them once"),
        ({"language": "fr"}, "language: Input should be 'en' or 'zh'"),
        ({"concurrency": 0}, "concurrency: Input should be greater than or equal to 1"),
        ({"colour": 1}, "colour: Extra inputs are not permitted"),
        ({"limits": {"min_utterances": 60}}, "limits: min_utterances 60 must be below max_utterances 50"),
    ],
)
def test_bad_settings_are_refused(flags: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_settings(Settings, None, flags)


def test_a_file_that_could_not_be_written_in_the_end_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"out: there is no folder .*nowhere to write pool.jsonl to"):
        load_settings(PoolSettings, None, {"out": tmp_path / "nowhere" / "pool.jsonl"})


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("seed = ", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot read the settings file .*run.toml: "):
        load_settings(Settings, config, {})
    with pytest.raises(UsageError, match="cannot read the settings file"):
        load_settings(Settings, tmp_path / "none.toml", {})


def test_a_run_is_described_by_what_its_dialogues_depend_on() -> None:
    provenance = dialogues_provenance(Settings(), POOL, "m", "j")
    moved = dialogues_provenance(
        Settings(run=Path("x"), concurrency=1, base_url=("http://h/v1",), dialogues=99), POOL, "m", "j"
    )
    assert provenance.digest == moved.digest
    others = [
        dialogues_provenance(Settings(temperature=0.7), POOL, "m", "j"),
        dialogues_provenance(Settings(), POOL[1:], "m", "j"),
        dialogues_provenance(Settings(), POOL, "n", "j"),
        dialogues_provenance(Settings(), POOL, "m", "k"),
    ]
    assert len({provenance.digest, *(other.digest for other in others)}) == 5
    assert {"rolecs", "langgraph", "python"} <= set(provenance.versions)


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
    dumps = Settings().model_dump() | DistillSettings().model_dump()
    groups = {name for name, value in dumps.items() if isinstance(value, dict)}
    names = {name for name in dumps if name not in groups} | {
        f"{name}.{part}" for name in groups for part in dumps[name]
    }
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []
