"""Rows of any format become requests with answers; what is nothing to learn from is refused."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.csc.flow import Limits
from agents.errors import UsageError
from agents.llm.usage import Role
from outputs.datasets.dialogues import Labelled
from outputs.datasets.formats import Format
from outputs.datasets.roles import role_rows
from outputs.runs.record import Record
from outputs.training.examples import read_examples
from tests.outputs.datasets.test_export import export
from tests.support import DATA
from tests.support.runs import make_run

MakeRecord = Callable[..., Record]


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("as_parquet", [False, True])
def test_a_run_and_its_exports_hold_the_same_requests(
    tmp_path: Path, make_record: MakeRecord, as_parquet: bool
) -> None:
    records = [make_record(id=f"kept-{number}") for number in range(2)]
    with make_run(tmp_path / "run", [*records, make_record(id="lost", verdict=None)]) as store:
        for form in (Format.ROLECS, Format.ROLES):
            export(store, tmp_path / form, form, as_parquet=as_parquet)
    wanted = [row for record in records for row in role_rows(Labelled.of(record), Limits())]
    for source in ("run", "rolecs", "roles"):
        rows, (read,) = read_examples([tmp_path / source], ())
        assert rows == wanted and (read.name, read.rows) == (source, len(wanted))
    rows, _ = read_examples([tmp_path / "roles"], (Role.SUPPORTER_ASSISTANT,))
    assert {row.role for row in rows} == {"supporter_assistant"} and all(row.answer in row.options for row in rows)


@pytest.mark.parametrize("form", [Format.MESSAGES, Format.PROMPT_COMPLETION, Format.SHAREGPT])
def test_each_supporter_turn_of_a_chat_is_an_answer(tmp_path: Path, make_record: MakeRecord, form: Format) -> None:
    record = make_record()
    with make_run(tmp_path / "run", [record]) as store:
        export(store, tmp_path / "shards", form)
    rows, _ = read_examples([tmp_path / "shards"], ())
    supporter = [turn for turn in record.turns if turn.strategy]
    assert [row.answer for row in rows] == [f"[{turn.strategy}] {turn.text}" for turn in supporter]
    assert {(row.role, row.dialogue, row.persona) for row in rows} == {("assistant", record.id, record.persona.id)}
    for row in rows:
        assert [message.role for message in row.messages][:2] == ["system", "user"]
        assert row.messages[-1].role == "user"


def test_files_that_number_their_calls_alike_hold_different_calls(tmp_path: Path, make_record: MakeRecord) -> None:
    def write(name: str, *answers: str) -> Path:
        chats = [[{"role": "user", "content": "Hi."}, {"role": "assistant", "content": text}] for text in answers]
        rows = [{"id": str(number), "messages": chat} for number, chat in enumerate(chats)]
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return tmp_path / name

    one, two = write("a/calls.jsonl", "Yes.", "No."), write("b/calls.jsonl", "Maybe.", "No.")
    rows, read = read_examples([one, two], ())
    names = [row.dialogue for row in rows]
    assert names[:2] == ["0", "1"] and names[2].startswith("0-") and names[3] == "1", "the same call stays one"
    assert read[1] == read_examples([two], ())[1][0], "what an adapter says of its sources is of each alone"
    with make_run(tmp_path / "run", [make_record()]) as store:
        for form in (Format.ROLES, Format.ROLECS):
            export(store, tmp_path / form, form)
    rows, _ = read_examples([tmp_path / "run", tmp_path / Format.ROLES, tmp_path / Format.ROLECS], ())
    assert len({row.dialogue for row in rows}) == 1


def test_calls_that_are_numbered_alike_and_share_a_greeting_stay_apart(tmp_path: Path) -> None:
    files = []
    for folder, about in (("a", "卡"), ("b", "贷款")):
        said = (
            ("客服", "策略1 礼貌问候", "您好。"),
            ("客户", "", f"{about}怎么办？"),
            ("客服", "策略2 确认身份", f"{about}的户名？"),
        )
        dialogue = [dict(zip(("speaker", "strategy", "text"), turn, strict=True)) for turn in said]
        (tmp_path / folder).mkdir()
        files.append(write(tmp_path / folder / "train-00000.jsonl", {"source": "x", "dialogue": dialogue}))
    rows, _ = read_examples(files, ())
    assert {row.answer for row in rows if row.options} and len({row.dialogue for row in rows}) == 2


def test_rows_of_other_sources_are_taken_as_they_are(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "Is it sound?"}]
    judged = {"id": "j", "role": "judge", "dialogue": "d", "messages": messages, "answer": "1"}
    chat = {"messages": [*messages, {"role": "assistant", "content": "Yes."}], "source": "elsewhere"}
    published = {"source": "x", "dialogue": [{"speaker": "客服", "strategy": "策略1 礼貌问候", "text": "您好。"}]}
    with gzip.open(tmp_path / "rows.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write("".join(json.dumps(row) + "\n\n" for row in (judged, chat, published)))
    rows, (read,) = read_examples([tmp_path / "rows.jsonl.gz"], ())
    assert [(row.role, row.answer) for row in rows] == [("judge", "1"), ("assistant", "Yes."), ("supporter", "您好。")]
    again, _ = read_examples([tmp_path / "rows.jsonl.gz"], (Role.JUDGE,))
    assert [row.id for row in again] == ["j"] and read.sha256 == read_examples([tmp_path / "rows.jsonl.gz"], ())[1][
        0
    ].sha256


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"prompt": [], "chosen": [], "rejected": []}, "a preference pair: train with TRL's DPOTrainer"),
        ({"rejected_for": ["rule:closure"], "customer_goal": ""}, "a rejected dialogue: nothing should learn from it"),
        ({"conversations": [{"from": "robot", "value": "x"}]}, "unknown sender 'robot'"),
        ({"messages": [{"role": "robot", "content": "x"}]}, r"messages\.0\.role"),
        ({"text": "plain"}, "no labelled dialogue"),
        ({"prompt": [], "completion": [{"role": "assistant", "content": "Yes."}]}, "prompt: .*at least 1 item"),
        ([], "a JSON object is needed"),
    ],
)
def test_what_cannot_be_trained_on_is_named(tmp_path: Path, row: Any, told: str) -> None:
    with pytest.raises(UsageError, match=rf"rows\.jsonl:1: .*{told}"):
        read_examples([write(tmp_path / "rows.jsonl", row)], ())


def test_files_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.jsonl").write_text("{\n")
    (tmp_path / "broken.parquet").write_text("PAR")
    for name, told in (
        ("broken.jsonl", r"broken\.jsonl:1: no JSON"),
        ("broken.parquet", r"broken\.parquet is no Parquet file"),
        ("none.jsonl", r"cannot read .*none\.jsonl"),
        ("none.parquet", r"cannot read .*none\.parquet"),
        ("empty", "holds no run"),
    ):
        with pytest.raises(UsageError, match=told):
            read_examples([tmp_path / name], ())
    with pytest.raises(UsageError, match="no row of planner to train on"):
        read_examples([write(tmp_path / "star.jsonl", json.loads(star_line()))], (Role.PLANNER,))


def test_a_folder_of_rows_is_all_its_files(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello."}]}
    for name in "ba":
        (tmp_path / name).mkdir()
        write(tmp_path / name / "rows.jsonl", row)
    rows, (read,) = read_examples([tmp_path], ())
    one, _ = read_examples([tmp_path / "a" / "rows.jsonl"], ())
    assert [row.answer for row in rows] == 2 * [row.answer for row in one] and read.rows == len(rows)


def star_line() -> str:
    return (DATA / "star-60.jsonl").read_text(encoding="utf-8").splitlines()[0]


def test_arrays_and_other_encodings_are_read(tmp_path: Path) -> None:
    rows = [
        {
            "id": f"talk\u2028{i}",
            "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello\x85"}],
        }
        for i in (1, 2)
    ]
    (tmp_path / "array.json").write_text(json.dumps(rows, indent=1), encoding="utf-16")
    rows_read, _ = read_examples([tmp_path / "array.json", write(tmp_path / "lines.jsonl", *rows)], ())
    assert [row.dialogue for row in rows_read] == ["talk\u20281", "talk\u20282"] * 2
    assert {row.answer for row in rows_read} == {"Hello\x85"}
