"""The whole line on the real engine: vLLM on CPU with the demo model, started by the program itself.

The model is tiny, so nothing is asked of its texts; what is asked is that every dialogue ends in one way, that an
English one is kept, that what was said obeys the rules, and that stores, shards and counts agree.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

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
from outputs.training.result import RESULT, Training
from personas.pool import load_pool
from quality.gate.rubric import POINT_CODES
from quality.privacy import find_private
from quality.trust.calibration import ALL_POINTS, Calibration
from tests.test_cli import STAR, heed_interrupts

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1500)]
GOLD = STAR.parent / "gold" / "en.jsonl"
COUNT, ENGLISH = 2, 3
LIMITS = Limits(min_utterances=6, max_utterances=16)
CONFIG = """
temperature = 0.5
top_p = 1.0
utterance_tokens = 160
canaries = 0.5
gate_trial = "skip"
min_agreement = 0.2
[limits]
min_utterances = 6
max_utterances = 16
"""
"""As the demo plays, with shorter calls. Of 40 longer ones, 36 would pass at this agreement, 14 at the gate's own."""
SHORT = """
model = "adapter"
concurrency = 1
utterance_tokens = 60
canaries = 0
repairs = 1
gate_trial = "skip"
[limits]
min_utterances = 4
max_utterances = 8
[retry_policy]
attempts = 2
"""
"""For calls of the adapter, which shall end soon in whatever way."""
ENDED = (Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED)
ENVIRONMENT = os.environ | {"COLUMNS": "100", "HF_HUB_OFFLINE": "1"}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "rolecs", *map(str, arguments)]


def rolecs(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, env=environment(cwd))


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a command that works in a folder and keeps its data there."""
    return ENVIRONMENT | {"XDG_DATA_HOME": str(folder / "data")}


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


class Ended(NamedTuple):
    """A job that has ended: the folder that it worked in, its exit code, what it printed."""

    folder: Path
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def job(base_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Ended]]:
    """Waits for one of the jobs on the shared engine. All begin at once: it answers many hardly slower than few."""
    config = {"run.toml": CONFIG}
    # The gate is tried once: on the English calls.
    play = ("generate", "--config", "run.toml", "--run", "run", "-n")
    gold, calls = GOLD.read_text(encoding="utf-8").splitlines(), STAR.read_text(encoding="utf-8").splitlines()
    jobs: dict[str, tuple[tuple[object, ...], dict[str, str]]] = {
        "distill": (
            ("distill", "calls.jsonl", "--config", "distill.toml", "--report", "pool.html", "--concurrency", 8),
            {"calls.jsonl": "\n".join(calls[:9]), "distill.toml": "[retry_policy]\nattempts = 2\n"} | config,
        ),
        "calibrate": (("calibrate", "gold.jsonl"), {"gold.jsonl": "\n".join([gold[0], *gold[12:48:9]])}),
        Language.ZH: ((*play, 1, "--language", Language.ZH, "--gate-trial", "skip"), config),
        Language.EN: ((*play, ENGLISH, "--language", Language.EN, "--gate-trial", "tell"), config),
    }
    processes = {}
    for name, (arguments, files) in jobs.items():
        folder = tmp_path_factory.mktemp(name)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        with (folder / "stdout").open("w") as out, (folder / "stderr").open("w") as err:
            started = [*command(*arguments), "--base-url", base_url]
            process = subprocess.Popen(started, cwd=folder, env=environment(folder), stdout=out, stderr=err)
        processes[name] = folder, process

    def wait(name: str) -> Ended:
        folder, process = processes[name]
        return Ended(folder, process.wait(), (folder / "stdout").read_text(), (folder / "stderr").read_text())

    yield wait
    for _, process in processes.values():
        process.kill()
        process.wait()


def test_the_engine_reports_what_a_job_is_steered_by(base_url: str) -> None:
    page = httpx2.get(base_url.removesuffix("/v1") + "/metrics", trust_env=False)
    load = parse_load(page.text)
    assert load and load.waiting == load.preemptions == 0 and 0 <= load.kv_usage < 1


def test_real_calls_become_a_pool_that_generate_takes(job: Callable[[str], Ended], base_url: str) -> None:
    distilled = job("distill")
    folder = distilled.folder
    with RunStore.read(EXTRACTIONS, folder / "rolecs-distill") as store:
        funnel = store.funnel()
        personas = [extraction.persona for extraction in store.records(Outcome.KEPT)]
    assert distilled.returncode == (1 if funnel.outcomes[Outcome.FAILED] or not personas else 0), distilled.stderr
    assert funnel.outcomes[Outcome.PLANNED] == 0 and 4 < funnel.planned <= 9
    assert funnel.total_usage.cached_tokens > 0 and (folder / "pool.html").exists()
    if not personas:  # the tiny model may not describe anybody
        assert "no pool was written" in distilled.stdout and not (folder / "pool.jsonl").exists()
        return
    pool = load_pool(folder / "pool.jsonl", Language.EN)
    assert sum(persona.stands_for for persona in pool) == len(personas) >= len(pool) > 0
    calls = (folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    told = {json.loads(call)["dialogue_id"] for call in calls}
    # Behind the id of a call stands a digest of its words.
    assert {source.rpartition("-")[0] for persona in pool for source in persona.sources} <= told
    assert not any(find_private(persona.description) for persona in pool)
    flags = ("--personas", "pool.jsonl", "--balance", "--base-url", base_url, "--config", "run.toml")
    assert rolecs("generate", "-n", 1, *flags, cwd=folder).returncode in (0, 1)
    with RunStore.read(DIALOGUES, folder / "rolecs-run") as dialogues:
        assert dialogues.funnel().outcomes[Outcome.PLANNED] == 0


def test_the_gate_is_compared_with_people(job: Callable[[str], Ended]) -> None:
    compared = job("calibrate")
    assert compared.returncode == 0, compared.stderr
    (file,) = (compared.folder / "data" / "rolecs" / "calibrations").iterdir()
    calibration = Calibration.model_validate_json(file.read_bytes())
    assert calibration.calls == 5 and calibration.agreement[ALL_POINTS].calls == 5
    assert all(calibration.agreement[code].calls == 5 - calibration.unscored for code in POINT_CODES)


@pytest.mark.parametrize(("language", "count"), [(Language.ZH, 1), (Language.EN, ENGLISH)])
def test_a_shared_engine_plays_judges_and_exports(job: Callable[[str], Ended], language: Language, count: int) -> None:
    played = job(language)
    folder = played.folder
    assert ("Gate, tried on calls that ship" in played.stderr) is (language is Language.EN), played.stderr
    with RunStore.read(DIALOGUES, folder / "run") as store:
        funnel = store.funnel()
        records = [record for outcome in ENDED for record in store.records(outcome)]
    assert played.returncode == (1 if funnel.outcomes[Outcome.FAILED] else 0), played.stderr
    assert len(records) == count and funnel.outcomes[Outcome.PLANNED] == 0
    heard = [record for record in records if record.turns]
    # The tiny model hardly knows Chinese, and may lay down no sound plan at all: then every call ends with that.
    if language is Language.EN:
        assert funnel.outcomes[Outcome.KEPT], [record.error or record.reasons for record in records]
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
    assert rolecs("report", "run", cwd=folder).returncode == 0 and (folder / "run" / "report.html").exists()

    assert rolecs("export", "run", "--out", "shards", "--rejected", cwd=folder).returncode == 0
    verified = rolecs("verify", "shards", cwd=folder)
    assert verified.returncode == 0, verified.stdout
    for kind, outcome in (("data", Outcome.KEPT), ("rejected", Outcome.REJECTED)):
        if funnel.outcomes[outcome]:
            files = str(folder / "shards" / kind / "*.jsonl")
            rows = datasets.load_dataset("json", data_files=files, split="train", cache_dir=str(folder / kind))
            assert rows["id"] == [record.id for record in records if record.outcome is outcome]


def test_an_adapter_is_trained_and_plays_on_an_engine_of_its_own(tmp_path: Path) -> None:
    """The job starts the engine, starts it again when it is killed, and leaves none behind."""
    calls = GOLD.read_text(encoding="utf-8").splitlines()[:3]
    (tmp_path / "calls.jsonl").write_text("\n".join(calls), encoding="utf-8")
    how = ("--base", "smollm2", "--out", "adapter", "--epochs", 1, "--batch", 1, "--steps", 3, "--held-out", 0)
    trained = rolecs("train", "calls.jsonl", *how, cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    result = Training.model_validate_json((tmp_path / "adapter" / RESULT).read_bytes())
    assert result.steps == len(result.curve) == 3 and result.packed

    (tmp_path / "run.toml").write_text(SHORT)
    before = engines()
    flags = ("--config", "run.toml", "--log", "log.jsonl", "--metrics", "job.prom")
    started = command("generate", "-n", COUNT, *flags)
    with subprocess.Popen(started, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)) as job:
        while job.poll() is None and count_ended(tmp_path / "rolecs-run") == 0:
            time.sleep(0.2)
        if job.poll() is None:
            for process in psutil.Process(job.pid).children():
                process.kill()
        _, told = job.communicate()
    assert engines() <= before
    assert "starting the engine for adapter" in told and "It is started again." in told
    with RunStore.read(DIALOGUES, tmp_path / "rolecs-run") as store:
        outcomes, stored_requests = store.funnel().outcomes, store.funnel().total_usage.requests
    assert outcomes[Outcome.PLANNED] == 0 and job.returncode == (1 if outcomes[Outcome.FAILED] else 0), told
    log = (tmp_path / "rolecs-run" / "engine.log").read_text(errors="replace")
    assert "Application startup complete" in log and "adapter" in log
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
