"""The command `evaluate`: two models on one server, the packaged encoder, what is shown and what is written."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

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
        again = CliRunner().invoke(app, [*command, "--resume", "--quiet"], catch_exceptions=False)
        assert again.exit_code == 0 and again.output == "" and server.calls["all"] == asked
    for folder in (run, run / "versus" / "base"):
        (results,) = folder.glob("results_rolecs_*.json")
        told = json.loads(results.read_text())
        assert 0.05 < told["results"]["rolecs"]["semantic_f1,reply"] < 0.9
        assert str(MODEL) in told["rolecs"]["signatures"]["semantic_f1"]
        assert "tuned" in (folder / "report.html").read_text() or folder.name == "base"
        (samples,) = folder.glob("samples_rolecs_*.jsonl")
        first = json.loads(samples.read_text().splitlines()[0])
        assert first["filter"] == "free" and first["target"] == "GT"


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
        f"1 of 3 dialogues share 20% of their 13-grams with the training ({name}); they are left out." in shown.output
    )
    (results,) = run.glob("results_rolecs_*.json")
    told = json.loads(results.read_text())
    assert told["rolecs"]["contamination"]["overlapping"] == [name] and told["n-samples"]["rolecs"]["effective"] == 2
