"""Transcripts: three forms, told apart by their content; what is broken is named with its place."""

import gzip
import io
import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.csc.language import Language
from agents.csc.speakers import SPEAKERS_BY_NAME, Speaker
from agents.errors import UsageError
from personas.distill.transcripts import Broken, Line, Transcript, read_transcripts

TURNS = [
    {"speaker": "customer", "text": "My card  was declined."},
    {"speaker": "customer", "text": "Twice!"},
    {"speaker": "agent", "text": "I am sorry to hear that."},
]
LINES = (
    Line(Speaker.CUSTOMER, "My card was declined. Twice!"),
    Line(Speaker.SUPPORTER, "I am sorry to hear that."),
)
ZH_LINES = (Line(Speaker.SUPPORTER, "您好，请讲。"), Line(Speaker.CUSTOMER, "我的卡被拒了。"))


def read(*names: object) -> list[Transcript | Broken]:
    return list(read_transcripts(map(str, names)))


def test_json_lines_are_read_and_consecutive_lines_of_a_speaker_are_one(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    rows = [{"dialogue_id": "c1", "turns": TURNS, "domains": ["bank"]}, {"dialogue_id": 7, "turns": TURNS}]
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    assert read(file) == [Transcript("c1", LINES), Transcript("7", LINES)]


def test_rows_of_the_published_data_sets_are_read(tmp_path: Path) -> None:
    file = tmp_path / "csconv.jsonl"
    dialogue = [
        {"speaker": "客服", "strategy": "策略1 礼貌问候", "text": "您好，请讲。"},
        {"speaker": "客户", "text": "我的卡被拒了。"},
    ]
    row = {"source": "投诉", "dialogue": dialogue}
    file.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8-sig")
    (call,) = read(file)
    assert call == Transcript("csconv-1", ZH_LINES)
    assert isinstance(call, Transcript) and call.language is Language.ZH


@pytest.mark.parametrize("name", SPEAKERS_BY_NAME)
def test_every_name_of_a_speaker_is_known_in_each_form(name: str, tmp_path: Path) -> None:
    line = Line(SPEAKERS_BY_NAME[name], "Hello.")
    rows, text = tmp_path / "rows.jsonl", tmp_path / "text.txt"
    rows.write_text(json.dumps({"turns": [{"speaker": name.upper(), "text": "Hello."}]}), encoding="utf-8")
    text.write_text(f"{name.title()}: Hello.", encoding="utf-8")
    assert read(rows, text) == [Transcript("rows-1", (line,)), Transcript("text-1", (line,))]


def test_text_is_read_with_calls_parted_by_dashes(tmp_path: Path) -> None:
    file = tmp_path / "calls.txt"
    file.write_text(
        "Customer: My card was declined.\n  Twice!\n\nAgent : I am sorry to hear that.\n-----\n"
        "客服：您好，请讲。\n客户：我的卡被拒了。\n",
        encoding="utf-8",
    )
    assert read(file) == [Transcript("calls-1", LINES), Transcript("calls-6", ZH_LINES)]


def test_gzip_and_standard_input_are_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(json.dumps({"dialogue_id": "c1", "turns": TURNS}).encode())
    (tmp_path / "calls.jsonl.gz").write_bytes(packed)
    assert read(tmp_path / "calls.jsonl.gz") == [Transcript("c1", LINES)]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(packed))))  # type: ignore[arg-type]
    assert read("-") == [Transcript("c1", LINES)]


def test_broken_lines_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    good = json.dumps({"dialogue_id": "c1", "turns": TURNS}).encode()
    robot = json.dumps({"dialogue_id": "c2", "turns": [{"speaker": "robot", "text": "beep"}]}).encode()
    file.write_bytes(b"\n".join([good, b"{torn", b'{"turns": [{"speaker": "agent"}]}', b"{\xff}", robot, b"[1]", good]))
    found = read(file)
    assert found[0] == found[-1] == Transcript("c1", LINES)
    messages = [str(item).removeprefix(f"{file}:") for item in found[1:-1]]
    assert [message.split(":")[0] for message in messages] == ["2", "3", "4", "5", "6"]
    assert "turns.0.text: Field required" in messages[1] and "no UTF-8 text" in messages[2]
    assert "unknown speaker 'robot'; the names are supporter, customer" in messages[3]


def test_text_that_begins_without_a_speaker_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Dear all,\nsee below\n---\nCustomer: My card was declined.\nAgent: Why?\n", encoding="utf-8")
    broken, call = read(file)
    assert str(broken) == f"{file}:1: no transcript: the call begins without a speaker, such as 'Agent:'"
    assert isinstance(call, Transcript) and call.id == "notes-4"


@pytest.mark.parametrize(
    "content",
    [None, gzip.compress(b"x" * 10_000)[:-12], gzip.compress(b"x" * 99)[:12] + b"damage"],
    ids=["missing", "cut off", "damaged"],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "calls.gz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot read .*calls.gz: "):
        read(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "any"
    file.write_bytes(content.removeprefix(b"\x1f\x8b"))
    for item in read(file):
        if isinstance(item, Transcript):
            speakers = [line.speaker for line in item.lines]
            assert all(one is not two for one, two in pairwise(speakers))
            assert all(line.text == line.text.strip() and line.text for line in item.lines)
        else:
            assert item.where.startswith(f"{file}:") and "\n" not in str(item)
