"""Watched jobs against the loopback server: what their logs, spans and metrics hold, and what they never hold."""

import asyncio
import json
import logging
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

import graphs.scheduling.dispatcher
import graphs.telemetry.prometheus
import graphs.telemetry.telemetry
from agents.errors import EngineError, UsageError
from agents.llm.chat import Chat
from agents.llm.client import ChatClient
from agents.llm.retry import RetryPolicy
from agents.llm.usage import Usage
from graphs.config.loading import load_settings
from graphs.config.settings import DistillSettings, Secrets, Settings
from graphs.jobs.distill import distill
from graphs.jobs.generate import Generated, generate
from graphs.scheduling.counters import Counters
from graphs.scheduling.dispatcher import Dispatcher, Timings
from graphs.telemetry.prometheus import MetricsFile
from graphs.telemetry.telemetry import log_to
from outputs.runs.cost import Prices
from outputs.runs.extraction import EXTRACTIONS
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from tests.support import DATA
from tests.support.jobs import idle_replica
from tests.support.jobs import run as run_job
from tests.support.loopback import Faults, Loopback, serve

STAR = str(DATA / "star-60.jsonl")
KEY = "sk-very-secret-key"
IMPATIENT = {"request_timeout_s": 5.0, "attempts": 8, "outage_s": 1.0}


async def play(server: Loopback, run: Path, **fields: Any) -> Generated:
    known = {"base_url": [server.base_url], "run": run, "retry_policy": IMPATIENT, "max_similarity": 1}
    # A trial's calls are no dialogue's, and no run counts them.
    settings = Settings.model_validate(known | {"gate_trial": "skip"} | fields)
    return await run_job(generate, settings, secrets=Secrets(api_key=SecretStr(KEY)))


def read(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def figures(path: Path) -> dict[str, float]:
    """Return the values of a file of metrics by name, with the last label's value where there is more than the run."""
    found = {}
    for family in text_string_to_metric_families(path.read_text(encoding="utf-8")):
        for sample in family.samples:
            labels = [value for name, value in sample.labels.items() if name != "run"]
            found[" ".join([sample.name, *labels])] = sample.value
    return found


def texts_of(run: Path) -> set[str]:
    """Return all that was said in a run, planned for it and told of its personas."""
    texts = set()
    with RunStore.read(DIALOGUES, run) as store:
        for record in store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED):
            texts |= {turn.text for turn in record.turns} | {record.persona.description}
            texts |= {record.plan.scenario, record.plan.customer_goal} if record.plan else set()
    return texts


FAULTY = Faults(0.02, 0.0, 0.02, 0.03, 0.02)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_log_tells_a_whole_job_and_no_text(tmp_path: Path, language: str) -> None:
    log = tmp_path / "log.jsonl"
    async with serve(Loopback(faults=FAULTY, pass_rate=0.95)) as server:
        fields: dict[str, Any] = {"dialogues": 30, "language": language, "canaries": 0.2, "log": log}
        played = await play(server, tmp_path / "run", **fields)
    written = log.read_text(encoding="utf-8")
    texts = texts_of(tmp_path / "run")
    assert len(texts) > 300 and [text for text in texts if text in written] == []
    assert KEY not in written and "no such thing" not in written and "Authorization" not in written

    lines = read(log)
    first, last = lines[0], lines[-1]
    assert (first["event"], first["planned"], first["pending"]) == ("job started", 30, 30)
    assert (first["model"], first["judge_model"], first["run"]) == ("loopback", "loopback", str(tmp_path / "run"))
    assert {"rolecs", "python"} <= set(first["versions"])
    ended = [line for line in lines if line["event"] == "dialogue ended"]
    with RunStore.read(DIALOGUES, tmp_path / "run") as store:
        records = {record.id: record for record in store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED)}
    assert {line["key"] for line in ended} == set(records) and len(ended) == 30
    for line in ended:
        record = records[line["key"]]
        assert (line["outcome"], line["reasons"]) == (record.outcome, record.reasons) and line["seconds"] > 0
        assert line["usage"] == asdict(record.total_usage)
        assert line["error"] == (record.error.kind if record.error else None)
    again = [line for line in lines if line["event"] == "call asked again"]
    assert {line["error"] for line in again} >= {"500", "unreadable"}
    assert {line["key"] for line in again} <= set(records)
    assert last["event"] == "job ended"
    assert last["outcomes"] == played.funnel.outcomes and last["reasons"] == played.funnel.reasons
    assert last["usage"] == {role: asdict(spent) for role, spent in played.funnel.usage.items()}


async def test_texts_are_logged_when_they_are_asked_for_and_keys_never(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with serve(Loopback()) as server:
        await play(server, tmp_path / "run", dialogues=2, canaries=0, log=log, log_texts=True)
    answered = [line for line in read(log) if line["event"] == "call answered"]
    assert len(answered) == server.calls["all"]
    assert sorted(str(line["messages"]) for line in answered) == sorted(
        str(body["messages"]) for body in server.requests
    )
    assert all(line["answer"] for line in answered) and KEY not in log.read_text(encoding="utf-8")


async def test_a_bug_of_ours_is_logged_by_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def explode(*arguments: object, **fields: object) -> None:
        raise RuntimeError("a very private text")

    monkeypatch.setattr(Chat, "say", explode)
    async with serve(Loopback()) as server:
        await play(server, tmp_path / "run", dialogues=2, log=tmp_path / "log.jsonl")
        await play(server, tmp_path / "other", dialogues=2, log=tmp_path / "texts.jsonl", log_texts=True)
    ended = [line for line in read(tmp_path / "log.jsonl") if line["event"] == "dialogue ended"]
    assert [(line["outcome"], line["error"]) for line in ended] == [("failed", "RuntimeError")] * 2
    assert "private" not in (tmp_path / "log.jsonl").read_text(encoding="utf-8")
    ended = [line for line in read(tmp_path / "texts.jsonl") if line["event"] == "dialogue ended"]
    assert {line["error_message"] for line in ended} == {"RuntimeError: a very private text"}


async def test_an_interrupted_job_closes_what_watches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = InMemorySpanExporter()
    monkeypatch.setattr(graphs.telemetry.telemetry, "make_exporter", lambda: spans)
    log, metrics = tmp_path / "log.jsonl", tmp_path / "job.prom"
    async with serve(Loopback(delay=0.01)) as server:
        watched = {"log": log, "metrics": metrics, "trace": True}
        job = asyncio.create_task(play(server, tmp_path / "run", dialogues=200, concurrency=4, **watched))
        while not (log.exists() and "dialogue ended" in log.read_text(encoding="utf-8")):
            await asyncio.sleep(0.02)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
    assert [line["event"] for line in read(log)[-2:]] == ["job interrupted", "job ended"]
    with RunStore.read(DIALOGUES, tmp_path / "run") as store:
        stored = store.funnel().outcomes
    assert read(log)[-1]["outcomes"] == stored
    found = figures(metrics)
    assert found["rolecs_dialogues kept"] == stored[Outcome.KEPT] and found["rolecs_dialogues_in_flight"] == 0
    names = [span.name for span in spans.get_finished_spans()]
    assert names.count("rolecs.dialogue") >= stored[Outcome.KEPT] and "chat loopback" in names


async def test_a_failed_job_and_why_one_halts_are_logged(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with serve(Loopback()) as server:
        await play(server, tmp_path / "run", dialogues=50, budget_tokens=1, concurrency=2, log=log)
    halted, _ = read(log)[-2:]
    assert (halted["event"], halted["kind"]) == ("job halted", "budget") and halted["reason"]
    async with serve(Loopback(faults=Faults(busy_429=1.0))) as server:
        with pytest.raises(EngineError):
            await play(server, tmp_path / "other", dialogues=2, log=log)
    *_, failed, ended = read(log)
    assert (failed["event"], failed["error"]) == ("job failed", "EngineError") and ended["event"] == "job ended"
    assert server.base_url not in json.dumps(failed), "its message is a text"


async def test_servers_and_limits_are_logged(tmp_path: Path) -> None:
    page = "vllm:num_requests_waiting 0\nvllm:kv_cache_usage_perc 0\nvllm:num_preemptions_total 0\n"
    log = tmp_path / "log.jsonl"
    async with serve(Loopback(metrics=lambda: page)) as one, serve(Loopback()) as two:
        with log_to(log, texts=False):
            async with (
                ChatClient(one.base_url, "loopback") as first,
                ChatClient(two.base_url, "loopback") as second,
                httpx2.AsyncClient() as reports,
            ):
                replicas = [idle_replica(first, reports), idle_replica(second, reports)]
                async with Dispatcher(replicas, None, Timings(look_s=0.01, probe_s=0.01)) as dispatcher:
                    for _ in range(64):
                        await dispatcher.take()
                    dispatcher.lose(replicas[1], EngineError("gone"))
                    dispatcher.lose(replicas[1], EngineError("gone"))
                    while "server back" not in log.read_text() or "limit changed" not in log.read_text():
                        await asyncio.sleep(0.01)
    told = [(line["event"], line["server"]) for line in read(log)]
    assert told.count(("server down", two.base_url)) == told.count(("server back", two.base_url)) == 1
    changed = next(line for line in read(log) if line["event"] == "limit changed")
    assert (changed["server"], changed["before"], changed["limit"]) == (one.base_url, 32, 40)


async def test_a_distillation_is_watched_like_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = InMemorySpanExporter()
    monkeypatch.setattr(graphs.telemetry.telemetry, "make_exporter", lambda: spans)
    log = tmp_path / "log.jsonl"
    async with serve(Loopback(faults=Faults(invalid=0.1))) as server:
        settings = DistillSettings(
            base_url=(server.base_url,),
            run=tmp_path / "run",
            transcripts=(STAR,),
            log=log,
            metrics=tmp_path / "job.prom",
            trace=True,
        )
        distilled = await run_job(distill, settings, secrets=Secrets(api_key=SecretStr(KEY)))
    written = log.read_text(encoding="utf-8")
    assert len(distilled.personas) > 20 and [p for p in distilled.personas if p.description in written] == []
    lines = read(log)
    events = [line["event"] for line in lines]
    assert (events[0], events[-1], lines[0]["judge_model"]) == ("job started", "job ended", None)
    with RunStore.read(EXTRACTIONS, tmp_path / "run") as store:
        planned = store.planned
    assert events.count("dialogue ended") == planned and "call asked again" in events
    found = figures(tmp_path / "job.prom")
    assert found["rolecs_dialogues kept"] == len(distilled.personas) and found["rolecs_dialogues_planned"] == planned
    assert found["rolecs_requests_total"] == distilled.funnel.total_usage.requests
    assert [span.name for span in spans.get_finished_spans()].count("rolecs.dialogue") == planned


def attribute(span: ReadableSpan, name: str) -> Any:
    return (span.attributes or {}).get(name)


async def test_spans_of_a_job_hang_together_and_hold_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = InMemorySpanExporter()
    monkeypatch.setattr(graphs.telemetry.telemetry, "make_exporter", lambda: spans)
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    async with serve(Loopback(faults=FAULTY, pass_rate=0.95)) as server:
        played = await play(server, tmp_path / "run", dialogues=12, canaries=0.3, trace=True)
    finished = spans.get_finished_spans()
    dialogues = {span.context.span_id: span for span in finished if span.name == "rolecs.dialogue" and span.context}
    calls = [span for span in finished if span.name == "chat loopback"]
    assert len(dialogues) == 12 and len(calls) + len(dialogues) == len(finished)
    assert {attribute(call, "rolecs.role") for call in calls} == set(played.funnel.usage)
    used = sum(attribute(call, "gen_ai.usage.output_tokens") or 0 for call in calls)
    assert used == played.funnel.total_usage.completion_tokens
    assert {call.parent.span_id for call in calls if call.parent} == set(dialogues)
    with RunStore.read(DIALOGUES, tmp_path / "run") as store:
        records = {record.id: record for record in store.records(*set(Outcome) - {Outcome.PLANNED})}
    for span in dialogues.values():
        record = records[attribute(span, "rolecs.key")]
        assert attribute(span, "rolecs.topic") == record.topic
        assert attribute(span, "rolecs.outcome") == record.outcome
        assert list(attribute(span, "rolecs.reasons")) == record.reasons
    written = "".join(span.to_json() for span in finished)
    assert [text for text in texts_of(tmp_path / "run") if text in written] == [] and KEY not in written
    assert calls[0].resource.attributes["service.name"] == "rolecs"


async def test_the_service_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spans = InMemorySpanExporter()
    monkeypatch.setattr(graphs.telemetry.telemetry, "make_exporter", lambda: spans)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    async with serve(Loopback()) as server:
        await play(server, tmp_path / "run", dialogues=1, trace=True)
    assert spans.get_finished_spans()[0].resource.attributes["service.name"] == "ours"


async def test_without_the_extra_tracing_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    async with serve(Loopback()) as server:
        with pytest.raises(UsageError, match=r"needs the extra otel .*: pip install 'rolecs\[otel\]'") as caught:
            await play(server, tmp_path / "run", trace=True)
    assert "\n" not in str(caught.value) and not server.calls and not (tmp_path / "run").exists()


@pytest.mark.parametrize("setting", ["log", "metrics"])
async def test_a_file_that_cannot_be_written_is_wrong_use(tmp_path: Path, setting: str) -> None:
    (tmp_path / "folder").mkdir()
    async with serve(Loopback()) as server:
        with pytest.raises(UsageError, match="cannot write"):
            await play(server, tmp_path / "run", **{setting: tmp_path / "folder"})
    with pytest.raises(UsageError, match="there is no folder"):
        load_settings(Settings, None, {setting: "none/file"})


def test_texts_need_a_log() -> None:
    with pytest.raises(UsageError, match="name a file by log"):
        load_settings(Settings, None, {"log_texts": True})


async def test_metrics_say_what_the_run_says(tmp_path: Path) -> None:
    """And the docs name those that there are."""
    prices = {"input": 2.0, "cached": 0.5, "output": 8.0}
    before = time.time()
    async with serve(Loopback(pass_rate=0.9)) as server:
        fields = {"dialogues": 12, "prices": prices, "metrics": tmp_path / "job.prom"}
        funnel = (await play(server, tmp_path / "run", **fields)).funnel
    found, usage = figures(tmp_path / "job.prom"), funnel.total_usage
    assert found["rolecs_dialogues_planned"] == 12
    for outcome in (Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED):
        assert found[f"rolecs_dialogues {outcome}"] == funnel.outcomes[outcome]
    assert found["rolecs_requests_total"] == usage.requests
    assert found["rolecs_tokens_total computed"] == usage.prompt_tokens - usage.cached_tokens
    assert found["rolecs_tokens_total cached"] == usage.cached_tokens > 0
    assert found["rolecs_tokens_total generated"] == usage.completion_tokens
    assert found["rolecs_cost_usd_total"] == pytest.approx(Prices(**prices).cost(usage))
    start, end = found["rolecs_start_time_seconds"], found["rolecs_last_dialogue_end_time_seconds"]
    assert before <= start <= end <= time.time()
    told = Path("docs/watching.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(rolecs_[a-z_]+)(?:\{[a-z]+\})?`", told))
    assert named == {name.split(" ")[0] for name in found}
    assert not [path for path in tmp_path.iterdir() if path.name not in {"run", "job.prom"}]


async def test_metrics_follow_a_job_and_its_counters_never_fall(tmp_path: Path) -> None:
    path = tmp_path / "job.prom"
    metrics = MetricsFile(path, tmp_path / "run", Prices(), write_s=0.01)
    assert "rolecs_cost_usd_total" not in figures(path) and figures(path)["rolecs_requests_total"] == 0
    outcomes = dict.fromkeys(Outcome, 0) | {Outcome.PLANNED: 5}
    funnel = Funnel(outcomes=outcomes, reasons={}, counts={}, repaired=0, usage={})
    spent = [Usage()]
    async with ChatClient("http://127.0.0.1:9/v1", "m", retry_policy=RetryPolicy()) as client:
        counters = Counters(funnel, lambda: spent[-1])
        for requests in (3, 7):
            async with Dispatcher([idle_replica(client)], 4) as dispatcher, metrics.follow(counters, dispatcher):
                await dispatcher.take()
                spent.append(Usage(requests=requests))
                while figures(path)["rolecs_requests_total"] != requests:
                    await asyncio.sleep(0.01)
                found = figures(path)
                assert (found["rolecs_dialogues_in_flight"], found["rolecs_dialogues_in_flight_limit"]) == (1, 4)
                assert found["rolecs_replicas_down"] == 0 and found["rolecs_dialogues_planned"] == 5
    path.unlink()
    metrics.end(outcomes)
    assert figures(path)["rolecs_requests_total"] == 7
    assert f'run="{tmp_path / "run"}"' in path.read_text(encoding="utf-8")


async def test_a_job_goes_on_when_metrics_can_no_longer_be_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    metrics = MetricsFile(tmp_path / "there" / "job.prom", tmp_path, Prices())
    (tmp_path / "there" / "job.prom").unlink()
    (tmp_path / "there").rmdir()
    with log_to(tmp_path / "log.jsonl", texts=False):
        metrics.end(dict.fromkeys(Outcome, 0))
    (line,) = read(tmp_path / "log.jsonl")
    assert (line["event"], line["error"]) == ("metrics not written", "FileNotFoundError")


async def test_an_unwatched_job_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*arguments: object, **fields: object) -> None:
        raise AssertionError("a record was made")

    monkeypatch.setattr(logging.Logger, "makeRecord", forbidden)
    monkeypatch.setattr(graphs.telemetry.telemetry, "make_exporter", forbidden)
    monkeypatch.setattr(graphs.telemetry.telemetry.Observer, "request", forbidden)
    async with serve(Loopback()) as server:
        funnel = (await play(server, tmp_path / "run", dialogues=2)).funnel
    assert funnel.outcomes[Outcome.FAILED] == 0 and funnel.ended == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
