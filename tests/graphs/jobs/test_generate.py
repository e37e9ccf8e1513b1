"""Whole jobs against the loopback server: every dialogue ends in exactly one way, and nothing is lost or doubled."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import graphs.backends.local
import quality.gate.gate
from agents.csc.flow import broken_rules
from agents.csc.speakers import Speaker
from agents.errors import EngineEndedError, EngineError, UsageError
from graphs.config.settings import Settings
from graphs.scheduling.runner import FAILURES_IN_A_ROW
from outputs.datasets.export import export_run
from outputs.datasets.formats import Format, Shape
from outputs.datasets.verify import verify_export
from outputs.runs.record import DIALOGUES, DialogueCounts
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from tests.graphs.dialogue.test_graph import LENGTH, expected_share
from tests.support.jobs import run_quietly
from tests.support.loopback import Faults, Loopback, serve

IMPATIENT = {"request_timeout_s": 5.0, "attempts": 8, "outage_s": 1.0}


async def play(server: Loopback, run: Path, *, resume: bool = False, retry: bool = False, **fields: Any) -> Funnel:
    known = {
        "base_url": [server.base_url],
        "run": run,
        "retry_policy": IMPATIENT,
        "canaries": 0,
        "gate_trial": "skip",
        "max_similarity": 1,
    }
    settings = Settings.model_validate(known | fields)
    return await run_quietly(settings, resume=resume, retry_failed=retry)


def ended(run: Path) -> dict[str, str]:
    """Return the dump of every ended dialogue by its key, without the usage, which retries add to."""
    with RunStore.read(DIALOGUES, run) as store:
        return {
            record.id: record.model_dump_json(exclude={"usage"})
            for outcome in (Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED)
            for record in store.records(outcome)
        }


def export(run: Path, out: Path) -> dict[str, bytes]:
    with RunStore.read(DIALOGUES, run) as store:
        export_run(store, out, shape=Shape(format=Format.ROLECS), shard_lines=30, with_rejected=True)
    assert list(verify_export(out)) == []
    return {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("faults", [Faults(), Faults(0.02, 0.02, 0.02, 0.02, 0.02)], ids=["sound", "10% faults"])
async def test_200_dialogues_all_end_and_obey_the_rules(tmp_path: Path, faults: Faults) -> None:
    async with serve(Loopback(faults=faults, pass_rate=0.97)) as server:
        funnel = await play(server, tmp_path / "run", dialogues=200, seed=3)
    assert funnel.outcomes[Outcome.PLANNED] == funnel.outcomes[Outcome.FAILED] == 0
    assert funnel.planned == 200 and funnel.outcomes[Outcome.KEPT] > 100 and funnel.outcomes[Outcome.REJECTED] > 5
    assert all(reason.startswith("point:") for reason in funnel.reasons)
    with RunStore.read(DIALOGUES, tmp_path / "run") as store:
        limits = Settings().limits
        records = [record for outcome in Outcome for record in store.records(outcome) if outcome != "planned"]
    assert len({record.id for record in records}) == 200
    assert not any(broken_rules(record.turns, limits) for record in records)
    assert any(any(turn.ends_call for turn in record.turns) for record in records)
    export(tmp_path / "run", tmp_path / "shards")
    answered = server.calls["all"] - server.calls["error_500"] - server.calls["drop"]
    assert funnel.total_usage.requests == answered
    if faults.drop:
        assert min(server.calls[fault] for fault, share in vars(faults).items() if share) > 50


async def test_what_is_played_depends_on_the_seed_alone(tmp_path: Path) -> None:
    async with serve(Loopback(faults=Faults(error_500=0.05, drop=0.05))) as server:
        await play(server, tmp_path / "troubled", dialogues=12)
    assert server.calls["error_500"] and server.calls["drop"]
    async with serve(Loopback()) as server:
        await play(server, tmp_path / "one", dialogues=12, concurrency=1)
        await play(server, tmp_path / "two", dialogues=12, concurrency=12)
        await play(server, tmp_path / "other", dialogues=12, seed=1)
    assert ended(tmp_path / "one") == ended(tmp_path / "two") == ended(tmp_path / "troubled")
    assert not set(ended(tmp_path / "one")) & set(ended(tmp_path / "other"))
    assert export(tmp_path / "one", tmp_path / "a") == export(tmp_path / "two", tmp_path / "b")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_interrupted_job_is_resumed_to_the_same_shards(tmp_path: Path, language: str) -> None:
    fields: dict[str, Any] = {"dialogues": 30, "language": language, "concurrency": 4}
    async with serve(Loopback()) as server:
        await play(server, tmp_path / "whole", **fields)
        for stop_after in (1, 5, 12, 20):
            resume = RunStore.exists(tmp_path / "cut")
            job = asyncio.create_task(play(server, tmp_path / "cut", resume=resume, **fields))
            while not RunStore.exists(tmp_path / "cut") or len(ended(tmp_path / "cut")) < stop_after:
                await asyncio.sleep(0.02)
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job
        done = ended(tmp_path / "cut")
        assert len(done) < 30
        await play(server, tmp_path / "cut", resume=True, **fields)
    assert done.items() <= ended(tmp_path / "cut").items()
    assert export(tmp_path / "cut", tmp_path / "a") == export(tmp_path / "whole", tmp_path / "b")


async def test_a_run_can_be_extended_and_is_not_played_again(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        await play(server, tmp_path, dialogues=4)
        first = ended(tmp_path)
        await play(server, tmp_path, dialogues=6, resume=True)
        calls = server.calls["all"]
        funnel = await play(server, tmp_path, dialogues=6, resume=True)
        assert server.calls["all"] == calls
    assert funnel.outcomes[Outcome.KEPT] == 6 and first.items() < ended(tmp_path).items()


async def test_a_dialogue_that_fails_is_stored_and_can_be_played_again(tmp_path: Path) -> None:
    server = Loopback(faults=Faults(truncated=1.0), faulty_requests=8 + 8)
    async with serve(server):
        funnel = await play(server, tmp_path, dialogues=4, concurrency=1)
        assert funnel.outcomes[Outcome.FAILED] == 2 and funnel.outcomes[Outcome.KEPT] == 2
        with RunStore.read(DIALOGUES, tmp_path) as store:
            errors = [record.error for record in store.records(Outcome.FAILED)]
        for error in errors:
            assert str(error).startswith("UnreadableAnswerError: planner, request 1: the answer was cut off")
        assert (await play(server, tmp_path, dialogues=4, resume=True)).outcomes[Outcome.FAILED] == 2
        again = await play(server, tmp_path, dialogues=4, resume=True, retry=True)
    assert again.outcomes[Outcome.KEPT] == 4
    assert again.total_usage.requests == server.calls["all"]


async def test_a_bug_in_one_dialogue_does_not_end_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_rules = quality.gate.gate.check_rules
    calls = iter([True, False, False])

    def broken(*arguments: Any) -> Any:
        if next(calls):
            raise ZeroDivisionError("oops")
        return check_rules(*arguments)

    monkeypatch.setattr(quality.gate.gate, "check_rules", broken)
    async with serve(Loopback()) as server:
        funnel = await play(server, tmp_path, dialogues=3, concurrency=1)
    assert funnel.outcomes[Outcome.FAILED] == 1 and funnel.outcomes[Outcome.KEPT] == 2
    with RunStore.read(DIALOGUES, tmp_path) as store:
        error = next(iter(store.records(Outcome.FAILED))).error
    assert error and str(error) == "ZeroDivisionError: oops"
    assert error.traceback.startswith("Traceback") and 'raise ZeroDivisionError("oops")' in error.traceback


async def test_a_server_that_dies_stops_the_job_and_a_resume_goes_on(tmp_path: Path) -> None:
    async with serve(Loopback(delay=0.005)) as server:
        job = asyncio.create_task(play(server, tmp_path, dialogues=40, concurrency=4))
        while not (RunStore.exists(tmp_path) and ended(tmp_path)):
            await asyncio.sleep(0.05)
    with pytest.raises(EngineError, match="gave no answer for"):
        await job
    done = ended(tmp_path)
    assert 0 < len(done) < 40
    async with serve(Loopback()) as server:
        funnel = await play(server, tmp_path, dialogues=40, resume=True)
    assert funnel.outcomes[Outcome.KEPT] == 40 and done.items() <= ended(tmp_path).items()


async def test_when_everything_fails_the_job_stops_early(tmp_path: Path) -> None:
    server = Loopback(faults=Faults(error_500=1.0))
    async with serve(server):
        with pytest.raises(EngineError, match="20 in a row failed; the last one: RequestError: planner"):
            await play(server, tmp_path, dialogues=100, concurrency=1, retry_policy={"attempts": 1})
    assert len(ended(tmp_path)) == FAILURES_IN_A_ROW


async def test_dialogues_are_pinned_to_replicas(tmp_path: Path) -> None:
    async with serve(Loopback()) as one, serve(Loopback()) as two:
        await play(one, tmp_path, dialogues=10, base_url=[one.base_url, two.base_url])
    openings = [
        {body["messages"][0]["content"] for body in server.requests if "[Say]" in body["messages"][-1]["content"]}
        for server in (one, two)
    ]
    assert openings[0] and openings[1] and not openings[0] & openings[1]


async def test_another_model_can_judge(tmp_path: Path) -> None:
    async with serve(Loopback()) as player, serve(Loopback(model="judge")) as judge:
        await play(player, tmp_path, dialogues=3, judge_base_url=judge.base_url, min_agreement=0)
    assert judge.calls["all"] == 3 * (1 + 5) and {body["temperature"] for body in judge.requests} == {0.0}
    with RunStore.read(DIALOGUES, tmp_path) as store:
        record = next(iter(store.records(Outcome.KEPT)))
    assert (record.model, record.judge_model) == ("loopback", "judge")


async def test_an_unreadable_verdict_is_unscored_and_not_kept(tmp_path: Path) -> None:
    def ramble(body: dict[str, Any]) -> str | None:
        return "I like it" if "verdict" in str(body.get("response_format")) else None

    async with serve(Loopback(say=ramble)) as server:
        funnel = await play(server, tmp_path, dialogues=3)
    assert funnel.outcomes[Outcome.REJECTED] == 3 and funnel.reasons == {"unscored": 3}


async def test_a_call_that_cannot_be_mended_is_abandoned_and_not_judged(tmp_path: Path) -> None:
    def leak(body: dict[str, Any]) -> str | None:
        return "Well. Customer: hello" if "stop" in body else None

    async with serve(Loopback(say=leak)) as server:
        funnel = await play(server, tmp_path, dialogues=2)
    assert funnel.reasons == {"turn:role-leak": 2} and "judge" not in funnel.usage


BAD_TURNS = {
    "long-turn": "so on and on " * 60 + ".",
    "label-leak": "Well, [PS] then.",
    "role-leak": "Well. Customer: hello.",
    "stage-direction": "(sighs) Well then.",
    "language": "那笔转账到现在还没有到账呢。",
    "cut-off": "Well then, what about the",
    "private-data": "Call me on 0171 555 0143 then.",
}


async def test_every_fault_is_repaired_and_counted_as_often_as_the_arithmetic_says(tmp_path: Path) -> None:
    rate, calls = 0.5, 120

    def say(body: dict[str, Any]) -> str | None:
        chance = random.Random(f"{body['seed']} {len(body['messages'])}")
        return chance.choice(list(BAD_TURNS.values())) if "stop" in body and chance.random() < rate else None

    limits = {"min_utterances": LENGTH, "max_utterances": LENGTH + 1}
    async with serve(Loopback(say=say, end_rate=0.0)) as server:
        funnel = await play(server, tmp_path, dialogues=calls, limits=limits, repairs=2)
    expected = expected_share(rate, repairs=2)
    deviation = (expected * (1 - expected) / calls) ** 0.5
    kept = funnel.outcomes[Outcome.KEPT]
    assert abs(kept / calls - expected) < 4 * deviation, f"{kept / calls:.3f}, expected {expected:.3f}"
    assert funnel.repaired > 0.9 * kept and funnel.outcomes[Outcome.FAILED] == 0
    assert set(funnel.reasons) <= {f"turn:{check}" for check in BAD_TURNS}
    assert sum(funnel.reasons.values()) == calls - kept
    said = Counter({check: 0 for check in BAD_TURNS})
    counts = DialogueCounts.of(funnel)
    for failed, count in counts.repairs.items():
        said[failed.check] += count
    tries = sum(said[check] for check in BAD_TURNS)
    assert counts.rewinds and all(abs(said[check] - tries / 7) < 5 * (tries / 7) ** 0.5 for check in BAD_TURNS)
    assert {failed.subject for failed in counts.repairs} == set(Speaker)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "gpt"}, "has no model 'gpt'; it has: loopback"),
        ({"personas": Path("nowhere.jsonl")}, "cannot read the persona pool"),
        ({"base_url": ["http://127.0.0.1:9"]}, "no model server at"),
        ({"base_url": [], "judge_model": "gpt"}, "the engine to be started serves smollm2 alone"),
    ],
)
async def test_wrong_use_is_found_before_any_call(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    async with serve(Loopback()) as server:
        with pytest.raises(UsageError, match=message):
            await play(server, tmp_path / "run", **fields)
    assert not server.calls and not (tmp_path / "run").exists()


async def test_a_resume_with_another_configuration_is_refused(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        await play(server, tmp_path, dialogues=2)
        with pytest.raises(UsageError, match=r"another configuration: temperature was 0.8, is 0.1"):
            await play(server, tmp_path, resume=True, temperature=0.1)


class DyingEngine:
    """Stands for a managed engine that ends when its server has answered so many requests."""

    def __init__(self, server: Loopback, requests: int) -> None:
        self.base_url = server.base_url
        self.has_ended = False
        self.server = server
        self._requests = requests

    async def watch(self) -> None:
        while self.server.calls["all"] < self._requests:
            await asyncio.sleep(0.005)
        self.has_ended = True
        raise EngineEndedError("the engine ended (exit code -9)")


@pytest.mark.parametrize(("lives", "starts"), [((300, 300, 10**6), 3), ((300, 1), 2)])
async def test_a_managed_engine_that_dies_is_started_again_as_long_as_something_comes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lives: tuple[int, ...], starts: int
) -> None:
    started: list[DyingEngine] = []

    @asynccontextmanager
    async def managed_engine(*_: Any, **__: Any) -> AsyncIterator[DyingEngine]:
        async with serve(Loopback(delay=0.002)) as server:
            started.append(DyingEngine(server, lives[len(started)]))
            yield started[-1]

    monkeypatch.setattr(graphs.backends.local, "managed_engine", managed_engine)
    monkeypatch.setattr(graphs.backends.local, "require_engine", lambda: None)
    job = {"base_url": [], "run": tmp_path, "model": "loopback", "concurrency": 4, "dialogues": 30}
    settings = Settings.model_validate(job | {"canaries": 0, "gate_trial": "skip", "max_similarity": 1})
    if lives[-1] == 1:
        with pytest.raises(EngineError, match="the engine ended"):
            await run_quietly(settings)
    else:
        metrics = tmp_path / "job.prom"
        funnel = await run_quietly(settings.model_copy(update={"metrics": metrics}))
        assert funnel.outcomes[Outcome.KEPT] == 30
        # What was spent on dialogues that began anew stays counted; only what was on its way is not.
        answered = sum(engine.server.calls["all"] for engine in started)
        (counted,) = re.findall(r"^rolecs_requests_total\{.*\} (\S+)$", metrics.read_text(), re.MULTILINE)
        assert answered - 4 * starts <= float(counted) <= answered
        assert funnel.total_usage.requests < float(counted)
    assert len(started) == starts and len(ended(tmp_path)) >= 4


async def test_a_run_is_not_resumed_with_fewer_dialogues_than_it_has(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        known = {
            "base_url": [server.base_url],
            "run": tmp_path,
            "canaries": 0,
            "gate_trial": "skip",
            "max_similarity": 1,
        }
        await run_quietly(Settings.model_validate(known | {"dialogues": 3}))
        with pytest.raises(UsageError, match="has 3 dialogues planned, only 2 are asked for: give -n 3 or more"):
            await run_quietly(Settings.model_validate(known | {"dialogues": 2}), resume=True)
        assert (await run_quietly(Settings.model_validate(known | {"dialogues": 4}), resume=True)).ended == 4
