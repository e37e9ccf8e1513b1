"""The command `evaluate`: two models on one server, the packaged encoder, what is shown and what is written."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

from outputs.runs.evaluation import EVALUATIONS
from outputs.runs.store import RunStore
from personas.dedup.embedding import PACKAGED_MODEL
from rolecs import app
from tests.support import DATA
from tests.support.loopback import Loopback, serve

MODEL = Path(pytest.importorskip(PACKAGED_MODEL.replace("-", "_")).__file__).parent / "model"


class TwoModels(Loopback):
    """Serves a second model, which answers as the first one does."""

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": name, "owned_by": "vllm"} for name in ("tuned", "base")]})

    def _find_refusal(self, request: web.Request, body: dict[str, Any]) -> web.Response | None:
        return None


@contextmanager
def serve_in_thread(server: Loopback) -> Iterator[Loopback]:
    """Serve beside a command that runs a loop of its own."""
    ready, loop, done = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        async with serve(server):
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


def test_two_models_are_compared_on_the_same_dialogues(tmp_path: Path) -> None:
    lines = (DATA / "gold" / "en.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    file, run = tmp_path / "calls.jsonl", tmp_path / "run"
    file.write_text("\n".join(lines), encoding="utf-8")
    with serve_in_thread(TwoModels()) as server:
        words = ["evaluate", file, "--base-url", server.base_url, "--model", "tuned", "--versus", "base", "--run", run]
        command = [*map(str, words), "--embedding-model", str(MODEL)]
        shown = CliRunner(env={"COLUMNS": "100"}).invoke(app, command, catch_exceptions=False)
        asked = server.calls["all"]
        assert shown.exit_code == 0
        assert "tuned minus ..." in shown.output and "+0.0 (+0.0 to +0.0)" in shown.output and " *" not in shown.output
        assert "42.96" in shown.output, "published figures stand below"
        CliRunner().invoke(app, [*command[:-1], "none", "--resume", "--quiet"], catch_exceptions=False)
        without = json.loads(next(run.glob("results_rolecs_*.json")).read_text())
        assert "semantic_f1" not in without["rolecs"]["signatures"], "left out where no encoder is wanted"
        again = CliRunner().invoke(app, [*command, "--resume", "--quiet"], catch_exceptions=False)
        assert again.exit_code == 0 and again.output == "" and server.calls["all"] == asked
    for folder in (run, run / "versus" / "base"):
        (results,) = folder.glob("results_rolecs_*.json")
        told = json.loads(results.read_text())
        assert 0.05 < told["results"]["rolecs"]["semantic_f1,reply"] < 0.9
        assert str(MODEL) in told["rolecs"]["signatures"]["semantic_f1"]
        assert "tuned" in (folder / "report.html").read_text() or folder.name == "base"
        (samples,) = folder.glob("samples_rolecs_*.jsonl")
        lines = list(map(json.loads, samples.read_text().splitlines()))
        first, names = lines[0], {(line["doc_id"], line["filter"]) for line in lines}
        assert len(names) == len(lines), "a turn and a question tell a line from all others, as in lm-eval's files"
        assert {name for _, name in names} <= {one["name"] for one in told["configs"]["rolecs"]["filter_list"]}
        assert first["filter"] == "free" and first["target"] == "GT"


def test_an_evaluation_that_is_killed_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    lines = (DATA / "gold" / "en.jsonl").read_text(encoding="utf-8").splitlines()[:6]
    file, whole, killed = (tmp_path / name for name in ("calls.jsonl", "whole", "killed"))
    file.write_text("\n".join(lines), encoding="utf-8")
    with serve_in_thread(Loopback(delay=0.005)) as server:
        words = ["evaluate", file, "--base-url", server.base_url, "--concurrency", 2, "--embedding-model", MODEL]
        command = [*map(str, words), "--quiet", "--run"]
        assert CliRunner().invoke(app, [*command, str(whole)], catch_exceptions=False).exit_code == 0
        asked, deadline = server.calls["all"], time.monotonic() + 60
        process = subprocess.Popen([sys.executable, "-m", "rolecs", *command, str(killed)])
        while server.calls["all"] < 1.5 * asked and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        with RunStore.read(EVALUATIONS, killed) as store:
            assert 0 < store.funnel().ended < len(lines)
        again = CliRunner().invoke(app, [*command, str(killed), "--resume"], catch_exceptions=False)
        assert again.exit_code == 0 and server.calls["all"] < 2.5 * asked
    names = sorted(path.name for path in whole.glob("*_rolecs_*"))
    assert len(names) == 2
    for name in names:
        assert (killed / name).read_bytes() == (whole / name).read_bytes()


def test_a_judge_judges_calls_and_pairs_and_all_of_it_goes_on(tmp_path: Path) -> None:
    file, run = tmp_path / "calls.jsonl", tmp_path / "run"
    lines = (DATA / "gold" / "en.jsonl").read_text(encoding="utf-8").splitlines()[:2]
    file.write_text("\n".join(lines), encoding="utf-8")

    def say(body: dict[str, Any]) -> str | None:
        # The base says one thing, and the judge likes that less wherever it stands.
        prompt = body["messages"][-1]["content"]
        if body["model"] == "base" and "structured_outputs" not in body:
            return "Well, well, and well again."
        if "Version A" in prompt:
            first, second = (part.count("and well again") for part in prompt.split("Version B"))
            better = "A" if first < second else "B" if second < first else "equal"
            return json.dumps({"reason": "It is better.", "better": better})
        return None

    with serve_in_thread(TwoModels(say=say)) as server:
        words = ["evaluate", file, "--base-url", server.base_url, "--model", "tuned", "--versus", "base", "--run", run]
        words += ["--history", "generated", "--judge-model", "tuned", "--embedding-model", MODEL]
        command = [str(word) for word in words]
        shown = CliRunner(env={"COLUMNS": "160"}).invoke(app, command, catch_exceptions=False)
        assert (
            shown.exit_code == 0 and "tuned against base" in shown.output and "judge: natural wording" in shown.output
        )
        asked, (results,) = server.calls["all"], run.glob("results_rolecs_*.json")
        before = results.read_bytes()
        again = CliRunner().invoke(app, [*command, "--resume", "--quiet"], catch_exceptions=False)
        assert again.exit_code == 0 and server.calls["all"] == asked and results.read_bytes() == before
    told = json.loads(before)
    wins = told["rolecs"]["judge"]["wins"]["base"]
    assert (wins["won"], wins["tied"], wins["lost"], wins["net"]) == (2, 0, 0, 1.0)
    assert 0 <= told["results"]["rolecs"]["natural_wording,call"] <= 1 and told["rolecs"]["judge"]["model"] == "tuned"
    assert told["rolecs"]["judge"]["unscored_calls"] == 0
    page = (run / "report.html").read_text()
    assert "tuned against base" in page and "<dt>Judge</dt><dd>tuned</dd>" in page and "Nobody has looked" in page


def test_dialogues_that_the_model_was_trained_on_are_named_and_left_out(tmp_path: Path) -> None:
    lines = (DATA / "gold" / "en.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    file, seen, run = tmp_path / "calls.jsonl", tmp_path / "seen.jsonl", tmp_path / "run"
    file.write_text("\n".join(lines), encoding="utf-8")
    seen.write_text(lines[1], encoding="utf-8")
    name = json.loads(lines[1])["id"]
    with serve_in_thread(Loopback()) as server:
        words = ["evaluate", file, "--base-url", server.base_url, "--train", seen, "--decontaminate", "--run", run]
        command = [*map(str, words), "--embedding-model", str(MODEL)]
        shown = CliRunner(env={"COLUMNS": "100"}).invoke(app, command, catch_exceptions=False)
    assert shown.exit_code == 0
    assert (
        "1 of 3 dialogues overlap with the training (copies: 1; 20% or more of the 13-grams: 1; 0.95 alike or more by "
        in shown.output.replace("\n", " ")
        and f": 1): {name}. They are left out." in shown.output.replace("\n", " ")
    )
    (results,) = run.glob("results_rolecs_*.json")
    told = json.loads(results.read_text())
    assert f"{name}. They are left out." in (run / "report.html").read_text()
    assert told["rolecs"]["contamination"]["overlapping"] == [name] and told["n-samples"]["rolecs"]["effective"] == 2
