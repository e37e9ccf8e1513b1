"""How soon a run of many finished dialogues goes on: seconds from the start of a resume to its first call.

A real job plays one dialogue; its record is stored for all of the plan but the last few. Then the run is resumed in
this process (`run_job`), and by the command line in a process of its own, each on a fresh copy. The clock is read when
the first request reaches the loopback server, and again when the job has ended.
"""

import argparse
import asyncio
import cProfile
import pstats
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from agents.errors import EngineError
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from graphs.config.settings import Settings
from graphs.jobs.plan import iterate_plan
from outputs.runs.record import DIALOGUES
from outputs.runs.store import RunStore
from personas.pool import load_pool
from tests.support.jobs import run_quietly
from tests.support.loopback import Loopback, serve

PENDING = 4
"""Dialogues that are still to be played."""
PROFILED = 25


class Clock(Loopback):
    """A server that knows when its first request came."""

    first: float | None = None

    def _pick_fault(self) -> str | None:
        self.first = self.first or time.perf_counter()
        return None


def settings_for(run: Path, base_url: str, dialogues: int) -> Settings:
    fields: dict[str, Any] = {"canaries": 0, "gate_trial": "skip", "max_similarity": 1, "concurrency": 8}
    return Settings(run=run, base_url=(base_url,), dialogues=dialogues, **fields)


async def make_run(run: Path, server: Loopback, dialogues: int) -> None:
    """Make a run of so many dialogues that all have ended but for the last of the plan, all by the same record."""
    settings = settings_for(run, server.base_url, dialogues)
    await run_quietly(settings.model_copy(update={"dialogues": 1}))
    with RunStore.read(DIALOGUES, run) as reader:
        provenance = reader.provenance
    with RunStore.resume(DIALOGUES, run, provenance) as store:
        plan = iterate_plan(
            provenance.digest, load_pool(None, settings.language), tuple(settings.played_topics), settings.seed
        )
        store.add_plan(islice(plan, dialogues))
    with sqlite3.connect(run / "run.sqlite") as database:
        database.execute(
            "UPDATE items SET (outcome, reasons, counts, usage, record) = "
            "(SELECT outcome, reasons, counts, usage, json_set(record, '$.id', items.key) FROM items AS played "
            "WHERE played.position = 0) WHERE position BETWEEN 1 AND ?",
            (dialogues - PENDING - 1,),
        )
        database.execute("UPDATE sums SET value = value * ?", (dialogues - PENDING,))
    database.close()


async def resume_here(settings: Settings) -> None:
    await run_quietly(settings, resume=True)


async def resume_outside(settings: Settings) -> None:
    """Resume by the command line; it takes its settings from the run and from flags.

    Raises:
        EngineError: it failed.
    """
    flags = ["--run", str(settings.run), "--base-url", *settings.base_url, "-n", str(settings.dialogues)]
    flags += ["--max-similarity", "1", "--gate-trial", "skip"]
    command = (sys.executable, "-m", "rolecs", "generate", "--resume", *flags)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    if await process.wait():
        raise EngineError(f"the resumed job ended with {process.returncode}")


async def measure(whole: Path, dialogues: int, resume: Callable[[Settings], Awaitable[None]]) -> tuple[float, float]:
    """Resume a copy of a run; return the seconds to the first call, and to the end."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        shutil.copytree(whole, run)
        async with serve(Clock()) as server:
            assert isinstance(server, Clock)
            settings = settings_for(run, server.base_url, dialogues)
            started = time.perf_counter()
            await resume(settings)
            ended = time.perf_counter()
    assert server.first, "the job made no call"
    return server.first - started, ended - started


async def compare(dialogues: int, *, profiled: bool) -> list[tuple[object, ...]]:
    """Return the rows of the table; print a profile of the resume in this process when asked."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "run"
        async with serve(Loopback()) as server:
            await make_run(whole, server, dialogues)
        rows: list[tuple[object, ...]] = []
        for name, resume in (("run_job", resume_here), ("rolecs generate --resume", resume_outside)):
            rows.append((name, dialogues - PENDING, *(await measure(whole, dialogues, resume))))
        if profiled:
            with cProfile.Profile() as profile:
                await measure(whole, dialogues, resume_here)
            pstats.Stats(profile).sort_stats("cumulative").print_stats(PROFILED)
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.resume", description="Measure how soon a large run goes on.")
    parser.add_argument("--dialogues", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    arguments = parser.parse_args(argv)
    with errors_in_one_line():
        rows = asyncio.run(compare(arguments.dialogues, profiled=arguments.profile))
    print_table("Resume", ("by", "finished dialogues", "s to first call", "s to the end"), rows)
    print(describe_machine("pydantic"))


if __name__ == "__main__":
    main()
