"""The gold set: calls written by hand, twelve good ones and three for each of twelve faults, in either language.

The rules must let all good ones pass; what they find in a faulty one must be its fault.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.csc import Language
from agents.flow import Limits
from outputs.formats import RolecsRow
from quality.rubric import POINT_CODES
from quality.rules import check_rules

GOLD = Path(__file__).parents[1] / "data" / "gold"
FOUND_BY_RULES = {"label-known": {"role-leak"}, "truncated": {"closure"}}
"""The faults that rules can find, and the rules that find some of them."""


def load(language: Language) -> list[tuple[RolecsRow, dict[str, Any]]]:
    rows = [json.loads(line) for line in (GOLD / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]
    labels = [row.pop("gold") for row in rows]
    return [(RolecsRow.model_validate(row), gold) for row, gold in zip(rows, labels, strict=True)]


@pytest.mark.parametrize("language", Language)
def test_the_set_is_whole(language: Language) -> None:
    labels = [gold for _, gold in load(language)]
    assert sum(gold["fault"] is None for gold in labels) == 12 and len(labels) == 48
    assert all(sum(other["fault"] == gold["fault"] for other in labels) in (3, 12) for gold in labels)
    for row, gold in load(language):
        assert set(gold["points"]) == set(POINT_CODES)
        assert (0 in gold["points"].values()) == (gold["fault"] not in (None, "private-data"))
        assert all(1 <= turn <= len(row.turns) for turn in gold["turns"]) and bool(gold["turns"]) == bool(gold["fault"])


@pytest.mark.parametrize("language", Language)
def test_rules_let_good_calls_pass_and_find_nothing_but_the_fault(language: Language) -> None:
    for row, gold in load(language):
        found = {violation.rule for violation in check_rules(row.turns, Limits())}
        assert found <= FOUND_BY_RULES.get(gold["fault"], set()), row.id
