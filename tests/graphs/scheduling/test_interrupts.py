"""Jobs that are asked to stop, and stores that cannot be written: what has ended is stored, and nothing hangs."""

import asyncio
import contextlib
import io
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agents.errors import EngineError, StoreError, first_error
from graphs.config.settings import Settings
from graphs.jobs.generate import Generated, generate
from graphs.scheduling.interrupts import Interruption, run_in_thread, run_interruptible
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from tests.support.jobs import run as run_job
from tests.support.loopback import Loopback, serve


def make_settings(server: Loopback, run: Path, **fields: Any) -> Settings:
    known = {
        "base_url": [server.base_url],
        "run": run,
        "limits": {"min_utterances": 4, "max_utterances": 8},
        "canaries": 0,
        "gate_trial": "skip",
        "max_similarity": 1,
        "concurrency": 4,
        "dialogues": 60,
    }
    return Settings.model_validate(known | fields)


async def interrupt(run: Path, grace_period_s: float, delay: float, *, times: int = 1) -> tuple[Generated | None, str]:
    """Run a job, interrupt it when some dialogues have ended; return what it returned, None when it was cancelled."""
    shown = io.StringIO()
    console = Console(file=shown)
    interruption = Interruption(console, grace_period_s)
    async with serve(Loopback(delay=delay)) as server:
        settings = make_settings(server, run)
        job = asyncio.create_task(
            interruption.guard(run_job(generate, settings, console=console, interruption=interruption))
        )
        while len(set(server.sessions)) < 10:
            await asyncio.sleep(0.01)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.02)
        try:
            return await job, shown.getvalue()
        except asyncio.CancelledError:
            return None, shown.getvalue()


def count_ended(run: Path) -> int:
    with RunStore.read(DIALOGUES, run) as store:
        return store.funnel().ended


async def test_what_is_in_flight_ends_within_the_grace_and_nothing_new_starts(tmp_path: Path) -> None:
    played, shown = await interrupt(tmp_path, 30.0, 0.01)
    assert played and "what is in flight has 30 s to end" in shown
    assert 10 <= played.funnel.ended == count_ended(tmp_path) <= 15 and played.funnel.outcomes[Outcome.PLANNED] >= 45


async def test_when_the_grace_is_over_the_job_is_cancelled(tmp_path: Path) -> None:
    played, _ = await interrupt(tmp_path, 0.05, 0.1)
    assert played is None and count_ended(tmp_path) < 15


async def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    async with asyncio.timeout(20):
        played, _ = await interrupt(tmp_path, 30.0, 0.2, times=2)
    assert played is None


async def test_without_a_grace_the_first_signal_cancels(tmp_path: Path) -> None:
    played, shown = await interrupt(tmp_path, 0.0, 0.05)
    assert played is None and "to end" not in shown


async def test_a_full_disk_stops_the_job_and_loses_nothing_that_was_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = RunStore.create

    def create_small(*arguments: Any) -> RunStore[Any, Any]:
        store = begin(*arguments)
        store._db.execute("PRAGMA max_page_count=40")
        return store

    monkeypatch.setattr(RunStore, "create", create_small)
    async with serve(Loopback()) as server:
        settings = make_settings(server, tmp_path)
        with pytest.raises(StoreError, match=r"cannot write to the run in .*: database or disk is full"):
            await run_job(generate, settings)
        monkeypatch.undo()
        assert 0 < (before := count_ended(tmp_path)) < 60
        played = await run_job(generate, settings, resume=True)
    assert played.funnel.ended == 60 > before and played.funnel.outcomes[Outcome.KEPT] == 60


async def test_ended_dialogues_are_written_in_batches_off_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches, write = [], RunStore.write

    def slow_write(store: RunStore[Any, Any], *records: Any) -> None:
        batches.append(len(records))
        assert threading.current_thread() is not threading.main_thread()
        time.sleep(0.05)
        write(store, *records)

    monkeypatch.setattr(RunStore, "write", slow_write)
    async with serve(Loopback()) as server:
        settings = make_settings(server, tmp_path, concurrency=30)
        played = await run_job(generate, settings)
    assert played.funnel.ended == sum(batches) == 60 and max(batches) > 1


async def test_a_thread_that_uses_the_job_is_awaited_when_the_job_is_cancelled() -> None:
    ended, go_on = [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(go_on.set)
        time.sleep(0.1)
        ended.append(True)

    task = asyncio.create_task(run_in_thread(work))
    await go_on.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


def run_and_interrupt(work: Callable[[Interruption], Any], code: int = 130, *, is_service: bool = False) -> str:
    shown = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        run_interruptible(work, Console(file=shown), lambda: "Go on with X.", 30.0, is_service=is_service)
    assert ended.value.code == code
    return shown.getvalue()


@pytest.mark.parametrize("finishes", [True, False])
@pytest.mark.parametrize(
    ("stop", "is_service", "code"),
    [
        (signal.SIGINT, False, 130),
        (signal.SIGTERM, False, 143),
        (signal.SIGINT, True, 130),
        (signal.SIGTERM, True, 0),
    ],
)
def test_the_exit_code_tells_who_stopped_what(
    stop: signal.Signals, is_service: bool, code: int, finishes: bool
) -> None:
    async def work(interruption: Interruption) -> None:
        done = asyncio.Event()
        with interruption.finishing(done.set) if finishes else contextlib.nullcontext():
            os.kill(os.getpid(), stop)
            await done.wait()

    run_and_interrupt(work, code, is_service=is_service)


def test_a_job_that_cannot_finish_anything_is_cancelled_and_the_way_on_is_shown() -> None:
    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)

    assert run_and_interrupt(lambda _: work()) == "Interrupted. Go on with X.\n"


def test_a_job_that_has_finished_what_it_could_was_interrupted_all_the_same() -> None:
    async def work(interruption: Interruption) -> None:
        done = asyncio.Event()
        with interruption.finishing(done.set):
            os.kill(os.getpid(), signal.SIGINT)
            await done.wait()

    assert run_and_interrupt(work).endswith("Interrupted. Go on with X.\n")


async def test_of_several_errors_of_ours_the_first_is_raised_alone_and_a_bug_is_not_hidden() -> None:
    async def fail(error: Exception) -> None:
        raise error

    async def run(*errors: Exception) -> None:
        with first_error():
            async with asyncio.TaskGroup() as group:
                for error in errors:
                    group.create_task(fail(error))

    with pytest.raises(StoreError, match=r"^one$"):
        await run(StoreError("one"), EngineError("two"))
    with pytest.raises(BaseExceptionGroup):
        await run(StoreError("one"), ValueError("a bug"))
