"""Jobs that are interrupted, and looked at while they work, from outside."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from outputs.runs.store import RunStore
from tests.support.loopback import Loopback, serve
from tests.test_cli import ALL_DIFFER, OFFLINE, STAR, rolecs, start


async def test_an_interrupted_pilot_that_is_not_kept_promises_nothing(tmp_path: Path) -> None:
    async with serve(Loopback(delay=0.1)) as server:
        process = await start("estimate", *ALL_DIFFER, "--base-url", server.base_url, "--grace-period", 0, cwd=tmp_path)
        while not server.requests:
            await asyncio.sleep(0.05)
        process.terminate()
        _, err = await process.communicate()
    assert process.returncode == 143 and "Nothing is stored of it" in err.decode() and "--resume" not in err.decode()


async def test_a_working_job_is_seen_from_another_terminal(tmp_path: Path) -> None:
    async with serve(Loopback(delay=0.05)) as server:
        flags = ("--target-kept", 40, *ALL_DIFFER, "--base-url", server.base_url, "--run", "r", "--concurrency", 2)
        process = await start("generate", *flags, cwd=tmp_path)
        while not server.requests:
            await asyncio.sleep(0.05)
        code, out, _ = await rolecs("status", "r", "--json", cwd=tmp_path)
        process.terminate()
        await process.communicate()
    told = json.loads(out)
    assert code == 0 and told["working"] and told["process"] == process.pid and told["target_kept"] == 40


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_distillation_says_how_to_go_on(tmp_path: Path, stop: signal.Signals) -> None:
    async with serve(Loopback(delay=0.1)) as server:
        flags = ("--base-url", server.base_url, "--run", "r", "--concurrency", 1)
        process = await start("distill", STAR, *flags, cwd=tmp_path, **OFFLINE)
        while not RunStore.exists(tmp_path / "r"):
            await asyncio.sleep(0.05)
        process.send_signal(stop)
        _, err = await process.communicate()
    assert process.returncode == 128 + stop and not (tmp_path / "pool.jsonl").exists()
    assert "go on with: rolecs distill --resume --run r" in err.decode()
    code, out, _ = await rolecs("status", "r", cwd=tmp_path)
    assert code == 0 and "No job works on it." in out and "have ended" in out


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_job_says_how_to_go_on(tmp_path: Path, stop: signal.Signals) -> None:
    async with serve(Loopback(delay=0.02)) as server:
        process = await start(
            "generate", "-n", 50, *ALL_DIFFER, "--base-url", server.base_url, "--run", "r", cwd=tmp_path
        )
        while not RunStore.exists(tmp_path / "r"):
            await asyncio.sleep(0.05)
        process.send_signal(stop)
        _, err = await process.communicate()
        assert process.returncode == 128 + stop
        assert "go on with: rolecs generate --resume --run r" in err.decode()
        server.delay = 0.0
        code, out, _ = await rolecs("generate", "--resume", "--run", "r", cwd=tmp_path)
    assert code == 0 and "kept" in out
