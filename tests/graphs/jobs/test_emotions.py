"""Runs with emotions against the loopback server: what is decided is played, heard again, exported and read."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pytest

from agents.csc.emotions import COURSES, with_course
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.llm.usage import Role
from graphs.config.settings import Settings
from outputs.datasets.dialogues import Labelled
from outputs.datasets.export import export_run
from outputs.datasets.formats import Format, Shape
from outputs.datasets.parquet import read_parquet
from outputs.datasets.reader import read_dialogues
from outputs.datasets.roles import role_rows
from outputs.datasets.verify import verify_export
from outputs.reports.run_figures import emotion_agreement
from outputs.reports.summary import describe_emotions
from outputs.runs.record import DIALOGUES, DialogueCounts, Record
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from tests.support.jobs import run_quietly
from tests.support.loopback import Loopback, serve
from tests.support.loopback_answers import heard_feeling, hidden_feeling

HEARING = 0.8


async def play(server: Loopback, run: Path, **fields: Any) -> Funnel:
    known = {"base_url": [server.base_url], "run": run, "canaries": 0, "max_similarity": 1, "emotions": True}
    return await run_quietly(Settings.model_validate(known | fields))


def records_of(run: Path) -> list[Record]:
    with RunStore.read(DIALOGUES, run) as store:
        return list(store.records(Outcome.KEPT, Outcome.REJECTED))


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_feelings_are_decided_played_and_heard_again(tmp_path: Path, language: str) -> None:
    async with serve(Loopback(listens=True, hearing=HEARING)) as server:
        funnel = await play(server, tmp_path / "run", dialogues=16, language=language, seed=2)
    records = records_of(tmp_path / "run")
    assert funnel.outcomes[Outcome.FAILED] == 0 and funnel.outcomes[Outcome.KEPT] > 8
    customers = [turn for record in records for turn in record.turns if turn.speaker is Speaker.CUSTOMER]
    assert all(turn.emotion == hidden_feeling(turn.text) for turn in customers), "the customer was told the feeling"
    assert not any(turn.emotion for record in records for turn in record.turns if turn.strategy)
    assert len({turn.emotion for turn in customers}) == 13
    assert len({record.course for record in records}) > 3
    for record in records:
        assert record.course and COURSES[record.course].wording[Language(language)] in record.played_persona
        courses = [course.wording[Language(language)] for course in COURSES.values()]
        asked = [body for body, key in zip(server.requests, server.sessions, strict=True) if key == record.id]
        prompts = {message["content"] for body in asked for message in body["messages"]}
        told = {course for prompt in prompts for course in courses if course in prompt}
        assert told == {COURSES[record.course].wording[Language(language)]}

    labelled = [record for record in records if record.emotion_labelling]
    assert labelled and all(record.verdict for record in labelled)
    texts = [turn.text for record in labelled for turn in record.turns if turn.speaker is Speaker.CUSTOMER]
    right = sum(heard_feeling(text, HEARING).split()[0] == hidden_feeling(text).name for text in texts)
    found = emotion_agreement(DialogueCounts.of(funnel).feelings)
    assert found and found.turns == len(texts) and found.same == right
    assert abs(found.same / found.turns - HEARING) < 0.08, "the planted rate is the reported one"
    assert f"heard {found.same / found.turns:.0%} as they were played" in (describe_emotions(funnel) or "")
    assert funnel.usage[Role.LABELLER].requests == 2 * len(labelled)


async def test_the_supporters_side_and_the_labeller_are_told_no_feeling(tmp_path: Path) -> None:
    async with serve(Loopback(listens=True)) as server:
        await play(server, tmp_path / "run", dialogues=4)
    feelings = ("Feeling dissatisfied", "A feeling, written before", "On this call you")
    for body in server.requests:
        prompt = "\n".join(message["content"] for message in body["messages"])
        if "You are on the support line" in prompt:
            assert not any(feeling in prompt for feeling in feelings)
        elif "This time label the customer" in prompt:
            assert "On this call you" not in prompt and "dissatisfied 1" not in prompt


async def test_a_strong_feeling_without_em_is_a_finding_and_no_constraint(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        funnel = await play(server, tmp_path / "run", dialogues=8)
    assert funnel.reasons["rule:empathy"] > 2
    lost = [record for record in records_of(tmp_path / "run") if "rule:empathy" in record.reasons]
    assert all(record.emotion_labelling is None for record in lost), "what broke a rule is not judged"


async def test_shards_hold_feelings_and_what_reads_them_sees_what_was_played(tmp_path: Path) -> None:
    async with serve(Loopback(listens=True)) as server:
        await play(server, tmp_path / "run", dialogues=6)
        served = {json.dumps(body["messages"], ensure_ascii=False) for body in server.requests}
    kept = [record for record in records_of(tmp_path / "run") if record.outcome is Outcome.KEPT]
    with RunStore.read(DIALOGUES, tmp_path / "run") as store:
        for folder, as_parquet in (("lines", False), ("columns", True)):
            export_run(
                store,
                tmp_path / folder,
                shape=Shape(format=Format.ROLECS),
                shard_lines=9,
                with_rejected=True,
                as_parquet=as_parquet,
            )
            assert list(verify_export(tmp_path / folder)) == []
    (shard,) = (tmp_path / "lines" / "data").iterdir()
    rows = [json.loads(line) for line in shard.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        for turn in row["dialogue"]:
            assert turn["emotion"] is None if turn["strategy"] else set(turn["emotion"]) == {"name", "intensity"}
    (columns,) = (tmp_path / "columns" / "data").iterdir()
    assert [row["dialogue"] for row in read_parquet(columns)] == [row["dialogue"] for row in rows]
    for folder in ("lines", "columns"):
        loaded = datasets.load_dataset(str(tmp_path / folder), split="train", cache_dir=str(tmp_path / "cache"))
        assert loaded[0]["dialogue"][1]["emotion"] == rows[0]["dialogue"][1]["emotion"]
    assert "`emotion`" in (tmp_path / "lines" / "README.md").read_text(encoding="utf-8")
    assert list(read_dialogues(tmp_path / "lines")) == [Labelled.of(record) for record in kept]

    requests = [row for record in kept for row in role_rows(Labelled.of(record), Limits())]
    assert Counter(row.role for row in requests)[Role.CUSTOMER_ASSISTANT] > 20
    for row in requests:
        assert json.dumps([message.model_dump() for message in row.messages], ensure_ascii=False) in served
        if row.role == Role.CUSTOMER_ASSISTANT:
            assert list(json.loads(row.answer))[-2:] == ["feeling", "direction"]

    line = json.loads(shard.read_text(encoding="utf-8").splitlines()[0])
    line["dialogue"][0]["emotion"] = {"name": "fearful", "intensity": 1}
    (tmp_path / "odd.jsonl").write_text(json.dumps(line), encoding="utf-8")
    with pytest.raises(Exception, match="a supporter turn has an emotion"):
        list(read_dialogues(tmp_path / "odd.jsonl"))


async def test_without_emotions_nothing_tells_of_them(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        await play(server, tmp_path / "run", dialogues=2, emotions=False)
    with RunStore.read(DIALOGUES, tmp_path / "run") as store:
        assert "emotions" not in store.provenance.configuration
        records = list(store.records(Outcome.KEPT, Outcome.REJECTED))
        export_run(store, tmp_path / "shards", shape=Shape(format=Format.ROLECS), shard_lines=9)
    assert not any("emotion" in record.model_dump_json() or "course" in record.model_dump_json() for record in records)
    assert not any(b'"emotion' in path.read_bytes() for path in (tmp_path / "shards").rglob("*") if path.is_file())
    assert with_course("x", None, Language.EN) == "x"
