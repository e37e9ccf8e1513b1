"""The whole line on the real engine: vLLM on CPU with the demo model, started by the program itself.

The model rambles, so nothing is asked of its texts; what is asked is that every dialogue ends in one way, that what was
said obeys the rules, and that stores, shards and counts agree.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import datasets
import httpx2
import psutil
import pytest

from agents.csc.dialogue import is_abandoned
from agents.csc.flow import Limits, broken_rules
from agents.csc.language import Language
from graphs.scheduling.adaptive_concurrency import parse_load
from outputs.runs.extraction import EXTRACTIONS
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from personas.pool import load_pool
from quality.gate.rubric import POINT_CODES
from quality.privacy import find_private
from quality.trust.calibration import ALL_POINTS, Calibration
from tests.test_cli import STAR, heed_interrupts

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1500)]
COUNT = 2
LIMITS = Limits(min_utterances=4, max_utterances=8)
CONFIG = """
utterance_tokens = 160
canaries = 0.5
gate_trial = "skip"
[limits]
min_utterances = 4
max_utterances = 8
"""
ENDED = (Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED)


ENVIRONMENT = os.environ | {"COLUMNS": "100", "HF_HUB_OFFLINE": "1"}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "rolecs", *map(str, arguments)]


def rolecs(*arguments: object, cwd: Path, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    places = {"XDG_DATA_HOME": str(data)} if data else {}
    return subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, env=ENVIRONMENT | places)


def engines() -> set[int]:
    """Return the process ids of all running engines, their workers included."""
    return {
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any("vllm" in part.lower() for part in process.info["cmdline"] or [])
    }


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A shared engine, as `rolecs engine` serves it; Ctrl-C ends it and all its processes."""
    before = engines()
    with subprocess.Popen(
        command("engine"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=ENVIRONMENT,
        preexec_fn=heed_interrupts,
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("smollm2 is served at http://127.0.0.1:"), line
        yield line.split()[-1]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert engines() <= before


@pytest.mark.parametrize(("language", "count"), [(Language.EN, COUNT), (Language.ZH, 1)])
def test_a_shared_engine_plays_judges_and_exports(
    base_url: str, tmp_path: Path, language: Language, count: int
) -> None:
    (tmp_path / "run.toml").write_text(CONFIG)
    # The gate is tried once: on the English calls.
    trial = "tell" if language is Language.EN else "skip"
    flags = ("--language", language, "--base-url", base_url, "--config", "run.toml", "--run", "run")
    played = rolecs("generate", "-n", count, "--gate-trial", trial, *flags, cwd=tmp_path, data=tmp_path / "data")
    assert ("Gate, tried on calls that ship" in played.stderr) is (language is Language.EN), played.stderr
    with RunStore.read(DIALOGUES, tmp_path / "run") as store:
        funnel = store.funnel()
        records = [record for outcome in ENDED for record in store.records(outcome)]
    assert played.returncode == (1 if funnel.outcomes[Outcome.FAILED] else 0), played.stderr
    assert len(records) == count and funnel.outcomes[Outcome.PLANNED] == 0
    heard = [record for record in records if record.turns]
    # The tiny model hardly knows Chinese, and may lay down no sound plan at all: then every call ends with that.
    no_plan = all(reason.startswith("plan:") for record in records for reason in record.reasons or ["failed"])
    assert heard or no_plan or language is Language.ZH, [record.error for record in records]
    assert not any(broken_rules(record.turns, LIMITS) for record in heard)
    assert funnel.total_usage.cached_tokens > 0 and funnel.total_usage.completion_tokens > 0

    # The whole gate has run on whatever was said: no call is kept or lost without findings.
    for record in heard:
        judged = record.outcome is not Outcome.FAILED and not record.violations and not is_abandoned(record.repairs)
        assert (record.verdict is not None) is judged
        if record.verdict and record.verdict.unscored is None:
            assert set(record.verdict.points) == set(POINT_CODES) and record.verdict.labelling
    assert funnel.reasons.get("unscored", 0) == sum(record.reasons == ["unscored"] for record in records)
    assert "Canaries: " in played.stdout and "Uncalibrated: " in played.stdout
    assert rolecs("report", "run", cwd=tmp_path).returncode == 0 and (tmp_path / "run" / "report.html").exists()

    assert rolecs("export", "run", "--out", "shards", "--rejected", cwd=tmp_path).returncode == 0
    verified = rolecs("verify", "shards", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout
    for folder, outcome in (("data", Outcome.KEPT), ("rejected", Outcome.REJECTED)):
        if funnel.outcomes[outcome]:
            files = str(tmp_path / "shards" / folder / "*.jsonl")
            rows = datasets.load_dataset("json", data_files=files, split="train", cache_dir=str(tmp_path / folder))
            assert rows["id"] == [record.id for record in records if record.outcome is outcome]


def test_the_engine_reports_what_a_job_is_steered_by(base_url: str) -> None:
    page = httpx2.get(base_url.removesuffix("/v1") + "/metrics", trust_env=False)
    load = parse_load(page.text)
    assert load and load.waiting == load.preemptions == 0 and 0 <= load.kv_usage < 1


def test_the_gate_is_compared_with_people(base_url: str, tmp_path: Path) -> None:
    lines = (STAR.parent / "gold" / "en.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "gold.jsonl").write_text("\n".join([lines[0], *lines[12:48:9]]), encoding="utf-8")
    compared = rolecs("calibrate", "gold.jsonl", "--base-url", base_url, cwd=tmp_path, data=tmp_path / "data")
    assert compared.returncode == 0, compared.stderr
    (file,) = (tmp_path / "data" / "rolecs" / "calibrations").iterdir()
    calibration = Calibration.model_validate_json(file.read_bytes())
    assert calibration.calls == 5 and calibration.agreement[ALL_POINTS].calls == 5
    assert all(calibration.agreement[code].calls == 5 - calibration.unscored for code in POINT_CODES)


def test_real_calls_become_a_pool_that_generate_takes(base_url: str, tmp_path: Path) -> None:
    calls = STAR.read_text(encoding="utf-8").splitlines()[:9]
    (tmp_path / "calls.jsonl").write_text("\n".join(calls), encoding="utf-8")
    (tmp_path / "distill.toml").write_text("[retry_policy]\nattempts = 2\n")
    flags = ("--base-url", base_url, "--config", "distill.toml", "--report", "pool.html", "--concurrency", 8)
    distilled = rolecs("distill", "calls.jsonl", *flags, cwd=tmp_path)
    with RunStore.read(EXTRACTIONS, tmp_path / "rolecs-distill") as store:
        funnel = store.funnel()
        personas = [extraction.persona for extraction in store.records(Outcome.KEPT)]
    assert distilled.returncode == (1 if funnel.outcomes[Outcome.FAILED] or not personas else 0), distilled.stderr
    assert funnel.outcomes[Outcome.PLANNED] == 0 and 4 < funnel.planned <= 9
    assert funnel.total_usage.cached_tokens > 0 and (tmp_path / "pool.html").exists()
    if not personas:  # the tiny model may not describe anybody
        assert "no pool was written" in distilled.stdout and not (tmp_path / "pool.jsonl").exists()
        return
    pool = load_pool(tmp_path / "pool.jsonl", Language.EN)
    assert sum(persona.stands_for for persona in pool) == len(personas) >= len(pool) > 0
    assert {source for persona in pool for source in persona.sources} <= {
        json.loads(call)["dialogue_id"] for call in calls
    }
    assert not any(find_private(persona.description) for persona in pool)
    (tmp_path / "run.toml").write_text(CONFIG)
    flags = ("--personas", "pool.jsonl", "--balance", "--base-url", base_url, "--config", "run.toml")
    assert rolecs("generate", "-n", 1, *flags, cwd=tmp_path).returncode in (0, 1)
    with RunStore.read(DIALOGUES, tmp_path / "rolecs-run") as dialogues:
        assert dialogues.funnel().outcomes[Outcome.PLANNED] == 0


def test_generate_minds_an_engine_of_its_own(tmp_path: Path) -> None:
    """It starts one, starts it again when it is killed, and leaves none behind."""
    (tmp_path / "run.toml").write_text(CONFIG)
    before = engines()
    flags = ("--concurrency", 1, "--config", "run.toml", "--log", "log.jsonl", "--metrics", "job.prom")
    with subprocess.Popen(
        command("generate", "-n", COUNT, *flags), cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as job:
        while job.poll() is None and count_ended(tmp_path / "rolecs-run") == 0:
            time.sleep(0.2)
        if job.poll() is None:
            for process in psutil.Process(job.pid).children():
                process.kill()
        _, told = job.communicate()
    assert engines() <= before
    assert "starting the engine for smollm2" in told and "It is started again." in told
    with RunStore.read(DIALOGUES, tmp_path / "rolecs-run") as store:
        outcomes, stored_requests = store.funnel().outcomes, store.funnel().total_usage.requests
    assert outcomes[Outcome.PLANNED] == 0 and job.returncode == (1 if outcomes[Outcome.FAILED] else 0), told
    assert b"Application startup complete" in (tmp_path / "rolecs-run" / "engine.log").read_bytes()
    events = [json.loads(line)["event"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert events.count("dialogue ended") == COUNT and (events[0], events[-1]) == ("job started", "job ended")
    figures = (tmp_path / "job.prom").read_text()
    assert f'rolecs_dialogues{{outcome="failed",run="{tmp_path / "rolecs-run"}"}}' in figures
    # What the engine that was killed had answered stays counted.
    (requests,) = re.findall(r"^rolecs_requests_total\{.*\} (\S+)$", figures, re.MULTILINE)
    assert float(requests) >= stored_requests


def count_ended(run: Path) -> int:
    if not RunStore.exists(run):
        return 0
    with RunStore.read(DIALOGUES, run) as store:
        return store.funnel().ended
