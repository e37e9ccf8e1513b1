"""Dialogues from a run, an export and files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agents.errors import UsageError
from outputs.datasets.export import export_run
from outputs.datasets.formats import Format, Shape
from outputs.datasets.sources import read_source
from outputs.runs.record import Record
from tests.support import DATA
from tests.support.runs import make_run


def ids(source: Path, **how: bool) -> list[str]:
    return [dialogue.id for dialogue in read_source(source, **how)]


def test_a_run_an_export_and_a_file(tmp_path: Path, make_record: Callable[..., Record]) -> None:
    kept, lost = make_record(id="a" * 16), make_record(id="b" * 16, verdict=None)
    with make_run(tmp_path / "run", [kept, lost]) as store:
        export_run(store, tmp_path / "shards", shape=Shape(format=Format.ROLECS), shard_lines=1)
    assert ids(tmp_path / "run") == ids(tmp_path / "shards") == [kept.id]
    assert ids(tmp_path / "run", with_rejected=True) == [kept.id, lost.id]
    assert len(ids(DATA / "star-60.jsonl")) == 60


def test_a_dialogue_of_no_known_domain_is_read(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text('{"dialogue_id": "s", "domains": [null, "bank"], "turns": [{"speaker": "agent", "text": "Hi."}]}')
    (dialogue,) = read_source(file)
    assert dialogue.topic == "bank"


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        ids(tmp_path)
    (tmp_path / "calls.jsonl").write_text('{"turns": [{"speaker": "agent", "text": "Hi."}]}', encoding="utf-8")
    assert ids(tmp_path) == ["calls-1"], "a folder of files is read as they are"
    (tmp_path / "run.sqlite").write_text("no store", encoding="utf-8")
    with pytest.raises(UsageError, match="no run store"):
        ids(tmp_path)
