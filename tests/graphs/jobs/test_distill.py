"""Whole distillations against the loopback server: every call ends in one way, whatever interrupts the job."""

import asyncio
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agents.errors import EngineError, UsageError
from agents.llm.usage import Role
from graphs.config.rewrite import RewriteSettings
from graphs.config.settings import DistillSettings, LabelSettings, PoolSettings, TranscriptSettings
from graphs.jobs.build_pool import make_pool
from graphs.jobs.distill import Distilled
from graphs.jobs.distill import distill as distill_job
from outputs.runs.extraction import EXTRACTIONS
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from tests.support import DATA
from tests.support.jobs import run as run_job
from tests.support.loopback import Faults, Loopback, serve

STAR = str(DATA / "star-60.jsonl")
IMPATIENT = {"request_timeout_s": 5.0, "attempts": 8, "outage_s": 10.0}


async def distill(
    server: Loopback, run: Path, *, resume: bool = False, retry: bool = False, **fields: Any
) -> Distilled:
    given = {"base_url": [server.base_url], "run": run, "transcripts": [STAR], "retry_policy": IMPATIENT} | fields
    settings = DistillSettings.model_validate(given)
    return await run_job(distill_job, settings, resume=resume, retry_failed=retry)


def lines(distilled: Distilled) -> list[str]:
    return [persona.model_dump_json() for persona in distilled.personas]


def counts(distilled: Distilled) -> dict[str, int]:
    return {stage.name: stage.count for stage in distilled.stages}


async def test_every_call_is_counted_once(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        distilled = await distill(server, tmp_path)
    found = counts(distilled)
    assert found["calls read"] == 60 and found["broken lines"] == 0
    assert found["third voices left out"] == 0
    assert found["filtered out"] + found["failed"] + found["dropped"] + found["extracted"] == 60
    assert found["extracted"] == len(distilled.personas) > 40 and found["private data replaced"] > 60
    assert distilled.funnel.usage[Role.DISTILLER].requests == server.calls["all"]
    assert all(re.fullmatch(r"star-\d+-[0-9a-f]{8}", persona.sources[0]) for persona in distilled.personas)
    shown = [body["messages"][1]["content"] for body in server.requests]
    assert shown and not any(re.search(r"\d{6}|\S@\S+\.", text) for text in shown)


async def test_faults_and_order_leave_no_trace(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        sound = await distill(server, tmp_path / "sound", concurrency=1)
    async with serve(Loopback(faults=Faults(error_500=0.1, drop=0.1))) as server:
        troubled = await distill(server, tmp_path / "troubled", concurrency=9)
    assert server.calls["error_500"] and server.calls["drop"]
    assert lines(sound) == lines(troubled)


async def test_an_interrupted_job_is_resumed_to_the_same_personas(tmp_path: Path) -> None:
    async with serve(Loopback(delay=0.01)) as server:
        whole = await distill(server, tmp_path / "whole")
        for stop_after in (1, 10, 25):
            resume = RunStore.exists(tmp_path / "cut")
            job = asyncio.create_task(distill(server, tmp_path / "cut", resume=resume, concurrency=4))
            while ended(tmp_path / "cut") < stop_after:
                await asyncio.sleep(0.01)
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job
        assert ended(tmp_path / "cut") < len(whole.personas)
        resumed = await distill(server, tmp_path / "cut", resume=True)
    assert lines(resumed) == lines(whole)
    assert counts(resumed)["extracted"] == counts(whole)["extracted"]


def ended(run: Path) -> int:
    if not RunStore.exists(run):
        return 0
    with RunStore.read(EXTRACTIONS, run) as store:
        return sum(count for outcome, count in store.funnel().outcomes.items() if outcome is not Outcome.PLANNED)


async def test_failures_are_stored_and_tried_again_when_asked(tmp_path: Path) -> None:
    async with serve(Loopback(faults=Faults(truncated=1.0), faulty_requests=16)) as server:
        first = await distill(server, tmp_path, concurrency=1)
        assert counts(first)["failed"] == 2
        assert counts(await distill(server, tmp_path, resume=True))["failed"] == 2
        again = await distill(server, tmp_path, resume=True, retry=True)
    assert counts(again)["failed"] == 0 and len(again.personas) == len(first.personas) + 2


async def test_copies_are_dropped_and_counted(tmp_path: Path) -> None:
    def copy(body: dict[str, Any]) -> str | None:
        words = " ".join(body["messages"][1]["content"].split("Customer line 1: ")[1].split()[:30])
        unknown = dict.fromkeys(("age", "job", "risk_tolerance", "financial_situation", "recent_stress"), "unknown")
        return json.dumps(unknown | {"tone": "x", "communication_habits": "x", "description": f"You say {words}"})

    async with serve(Loopback(say=copy)) as server:
        distilled = await distill(server, tmp_path)
    found = counts(distilled)
    assert found["extracted"] < 5 and found["dropped"] > 30 and found["copied"] > 30
    assert found["answers sent back"] == 8 * found["dropped"]


async def test_broken_lines_are_skipped_or_stop_the_job(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    whole = Path(STAR).read_text(encoding="utf-8")
    file.write_text(f"{{torn\n{whole}{whole}", encoding="utf-8")
    async with serve(Loopback()) as server:
        distilled = await distill(server, tmp_path / "run", transcripts=[str(file)])
        assert counts(distilled)["broken lines"] == 1 and counts(distilled)["repeated"] > 40
        with pytest.raises(UsageError, match=r"calls.jsonl:1: no transcript: "):
            await distill(server, tmp_path / "strict", transcripts=[str(file)], strict=True)
    assert not (tmp_path / "strict").exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"transcripts": []}, "no transcripts: name at least one file"),
        ({"transcripts": ["nowhere.jsonl"]}, "cannot read nowhere.jsonl"),
        ({"filters": {"min_exchanges": 29}}, "none of the 60 calls read can be used: too-short"),
        ({"embedding_model": "no such model!"}, "embedding model 'no such model!': no such folder"),
        ({"model": "gpt"}, "has no model 'gpt'"),
    ],
)
async def test_wrong_use_is_found_before_any_call(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    async with serve(Loopback()) as server:
        with pytest.raises(UsageError, match=message):
            await distill(server, tmp_path / "run", **fields)
    assert not server.calls and not (tmp_path / "run").exists()


async def test_a_resume_with_other_calls_is_refused(tmp_path: Path) -> None:
    (tmp_path / "extra.txt").write_text("Customer: I want my money back now.\nAgent: Why is that?\n" * 4)
    extra = str(tmp_path / "extra.txt")
    async with serve(Loopback()) as server:
        await distill(server, tmp_path / "run")
        with pytest.raises(UsageError, match=r"another configuration: transcripts was \"\d+ \("):
            await distill(server, tmp_path / "run", resume=True, transcripts=[STAR, extra])
    with pytest.raises(UsageError, match="holds a run of `rolecs distill`, not of `rolecs generate`"):
        RunStore.read(DIALOGUES, tmp_path / "run")


async def test_when_everything_fails_the_job_stops_early(tmp_path: Path) -> None:
    async with serve(Loopback(faults=Faults(error_500=1.0))) as server:
        with pytest.raises(EngineError, match="20 in a row failed; the last one: RequestError: distiller, request 1"):
            await distill(server, tmp_path, concurrency=1, retry_policy={"attempts": 1})
    assert ended(tmp_path) == 20


async def test_without_personas_no_pool_is_written(tmp_path: Path) -> None:
    settings = PoolSettings(out=tmp_path / "pool.jsonl", report=tmp_path / "pool.html")
    summary = make_pool([], [], settings, {}, Console(file=io.StringIO()))
    assert summary.stages[-1].count == 0
    assert [path.name for path in tmp_path.iterdir()] == ["pool.html"]


async def test_a_second_look_finds_what_the_rules_left(tmp_path: Path) -> None:
    def say(body: dict[str, Any]) -> str | None:
        if "placeholders such as [UserName]. You find" not in str(body):
            return None
        spans = [{"kind": "Address", "quote": "help"}, {"kind": "UserName", "quote": "nobody says this"}]
        return json.dumps({"spans": spans})

    async with serve(Loopback(say=say)) as server:
        plain = await distill(server, tmp_path / "plain")
        asked = len(server.requests)
        looked = await distill(server, tmp_path / "looked", scrub_with_model=True)
    shown = [body["messages"][1]["content"] for body in server.requests[asked:] if "Customer line" in str(body)]
    looks = [body for body in server.requests[asked:] if "You find the private data" in str(body)]
    assert len(looks) == looked.funnel.ended <= len(shown)
    assert any("[Address]" in text for text in shown)
    assert not any(re.search(r"\bhelp\b", text) for text in shown)
    found = counts(looked)
    assert found["private data that the model found"] == found["Address"] > 0
    assert found["quotes that are not there"] >= looked.funnel.ended
    assert "private data that the model found" not in counts(plain)


@pytest.mark.parametrize("kind", [DistillSettings, LabelSettings, RewriteSettings])
def test_a_second_look_is_for_servers_nearby(tmp_path: Path, kind: type[TranscriptSettings]) -> None:
    near = {"run": tmp_path, "scrub_with_model": True}
    kind.model_validate(near | {"base_url": ["http://127.0.0.1:8000", "http://192.168.1.7/v1"]})
    with pytest.raises(ValueError, match=r"https://api\.example\.com/v1 may be anybody's"):
        kind.model_validate(near | {"base_url": ["http://127.0.0.1:8000", "https://api.example.com"]})
