"""Export and verify: shards are a function of the store, appear whole, and every damage is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import outputs.datasets.export
from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.errors import UsageError
from outputs.datasets.export import export_run
from outputs.datasets.formats import ROW_TYPES, Format, format_lines, rejected_line
from outputs.datasets.manifest import Manifest
from outputs.datasets.reader import read_dialogues
from outputs.datasets.verify import verify_export
from outputs.files import write_whole
from outputs.runs.record import DIALOGUES, Planned, Record
from outputs.runs.run import Outcome, Provenance
from outputs.runs.store import RunStore
from personas.pool import load_pool
from quality.checks.rules import Violation
from quality.gate.rubric import POINT_CODES
from quality.gate.verdict import Verdict
from tests.conftest import FAILURE
from tests.support.golden import check_golden

MakeRecord = Callable[..., Record]
CONFIGURATION = {
    "language": "en",
    "topics": ["account-transaction"],
    "personas": "28 (0123)",
    "model": "m",
    "judge_model": "j",
    "temperature": 0.8,
    "top_p": 0.95,
    "judge_votes": 3,
    "min_agreement": 0.5,
    "seed": 7,
    "limits": {"min_utterances": 10, "max_utterances": 50},
}


def make_run(folder: Path, records: list[Record]) -> RunStore[Planned, Record]:
    store = RunStore.create(DIALOGUES, folder, Provenance.build(CONFIGURATION, {}, {"rolecs": "0.1.0"}))
    store.add_plan([Planned(i, record.id, "p", "account-transaction", 1, i) for i, record in enumerate(records)])
    for record in records:
        store.write(record)
    return store


def export(store: RunStore[Planned, Record], out: Path, form: Format = Format.ROLECS, shard_lines: int = 2) -> Manifest:
    return export_run(store, out, form=form, shard_lines=shard_lines, with_rejected=True)


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


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_export_is_whole_and_loads(exported: Path) -> None:
    assert names(exported) == [
        "README.md",
        "manifest.json",
        "rejected-00000.jsonl",
        "train-00000.jsonl",
        "train-00001.jsonl",
        "train-00002.jsonl",
    ]
    assert list(verify_export(exported)) == []
    for stem, ids in (("train", [f"kept-{i}" for i in range(5)]), ("rejected", ["lost-0", "lost-1"])):
        rows = datasets.load_dataset(
            "json", data_files=str(exported / f"{stem}-*.jsonl"), split="train", cache_dir=str(exported.parent / stem)
        )
        assert rows["id"] == ids
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["outcomes"] == {"planned": 0, "kept": 5, "rejected": 2, "failed": 1}


def test_an_export_has_the_same_bytes_each_time(tmp_path: Path, records: list[Record], exported: Path) -> None:
    first = {path.name: path.read_bytes() for path in exported.iterdir()}
    with make_run(tmp_path / "again", records) as store:
        export(store, tmp_path / "other", shard_lines=1)
        export(store, tmp_path / "other", shard_lines=2)
    assert {path.name: path.read_bytes() for path in (tmp_path / "other").iterdir()} == first


def test_an_export_of_a_run_that_is_played_on_is_of_one_moment(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [make_record(id="late-1"), make_record(id="late-2", verdict=None)]

    def play_on(*arguments: Any) -> Any:
        if late:
            store.write(late.pop(0))
        return format_lines(*arguments)

    monkeypatch.setattr(outputs.datasets.export, "format_lines", play_on)
    with make_run(tmp_path / "run", [make_record(id=f"kept-{i}") for i in range(3)]) as store:
        store.add_plan([Planned(9 + i, record.id, "p", "account-transaction", 1, i) for i, record in enumerate(late)])
        with RunStore.read(DIALOGUES, tmp_path / "run") as reader:
            manifest = export(reader, tmp_path / "shards")
            assert not late and sum(shard.lines for shard in manifest.shards) == manifest.outcomes[Outcome.KEPT] == 3
            assert manifest.outcomes[Outcome.PLANNED] == 2 and manifest.rejected == ()
            assert export(reader, tmp_path / "shards").outcomes[Outcome.KEPT] == 4


@pytest.mark.parametrize("form", Format)
def test_every_format_verifies_and_is_as_the_golden_file(tmp_path: Path, make_record: MakeRecord, form: Format) -> None:
    record = make_record()
    check_golden(f"record-{form}.jsonl", "".join(line + "\n" for line in format_lines(record, form)))
    with make_run(tmp_path / "run", [record]) as store:
        export(store, tmp_path / "shards", form, shard_lines=100)
    assert list(verify_export(tmp_path / "shards")) == []
    for line in format_lines(record, form):
        assert ROW_TYPES[form].model_validate_json(line).model_dump_json(by_alias=True) == line


def test_a_chinese_record_is_as_the_golden_file(make_record: MakeRecord, zh_turns: tuple[Turn, ...]) -> None:
    persona = load_pool(None, Language.ZH)[0]
    record = make_record(language="zh", turns=zh_turns, persona=persona)
    check_golden("record-rolecs-zh.jsonl", format_lines(record, Format.ROLECS)[0] + "\n")


def test_training_formats_suit_their_trainers(make_record: MakeRecord) -> None:
    record = make_record()
    (messages,) = (json.loads(line) for line in format_lines(record, Format.MESSAGES))
    roles = [message["role"] for message in messages["messages"]]
    assert roles == ["system", *["user", "assistant"] * 7]
    (sharegpt,) = (json.loads(line) for line in format_lines(record, Format.SHAREGPT))
    assert [turn["from"] for turn in sharegpt["conversations"]] == ["human", "gpt"] * 7
    rows = [json.loads(line) for line in format_lines(record, Format.PROMPT_COMPLETION)]
    assert len(rows) == 7 and len({row["id"] for row in rows}) == 7
    for row, turn in zip(rows, record.turns[::2], strict=True):
        assert row["prompt"][-1]["role"] == "user"
        assert row["completion"] == [{"role": "assistant", "content": turn.text}] and row["strategy"] == turn.strategy


def test_the_card_has_a_header_that_hubs_read(exported: Path) -> None:
    card = (exported / "README.md").read_text(encoding="utf-8")
    provenance = yaml.safe_load(card.split("---")[1])
    assert provenance["configs"] == [
        {"config_name": "default", "data_files": "train-*.jsonl"},
        {"config_name": "rejected", "data_files": "rejected-*.jsonl"},
    ]
    assert provenance["language"] == ["en"] and provenance["size_categories"] == ["n<1K"]
    assert "5 of 8 synthetic calls" in card


def edit_row(path: Path, **changes: Any) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[0] = json.dumps(json.loads(lines[0]) | changes, ensure_ascii=False)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_verify_names_every_damage(exported: Path) -> None:
    first, second = exported / "train-00000.jsonl", exported / "train-00001.jsonl"
    edit_row(first, id="kept-1", verdict="{}")
    second.write_bytes(second.read_bytes()[:-40])
    (exported / "train-00002.jsonl").unlink()
    (exported / "train-00009.jsonl").write_text("{}\n")
    problems = "\n".join(verify_export(exported))
    for expected in (
        "train-00009.jsonl: not in the manifest",
        "train-00000.jsonl: the SHA-256 is not that of the manifest",
        "train-00000.jsonl:1: the verdict is not flawless",
        "train-00000.jsonl:2: id kept-1 is used twice",
        "train-00001.jsonl: the last line has no end",
        "train-00001.jsonl: 1 lines, the manifest says 2",
        "train-00002.jsonl: No such file or directory",
    ):
        assert expected in problems


def test_verify_reads_the_flow_rules_again(exported: Path) -> None:
    path = exported / "train-00000.jsonl"
    dialogue = json.loads(path.read_text(encoding="utf-8").splitlines()[0])["dialogue"]
    edit_row(path, dialogue=dialogue[:-1])
    assert any("closure" in problem for problem in verify_export(exported))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_verify_sees_any_cut_and_any_changed_byte(exported: Path, data: st.DataObject) -> None:
    path = exported / data.draw(st.sampled_from(["train-00000.jsonl", "rejected-00000.jsonl"]))
    whole = path.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.sampled_from([b"", whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]]))
    try:
        path.write_bytes(damage or whole[:position])
        assert list(verify_export(exported))
    finally:
        path.write_bytes(whole)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 7), shard_lines=st.integers(1, 4))
def test_shards_hold_every_line_once_in_order(
    make_record: MakeRecord, tmp_path_factory: pytest.TempPathFactory, count: int, shard_lines: int
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    with make_run(folder / "run", [make_record(id=f"id-{i}") for i in range(count)]) as store:
        manifest = export(store, folder / "out", shard_lines=shard_lines)
    assert [shard.lines for shard in manifest.shards[:-1]] == [shard_lines] * (len(manifest.shards) - 1)
    texts = [(folder / "out" / shard.name).read_text(encoding="utf-8") for shard in manifest.shards]
    assert [json.loads(line)["id"] for text in texts for line in text.splitlines()] == [f"id-{i}" for i in range(count)]
    assert list(verify_export(folder / "out")) == []


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def breaking() -> Any:
        yield "new"
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_whole(path, breaking())
    assert path.read_text() == "old" and names(tmp_path) == ["file"]


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, make_record: MakeRecord) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    store = make_run(tmp_path / "run", [make_record()])
    with store, pytest.raises(UsageError, match="holds files but no export"):
        export(store, tmp_path / "out")
    with pytest.raises(UsageError, match="is no exported folder"):
        list(verify_export(tmp_path / "out"))


def test_exported_rows_are_read_back_for_the_judge(exported: Path, records: list[Record]) -> None:
    dialogues = list(read_dialogues(exported / "train-00000.jsonl"))
    assert [dialogue.id for dialogue in dialogues] == ["kept-0", "kept-1"]
    assert [turn.strategy for turn in dialogues[0].turns] == [turn.strategy for turn in records[0].turns]
    assert [dialogue.id for dialogue in read_dialogues(exported / "rejected-00000.jsonl")] == ["lost-0", "lost-1"]


def test_rows_are_read_with_further_keys_beside_ours_and_none_within(exported: Path, tmp_path: Path) -> None:
    row = json.loads((exported / "train-00000.jsonl").read_text(encoding="utf-8").splitlines()[0])
    gold = {"points": dict.fromkeys(POINT_CODES, 1), "fault": None}
    rows = [row | {"half": "saying", "reviewers": ["a", "b"]}, row | {"gold": gold, "half": "choosing"}]
    published = {"dialogue": [{"speaker": "agent", "text": "Hello."}], "half": "saying", "gold": gold}
    path = tmp_path / "annotated.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (*rows, published)), encoding="utf-8")
    plain, labelled, other = read_dialogues(path)
    assert plain.id == labelled.id == row["id"] and plain.turns == labelled.turns and plain.gold is None
    assert labelled.gold == other.gold == dict.fromkeys(POINT_CODES, True)
    path.write_text(json.dumps(row | {"persona": row["persona"] | {"half": "saying"}}), encoding="utf-8")
    with pytest.raises(UsageError, match=r"annotated.jsonl:1: no labelled dialogue: persona.half"):
        list(read_dialogues(path))


def test_published_rows_are_read(tmp_path: Path) -> None:
    row = {
        "source": "账户",
        "dialogue": [
            {"speaker": "客服", "strategy": "策略1 礼貌问候", "text": "您好。"},
            {"speaker": "客户", "text": "我问一下。"},
        ],
    }
    path = tmp_path / "csconv.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    (dialogue,) = read_dialogues(path)
    assert dialogue.id == "csconv-1" and [turn.strategy for turn in dialogue.turns] == ["GT", None]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "file.jsonl:2: no JSON"),
        ("[]", "file.jsonl:2: no labelled dialogue: a JSON object is needed"),
        ('{"dialogue": [{"speaker": "x", "text": "y"}]}', "file.jsonl:2: no labelled dialogue: unknown speaker 'x'"),
        (
            '{"dialogue": [{"speaker": "客服", "text": "y", "strategy": "z"}]}',
            "file.jsonl:2: no labelled dialogue: 'z' names no strategy",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        list(read_dialogues(path))


def test_a_rejected_line_says_why(make_record: MakeRecord) -> None:
    row = json.loads(rejected_line(make_record(verdict=Verdict(unscored="cut off"))))
    assert row["rejected_for"] == ["unscored"] and json.loads(row["verdict"]) == {"points": {}, "unscored": "cut off"}
