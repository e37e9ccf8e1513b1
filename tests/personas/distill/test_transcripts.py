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
from agents.csc.speakers import Speaker
from agents.errors import UsageError
from personas.distill.forms.call import Broken
from personas.distill.transcripts import Line, Reading, ThirdVoices, Transcript, read_transcripts

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


def read(*names: object, reading: Reading = Reading()) -> list[Transcript | Broken | ThirdVoices]:  # noqa: B008
    return list(read_transcripts(map(str, names), reading))


def read_text(
    tmp_path: Path, text: str, name: str = "call.txt", **told: object
) -> list[Transcript | Broken | ThirdVoices]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read(tmp_path / name, reading=Reading(**told))  # type: ignore[arg-type]


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
    assert "this is a JSON object with the keys turns; an object with" in messages[1] and "no UTF-8" in messages[2]
    assert "nobody in it is known as the agent or the customer; the names are robot: say who" in messages[3]
    assert messages[3].endswith("--speaker robot=agent") and "this is a JSON array of 1 numbers" in messages[4]


ROW = '{{"conversation_id": {}, "speaker": "{}", "text": "{}"}}\n'
TWO = "".join(ROW.format(call, side, "Hello.") for call in (1, 2) for side in ("agent", "customer"))
CUES = "WEBVTT\n\n{}00:01.000 --> 00:02.000\n<v Agent>Hello.\n\n00:02.000 --> 00:03.000\n<v Customer>{}\n"


@pytest.mark.parametrize(
    ("name", "content", "line", "whole"),
    [
        # What follows without a name would be taken for the agent's, and the agent's two utterances for one.
        ("a.txt", "Agent: Hi.\nCustomer: café\nand more\nAgent: I see.\n---\nAgent: Hi.\nCustomer: Yes.\n", 2, ["a-6"]),
        ("a.csv", "id,speaker,text\n1,agent,Hi.\n1,user,café\n1,agent,Bye.\n2,agent,Hi.\n2,user,Yes.\n", 3, ["2"]),
        ("a.csv", "text\nAgent: Hi. Customer: café\nAgent: Hi. Customer: Yes.\n", 2, ["a-3"]),
        ("a.csv", "speaker,text,höhe\nagent,Hi.,1\nuser,Yes.,2\n", 1, ["a-1"]),
        ("a.csv", "wer,was,höhe\nagent,Hi.,1\n", 1, []),
        ("a.vtt", CUES.format("NOTE café\n\n", "Yes."), 3, ["a-1"]),
        ("a.vtt", CUES.format("", "café"), 7, []),
        ("a.jsonl", TWO.replace("Hello.", "café", 1) + ROW.format(1, "agent", "Bye."), 1, ["2"]),
        ("a.jsonl", TWO + ROW.format(3, "agent", "Hi.") + ROW.format(3, "user", "Yes.")[:9], 6, ["1", "2"]),
        ("a.jsonl", ROW.format(1, "agent", "Hi.") + "{torn\n" + ROW.format(1, "user", "Yes.") + TWO, 2, ["2"]),
        ("a.jsonl", TWO[: len(TWO) // 2] + '{"made": "today"}\n' + TWO[len(TWO) // 2 :], 3, ["1", "2"]),
    ],
)
def test_a_call_that_lacks_a_line_is_left_out_and_the_line_named(
    tmp_path: Path, name: str, content: str, line: int, whole: list[str]
) -> None:
    (tmp_path / name).write_bytes(content.encode("cp1252"))
    found = read(tmp_path / name)
    assert [item.id for item in found if isinstance(item, Transcript)] == whole
    (broken,) = (item for item in found if isinstance(item, Broken))
    assert broken.where == f"{tmp_path / name}:{line}" and not any(isinstance(item, ThirdVoices) for item in found)


@pytest.mark.parametrize(
    ("id_", "read_as"),
    [
        (9007199254740993, "9007199254740993"),
        ("a/b c", "a/b c"),
        ("a\u2028b\x85c\0d", "a b c d"),
        ("half \ud83d", "half"),
        ("😀", "😀"),
        *((nothing, "calls-1") for nothing in (None, "", " ", "x" * 5000, "a\nb", {"a": 1}, [1])),
    ],
)
def test_any_id_is_one_that_can_be_written(tmp_path: Path, id_: object, read_as: str) -> None:
    (call,) = read_text(tmp_path, json.dumps({"dialogue_id": id_, "turns": TURNS}), "calls.jsonl")
    assert isinstance(call, Transcript) and call.id == read_as


def test_files_put_one_behind_the_other_have_marks_within(tmp_path: Path) -> None:
    for encoding, name in (("utf-8-sig", "a.jsonl"), ("utf-16", "b.jsonl")):
        rows = [json.dumps({"dialogue_id": id_, "turns": TURNS}) + "\n" for id_ in ("c1", "c2")]
        (tmp_path / name).write_bytes(b"".join(row.encode(encoding) for row in rows))
        assert [getattr(item, "id", item) for item in read(tmp_path / name)] == ["c1", "c2"]


def test_text_that_names_nobody_is_broken(tmp_path: Path) -> None:
    broken, call = read_text(tmp_path, "Dear all,\nsee below\n---\nCustomer: My card was declined.\nAgent: Why?\n")
    assert "call.txt:1: no transcript: it does not tell who speaks, such as by 'Agent:'" in str(broken)
    assert isinstance(call, Transcript) and call.id == "call-4"


def test_what_comes_before_the_first_name_is_nobodys(tmp_path: Path) -> None:
    third, call = read_text(tmp_path, "Recorded call\nCall ID: 77\nagain\nCustomer: My card.\nAgent: Why?\n")
    assert isinstance(third, ThirdVoices) and third.utterances == {"nobody named": 1, "Call ID": 2}
    assert isinstance(call, Transcript) and len(call.lines) == 2


@pytest.mark.parametrize(
    "line",
    [
        "the thing is: it broke",
        "I said: no",
        "at 10:30 I called",
        "https://example.com",
        "Please note, Sir: it broke",
        "so what I need from you now: a card",
        "我的问题是：卡被拒了",
    ],
)
def test_a_colon_in_a_line_that_goes_on_makes_no_voice(tmp_path: Path, line: str) -> None:
    (call,) = read_text(tmp_path, f"Agent: Hello.\nCustomer: Well,\n{line}\nAgent: I see.\n")
    assert isinstance(call, Transcript) and call.lines[1].text == f"Well, {line}"


@pytest.mark.parametrize(
    "name",
    [
        "Supervisor",
        "Agent 2",
        "SYSTEM",
        "IVR",
        "Bot",
        "Team Lead",
        "Dr. Poe",
        "Poe, Jane",
        "Agent (2)",
        "系统",
        "客服主管",
        "客户2",
    ],
)
def test_an_unknown_name_is_a_third_voice_with_all_that_follows(tmp_path: Path, name: str) -> None:
    third, call = read_text(tmp_path, f"Agent: Hello.\nCustomer: My card.\n{name}: I earn\nnothing.\nAgent: I see.\n")
    assert isinstance(third, ThirdVoices) and third.utterances == {name: 2}
    assert isinstance(call, Transcript) and [line.text for line in call.lines] == ["Hello.", "My card.", "I see."]
    assert f"third voices, which are left out: {name}; to say whose side" in str(third)


def test_in_brackets_stand_names_and_also_other_things(tmp_path: Path) -> None:
    text = "[Agent] Hello.\n[Customer] I am\n[UserName], and\n[laughs] angry.\n[Floor Manager] No.\n[Agent] I see.\n"
    third, call = read_text(tmp_path, text)
    assert isinstance(call, Transcript) and call.lines[1].text == "I am [UserName], and [laughs] angry."
    assert isinstance(third, ThirdVoices) and third.utterances == {"Floor Manager": 1}


def test_in_lower_case_transcripts_third_voices_are_in_lower_case(tmp_path: Path) -> None:
    third, _ = read_text(tmp_path, "agent: hello\ncustomer: my card\nfloor walker: no\nagent: i see\n")
    assert isinstance(third, ThirdVoices) and third.utterances == {"floor walker": 1}


def test_the_user_says_whose_side_a_name_is_on(tmp_path: Path) -> None:
    text = "SPEAKER_00: Hello.\nSPEAKER_01: My card.\nSupervisor: I help.\nTom: Me too.\n"
    sides = {
        "speaker 00": Speaker.SUPPORTER,
        "speaker 01": Speaker.CUSTOMER,
        "supervisor": Speaker.SUPPORTER,
        "tom": None,
    }
    (call,) = read_text(tmp_path, text, sides=sides)
    assert isinstance(call, Transcript) and [line.text for line in call.lines] == ["Hello.", "My card.", "I help."]
    (broken,) = read_text(tmp_path, text)
    assert "the names are SPEAKER_00, SPEAKER_01, Supervisor, Tom: say who that is" in str(broken)


@pytest.mark.parametrize(
    ("agent", "customer"),
    [
        ("Agent 1", "Customer 1"),
        ("Agent Smith", "Caller"),
        ("Jane (Agent)", "Customer [upset]"),
        ("坐席1001", "客户张女士"),
        ("客服小王", "来电者"),
        ("agent_7", "customer"),
    ],
)
def test_a_sides_name_with_a_number_or_a_person_is_that_side(tmp_path: Path, agent: str, customer: str) -> None:
    (call,) = read_text(tmp_path, f"{agent}: Hello.\n{customer}: My card.\n")
    assert isinstance(call, Transcript)
    assert call.lines == (Line(Speaker.SUPPORTER, "Hello."), Line(Speaker.CUSTOMER, "My card."))


@pytest.mark.parametrize(
    "name", ["Customer Complaints Team", "Client Relations", "Customer Success Manager", "客户主管"]
)
def test_who_works_for_the_company_is_no_customer(tmp_path: Path, name: str) -> None:
    (broken,) = read_text(tmp_path, f"Agent: Hello.\n{name}: I earn nothing.\n")
    assert "nobody in it is known as the customer" in str(broken)


def test_two_agents_by_number_are_asked_about(tmp_path: Path) -> None:
    (broken,) = read_text(tmp_path, "Agent 1: Hello.\nCustomer: My card.\nAgent 2: I take over.\n")
    assert "nobody in it is known as the agent; the names are Agent 1, Customer, Agent 2" in str(broken)


def test_speakers_on_one_line_are_told_apart(tmp_path: Path) -> None:
    third, call = read_text(tmp_path, "Agent: Hello. Customer: My card. Floor Manager: No. Agent: I see.")
    assert isinstance(call, Transcript) and [line.text for line in call.lines] == ["Hello.", "My card.", "I see."]
    assert isinstance(third, ThirdVoices) and third.utterances == {"Floor Manager": 1}


def test_text_that_is_none_falls_away(tmp_path: Path) -> None:
    row = {
        "turns": [{"speaker": "agent", "text": "Hi\0 \ud83d\x85there\u2028now"}, {"speaker": "customer", "text": "\0"}]
    }
    (call,) = read_text(tmp_path, json.dumps(row), "a.jsonl")
    assert isinstance(call, Transcript) and call.lines == (Line(Speaker.SUPPORTER, "Hi there now"),)


def test_a_caption_of_several_voices_or_with_blank_lines_is_read_whole(tmp_path: Path) -> None:
    text = "WEBVTT\nKind: captions\n\nSTYLE\n::cue{}\n\n1\n00:01.000 --> 00:02.000 align:start\n"
    text += "<v.loud Agent>Good <b>day</b> &amp;\n\nhello<v Customer>My card\n\n00:02.000 --> 00:03.000\nnobody\n"
    third, call = read_text(tmp_path, text, "call.vtt")
    assert isinstance(call, Transcript) and [line.text for line in call.lines] == ["Good day &", "My card"]
    assert isinstance(third, ThirdVoices) and third.utterances == {"nobody named": 2}


def test_cues_without_blank_lines_between_lose_nothing(tmp_path: Path) -> None:
    time = "00:00:01,000 --> 00:00:02,000"
    text = f"1\n{time}\nAgent: Hello.\n2\n{time}\n<i>Customer:</i> My card.\n{time}\nTwice!\n"
    (call,) = read_text(tmp_path, text, "call.srt")
    assert isinstance(call, Transcript) and [line.text for line in call.lines] == ["Hello.", "My card. Twice!"]


def test_columns_are_found_by_name_or_as_the_user_says(tmp_path: Path) -> None:
    rows = "7;Agent;Hello, you.\n7;Customer;My card.\n"
    wanted = [Line(Speaker.SUPPORTER, "Hello, you."), Line(Speaker.CUSTOMER, "My card.")]
    columns = {"speaker": "wer", "text": "Was", "id": "Fall"}
    for text, told in (
        (f"sep=;\nConversation_ID;Participant Role;Message\n{rows}", {}),
        (f"Fall;Wer;Was\n{rows}", columns),
        (rows, {"id": "1", "speaker": "2", "text": "3"}),
        (f"通话编号;说话人;内容\n{rows}", {}),
    ):
        (call,) = read_text(tmp_path, text, "table.csv", columns=told)
        assert isinstance(call, Transcript) and (call.id, list(call.lines)) == ("7", wanted)
    (broken,) = read_text(tmp_path, f"Fall;Wer;Was\n{rows}", "table.csv")
    assert "a table with the columns Fall, Wer, Was, which do not tell who speaks and what" in str(broken)
    call, broken = read_text(tmp_path, "speaker,text\nagent\nagent,hello\n", "table.csv")
    assert isinstance(call, Transcript) and str(broken).endswith("table.csv:2: a row of 1 cells, which is too few")


def test_rows_of_several_calls_are_told_apart_without_ids(tmp_path: Path) -> None:
    rows = [
        f"{number},{speaker},{number}{speaker}" for _ in range(2) for number, speaker in enumerate(("agent", "user"))
    ]
    first, second = read_text(tmp_path, "\n".join(["turn,role,content", *rows]), "t.csv")
    assert isinstance(first, Transcript) and isinstance(second, Transcript) and (first.id, second.id) == ("t-1", "t-2")
    # Ids that are all different are the utterances' own.
    (call,) = read_text(tmp_path, "id,speaker,text\n1,agent,Hello.\n2,user,My card.\n", "t.csv")
    assert isinstance(call, Transcript) and len(call.lines) == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"%PDF-1.7", "this is a PDF document"),
        (b"PK\x03\x04...", "this is a ZIP archive"),
        (b"<!DOCTYPE html>", "this is an HTML page"),
        ("Agent: hi".encode("utf-16-le"), "this is UTF-16 without a byte order mark"),
        (
            "客服：您好".encode("gb18030"),
            "no UTF-8 text; it reads as Chinese in GB18030: convert the file by iconv -f GB",
        ),
        ('[{"turns": "café"}]'.encode("latin-1"), "no UTF-8 text; it reads as a Western language in Windows-1252: "),
        (b"[1, 2, 3]", "this is a JSON array of 3 numbers; an object with"),
        (b'{"a": {"b": [{"c": 1}]}}', "this is a JSON object with the keys a; an object with"),
        (b'{"segments": [{"text": "hi"}]}', "this is a JSON object with the keys segments"),
        (b'[{"turns": [\n', "no JSON: "),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "no transcript: "),
    ],
)
def test_what_is_no_transcript_is_named_for_what_it_is(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "file").write_bytes(content)
    (broken,) = read(tmp_path / "file")
    assert isinstance(broken, Broken) and problem in broken.problem and broken.where.startswith(str(tmp_path / "file"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"it is a folder; name files in it, such as .*/\*.jsonl"):
        read(tmp_path)


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
