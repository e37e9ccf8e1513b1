"""Whole rewriting jobs against the loopback server."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.csc.outline import Cover
from agents.csc.speakers import Speaker
from agents.errors import UsageError
from graphs.config.rewrite import RewriteSettings
from graphs.jobs.rewrite import Rewritten
from graphs.jobs.rewrite import rewrite as rewrite_job
from outputs.datasets.export import export_run
from outputs.datasets.formats import Format, Shape
from outputs.datasets.reader import read_dialogues
from outputs.datasets.sources import read_source
from outputs.datasets.verify import verify_export
from outputs.reports.run_report import report_run
from outputs.runs.rewriting import Rewriting, read_made, rewritten
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from outputs.training.examples import read_examples
from quality.trust import canaries
from tests.support.jobs import run as run_job
from tests.support.loopback import Loopback, serve

ALL = (Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED)
CALLS = [
    [
        ("Agent", "Northgate Bank, how can I help you today?"),
        ("Customer", f"Hello, I was charged {amount} dollars on Monday for a transfer that I never made."),
        ("Agent", "I am sorry about that, let me look at the transfer for you."),
        ("Customer", f"Please do, it is from the {day}th of June and it worries me a lot."),
        ("Agent", f"I see it, the {amount} dollars were a fee for a transfer abroad."),
        ("Customer", "But my account was promised to be free of such fees, I am sure of it."),
        ("Agent", f"You are right, so the fee is back on your account in {day + 20} days."),
        ("Customer", "That is wonderful, I did not expect it to be so easy."),
    ]
    for amount, day in ((40, 4), (55, 5), (62, 6), (71, 7), (83, 8), (97, 9), (114, 10), (128, 11))
]


@pytest.fixture(autouse=True)
def words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load no embedding model: the customer's lines stay as they are here."""

    def find_no_model(name: str | None, language: object) -> None:
        raise UsageError("no model")

    monkeypatch.setattr("graphs.jobs.rewrite.find_model", find_no_model)


@pytest.fixture
def transcripts(tmp_path: Path) -> str:
    file = tmp_path / "calls.jsonl"
    rows = (
        {"dialogue_id": f"call-{number}", "turns": [{"speaker": who, "text": text} for who, text in call]}
        for number, call in enumerate(CALLS, start=1)
    )
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(file)


def rewriter(lose: Callable[[str], bool] = lambda text: False) -> Loopback:
    """Return a server that says each line as it was, but for the figures of those that it loses."""
    server = Loopback(end_rate=0.0)

    def say(body: dict[str, Any]) -> str | None:
        task = body["messages"][-1]["content"].rpartition("\n")[2]
        if "a part of line" in task:
            return None
        if (said := re.search(r'line \d+[^"]*: (".*?(?<!\\)")', task)) and task.startswith("[Say]"):
            text = str(json.loads(said[1]))
            # What was said before is told apart, as the checks ask for it.
            return re.sub(r"[$\d][\d,.]*", "some", text) if lose(text) else text
        return None

    server.say = say
    return server


async def rewrite(server: Loopback, run: Path, transcripts: str, *, resume: bool = False, **fields: Any) -> Rewritten:
    given = {
        "base_url": [server.base_url],
        "run": run,
        "transcripts": [transcripts] if transcripts else [],
        "gate_trial": "skip",
    }
    lenient = {"min_agreement": 0, "canaries": 0, "out": run / "out", "fidelity": {"max_lost_utterances": 9}}
    settings = RewriteSettings.model_validate(given | lenient | fields)
    return await run_job(rewrite_job, settings, resume=resume)


def records(run: Path) -> list[Rewriting]:
    with read_made(run) as store:
        return list(rewritten(store, *ALL))


async def test_a_call_becomes_a_dialogue_that_all_commands_take(
    tmp_path: Path, transcripts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    # Which faults are drawn follows from the digest of all prompts and checks: these two the gate's rules see.
    seen = {name: canaries.FAULTS[name] for name in ("truncated-ending", "private-data")}
    monkeypatch.setattr(canaries, "FAULTS", seen)
    async with serve(rewriter()) as server:
        done = await rewrite(server, run, transcripts, canaries=1)
    found = records(run)
    assert [record.source_id.split("-")[1] for record in found] == list("12345678")
    kept = [record for record in found if record.outcome is Outcome.KEPT]
    assert len(kept) >= 6, [(record.reasons, record.cause) for record in found]
    for record in kept:
        assert len(record.steps) == len(record.turns) and set(record.before) == {1, 3, 5, 7}
        as_they_were = [turn.text for turn in record.original if turn.speaker is Speaker.CUSTOMER]
        covered = [
            turn.text
            for turn, step in zip(record.turns, record.steps, strict=True)
            if step.cover is Cover.WHOLE and turn.speaker is Speaker.CUSTOMER
        ]
        assert covered == as_they_were
        assert record.fidelity and record.fidelity.before and record.fidelity.solutions
        assert {canary.fault for canary in record.canaries} >= {None}
    assert {stage.name: stage.count for stage in done.stages}["calls read"] == 8
    sent = [canary for record in found for canary in record.canaries]
    planted = [canary for canary in sent if canary.fault in ("changed-amount", "lost-fact")]
    assert planted and all(canary.rejected for canary in planted)
    assert {len(record.canaries) for record in found if record.plan} == {4}, "of comparison and gate, two each"
    broken = [canary for canary in sent if canary.fault in seen]
    assert broken and all(canary.rejected for canary in broken)
    assert not any(canary.rejected for canary in sent if canary.fault is None)
    with read_made(run) as store:
        for form in Format:
            out = tmp_path / form
            manifest = export_run(store, out, shape=Shape(format=form), shard_lines=100, with_rejected=True)
            assert list(verify_export(out)) == []
            rows = [
                json.loads(line) for shard in manifest.shards for line in (out / shard.name).read_text().splitlines()
            ]
            assert all(("source_id" in row) is (form is not Format.CSCONV) for row in rows)
            card = (out / "README.md").read_text()
            assert "Real people speak in them" in card and "ynthetic" not in card
        page = "\n".join(report_run(store))
    assert "Before and after" in page and "55.28 to 97.82" in page
    assert [dialogue.turns for dialogue in read_source(run)] == [record.turns for record in kept]
    for source in (run, tmp_path / "roles", tmp_path / "messages", tmp_path / "rolecs"):
        assert len(read_examples([source], ())[0]) > 5 * len(kept)
    assert len(list(read_dialogues(tmp_path / "csconv"))) == len(list(read_dialogues(tmp_path / "rolecs"))) == len(kept)


async def test_an_agent_may_begin_with_their_own_name(tmp_path: Path) -> None:
    """Names are placeholders of one kind, whoever bears them: what the original's agent says first, they know."""
    file = tmp_path / "named.jsonl"
    greeting = ("Agent", "Northgate Bank, my name is [UserName], how can I help you today?")
    turns = [{"speaker": who, "text": text} for who, text in (greeting, *CALLS[0][1:])]
    file.write_text(json.dumps({"dialogue_id": "named", "turns": turns}), encoding="utf-8")
    async with serve(rewriter()) as server:
        await rewrite(server, tmp_path / "run", str(file), canaries=1)
    (record,) = records(tmp_path / "run")
    assert record.outcome is Outcome.KEPT, (record.reasons, record.cause, record.repairs)
    early = [turn.text for turn, step in zip(record.turns, record.steps, strict=True) if "[UserName]" in turn.text]
    assert early == [greeting[1]] and {step.line for step in record.steps if step.line} == set(range(1, 9))
    assert not any("rule:knows-too-early" in canary.reasons for canary in record.canaries)


async def test_lost_facts_are_found_at_the_rate_at_which_they_are_lost(
    tmp_path: Path, transcripts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(text: str) -> bool:
        return bool({"24", "27", "31"} & set(re.findall(r"\d+", text)))

    async with serve(rewriter(lose)) as server:
        await rewrite(server, tmp_path / "checked", transcripts)
        # Without the turns' own checks what is lost gets as far as the comparison.
        monkeypatch.setattr("graphs.dialogue.rewriting.check_turn_facts", lambda *_: iter(()))
        await rewrite(server, tmp_path / "compared", transcripts)
    for run, reason in (("checked", "turn:dropped-fact"), ("compared", "fidelity:lost-fact")):
        found = records(tmp_path / run)
        loses = [lose(record.original[6].text) for record in found]
        assert loses.count(True) == 3
        ended = [record for record in found if not any(name.startswith("turn:") for name in record.reasons)]
        assert len(ended) >= (7 if run == "compared" else 4)
        for record, is_lost in zip(found, loses, strict=True):
            other = [name for name in record.reasons if name != reason]
            assert (reason in record.reasons) is is_lost or (is_lost and other), (record.source_id, record.reasons)


async def test_a_call_that_is_not_worth_it_costs_one_request(tmp_path: Path, transcripts: str) -> None:
    async with serve(rewriter()) as server:
        server.pass_rate = 0.0
        done = await rewrite(server, tmp_path / "run", transcripts, flaws=["cold", "abusive"])
    assert done.funnel.reasons == {"call:abusive": 8, "call:cold": 8}
    assert server.calls["all"] == 8


async def test_an_interrupted_job_is_resumed_to_the_same_bytes(tmp_path: Path, transcripts: str) -> None:
    def texts(run: Path) -> list[str]:
        return [record.model_dump_json() for record in records(run)]

    async with serve(rewriter()) as server:
        server.delay = 0.002
        await rewrite(server, tmp_path / "whole", transcripts, canaries=0.5)
        cut = tmp_path / "cut"
        job = asyncio.create_task(rewrite(server, cut, transcripts, concurrency=2, canaries=0.5))
        while not (RunStore.exists(cut) and records(cut)):
            await asyncio.sleep(0.01)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        before = len(records(cut))
        assert 0 < before < len(CALLS)
        await rewrite(server, cut, transcripts, resume=True, canaries=0.5)
    assert texts(cut) == texts(tmp_path / "whole")
    assert shards(cut) == shards(tmp_path / "whole") != []
    assert any(record.canaries for record in records(cut))


def shards(run: Path) -> list[bytes]:
    """Export a run and return what its shards hold."""
    out = run.parent / f"{run.name}-shards"
    with read_made(run) as store:
        manifest = export_run(store, out, shape=Shape(format=Format.ROLECS), shard_lines=2)
    return [(out / shard.name).read_bytes() for shard in manifest.shards]


async def test_a_second_look_comes_before_all_that_is_asked_of_a_call(tmp_path: Path, transcripts: str) -> None:
    server = rewriter()
    plain = server.say

    def say(body: dict[str, Any]) -> str | None:
        if "You find the private data" not in str(body):
            return plain(body) if plain else None
        # The last call's look cannot be read.
        if "128 dollars" in str(body):
            return "nonsense"
        return json.dumps({"spans": [{"kind": "Address", "quote": "Northgate Bank"}]})

    server.say = say
    async with serve(server):
        done = await rewrite(server, tmp_path / "run", transcripts, scrub_with_model=True, concurrency=1)
        with pytest.raises(UsageError, match="scrub_with_model"):
            await rewrite(server, tmp_path / "run", transcripts, resume=True)
    found = records(tmp_path / "run")
    assert [record.source_id.split("-")[1] for record in found if record.outcome is Outcome.FAILED] == ["8"]
    assert [record.original[0].text for record in found[:-1]] == ["[Address], how can I help you today?"] * 7
    assert found[-1].outcome is Outcome.FAILED and found[-1].original == (), "what was not looked at is not kept"
    assert not any("Northgate" in record.model_dump_json() for record in found)
    asked = [str(body["messages"]) for body in server.requests]
    assert not any("Northgate" in text for text in asked if "You find the private data" not in text)
    assert {stage.name: stage.count for stage in done.stages}["private data that the model found"] == 7


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"transcripts": []}, "no transcripts: name at least one file"),
        ({"language": "zh"}, "none of the 8 calls read can be used: other-language 8"),
        ({"limits": {"max_utterances": 12}}, "can be used: no-room 8"),
        ({"filters": {"min_exchanges": 9}}, "can be used: too-short 8"),
    ],
)
async def test_wrong_use_is_found_before_any_request(
    tmp_path: Path, transcripts: str, fields: dict[str, Any], message: str
) -> None:
    names = fields.pop("transcripts", [transcripts])
    async with serve(rewriter()) as server:
        with pytest.raises(UsageError, match=message):
            await rewrite(server, tmp_path / "run", *names or [""], **fields)
    assert not server.calls and not RunStore.exists(tmp_path / "run")
