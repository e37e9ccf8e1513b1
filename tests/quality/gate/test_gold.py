"""The gold set: calls written by hand, twelve good ones and three for each of twelve faults, in either language.

The rules, turn checks among them, let all good ones pass, and find every fault that is no matter of meaning.
"""

import json
from typing import Any

import pytest

from agents.csc.flow import Limits
from agents.csc.language import Language
from outputs.datasets.formats import RolecsRow
from quality.checks.rules import check_rules
from quality.gate.rubric import POINT_CODES
from tests.support import DATA

GOLD = DATA / "gold"
FOUND_BY_RULES = {
    "repetition": {"repetition", "same-opening"},
    "label-known": {"label-leak", "role-leak"},
    "truncated": {"cut-off", "closure"},
    "private-data": {"private-data", "language"},
}
"""The faults that are no matter of meaning, all of which rules find, and the rules that find them."""
FOUND_BESIDE = {"stock-phrases": {"same-opening"}}
"""What rules find in calls whose fault is a matter of meaning, now and then."""


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
def test_rules_let_good_calls_pass_and_find_every_fault_that_is_no_matter_of_meaning(language: Language) -> None:
    for row, gold in load(language):
        found = {violation.rule for violation in check_rules(row.turns, Limits(), language)}
        expected = FOUND_BY_RULES.get(gold["fault"], set())
        assert found <= expected | FOUND_BESIDE.get(gold["fault"], set()), row.id
        assert found or not expected, row.id
