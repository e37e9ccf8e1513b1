"""Pairs written by hand: no alarm on faithful ones, and one for each planted fault."""

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from quality.fidelity.comparison import compare_by_rules
from quality.fidelity.findings import Fidelity
from quality.fidelity.limits import FidelityLimits
from quality.gate.case import Case
from quality.trust.fidelity_canaries import FIDELITY_FAULTS
from tests.support import DATA

Pair = tuple[Case, Case]
WORDS = FidelityLimits(min_similarity=0.4)


def pairs(language: Language) -> list[Pair]:
    rows = map(json.loads, (DATA / "fidelity" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        (
            Case(language, "", "", "", "", tuple(map(Turn.model_validate, row["original"]))),
            Case(language, "", "", "", "", tuple(map(Turn.model_validate, row["rewrite"]))),
        )
        for row in rows
    ]


def compare(pair: Pair) -> Fidelity:
    return compare_by_rules(*pair, WORDS)


@pytest.mark.parametrize("language", Language)
def test_faithful_pairs_raise_no_alarm(language: Language) -> None:
    faithful = pairs(language)
    assert len(faithful) >= 15
    alarms = [
        (found.reasons, found.differences, found.lost_utterances)
        for pair in faithful
        if (found := compare(pair)).reasons
    ]
    assert alarms == []


@pytest.mark.parametrize("language", Language)
def test_planted_faults_are_found_by_the_rules(language: Language) -> None:
    planted, caught = Counter[str](), Counter[str]()
    for seed, (original, rewrite) in enumerate(pairs(language)):
        for name in ("changed-amount", "lost-fact"):
            if faulty := FIDELITY_FAULTS[name].plant(rewrite, Random(seed)):
                planted[name] += 1
                caught[name] += bool(compare((original, faulty)).reasons)
    assert min(planted.values()) >= 10
    # What is said twice, in figures and in words, stays right in one place.
    assert all(caught[name] >= 0.9 * planted[name] for name in planted), (planted, caught)


@pytest.mark.parametrize("language", Language)
def test_an_utterance_that_is_left_out_is_missed(language: Language) -> None:
    quiet = "嗯。" if language is Language.ZH else "Okay."
    for original, rewrite in pairs(language):
        said = [turn.model_copy(update={"text": quiet}) if turn.strategy is None else turn for turn in rewrite.turns]
        found = compare((original, replace(rewrite, turns=said)))
        assert found.lost_utterances == list(found.customer)
        assert ("fidelity:lost-utterance" in found.reasons) is bool(found.customer)
