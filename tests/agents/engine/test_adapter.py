"""Adapters: what a folder holds, and how vLLM is told to serve it with its base."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agents.engine import managed
from agents.engine.adapter import read_adapter, serve_arguments
from agents.errors import EngineError, UsageError


def write_adapter(folder: Path, **config: Any) -> Path:
    folder.mkdir()
    config = {"base_model_name_or_path": "some/base", "r": 24, "peft_type": "LORA"} | config
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def test_the_rank_that_vllm_is_told_is_the_smallest_that_holds(tmp_path: Path) -> None:
    adapter = read_adapter(str(write_adapter(tmp_path / "a")))
    assert adapter and (adapter.base, adapter.rank) == ("some/base", 24)
    arguments = serve_arguments(adapter, "a")
    assert arguments[:3] == ["--enable-lora", "--max-lora-rank", "32"]
    assert json.loads(arguments[4]) == {"name": "a", "path": str(tmp_path / "a"), "base_model_name": "some/base"}


def test_what_is_no_adapter_is_said(tmp_path: Path) -> None:
    assert read_adapter("some/base") is None and read_adapter(str(tmp_path)) is None
    broken = write_adapter(tmp_path / "broken", base_model_name_or_path=None)
    with pytest.raises(UsageError, match=r"broken/adapter_config\.json is no adapter's configuration: base_model_name"):
        read_adapter(str(broken))


async def test_the_engine_serves_the_base_with_its_adapter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[str] = []

    async def start(*command: str, **_: Any) -> Any:
        started.extend(command)
        return await spawn("false")

    spawn = asyncio.create_subprocess_exec
    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    adapter = str(write_adapter(tmp_path / "a"))
    with pytest.raises(EngineError):
        async with managed.managed_engine(adapter, tmp_path / "log"):
            pass
    assert started[started.index("--model") + 1] == started[started.index("--served-model-name") + 1] == "some/base"
    assert json.loads(started[started.index("--lora-modules") + 1])["name"] == adapter
