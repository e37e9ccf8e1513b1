"""Export: shards are a function of the store, appear whole, and suit their trainers."""

import errno
import json
from pathlib import Path
from typing import Any

import datasets
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import outputs.datasets.export
from agents.csc.dialogue import Repair, Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.errors import UsageError
from agents.llm.usage import Role
from outputs.datasets.formats import CHATS, ROW_TYPES, Format, Shape, StrategyLabels, format_lines, rejected_line
from outputs.datasets.reader import read_dialogues
from outputs.datasets.rows import PublishedTurn
from outputs.datasets.verify import verify_export
from outputs.files import write_whole
from outputs.runs.record import DIALOGUES, Planned, Record
from outputs.runs.run import Outcome, Provenance
from outputs.runs.store import RunStore
from personas.pool import load_pool
from quality.gate.verdict import Verdict
from tests.support.exports import MakeRecord, edit_row, export
from tests.support.golden import check_golden
from tests.support.runs import CONFIGURATION, make_run


def lines_of(record: Record, form: Format, **how: Any) -> list[str]:
    return list(format_lines(record, Shape(format=form, **how), Limits()))


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder, by their paths in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def load(folder: Path, split: str, **how: Any) -> datasets.Dataset:
    return datasets.load_dataset(str(folder), split=split, cache_dir=str(folder.parent / "cache"), **how)


def test_an_export_is_whole_and_loads(exported: Path) -> None:
    assert list(contents(exported)) == [
        "README.md",
        "data/train-00000.jsonl",
        "data/train-00001.jsonl",
        "data/train-00002.jsonl",
        "manifest.json",
        "rejected/rejected-00000.jsonl",
    ]
    assert list(verify_export(exported)) == []
    assert load(exported, "train")["id"] == [f"kept-{i}" for i in range(5)]
    assert load(exported, "rejected", name="rejected")["id"] == ["lost-0", "lost-1"]
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["outcomes"] == {"planned": 0, "kept": 5, "rejected": 2, "failed": 1}


def test_rejected_rows_alone_are_no_training_set(tmp_path: Path, make_record: MakeRecord) -> None:
    with make_run(tmp_path / "run", [make_record(verdict=Verdict(unscored="cut off"))]) as store:
        export(store, tmp_path / "shards")
    with pytest.raises(ValueError, match='Unknown split "train"'):
        load(tmp_path / "shards", "train")
    assert len(load(tmp_path / "shards", "rejected")) == 1


def test_an_export_has_the_same_bytes_each_time(tmp_path: Path, records: list[Record], exported: Path) -> None:
    with make_run(tmp_path / "again", records) as store:
        export(store, tmp_path / "other", Format.MESSAGES, shard_lines=1)
        export(store, tmp_path / "other", as_parquet=True)
        export(store, tmp_path / "other", shard_lines=2)
    assert contents(tmp_path / "other") == contents(exported)


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


@pytest.fixture
def repaired(make_record: MakeRecord, en_turns: tuple[Turn, ...]) -> Record:
    """A dialogue in which turns were said again: by the same decision, by another one, and before it went back."""

    def failed(number: int, action: str = "said-again", **changes: Any) -> Repair:
        turn = en_turns[number - 1].model_copy(update={"text": f"Well, no. {number}"} | changes)
        return Repair(turn=number, speaker=turn.speaker, check="repetition", action=action, said=turn)

    repairs = [
        failed(3),  # the dialogue went back behind it: there is another turn in its place, but after the same words
        failed(9),  # went back over it
        failed(8, "rewound"),
        failed(7),
        failed(7, strategy=Strategy.RP),
        failed(10),
        Repair(turn=0, speaker=None, part="plan", check="language", action="said-again"),
    ]
    return make_record(repairs=repairs)


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("as_parquet", [False, True])
def test_every_format_verifies_and_is_as_the_golden_file(
    tmp_path: Path, repaired: Record, form: Format, as_parquet: bool
) -> None:
    lines = lines_of(repaired, form)
    check_golden(f"record-{form}.jsonl", "".join(line + "\n" for line in lines))
    with make_run(tmp_path / "run", [repaired]) as store:
        export(store, tmp_path / "shards", form, shard_lines=4, as_parquet=as_parquet)
    assert list(verify_export(tmp_path / "shards")) == []
    rows = [json.loads(line) for line in lines]
    nothing = {"strategy": None} if form is Format.CSCONV else {}
    assert [filled(row, nothing) for row in rows] == list(load(tmp_path / "shards", "train"))
    for line in lines:
        row = ROW_TYPES[form].model_validate_json(line)
        assert row.model_dump_json(by_alias=True, exclude_none=form is Format.CSCONV) == line


@pytest.mark.parametrize("form", list(Format))
def test_machinery_of_a_model_is_found_in_rows_of_every_format(repaired: Record, tmp_path: Path, form: Format) -> None:
    turns = [turn.model_copy(update={"text": f"{turn.text}<|im_end|>"}) for turn in repaired.turns]
    with make_run(tmp_path / "run", [repaired.model_copy(update={"turns": tuple(turns)})]) as store:
        export(store, tmp_path / "shards", form)
    assert any("artifact: '<|im_end|>'" in problem for problem in verify_export(tmp_path / "shards"))


def filled(row: Any, nothing: dict[str, None]) -> Any:
    """Return a row as a data set has it: keys that are missing in a turn are there without a value."""
    if nothing:
        row = row | {"dialogue": [nothing | turn for turn in row["dialogue"]]}
    return row


def test_preferences_are_between_answers_to_the_same_request(repaired: Record) -> None:
    rows = [json.loads(line) for line in lines_of(repaired, Format.PREFS)]
    assert [row["rejected"][0]["content"] for row in rows] == ["Well, no. 3", "Well, no. 7", "Well, no. 10"]
    roles = {
        (row["dialogue"], row["messages"][-1]["content"]): row["answer"]
        for row in map(json.loads, lines_of(repaired, Format.ROLES))
    }
    for row in rows:
        assert roles[row["dialogue"], row["prompt"][-1]["content"]] == row["chosen"][0]["content"]


def test_chats_have_their_strategies_in_front_or_nowhere(make_record: MakeRecord) -> None:
    record = make_record()
    for form in CHATS:
        inline, off = lines_of(record, form), lines_of(record, form, strategies=StrategyLabels.OFF)
        assert "[GT] Good morning" in inline[0] and "[ID] Information Delivery" in inline[0]
        assert "[GT]" not in off[0] and "Information Delivery" not in off[0]


def test_role_rows_of_the_chosen_roles_alone(make_record: MakeRecord, tmp_path: Path) -> None:
    shape = Shape(format=Format.ROLES, roles=(Role.SUPPORTER_ASSISTANT, Role.SUPPORTER))
    with make_run(tmp_path / "run", [make_record()]) as store:
        export(store, tmp_path / "shards", shape=shape, shard_lines=100)
    rows = [json.loads(line) for line in (tmp_path / "shards/data/train-00000.jsonl").read_text().splitlines()]
    assert {row["role"] for row in rows} == {"supporter_assistant", "supporter"}
    edit_row(tmp_path / "shards/data/train-00000.jsonl", role="customer", options=["A"], answer="B")
    problems = "\n".join(verify_export(tmp_path / "shards"))
    assert "role customer is none of those exported" in problems and "the answer B is none of the options" in problems


def test_published_rows_are_written_as_they_are_read(tmp_path: Path, make_record: MakeRecord) -> None:
    record = make_record()
    (line,) = lines_of(record, Format.CSCONV)
    row = json.loads(line)
    assert set(row) == {"source", "dialogue"}
    assert set(row["dialogue"][0]) == {"speaker", "strategy", "text"} and set(row["dialogue"][1]) == {"speaker", "text"}
    path = tmp_path / "csconv.jsonl"
    path.write_text(line, encoding="utf-8")
    (dialogue,) = read_dialogues(path)
    assert [(turn.speaker, turn.strategy, turn.text) for turn in dialogue.turns] == [
        (turn.speaker, turn.strategy, turn.text) for turn in record.turns
    ]
    with pytest.raises(ValidationError, match="customer turns have none"):
        PublishedTurn(speaker="Customer", strategy="Strategy 1 Greeting", text="Hello.")


def test_other_trainers_are_told_how_to_read_an_export(tmp_path: Path, make_record: MakeRecord) -> None:
    with make_run(tmp_path / "run", [make_record()]) as store:
        export(store, tmp_path / "shards", Format.SHAREGPT)
        info = json.loads((tmp_path / "shards/dataset_info.json").read_text())["rolecs"]
        assert info["formatting"] == "sharegpt" and info["columns"]["messages"] == "conversations"
        # LLaMA-Factory takes a folder whose files are all of one kind.
        assert {path.suffix for path in (tmp_path / "shards" / info["file_name"]).iterdir()} == {".jsonl"}
        card = (tmp_path / "shards/README.md").read_text()
        snippet = yaml.safe_load(card.split("```yaml")[1].split("```")[0])
        assert snippet["datasets"][0]["message_property_mappings"] == {"role": "from", "content": "value"}
        (tmp_path / "shards/dataset_info.json").write_text("{}")
        assert list(verify_export(tmp_path / "shards")) == ["dataset_info.json: not that of this export"]
        export(store, tmp_path / "shards", Format.ROLES)
    assert not (tmp_path / "shards/dataset_info.json").exists()


def test_a_chinese_record_is_as_the_golden_file(make_record: MakeRecord, zh_turns: tuple[Turn, ...]) -> None:
    persona = load_pool(None, Language.ZH)[0]
    record = make_record(language="zh", turns=zh_turns, persona=persona)
    check_golden("record-rolecs-zh.jsonl", lines_of(record, Format.ROLECS)[0] + "\n")
    check_golden("record-messages-zh.jsonl", lines_of(record, Format.MESSAGES)[0] + "\n")


def test_training_formats_suit_their_trainers(make_record: MakeRecord) -> None:
    record = make_record()
    (messages,) = (json.loads(line) for line in lines_of(record, Format.MESSAGES))
    roles = [message["role"] for message in messages["messages"]]
    assert roles == ["system", *["user", "assistant"] * 7]
    (sharegpt,) = (json.loads(line) for line in lines_of(record, Format.SHAREGPT))
    assert [turn["from"] for turn in sharegpt["conversations"]] == ["human", "gpt"] * 7
    rows = [json.loads(line) for line in lines_of(record, Format.PROMPT_COMPLETION)]
    assert len(rows) == 7 and len({row["id"] for row in rows}) == 7
    for row, turn in zip(rows, record.turns[::2], strict=True):
        assert row["prompt"][-1]["role"] == "user"
        assert row["completion"][0]["content"] == f"[{turn.strategy}] {turn.text}" and row["strategy"] == turn.strategy


def test_the_card_says_what_was_asked_of_the_labeller(tmp_path: Path, make_record: MakeRecord, exported: Path) -> None:
    asked = Provenance.build(CONFIGURATION | {"min_agreement": "80%"}, {}, {"rolecs": "0.1.0"})
    with RunStore.create(DIALOGUES, tmp_path / "percent", asked) as store:
        export(store, tmp_path / "relative")
    relative = "gave at least\n80% of the share of each call's labels that it gives on calls known to be sound as well."
    assert relative in (tmp_path / "relative/README.md").read_text()
    assert "gave at least\n50% of each call's labels as well." in (exported / "README.md").read_text()


def test_the_card_has_a_header_that_hubs_read(exported: Path) -> None:
    card = (exported / "README.md").read_text(encoding="utf-8")
    provenance = yaml.safe_load(card.split("---")[1])
    assert provenance["configs"] == [
        {"config_name": "default", "data_files": "data/train-*.jsonl"},
        {
            "config_name": "rejected",
            "data_files": [{"split": "rejected", "path": "rejected/rejected-*.jsonl"}],
        },
    ]
    assert provenance["language"] == ["en"] and provenance["size_categories"] == ["n<1K"]
    assert "5 of 8 synthetic calls" in card


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        raise OSError(errno.ENOSPC, "no space left")

    with pytest.raises(OSError, match="no space left"):
        write_whole(path, breaking())
    assert contents(tmp_path) == {"file": b"old"}


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, make_record: MakeRecord) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    store = make_run(tmp_path / "run", [make_record()])
    with store, pytest.raises(UsageError, match="holds files but no export"):
        export(store, tmp_path / "out")
    with pytest.raises(UsageError, match="is no exported folder"):
        list(verify_export(tmp_path / "out"))


def test_a_rejected_line_says_why(make_record: MakeRecord) -> None:
    row = json.loads(rejected_line(make_record(verdict=Verdict(unscored="cut off")), Shape(format=Format.ROLECS)))
    assert row["rejected_for"] == ["unscored"] and json.loads(row["verdict"]) == {"points": {}, "unscored": "cut off"}


def test_a_dialogue_whose_plans_were_all_faulty_is_exported_among_the_rejected(
    tmp_path: Path, make_record: MakeRecord
) -> None:
    repair = Repair(turn=0, part="plan", speaker=None, check="length", action="abandoned", text="Too long a plan.")
    unplanned = make_record(plan=None, turns=(), verdict=None, repairs=(repair,))
    with make_run(tmp_path / "run", [unplanned]) as store:
        export(store, tmp_path / "shards")
    assert not list(verify_export(tmp_path / "shards"))
    (row,) = load(tmp_path / "shards", "rejected")
    assert (row["scenario"], row["dialogue"], row["rejected_for"]) == ("", [], ["plan:length"])
    assert "Too long a plan." not in json.dumps(row), "what failed stays in the run"
