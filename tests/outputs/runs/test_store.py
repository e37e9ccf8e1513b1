"""The run store: rows are written whole and once, and a run is resumed as it was begun or not at all."""

import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.csc.dialogue import Repair
from agents.csc.emotions import FEELINGS
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.errors import StoreError, UsageError
from agents.llm.usage import Role, Usage
from outputs.runs.record import (
    DIALOGUES,
    BlindLabel,
    DialogueCounts,
    HeardFeeling,
    NearDuplicate,
    Planned,
    Record,
    RepairKind,
)
from outputs.runs.run import Outcome, Provenance, RunKind
from outputs.runs.store import VERSION, RunStore
from quality.checks.rules import Violation
from quality.gate.verdict import EmotionLabelling, Labelling, Verdict
from quality.trust.canaries import Canary, CanaryResult
from tests.conftest import FAILURE, flawless
from tests.support.read_only import heed_modes

HEADER = Provenance.build({"seed": 7, "model": "m"}, {"run": "x"}, {"rolecs": "0"})
PLAN = [Planned(i, f"key-{i}", "en-001", "technical-support", 1, i) for i in range(4)]
MakeRecord = Callable[..., Record]


def begin(folder: Path) -> RunStore[Planned, Record]:
    store = RunStore.create(DIALOGUES, folder, HEADER)
    store.add_plan(PLAN)
    return store


def test_each_outcome_follows_from_the_record(make_record: MakeRecord) -> None:
    zero = flawless().points["natural_wording"].model_copy(update={"verdict": 0})
    points = flawless().points | {"natural_wording": zero}
    violations = [Violation(rule=rule, turn=1, detail="") for rule in ("closure", "closure", "alternation")]
    cases = [
        (make_record(), Outcome.KEPT, []),
        (make_record(verdict=Verdict(points=points)), Outcome.REJECTED, ["point:natural_wording"]),
        (make_record(verdict=Verdict(unscored="cut off")), Outcome.REJECTED, ["unscored"]),
        (make_record(verdict=None, violations=violations), Outcome.REJECTED, ["rule:alternation", "rule:closure"]),
        (make_record(violations=violations), Outcome.REJECTED, ["rule:alternation", "rule:closure"]),
        (make_record(verdict=None), Outcome.REJECTED, ["unscored"]),
        (make_record(error=FAILURE), Outcome.FAILED, []),
    ]
    assert [(record.outcome, record.reasons) for record, _, _ in cases] == [case[1:] for case in cases]


def test_records_come_back_in_the_order_of_the_plan(tmp_path: Path, make_record: MakeRecord) -> None:
    with begin(tmp_path) as store:
        for key in ("key-2", "key-0", "key-3"):
            store.write(make_record(id=key))
        assert [planned.key for planned in store.pending()] == ["key-1"]
        with RunStore.read(DIALOGUES, tmp_path) as reader:
            assert [record.id for record in reader.records(Outcome.KEPT)] == ["key-0", "key-2", "key-3"]
            assert next(iter(reader.records(Outcome.KEPT))) == make_record(id="key-0")


def test_an_ended_dialogue_is_not_written_again_and_a_failed_one_is(tmp_path: Path, make_record: MakeRecord) -> None:
    with begin(tmp_path) as store:
        store.write(make_record(id="key-0"))
        store.write(make_record(id="key-1", error=FAILURE))
        for key in ("key-0", "nobody"):
            with pytest.raises(StoreError, match="not waiting"):
                store.write(make_record(id=key))
        assert [planned.key for planned in store.pending()] == ["key-2", "key-3"]
        assert [planned.key for planned in store.pending(retry_failed=True)] == ["key-1", "key-2", "key-3"]
        store.write(make_record(id="key-1"))
        funnel = store.funnel()
        assert funnel.outcomes[Outcome.KEPT] == 2 and funnel.outcomes[Outcome.FAILED] == 0
        assert funnel.usage[Role.PLANNER] == Usage(requests=3, prompt_tokens=900, completion_tokens=180)
        assert funnel.tokens_per_kept == 540 and funnel.planned == 4


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["kept", "repaired", "rejected", "failed"])), max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_funnel_is_the_sum_of_what_is_stored(make_record: MakeRecord, writes: list[tuple[int, str]]) -> None:
    repair = Repair(turn=1, speaker=Speaker.SUPPORTER, check="repetition", action="said-again")
    near_duplicate = NearDuplicate(id="key-0", similarity=0.99)
    kinds = {
        "kept": make_record(),
        "repaired": make_record(repairs=(repair,)),
        "rejected": make_record(repairs=(repair,), verdict=None),
        "failed": make_record(repairs=(repair,), error=FAILURE),
    }
    written: dict[str, Record] = {}
    spent = Usage()
    with TemporaryDirectory() as folder, begin(Path(folder)) as store:
        for place, kind in writes:
            record = kinds[kind].model_copy(update={"id": f"key-{place}"})
            if record.id not in written or written[record.id].error:
                store.write(record)
                spent += record.total_usage
            else:
                record = written[record.id]
                record = record.model_copy(update={"near_duplicate": None if record.near_duplicate else near_duplicate})
                store.rewrite(record)
            written[record.id] = record
        funnel = store.funnel()
        assert {key: store.record(key) for key in written} == written
    outcomes = Counter(record.outcome for record in written.values())
    assert funnel.outcomes == {outcome: outcomes[outcome] for outcome in Outcome} | {Outcome.PLANNED: 4 - len(written)}
    assert funnel.reasons == Counter(reason for record in written.values() for reason in record.reasons)
    counts = [record.counts for record in written.values()]
    for subject in ("repairs", "rewinds"):
        assert funnel.counts.get(subject, {}) == sum((Counter(by.get(subject, {})) for by in counts), Counter())
    assert funnel.repaired == sum(record.outcome == "kept" and bool(record.repairs) for record in written.values())
    assert funnel.total_usage == spent


def test_what_is_counted_comes_back_as_it_was(tmp_path: Path, make_record: MakeRecord) -> None:
    again = Repair(turn=3, speaker=Speaker.SUPPORTER, check="repetition", action="said-again")
    repairs = (again, again.model_copy(update={"action": "rewound"}))
    canaries = (
        Canary(fault="a: b", rejected=True, reasons=("rule:x",)),
        Canary(fault=None, rejected=True, reasons=("unscored",)),
    )
    labelling = Labelling(labels={1: Strategy.GT, 3: Strategy.PS, 5: Strategy.EM}, agreement=0.7, required=0.5)
    verdict = flawless().model_copy(update={"labelling": labelling})
    with begin(tmp_path) as store:
        for place in range(2):
            record = make_record(id=f"key-{place}", repairs=repairs, canaries=canaries, verdict=verdict)
            afraid = record.turns[1].model_copy(update={"emotion": FEELINGS["fearful 2"]})
            heard = EmotionLabelling(labels={2: FEELINGS["neutral"]})
            felt = {"turns": (record.turns[0], afraid, *record.turns[2:]), "emotion_labelling": heard, "course": "calm"}
            store.write(record.model_copy(update=felt))
        counts = DialogueCounts.of(store.funnel())
    assert counts == DialogueCounts(
        repairs={RepairKind(Speaker.SUPPORTER, "repetition"): 4},
        rewinds=2,
        canaries={CanaryResult("a: b", True): 2, CanaryResult(None, None): 2},
        labels={
            BlindLabel(Strategy.GT, Strategy.GT): 2,
            BlindLabel(Strategy.IV, Strategy.PS): 2,
            BlindLabel(Strategy.EM, Strategy.EM): 2,
        },
        feelings={HeardFeeling(FEELINGS["fearful 2"], FEELINGS["neutral"]): 2},
    )
    assert {type(label.given) for label in counts.labels} == {Strategy}


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    with begin(tmp_path) as store:
        store._db.execute(f"PRAGMA user_version={VERSION - 1}")
    with pytest.raises(UsageError, match=f"version {VERSION - 1}, this rolecs reads version {VERSION}"):
        RunStore.read(DIALOGUES, tmp_path)


def test_a_plan_can_grow(tmp_path: Path, make_record: MakeRecord) -> None:
    with begin(tmp_path) as store:
        store.write(make_record(id="key-0"))
        store.add_plan([*PLAN, Planned(4, "key-4", "en-001", "technical-support", 2, 4)])
        assert [planned.key for planned in store.pending()] == ["key-1", "key-2", "key-3", "key-4"]


def test_a_run_is_not_begun_twice_nor_resumed_with_another_configuration(tmp_path: Path) -> None:
    with begin(tmp_path):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file, so there cannot be a folder"):
        RunStore.require_new(tmp_path / "file")
    with pytest.raises(UsageError, match="holds a run already: go on with it by --resume"):
        RunStore.create(DIALOGUES, tmp_path, HEADER)
    other = Provenance.build({"seed": 8, "model": "m", "new": 1}, {}, {})
    with pytest.raises(UsageError, match="another configuration: seed was 7, is 8; new was null, is 1"):
        RunStore.resume(DIALOGUES, tmp_path, other)
    with RunStore.resume(DIALOGUES, tmp_path, HEADER) as store:
        assert store.provenance == HEADER and len(store.pending()) == 4


def test_a_resumed_run_has_the_settings_of_its_last_job_and_the_versions_it_began_with(tmp_path: Path) -> None:
    with begin(tmp_path):
        pass
    with RunStore.resume(DIALOGUES, tmp_path, Provenance.build(HEADER.configuration, {"run": "y"}, {"rolecs": "1"})):
        pass
    with RunStore[Planned, Record].read_any((DIALOGUES,), tmp_path) as store:
        assert store.provenance == HEADER.model_copy(update={"settings": {"run": "y"}})


def test_several_ended_dialogues_are_written_together_or_not_at_all(tmp_path: Path, make_record: MakeRecord) -> None:
    with begin(tmp_path) as store:
        with pytest.raises(StoreError, match="nobody is not waiting"):
            store.write(make_record(id="key-0"), make_record(id="nobody"))
        assert store.funnel().ended == 0
        store.write(make_record(id="key-0"), make_record(id="key-1"))
        assert store.funnel().ended == 2 and store.planned == 4


def test_two_jobs_cannot_write_one_run(tmp_path: Path) -> None:
    with begin(tmp_path), pytest.raises(UsageError, match=r"another job \(process \d+ on \S+\) works on"):
        RunStore.resume(DIALOGUES, tmp_path, HEADER)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        RunStore.read(DIALOGUES, tmp_path)
    with (
        begin(tmp_path / "other"),
        pytest.raises(UsageError, match="holds a run of `rolecs generate`, not of `rolecs x`"),
    ):
        RunStore.read(RunKind("x", Planned, Record), tmp_path / "other")
    (tmp_path / "run.sqlite").write_bytes(b"not a database, only some text that is long enough to be read" * 20)
    with pytest.raises(UsageError, match="is no run store"):
        RunStore.read(DIALOGUES, tmp_path)


def test_a_store_whose_making_was_cut_off_can_be_begun_again(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "run.sqlite").close()
    with begin(tmp_path) as store:
        assert len(store.pending()) == 4


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path, make_record: MakeRecord) -> None:
    with begin(tmp_path) as store:
        store._db.execute("PRAGMA query_only=ON")
        with pytest.raises(StoreError, match=r"cannot write to the run in .*readonly"):
            store.write(make_record(id="key-0"))


_LOOK = """
import os, sys
from pathlib import Path
from outputs.runs.lock import find_owner
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
for folder in map(Path, sys.argv[1:]):
    with RunStore.read(DIALOGUES, folder) as store, store.snapshot():
        kept = [record.id for record in store.records(Outcome.KEPT)]
        print(os.access(folder, os.W_OK), store.planned, kept, find_owner(folder))
"""


def test_a_run_is_read_where_nothing_can_be_written(tmp_path: Path, make_record: MakeRecord) -> None:
    ended, torn = tmp_path / "ended", tmp_path / "torn"
    torn.mkdir()
    with begin(ended) as store:
        store.write(make_record(id="key-0"))
        # As after a job that was killed: what it wrote last stands in the log alone.
        for name in ("run.sqlite", "run.sqlite-wal", "run.lock"):
            shutil.copyfile(ended / name, torn / name)
    for folder in (ended, torn):
        folder.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _LOOK, ended, torn],
            preexec_fn=heed_modes,
            capture_output=True,
            text=True,
        )
    finally:
        for folder in (ended, torn):
            folder.chmod(0o755)
    assert done.stdout == "False 4 ['key-0'] None\n" * 2, done.stderr
    assert {path.name for path in torn.iterdir()} == {"run.sqlite", "run.sqlite-wal", "run.lock"}
