"""Judging a file of dialogues: a stored run like the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import graphs.backends.local
from agents.errors import EngineEndedError, UsageError
from graphs.config.settings import JudgeSettings
from graphs.jobs.judge import Judged, judge
from outputs.datasets.dialogues import Labelled
from tests.conftest import EN_CALL, make_turns
from tests.support.jobs import run as run_job
from tests.support.loopback import Loopback, serve

DIALOGUES = [
    Labelled(id=str(n), topic="complaint", scenario="s", persona="p", goal="g", turns=make_turns(EN_CALL), gold=None)
    for n in range(12)
]


async def judge_all(server: Loopback, run: Path, *, resume: bool = False, **fields: Any) -> Judged:
    settings = JudgeSettings.model_validate({"base_url": [server.base_url], "run": run, "concurrency": 2} | fields)
    return await run_job(judge, settings, DIALOGUES, resume=resume)


async def test_judging_that_is_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    async with serve(Loopback(delay=0.01)) as server:
        job = asyncio.create_task(judge_all(server, tmp_path))
        while server.calls["all"] < 30:
            await asyncio.sleep(0.01)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        before = server.calls["all"]
        judged = await judge_all(server, tmp_path, resume=True)
        assert server.calls["all"] - before <= 6 * (len(DIALOGUES) - 3), "what had been judged is not judged again"
        with pytest.raises(UsageError, match="judge_votes was 1, is 3"):
            await judge_all(server, tmp_path, resume=True, judge_votes=3)
    assert [judgement.dialogue for judgement in judged.judgements] == [dialogue.id for dialogue in DIALOGUES]
    assert not any(judgement.is_unscored for judgement in judged.judgements)


class Dying:
    """Stands for a managed engine that ends when its server has answered so many requests."""

    has_ended = False

    def __init__(self, server: Loopback, requests: int) -> None:
        self.base_url = server.base_url
        self._server = server
        self._requests = requests

    async def watch(self) -> None:
        while self._server.calls["all"] < self._requests:
            await asyncio.sleep(0.005)
        self.has_ended = True
        raise EngineEndedError("the engine ended (exit code -9)")


async def test_an_engine_that_dies_while_judging_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Dying] = []

    @asynccontextmanager
    async def managed_engine(*_: Any, **__: Any) -> AsyncIterator[Dying]:
        async with serve(Loopback(delay=0.005)) as server:
            started.append(Dying(server, 40 if not started else 10**6))
            yield started[-1]

    monkeypatch.setattr(graphs.backends.local, "managed_engine", managed_engine)
    monkeypatch.setattr(graphs.backends.local, "require_engine", lambda: None)
    settings = JudgeSettings(run=tmp_path, model="loopback", concurrency=2)
    async with asyncio.timeout(30):
        judged = await run_job(judge, settings, DIALOGUES)
    assert len(started) == 2 and len(judged.judgements) == len(DIALOGUES)
