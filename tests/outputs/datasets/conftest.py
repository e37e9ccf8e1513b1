"""An exported run with kept, rejected and failed dialogues."""

from pathlib import Path

import pytest

from outputs.runs.record import Record
from quality.checks.rules import Violation
from quality.gate.verdict import Verdict
from tests.conftest import FAILURE
from tests.support.exports import MakeRecord, export
from tests.support.runs import make_run


@pytest.fixture
def records(make_record: MakeRecord) -> list[Record]:
    kept = [make_record(id=f"kept-{i}") for i in range(5)]
    violation = Violation(rule="closure", turn=13, detail="the call does not end with AC")
    lost = [
        make_record(id="lost-0", verdict=None, violations=[violation]),
        make_record(id="lost-1", verdict=Verdict(unscored="cut off")),
        make_record(id="lost-2", error=FAILURE),
    ]
    return [kept[0], lost[0], *kept[1:], *lost[1:]]


@pytest.fixture
def exported(tmp_path: Path, records: list[Record]) -> Path:
    with make_run(tmp_path / "run", records) as store:
        export(store, tmp_path / "shards")
    return tmp_path / "shards"
