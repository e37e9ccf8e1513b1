"""What goes into a distillation: each call once, under an id of its own, third voices counted."""

import json
from pathlib import Path

import pytest

from agents.errors import UsageError
from personas.distill.filters import Filters
from personas.distill.ingest import Ingested, ingest
from personas.distill.transcripts import AS_IT_IS, Reading, Transcript

FILTERS = Filters(min_exchanges=1, min_substantial=0, min_share=0)


def read(*files: Path, reading: Reading = AS_IT_IS, strict: bool = False) -> tuple[list[Transcript], Ingested]:
    ingested = Ingested()
    return list(ingest(map(str, files), reading, FILTERS, ingested, strict=strict)), ingested


def write(file: Path, *texts: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    rows = (
        {"turns": [{"speaker": "agent", "text": "Hello."}, {"speaker": "customer", "text": text}]} for text in texts
    )
    file.write_text("\n".join(json.dumps({"id": "c1", **row}) for row in rows), encoding="utf-8")
    return file


def test_ids_are_unique_whatever_the_files_call_their_calls(tmp_path: Path) -> None:
    one, two = (
        write(tmp_path / "a" / "calls.jsonl", "One.", "Two."),
        write(tmp_path / "b" / "calls.jsonl", "Three.", "One."),
    )
    calls, ingested = read(one, two)
    ids = [call.id for call in calls]
    assert len(set(ids)) == 3 and all(id_.startswith("c1-") for id_ in ids)
    assert ingested.read == 4 and ingested.filtered == {"repeated": 1}
    # The id goes by the words alone: another distillation of the same call names the same source.
    assert [call.id for call in read(write(tmp_path / "c" / "other.jsonl", "One."))[0]] == ids[:1]


def test_calls_that_differ_in_private_data_alone_are_two(tmp_path: Path) -> None:
    calls, _ = read(write(tmp_path / "calls.jsonl", "My mail is joe@example.com.", "My mail is ann@example.com."))
    assert len({call.id for call in calls}) == 2 and len({call.lines for call in calls}) == 1


def test_third_voices_are_counted_or_stop_a_strict_job(tmp_path: Path) -> None:
    file = tmp_path / "call.txt"
    file.write_text(
        "Agent: Hello.\nCustomer: It broke.\nSupervisor: I help.\nSystem: hold\nSystem: on\n", encoding="utf-8"
    )
    (call,), ingested = read(file)
    assert len(call.lines) == 2 and ingested.third == {"Supervisor": 1, "System": 2}
    with pytest.raises(UsageError, match=r"call.txt:1: third voices, which are left out: Supervisor, System; "):
        read(file, strict=True)
    calls, _ = read(file, reading=Reading({"supervisor": None, "system": None}), strict=True)
    assert calls == [call]
