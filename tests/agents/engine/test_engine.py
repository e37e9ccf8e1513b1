"""The managed engine with a stand-in for vLLM's server: ready, dead, and always stopped."""

import asyncio
import os
import re
import sys
import time
from pathlib import Path

import psutil
import pytest

from agents.engine import managed as engine_module
from agents.engine.adapter import CONFIG
from agents.engine.demo_model import DEMO_MODEL
from agents.engine.managed import managed_engine
from agents.errors import EngineError, UsageError

SERVER = """
import http.server, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
DYING = "import sys; print('loading'); print('    load()'); print('no room for the weights'); sys.exit(3)"


def stand_in(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    def command(path: str, name: str, port: int, *, on_cpu: bool) -> list[str]:
        return [sys.executable, "-c", program, str(port)]

    monkeypatch.setattr(engine_module, "_command", command)
    monkeypatch.setattr(engine_module, "STOP_S", 3.0)


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def child_of(log: Path) -> int:
    return int(log.read_text().split()[1])


async def ends(pid: int) -> bool:
    """A killed process ends when the kernel gets to it, which on a busy machine is later than the call returns."""
    deadline = time.monotonic() + 10.0
    while is_running(pid) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return not is_running(pid)


@pytest.mark.parametrize("end", ["normal", "exception", "cancelled"])
async def test_an_engine_and_its_children_are_always_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str
) -> None:
    stand_in(monkeypatch, SERVER)
    log = tmp_path / "engine.log"
    waits: list[float] = []

    async def use() -> None:
        async with managed_engine("model", log, on_wait=lambda seconds, line: waits.append(seconds)) as engine:
            assert engine.base_url.startswith("http://127.0.0.1:")
            assert is_running(child_of(log))
            if end == "exception":
                raise ZeroDivisionError
            if end == "cancelled":
                await asyncio.sleep(60)

    task = asyncio.create_task(use())
    if end == "cancelled":
        while not (log.exists() and "child" in log.read_text()):
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.0)
        task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() if end == "cancelled" else (task.exception() is not None) is (end == "exception")
    assert await ends(child_of(log))


async def test_an_engine_that_dies_while_loading_shows_its_last_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, DYING)
    with pytest.raises(EngineError, match=r"(?s)exit code 3.*no room for the weights") as found:
        async with managed_engine("model", tmp_path / "engine.log"):
            raise AssertionError("never ready")
    assert "load()" not in str(found.value), "the frames of a traceback are left to the log"


async def test_an_engine_that_dies_later_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, SERVER)
    log = tmp_path / "engine.log"
    async with managed_engine("model", log) as engine:
        watch = asyncio.create_task(engine.watch())
        psutil.Process(child_of(log)).parent().kill()  # type: ignore[union-attr]
        with pytest.raises(EngineError, match="exit code -9"):
            await watch


async def test_no_key_reaches_the_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, "import os; print(sorted(os.environ)); raise SystemExit(1)")
    for key in ("ROLECS_API_KEY", "ROLECS_JUDGE_API_KEY", "ROLECS_AGENT_API_KEY"):
        monkeypatch.setenv(key, "secret")
    with pytest.raises(EngineError) as caught:
        async with managed_engine("model", tmp_path / "engine.log"):
            raise AssertionError("never ready")
    assert "PATH" in str(caught.value) and "_API_KEY" not in str(caught.value)


async def test_without_vllm_there_is_a_way_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine_module, "installed_engine", lambda: None)
    with pytest.raises(UsageError, match="no vLLM is installed"):
        async with managed_engine(DEMO_MODEL, tmp_path / "engine.log"):
            raise AssertionError("never ready")


async def test_a_folder_that_is_not_there_is_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, "raise SystemExit(9)")
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / CONFIG).write_text('{"base_model_name_or_path": "./gone", "r": 8}', encoding="utf-8")
    for model, named in (
        ("./nope", "there is no ./nope: "),
        (str(adapter), f"./gone, the base of the adapter {adapter}:"),
    ):
        with pytest.raises(UsageError, match=re.escape(named)):
            async with managed_engine(model, tmp_path / "engine.log"):
                raise AssertionError("it runs")
    assert not (tmp_path / "engine.log").exists()


def test_the_command_holds_what_the_engine_needs() -> None:
    command = engine_module._command("/m", "m", 8000, on_cpu=True)
    text = " ".join(command)
    assert "--enforce-eager --no-enable-chunked-prefill --block-size 32" in text
    assert "--host 127.0.0.1" in text and "--enable-prompt-tokens-details" in text
    assert "disable_any_whitespace" in text and "trust" not in text
    on_gpu = engine_module._command("/m", "m", 8000, on_cpu=False)
    assert not {"--enforce-eager", "--no-enable-chunked-prefill", "--block-size"} & set(on_gpu)
    assert os.environ.get("HF_HUB_OFFLINE") == engine_module._environment(is_folder=False).get("HF_HUB_OFFLINE")
    assert engine_module._environment(is_folder=True)["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize(
    ("cores", "fast_bf16", "both_compute"), [(2, False, True), (2, True, False), (1, False, True), (8, False, False)]
)
def test_the_cores_that_compute_follow_from_the_processor(
    monkeypatch: pytest.MonkeyPatch, cores: int, fast_bf16: bool, both_compute: bool
) -> None:
    for name in ("VLLM_CPU_NUM_OF_RESERVED_CPU", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(engine_module, "_has_fast_bf16", lambda: fast_bf16)
    environment = engine_module._environment(is_folder=False)
    chosen = (environment.get("VLLM_CPU_NUM_OF_RESERVED_CPU"), environment.get("OMP_WAIT_POLICY"))
    assert chosen == (("0", "PASSIVE") if both_compute else (None, None))
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert engine_module._environment(is_folder=False)["OMP_WAIT_POLICY"] == "ACTIVE"
