"""Verify: every damage of an export is named."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.errors import UsageError
from outputs.datasets.export import require_export_folder
from outputs.datasets.formats import Format
from outputs.datasets.manifest import MANIFEST
from outputs.datasets.reader import read_dialogues
from outputs.datasets.verify import verify_export
from tests.support.exports import MakeRecord, edit_row, export
from tests.support.runs import make_run


def test_verify_names_every_damage(exported: Path) -> None:
    first, second = exported / "data/train-00000.jsonl", exported / "data/train-00001.jsonl"
    edit_row(first, id="kept-1", verdict="{}")
    second.write_bytes(second.read_bytes()[:-40])
    (exported / "data/train-00002.jsonl").unlink()
    (exported / "data/train-00009.jsonl").write_text("{}\n")
    problems = "\n".join(verify_export(exported))
    for expected in (
        "data/train-00009.jsonl: not in the manifest",
        "data/train-00000.jsonl: the SHA-256 is not that of the manifest",
        "data/train-00000.jsonl:1: the verdict is not flawless",
        "data/train-00000.jsonl:2: id kept-1 is used twice",
        "data/train-00001.jsonl: the last line has no end",
        "data/train-00001.jsonl: 1 lines, the manifest says 2",
        "data/train-00002.jsonl: No such file or directory",
    ):
        assert expected in problems


def test_what_people_call_a_persona_is_no_words_of_a_models(tmp_path: Path, make_record: MakeRecord) -> None:
    persona = make_record().persona.model_copy(update={"id": "a\u2028b\x85<c> 😀"})
    with make_run(tmp_path / "run", [make_record(persona=persona)]) as store:
        export(store, tmp_path / "shards")
    assert list(verify_export(tmp_path / "shards")) == []
    assert [dialogue.persona_id for dialogue in read_dialogues(tmp_path / "shards")] == [persona.id]


def test_published_rows_of_one_who_speaks_twice_are_named(tmp_path: Path, make_record: MakeRecord) -> None:
    with make_run(tmp_path / "run", [make_record()]) as store:
        export(store, tmp_path / "shards", Format.CSCONV)
    shard = tmp_path / "shards/data/train-00000.jsonl"
    first, second, *_ = json.loads(shard.read_text(encoding="utf-8"))["dialogue"]
    edit_row(shard, dialogue=[first, second, second])
    assert any(problem.endswith("the speakers do not alternate") for problem in verify_export(tmp_path / "shards"))


@pytest.mark.parametrize("name", ["../precious.txt", "/etc/hosts", "data/train-0.jsonl", "data/train-00000.jsonl/../x"])
def test_a_manifest_names_nothing_but_shards(exported: Path, name: str) -> None:
    manifest = exported / MANIFEST
    told = json.loads(manifest.read_text(encoding="utf-8"))
    told["shards"][0]["name"] = name
    manifest.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(UsageError, match=r"manifest\.json is no manifest: shards\.0\.name"):
        require_export_folder(exported)


def test_verify_reads_the_flow_rules_again(exported: Path) -> None:
    path = exported / "data/train-00000.jsonl"
    dialogue = json.loads(path.read_text(encoding="utf-8").splitlines()[0])["dialogue"]
    edit_row(path, dialogue=dialogue[:-1])
    assert any("closure" in problem for problem in verify_export(exported))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_verify_sees_any_cut_and_any_changed_byte(exported: Path, data: st.DataObject) -> None:
    path = exported / data.draw(st.sampled_from(["data/train-00000.jsonl", "rejected/rejected-00000.jsonl"]))
    whole = path.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.sampled_from([b"", whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]]))
    try:
        path.write_bytes(damage or whole[:position])
        assert list(verify_export(exported))
    finally:
        path.write_bytes(whole)
