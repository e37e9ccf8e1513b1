"""How far a gate can be trusted: what is kept, found again, and said."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agents.engine.demo_model import DEMO_MODEL
from agents.errors import UsageError
from outputs.reports.calibration import calibration_table, find_calibration, keep_calibration, stamp_of
from outputs.reports.trust import describe_trust
from outputs.runs.run import CountKey, Funnel, Outcome, Provenance
from quality.gate.rubric import POINT_CODES
from quality.trust.calibration import ALL_POINTS, Calibration, Opinions, measure_agreement
from quality.trust.canaries import CanaryResult

GATE = {"language": "en", "judge_model": "judge", "rubric": "abc", "judge_votes": 1, "min_agreement": 0.5}


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "rolecs" / "calibrations"


def provenance(**changes: Any) -> Provenance:
    return Provenance.build(GATE | changes, {}, {})


def funnel(canaries: Mapping[CountKey, int]) -> Funnel:
    counts = {"canaries": dict(canaries)} if canaries else {}
    return Funnel(outcomes=dict.fromkeys(Outcome, 0), reasons={}, counts=counts, repaired=0, usage={})


@pytest.fixture
def calibration() -> Calibration:
    def call(good: bool, passed: bool) -> Opinions:
        return Opinions(dict.fromkeys(POINT_CODES, good), dict.fromkeys(POINT_CODES, passed), passed)

    calls = [*[call(True, True)] * 8, *[call(False, False)] * 9, call(True, False), call(False, True)]
    agreement = measure_agreement(calls)
    return Calibration(
        stamp=stamp_of(provenance()), gold="gold.jsonl", day="2026-11-22", calls=19, unscored=2, agreement=agreement
    )


def test_a_calibration_is_found_for_its_gate_alone(calibration: Calibration, data_folder: Path) -> None:
    assert find_calibration(calibration.stamp) is None
    file = keep_calibration(calibration)
    assert file.parent == data_folder and find_calibration(calibration.stamp) == calibration
    for name, value in {
        **{"language": "zh", "judge_model": "other", "rubric": "abd"},
        **{"judge_votes": 3, "min_agreement": 0.6},
    }.items():
        other = provenance(**{name: value})
        assert find_calibration(stamp_of(other)) is None
        assert describe_trust(other, funnel({}))[0].startswith("Uncalibrated: nobody has compared this gate")
    keep_calibration(calibration.model_copy(update={"calls": 20}))
    found = find_calibration(calibration.stamp)
    assert found and found.calls == 20 and len(list(data_folder.iterdir())) == 1


def test_a_broken_calibration_is_named_and_hides_nothing_else(calibration: Calibration) -> None:
    file = keep_calibration(calibration)
    file.write_text("{}")
    with pytest.raises(UsageError, match=r"is no calibration: .*; calibrate again"):
        find_calibration(calibration.stamp)
    about, canaries = describe_trust(provenance(), funnel({CanaryResult("a", True): 1}))
    assert about.startswith(f"Uncalibrated: {file} is no calibration: ") and about.endswith("; calibrate again.")
    assert canaries.startswith("Canaries: 1 of 1 planted faults were caught")


@pytest.mark.parametrize(
    ("canaries", "sentence"),
    [
        ({}, "Canaries: none was sent."),
        ({("a", None): 2}, "Canaries: none could be scored."),
        (
            {("a", True): 3, ("a", False): 1, ("b", False): 2, (None, True): 1, (None, False): 4, ("a", None): 9},
            "Canaries: 3 of 6 planted faults were caught (missed: b 2, a 1); 1 of 5 sound calls were rejected.",
        ),
        ({("a", True): 2}, "Canaries: 2 of 2 planted faults were caught; 0 of 0 sound calls were rejected."),
    ],
)
def test_what_canaries_showed(canaries: dict[CountKey, int], sentence: str) -> None:
    assert describe_trust(provenance(), funnel(canaries))[1] == sentence


def test_a_calibration_is_told_in_a_sentence_and_a_table(
    calibration: Calibration, make_record: Callable[..., Any]
) -> None:
    keep_calibration(calibration)
    (sentence, _) = describe_trust(provenance(), funnel({}))
    assert "chance" not in sentence
    assert sentence.startswith(
        "Calibrated on gold.jsonl (19 calls, 2026-11-22): with 95% intervals, it passes 10% [0, "
    )
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(calibration_table(calibration))
    shown = console.export_text()
    assert ALL_POINTS in shown and "strategy adherence" in shown and "89% [" in shown and "2 calls unscored" in shown


def test_points_on_which_the_judge_may_agree_by_chance_are_named(calibration: Calibration) -> None:
    deaf = measure_agreement(
        [
            Opinions(dict.fromkeys(POINT_CODES, number % 2 == 0), dict.fromkeys(POINT_CODES, True), True)
            for number in range(9)
        ]
    )
    agreement = calibration.agreement | {code: deaf[code] for code in ("natural_wording", "no_boilerplate")}
    keep_calibration(calibration.model_copy(update={"agreement": agreement}))
    (sentence, _) = describe_trust(provenance(), funnel({}))
    assert sentence.endswith("Its judge is not shown to be better than chance on: natural wording, no boilerplate.")


def test_a_run_that_the_demo_model_judged_says_so() -> None:
    *_, sentence = describe_trust(provenance(judge_model=DEMO_MODEL), funnel({}))
    assert "The judge is the demo model, a tiny one, which agrees with people no better than chance" in sentence
