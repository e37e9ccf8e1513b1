"""Pools: the ones that ship are varied, and a bad one is refused with the place."""

from collections import Counter
from pathlib import Path

import pytest

from agents.csc.language import Language
from agents.errors import UsageError
from personas.pool import SEED_POOLS, load_pool

GOOD = (SEED_POOLS / "en.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("language", Language)
def test_the_pools_that_ship_are_varied(language: Language) -> None:
    pool = load_pool(None, language)
    assert len(pool) >= 24
    assert len({persona.description for persona in pool}) == len(pool)
    assert len({persona.job for persona in pool}) == len(pool)
    assert set(Counter(persona.risk_tolerance for persona in pool)) == {"low", "medium", "high"}
    ages = [int(persona.age) for persona in pool]
    assert min(ages) < 25 and max(ages) > 65
    assert len({persona.tone for persona in pool}) > len(pool) // 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([GOOD[0], "{"], r"pool.jsonl:2: no persona: Invalid JSON"),
        ([GOOD[0], '{"id": "x"}'], r"pool.jsonl:2: no persona: language: Field required"),
        ([GOOD[0], GOOD[1], GOOD[0]], r"pool.jsonl:3: id 'en-001' is taken by line 1"),
        (["", "  "], r"pool.jsonl is empty"),
    ],
)
def test_a_bad_pool_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        load_pool(path, Language.EN)


def test_a_pool_of_another_language_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no persona in language zh"):
        load_pool(SEED_POOLS / "en.jsonl", Language.ZH)
    with pytest.raises(UsageError, match="cannot read the persona pool"):
        load_pool(tmp_path / "none.jsonl", Language.EN)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_ends_a_line_elsewhere_ends_none_here(tmp_path: Path, encoding: str) -> None:
    persona = load_pool(None, Language.EN)[0].model_copy(update={"id": "a\u2028b\x85c\x0cd", "tone": "dry\u2029ish"})
    path = tmp_path / "pool.jsonl"
    path.write_text(f"{persona.model_dump_json()}\n{GOOD[1]}\n", encoding=encoding)
    assert load_pool(path, Language.EN)[0] == persona
