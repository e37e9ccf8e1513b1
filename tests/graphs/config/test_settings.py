"""A run that is resumed from another folder finds what it was given, and a run that was moved what moved with it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from agents.csc.speakers import Speaker
from agents.errors import UsageError
from graphs.config.loading import anchor, load_settings
from graphs.config.settings import DistillSettings, Settings


def test_relative_paths_are_seen_from_where_the_run_was_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began, elsewhere = tmp_path / "began", tmp_path / "elsewhere"
    (began / "calls").mkdir(parents=True)
    elsewhere.mkdir()
    (began / "calls" / "a.txt").touch()
    stored = {
        "transcripts": ["calls/a.txt", "/b.txt", "-"],
        "out": "pool.jsonl",
        "report": None,
        "model": "calls",
        "seed": 7,
    }
    monkeypatch.chdir(elsewhere)
    there = anchor(stored, str(began))
    assert there["transcripts"] == [str(began / "calls/a.txt"), "/b.txt", "-"]
    assert there["out"] == str(began / "pool.jsonl")
    assert {key: there[key] for key in ("report", "model", "seed")} == {"report": None, "model": "calls", "seed": 7}
    monkeypatch.chdir(began)
    assert anchor(stored, str(began)) == anchor(stored, "") == anchor(stored, str(tmp_path / "gone")) == stored


def test_speakers_and_columns_are_told_as_flags_or_as_tables() -> None:
    flags = DistillSettings.model_validate(
        {"speakers": ["SPEAKER_00=agent", "Hold =none"], "columns": ["text=what said"]}
    )
    table = DistillSettings.model_validate(
        {"speakers": {"Speaker 00": "客服", "hold": "none"}, "columns": {"text": "what said"}}
    )
    assert flags == table and flags.reading.sides == {"speaker 00": Speaker.SUPPORTER, "hold": None}
    for wrong, message in (
        ({"speakers": ["supervisor"]}, "'supervisor' is not of the form name=value"),
        ({"speakers": ["supervisor=boss"]}, "unknown speaker 'boss'"),
        ({"columns": ["text="]}, "'text=' is not of the form name=value"),
        ({"columns": ["who=a"]}, "unknown part 'who' of a table; the parts are speaker, text, id, turn"),
        ({"columns": ["text=1", "speaker=Name"]}, "columns by number count from 1, all of them"),
    ):
        with pytest.raises(ValidationError, match=message):
            DistillSettings.model_validate(wrong)


@pytest.mark.parametrize("line", ['prices = "none"', "retry_policy = [1]", "limits = 3"])
def test_a_table_of_another_shape_is_named(tmp_path: Path, line: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(line)
    with pytest.raises(UsageError, match=rf"^settings \(flags and .*config\.toml\): {line.split()[0]}"):
        load_settings(Settings, config, {})
    assert load_settings(Settings, config, {line.split()[0]: {}}), "a flag replaces what a file has wrong"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ('run = "C:\\calls"', "a Windows path stands in single quotes"),
        ("temperature = 0,5", "decimals have a point"),
    ],
)
def test_settings_files_tell_what_is_often_wrong_in_them(tmp_path: Path, line: str, hint: str) -> None:
    (tmp_path / "run.toml").write_text(line, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"cannot read the settings file .*; {hint}"):
        load_settings(Settings, tmp_path / "run.toml", {})


def test_a_settings_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("seed = 7\r\n", encoding="utf-8-sig")
    assert load_settings(Settings, tmp_path / "run.toml", {}).seed == 7
