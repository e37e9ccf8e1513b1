"""Verify: every damage of an export is named."""

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outputs.datasets.verify import verify_export
from tests.support.exports import edit_row


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


def test_verify_reads_the_flow_rules_again(exported: Path) -> None:
    path = exported / "data/train-00000.jsonl"
    dialogue = json.loads(path.read_text(encoding="utf-8").splitlines()[0])["dialogue"]
    edit_row(path, dialogue=dialogue[:-1])
    assert any("closure" in problem for problem in verify_export(exported))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
