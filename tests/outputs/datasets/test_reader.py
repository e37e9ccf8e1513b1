"""The reader: rows of exports, published rows and labelled dialogues; what cannot be read is named."""

import json
from pathlib import Path

import pytest

from agents.errors import UsageError
from outputs.datasets.reader import read_dialogues, read_sound_dialogues
from outputs.runs.record import Record
from quality.gate.rubric import POINT_CODES


def test_exported_rows_are_read_back_for_the_judge(exported: Path, records: list[Record]) -> None:
    dialogues = list(read_dialogues(exported / "data/train-00000.jsonl"))
    assert [dialogue.id for dialogue in dialogues] == ["kept-0", "kept-1"]
    assert [turn.strategy for turn in dialogues[0].turns] == [turn.strategy for turn in records[0].turns]
    assert [dialogue.id for dialogue in read_dialogues(exported / "rejected/rejected-00000.jsonl")] == [
        "lost-0",
        "lost-1",
    ]


def test_rows_are_read_with_further_keys_beside_ours_and_none_within(exported: Path, tmp_path: Path) -> None:
    row = json.loads((exported / "data/train-00000.jsonl").read_text(encoding="utf-8").splitlines()[0])
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


@pytest.mark.parametrize("indent", [None, 1])
def test_labelled_dialogues_are_read_as_lines_and_as_arrays(tmp_path: Path, indent: int | None) -> None:
    said = [
        {"speaker": "Representative", "strategy": "GT", "text": "Hello\u2028there."},
        {"speaker": "Caller", "text": "Hi."},
    ]
    rows = [{"source": "x", "dialogue": said}] * 2
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows, indent=indent, ensure_ascii=False), encoding="utf-16")
    dialogues = list(read_dialogues(path))
    assert [dialogue.id for dialogue in dialogues] == ["rows-1", "rows-2"]
    assert [turn.text for turn in dialogues[0].turns] == ["Hello\u2028there.", "Hi."]
    path.write_text(
        json.dumps([*rows, {"dialogue": [{"speaker": "bot", "text": "x"}]}], indent=indent), encoding="utf-8-sig"
    )
    with pytest.raises(UsageError, match=r"rows.json:1\[2\]: no labelled dialogue: unknown speaker 'bot'"):
        list(read_dialogues(path))


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


@pytest.mark.parametrize("name", ["none.jsonl", "none.parquet"])
def test_a_file_that_is_not_there_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=rf"cannot read .*{name}"):
        list(read_dialogues(tmp_path / name))


def test_a_row_that_cannot_be_read_costs_itself_alone(tmp_path: Path) -> None:
    good = b'{"dialogue": [{"speaker": "agent", "text": "Hello."}]}'
    bad = [
        b"{",
        good.replace(b"Hello", b"\\ud83d"),
        good.replace(b"Hello", b"\xff"),
        b"[" * 100_000,
        b'{"customer_goal": 1}',
    ]
    (tmp_path / "calls.jsonl").write_bytes(b"\n".join([good, *bad, b"\xef\xbb\xbf" + good]))
    dialogues, broken = read_sound_dialogues(tmp_path / "calls.jsonl")
    assert [dialogue.id for dialogue in dialogues] == ["calls-1", "calls-7"]
    assert [row.id for row in broken] == [f"calls-{number}" for number in range(2, 7)]
    for row, problem in zip(
        broken, ("no JSON", "surrogate", "no UTF-8", "nested", "no labelled dialogue"), strict=True
    ):
        assert f"calls.jsonl:{row.id[6:]}: {problem}" in row.problem or problem in row.problem


def test_ids_are_those_of_the_rows_where_they_have_some(tmp_path: Path) -> None:
    said = [{"speaker": "agent", "text": "Hello."}]
    for folder in ("may", "june"):
        (tmp_path / folder).mkdir()
    own = [{"id": "mine", "dialogue": said}, {"id": 7, "dialogue": said}, {"dialogue_id": 8, "turns": said}]
    without = [{"id": None, "dialogue": said}, {"dialogue_id": None, "turns": said}, {"turns": said}]
    for name, rows in (("may/calls", own), ("june/calls", without), ("june/others", without)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    wanted = [f"{name}-{number}" for name in ("june/calls", "others") for number in (1, 2, 3)]
    assert [dialogue.id for dialogue in read_dialogues(tmp_path)] == [*wanted, "mine", "7", "8"]
    (tmp_path / "may/calls.jsonl").write_text('{"id": {"a": 1}, "dialogue": []}\n{"id": true, "dialogue": []}\n')
    dialogues, broken = read_sound_dialogues(tmp_path)
    assert len(dialogues) == 6 and all("no labelled dialogue: id: " in row.problem for row in broken)


def test_a_folder_is_read_as_its_rows_to_train_on(exported: Path, tmp_path: Path) -> None:
    assert len(list(read_dialogues(exported))) == 5
    (exported / "manifest.json").unlink()
    assert len(list(read_dialogues(exported))) == 7
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no dialogue"):
        read_sound_dialogues(tmp_path / "empty")
    (tmp_path / "empty/run.sqlite").touch()
    with pytest.raises(UsageError, match=r"is a run; write its .* by: rolecs export .*empty --rejected"):
        read_sound_dialogues(tmp_path / "empty")
