"""Labelling real calls: a stored run, whose file every reader of dialogues takes."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

import graphs.jobs.label
from agents.csc.speakers import Speaker
from agents.errors import UsageError
from graphs.cli.label import _line
from graphs.config.settings import LabelSettings
from graphs.jobs.evaluate import read_evaluation_set
from graphs.jobs.label import Annotated, label
from graphs.jobs.read_calls import second_look_stages
from outputs.datasets.reader import read_dialogues
from outputs.reports.annotation import show_annotation
from outputs.runs.annotation import ANNOTATIONS
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from outputs.training.examples import read_examples
from tests.support import DATA
from tests.support.jobs import run as run_job
from tests.support.loopback import Loopback, serve
from tests.support.loopback_answers import heard_feeling, hidden_strategy

CALLS = 20


async def label_all(server: Loopback, run: Path, *files: Path, resume: bool = False, **fields: Any) -> Annotated:
    if not files:
        files = (run.parent / "star.jsonl",)
        lines = (DATA / "star-60.jsonl").read_text(encoding="utf-8").splitlines()
        files[0].write_text("\n".join(lines[:CALLS]), encoding="utf-8")
    transcripts = tuple(map(str, files))
    given = {"base_url": [server.base_url], "run": run, "transcripts": transcripts, "concurrency": 4} | fields
    return await run_job(label, LabelSettings.model_validate(given), resume=resume)


def written(annotated: Annotated, path: Path) -> Path:
    path.write_text("\n".join(map(_line, annotated.annotations)), encoding="utf-8")
    return path


async def test_each_turn_gets_the_label_of_its_side_and_the_file_is_read_by_all(tmp_path: Path) -> None:
    async with serve(Loopback(hearing=0.7)) as server:
        annotated = await label_all(server, tmp_path / "run")
    assert len(annotated.annotations) == annotated.ingested.read == CALLS, "no call is filtered out"
    for annotation in annotated.annotations:
        for turn in annotation.turns:
            if turn.speaker is Speaker.SUPPORTER:
                assert turn.strategy == hidden_strategy(turn.text) and turn.emotion is None
            else:
                assert turn.emotion and turn.emotion.code == heard_feeling(turn.text, 0.7) and turn.strategy is None
    prompts = [body["messages"][1]["content"] for body in server.requests]
    assert len(prompts) == 2 * CALLS and not any(re.search(r"\d{6}|\S@\S+\.", prompt) for prompt in prompts)

    file = written(annotated, tmp_path / "labelled.jsonl")
    read = list(read_dialogues(file))
    assert [dialogue.turns for dialogue in read] == [annotation.turns for annotation in annotated.annotations]
    assert [dialogue.id for dialogue in read] == [annotation.source for annotation in annotated.annotations]
    assert len(read_evaluation_set([file])) == CALLS
    rows, _ = read_examples([file], ())
    assert rows
    await told(annotated)


async def told(annotated: Annotated) -> None:
    turns = [turn for annotation in annotated.annotations for turn in annotation.turns]
    strategies, _, emotions = show_annotation(annotated.funnel).renderables
    counted = dict(zip(emotions.columns[0]._cells, emotions.columns[1]._cells, strict=True))  # type: ignore[union-attr]
    for name in ("neutral", "fearful"):
        felt = sum(turn.emotion is not None and turn.emotion.name == name for turn in turns)
        assert counted[name] == str(felt) and felt
    assert strategies.columns[1]._cells[0] == str(sum(turn.strategy == "GT" for turn in turns))  # type: ignore[union-attr]


async def test_labelling_that_is_stopped_goes_on_to_the_same_file(tmp_path: Path) -> None:
    async with serve(Loopback(delay=0.01)) as server:
        whole = await label_all(server, tmp_path / "whole")
        before = server.calls["all"]
        job = asyncio.create_task(label_all(server, tmp_path / "cut"))
        async with asyncio.timeout(30):
            while server.calls["all"] < before + 14:
                await asyncio.sleep(0.01)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        with RunStore.read(ANNOTATIONS, tmp_path / "cut") as store:
            assert 0 < store.funnel().outcomes[Outcome.KEPT] < CALLS
        cut = await label_all(server, tmp_path / "cut", resume=True)
        with pytest.raises(UsageError, match="emotions was true, is false"):
            await label_all(server, tmp_path / "cut", resume=True, emotions=False)
    assert list(map(_line, cut.annotations)) == list(map(_line, whole.annotations))


async def test_without_emotions_one_request_labels_a_call(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        annotated = await label_all(server, tmp_path / "run", emotions=False)
    assert server.calls["all"] == CALLS
    assert not any("emotion" in line for line in map(_line, annotated.annotations))


async def test_a_long_call_is_asked_about_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs.jobs.label, "TURNS_AT_ONCE", 3)
    lines = [f"{'Agent' if i % 2 else 'Customer'}: This is line number {i} of it." for i in range(14)]
    (tmp_path / "call.txt").write_text("\n".join(lines), encoding="utf-8")
    async with serve(Loopback()) as server:
        (annotation,) = (await label_all(server, tmp_path / "run", tmp_path / "call.txt")).annotations
    assert server.calls["all"] == 6 and len(annotation.turns) == 14
    assert all(turn.strategy or turn.emotion for turn in annotation.turns)


async def test_a_call_that_cannot_be_labelled_is_stored_as_failed(tmp_path: Path) -> None:
    def say(body: dict[str, Any]) -> str | None:
        return "nonsense" if "bank" in json.dumps(body["messages"]) else None

    async with serve(Loopback(say=say)) as server:
        annotated = await label_all(server, tmp_path / "run", retry_policy={"attempts": 2})
    failed = annotated.funnel.outcomes[Outcome.FAILED]
    assert failed and len(annotated.annotations) == CALLS - failed
    assert "labeller" in next(iter(annotated.funnel.causes["failed"]))


async def test_a_second_look_replaces_what_the_rules_left_before_a_call_is_labelled(tmp_path: Path) -> None:
    def say(body: dict[str, Any]) -> str | None:
        if "You find the private data" not in str(body):
            return None
        return json.dumps({"spans": [{"kind": "UserName", "quote": "help"}, {"kind": "Address", "quote": "nobody"}]})

    async with serve(Loopback(say=say)) as server:
        annotated = await label_all(server, tmp_path / "run", scrub_with_model=True)
        with pytest.raises(UsageError, match="scrub_with_model"):
            await label_all(server, tmp_path / "run", resume=True)
    asked = [str(body["messages"]) for body in server.requests]
    looks = [text for text in asked if "You find the private data" in text]
    assert len(looks) == CALLS and len(asked) == 3 * CALLS
    # What it is told of strategies speaks of help, too: the calls alone count.
    calls = [
        body["messages"][1]["content"] for body, text in zip(server.requests, asked, strict=True) if text not in looks
    ]
    assert any("[UserName]" in call for call in calls) and not any(re.search(r"\bhelp\b", call) for call in calls)
    assert not any(re.search(r"\bhelp\b", line) for line in map(_line, annotated.annotations))
    total, found, not_there = second_look_stages(annotated.funnel)
    assert total.name == "private data that the model found" and total.count == found.count > 0
    by_call = [looked.second_look.get("UserName", 0) for looked in annotated.annotations]
    assert not_there.count > 0 and sum(by_call) == total.count
