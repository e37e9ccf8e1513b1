"""What is told of a pool: tables, the list of merges, and a page that no text can break out of."""

import io
import re

import pytest
from rich.console import Console

from agents.csc.language import Language
from outputs.reports.pool_page import SHOWN_GROUPS, render_pool_report
from outputs.reports.pool_summary import PoolSummary, Stage, describe_merges, percentiles, summarise_pool
from personas.dedup.merging import Absorbed, Group, Merged
from personas.persona import Persona
from personas.pool import load_pool

POOL = load_pool(None, Language.EN)
HOSTILE = "</li><script>alert('you')</script> {{ 7 * 7 }} & you"


def summary(count: int = 3, description: str = HOSTILE) -> PoolSummary:
    def persona(id_: str) -> Persona:
        return POOL[0].model_copy(update={"id": id_, "description": description, "job": f"job {id_}"})

    groups = [Group(persona(f"s{i}"), (Absorbed(persona(f"a{i}"), 0.91),)) for i in range(count)]
    alone = Group(POOL[1], ())
    stages = [Stage(name="calls read", count=1200), Stage(name="too-short", count=3, is_part=True)]
    merged = Merged([*groups, alone], [0.2, 0.91, 0.91], [0.2, 0.5, -0.1])
    return PoolSummary.build(stages, [merged], 0.85, ["MiniLM", "MiniLM"])


def test_the_figures_of_a_pool() -> None:
    found = summary()
    assert [(stage.name, stage.count) for stage in found.stages[-2:]] == [("pruned", 3), ("kept", 4)]
    assert found.embedding_models == ["MiniLM"] and len(found.groups) == 3
    assert found.values["age"] == {POOL[0].age: 3, POOL[1].age: 1} and len(found.values["job"]) == 4


def test_the_tables_tell_them() -> None:
    console = Console(file=io.StringIO(), width=160, record=True)
    console.print(summarise_pool(summary(9)))
    text = console.export_text()
    assert re.search(r"calls read +│ +1,200", text) and re.search(r" {2}too-short +│ +3", text)
    assert re.search(r"before +│ 0.27 +│ 0.56 │ 0.91 │ 0.91 │ 0.91", text)
    assert "10 more (10)" in text


def test_percentiles_of_few_values() -> None:
    assert percentiles([]) == percentiles([0.5]) == []
    assert percentiles([0.25] * 5) == [0.25] * 5


def test_the_list_of_merges_can_be_read() -> None:
    lines = list(describe_merges(summary(2, "You are you.")))
    assert lines[0] == (
        "2 personas were merged into 2 others: their descriptions are alike with a cosine similarity of at least 0.85 "
        "(MiniLM)."
    )
    assert lines[2:4] == ["s0, stands for 1: You are you.", "    0.910 a0: You are you."]


def test_the_page_escapes_texts_and_loads_nothing() -> None:
    page = render_pool_report(summary())
    assert "<script" not in page and "{{ 7 * 7 }}" in page and "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)
    assert "default-src 'none'; style-src 'sha256-" in page and ' style="' not in page
    assert "1,200" in page and "0.910" in page and "before merging" in page


@pytest.mark.parametrize("groups", [0, SHOWN_GROUPS + 2])
def test_the_page_stays_small(groups: int) -> None:
    page = render_pool_report(summary(groups, "You are you."))
    assert page.count("<details>") == min(groups, SHOWN_GROUPS)
    assert ("2 smaller groups are in the list" in page) == bool(groups)
    assert ("No two were alike." in page) == (not groups)
    assert (f"{groups + 1:,} more" in page) == bool(groups)
