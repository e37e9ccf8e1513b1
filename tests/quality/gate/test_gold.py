"""The gold set: calls written by hand in either language, sound ones and faulty ones of every kind.

The rules, turn checks among them, let all sound ones pass, and find every fault that is no matter of meaning. What the
rubric's questions leave open is decided (docs/quality.md), and each decision has a faulty call and, near the border, a
sound one. Half of the rows is for choosing what the judge is asked, the other for saying how good it is.
"""

import json
from collections import Counter
from typing import Any

import pytest

from agents.csc.flow import Limits
from agents.csc.language import Language
from outputs.datasets.rows import RolecsRow
from quality.checks.rules import check_rules
from quality.gate.rubric import POINT_CODES
from tests.support import DATA

GOLD = DATA / "gold"
STRATEGIES, REQUESTS, WORDING, PHRASES, ROLES = POINT_CODES
KINDS: dict[str | None, tuple[int, set[str]]] = {
    None: (21, set()),
    "wrong-label": (6, {STRATEGIES}),
    "poor-strategy": (3, {STRATEGIES}),
    "secret-asked": (1, {STRATEGIES}),
    "granted-impossible": (3, {REQUESTS}),
    "passed-over": (1, {REQUESTS}),
    "robotic": (3, {WORDING}),
    "incoherent": (3, {WORDING}),
    "truncated": (3, {WORDING}),
    "repetition": (3, {PHRASES}),
    "stock-phrases": (3, {PHRASES}),
    "empty-answer": (1, {PHRASES}),
    "swapped-roles": (3, {STRATEGIES, ROLES}),
    "label-known": (3, {ROLES}),
    "goal-leak": (3, {ROLES}),
    "contradiction": (1, {ROLES}),
    "outside-account": (1, {ROLES}),
    "other-person": (1, {ROLES}),
    "private-data": (3, set()),
}
"""The faults, None for a sound call: number of calls in either language, and the points that they fail."""
DECISIONS = {
    "own-facts": "contradiction",
    "other-banks": "outside-account",
    "silence": "passed-over",
    "empty-answers": "empty-answer",
    "declining": "wrong-label",
    "identity": "secret-asked",
    "what-comes-next": "wrong-label",
    "feedback": "wrong-label",
    "persona": "other-person",
}
"""What the rubric's questions leave open, and the fault of the call that is on the wrong side of it."""
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
    """Return the rows in the order of the file, each with what its author says of it and with its half."""
    rows = [json.loads(line) for line in (GOLD / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]
    labels = [row.pop("gold") | {"half": row.pop("half")} for row in rows]
    return [(RolecsRow.model_validate(row), gold) for row, gold in zip(rows, labels, strict=True)]


@pytest.mark.parametrize("language", Language)
def test_the_set_is_whole(language: Language) -> None:
    rows = load(language)
    assert Counter(gold["fault"] for _, gold in rows) == {fault: count for fault, (count, _) in KINDS.items()}
    assert len({row.id for row, _ in rows}) == len({row.dialogue_list for row, _ in rows}) == len(rows)
    for row, gold in rows:
        assert tuple(gold["points"]) == POINT_CODES
        assert {code for code, verdict in gold["points"].items() if verdict == 0} == KINDS[gold["fault"]][1], row.id
        assert all(1 <= turn <= len(row.turns) for turn in gold["turns"]) and bool(gold["turns"]) == bool(gold["fault"])


@pytest.mark.parametrize("language", Language)
def test_each_decision_has_a_faulty_call_and_a_sound_one_near_the_border(language: Language) -> None:
    decided = [(row, gold) for row, gold in load(language) if "decision" in gold]
    pairs = Counter((gold["decision"], gold["fault"]) for _, gold in decided)
    assert pairs == Counter((name, fault) for name in DECISIONS for fault in (DECISIONS[name], None))
    assert all(11 <= len(row.turns) <= 19 for row, _ in decided)


def test_the_halves_hold_the_same() -> None:
    halves = {half: Counter[tuple[Language, str | None]]() for half in ("choosing", "saying")}
    decided = {half: set[tuple[Language, str]]() for half in halves}
    for language in Language:
        for _, gold in load(language):
            halves[gold["half"]][language, gold["fault"]] += 1
            if "decision" in gold:
                assert (language, gold["decision"]) not in decided[gold["half"]]
                decided[gold["half"]].add((language, gold["decision"]))
    choosing, saying = halves.values()
    assert choosing.total() == saying.total()
    assert all(abs(choosing[kind] - saying[kind]) <= 1 for kind in choosing | saying)
    for fault in KINDS:  # What is odd in one language is made up for in the other.
        assert sum(choosing[language, fault] - saying[language, fault] for language in Language) == 0, fault


@pytest.mark.parametrize("language", Language)
def test_rules_let_good_calls_pass_and_find_every_fault_that_is_no_matter_of_meaning(language: Language) -> None:
    for row, gold in load(language):
        found = {violation.rule for violation in check_rules(row.turns, Limits(), language)}
        expected = FOUND_BY_RULES.get(gold["fault"], set())
        assert found <= expected | FOUND_BESIDE.get(gold["fault"], set()), row.id
        assert found or not expected, row.id
