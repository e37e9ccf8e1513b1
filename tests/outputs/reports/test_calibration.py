"""How far a gate can be trusted: what is kept, found again, and said."""

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agents.engine.demo_model import DEMO_CALIBRATION, DEMO_MODEL
from agents.errors import UsageError
from graphs.config.provenance import dialogues_provenance, gate_stamp
from graphs.config.settings import JudgeSettings, Settings
from outputs.reports.calibration import calibration_table, find_calibration, keep_calibration, stamp_of
from outputs.reports.trust import describe_trust
from outputs.runs.run import CountKey, Funnel, Outcome, Provenance
from quality.gate.rubric import POINT_CODES
from quality.trust.calibration import (
    ALL_POINTS,
    Agreement,
    Calibration,
    GateStamp,
    Opinions,
    is_chance,
    measure_agreement,
)
from quality.trust.canaries import CanaryResult

GATE = {"language": "en", "judge_model": "judge", "rubric": "abc", "judge_votes": 1, "min_agreement": 0.5}


@pytest.fixture
def data_folder(user_data: Path) -> Path:
    return user_data / "calibrations"


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
    at_a_server = provenance(judge_votes=3).model_copy(update={"settings": {"base_url": ["http://10.0.0.1/v1"]}})
    assert describe_trust(at_a_server, funnel({}))[0].endswith(
        "rolecs calibrate GOLD.jsonl --language en --base-url URL --model judge --judge-votes 3 --min-agreement 0.5"
    )
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
        "Calibrated on gold.jsonl (19 calls, 2026-11-22): with 95% intervals, it passes 10% (0 to "
    )
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(calibration_table(calibration))
    shown = console.export_text()
    assert ALL_POINTS in shown and "strategy adherence" in shown and "89% (" in shown and "2 calls unscored" in shown


@pytest.fixture
def deaf() -> dict[str, Agreement]:
    """The agreement of a gate that passes everything."""
    good, bad = dict.fromkeys(POINT_CODES, True), dict.fromkeys(POINT_CODES, False)
    return measure_agreement([Opinions(bad if number % 2 else good, good, True) for number in range(9)])


def test_points_on_which_the_judge_may_agree_by_chance_are_named(
    calibration: Calibration, deaf: dict[str, Agreement]
) -> None:
    agreement = calibration.agreement | {code: deaf[code] for code in ("natural_wording", "no_boilerplate")}
    keep_calibration(calibration.model_copy(update={"agreement": agreement}))
    (sentence, _) = describe_trust(provenance(), funnel({}))
    assert sentence.endswith("Its judge is not shown to be better than chance on: natural wording, no boilerplate.")


def test_what_a_judge_by_chance_keeps_is_called_no_data(calibration: Calibration, deaf: dict[str, Agreement]) -> None:
    keep_calibration(calibration.model_copy(update={"agreement": deaf}))
    (sentence, _) = describe_trust(provenance(), funnel({}))
    assert "not shown to be better than chance on any point, so what is kept here is no data to train on" in sentence


@pytest.fixture
def demo_run() -> Provenance:
    """A run of today that the demo model plays and judges."""
    return dialogues_provenance(Settings(), [], DEMO_MODEL, DEMO_MODEL)


def test_the_calibration_that_ships_is_that_of_the_weights_and_rubric_that_ship(demo_run: Provenance) -> None:
    shipped = Calibration.model_validate_json(DEMO_CALIBRATION.read_bytes())
    assert shipped.stamp == gate_stamp(JudgeSettings(), DEMO_MODEL) == stamp_of(demo_run), "make demo-calibration"
    (sentence, tiny, _) = describe_trust(demo_run, funnel({}))
    assert "a tiny one" in tiny
    assert sentence.startswith("Calibrated on en.jsonl (66 calls, ") and "no data to train on" in sentence


def test_what_ships_is_passed_over_where_its_stamp_does_not_fit_or_there_is_a_users_own(
    demo_run: Provenance, calibration: Calibration
) -> None:
    stamp = stamp_of(demo_run)
    for other in ({"weights": None}, {"weights": "0"}, {"rubric": "0"}, {"judge_model": "judge"}, {"votes": 3}):
        assert find_calibration(stamp.model_copy(update=other)) is None
    # Runs that began with other weights, or before these were written down, say nothing of today's.
    for versions in ({}, demo_run.versions | {DEMO_MODEL: "0"}):
        sentence = describe_trust(demo_run.model_copy(update={"versions": versions}), funnel({}))[0]
        assert sentence.startswith("Uncalibrated: nobody has compared this gate")
    own = keep_calibration(calibration.model_copy(update={"stamp": stamp}))
    assert "on gold.jsonl (19 calls" in describe_trust(demo_run, funnel({}))[0]
    # One that lies there under a name that is not its own does not count.
    own.write_text(calibration.model_dump_json())
    assert "on en.jsonl (66 calls" in describe_trust(demo_run, funnel({}))[0]


def test_a_judge_named_like_a_package_has_no_weights(demo_run: Provenance) -> None:
    assert stamp_of(dialogues_provenance(Settings(), [], "python", "python")).weights is None
    assert DEMO_MODEL in demo_run.versions


def test_calibrations_of_earlier_builds_are_found_and_read(calibration: Calibration) -> None:
    # Made when weights were no part of a stamp, and null stood for a figure that is not defined.
    stamp = GateStamp.model_validate_json(
        '{"language":"en","judge_model":"smollm2","rubric":"74113a34fa137794","votes":1,"min_agreement":0.6}'
    )
    assert stamp.digest() == "d820d044bd6e2972"
    undefined = {"calls": 1, "kappa": None, "precision": {"value": 1, "low": 1, "high": 1}}
    undefined |= {"recall": {"value": 1.0, "low": 1.0, "high": 1.0}, "false_accepts": None}
    stored = calibration.model_dump() | {
        "stamp": stamp,
        "agreement": dict.fromkeys([*POINT_CODES, ALL_POINTS], undefined),
    }
    keep_calibration(calibration.model_copy(update={"stamp": stamp})).write_text(
        json.dumps(stored, default=lambda value: value.model_dump(mode="json"))
    )
    found = find_calibration(stamp)
    assert found and found.agreement[ALL_POINTS].kappa.value is None and is_chance(found.agreement[ALL_POINTS])
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(calibration_table(found))
    assert "100% (100 to 100) │ -" in console.export_text()
