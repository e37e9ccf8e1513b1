"""Kills jobs and their engine at random moments, goes on, and compares what they make with an undisturbed run.

Jobs are killed by SIGKILL or asked to stop by SIGTERM. The engine is a loopback server in a process of its own; it is
killed too, and is back while the job waits for it, or only after the job has given up. Short versions are among the
tests; `make soak` runs the long ones, `TRANSCRIPTS=calls.jsonl.gz` on files of your own.
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from outputs.datasets.export import export_run
from outputs.datasets.formats import Format, Shape
from outputs.runs.extraction import EXTRACTIONS
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome, RunKind
from outputs.runs.store import RunStore

POLL_S = 0.02
START_S = 60.0
AWAY_S = 0.5
"""A job that is to wait for its engine waits for this long at least, and for START_S at most."""
GONE_S = 0.5
"""The outage after which a job that is to give up does so."""
START_SHARE = 0.2
"""So many stops come at any moment of the start, not while calls are made."""
UNREADABLE = 0.02
"""The share of answers that have to be asked for again."""


class Stop(StrEnum):
    """What interrupts a job. `AWAY` is followed by a SIGKILL later on."""

    KILL = "SIGKILL"
    TERM = "SIGTERM"
    AWAY = "engine killed and back, the job waited"
    GONE = "engine killed, the job gave up"


class Job(NamedTuple):
    """A command with its arguments, the kind of its run, and what a run of it has made when it has ended."""

    arguments: tuple[str, ...]
    kind: RunKind[Any, Any]
    made: Callable[[Path], dict[str, bytes]]


def distillation(transcripts: Sequence[str]) -> Job:
    """Return a job that distils personas; it makes a pool, and a list of merges beside it."""

    def made(folder: Path) -> dict[str, bytes]:
        return {name: (folder / name).read_bytes() for name in ("pool.jsonl", "pool.merges.txt")}

    return Job(("distill", *transcripts, "--out", "pool.jsonl"), EXTRACTIONS, made)


def generation(dialogues: int) -> Job:
    """Return a job that plays dialogues, canaries and near-duplicates among them; it makes shards."""

    def made(folder: Path) -> dict[str, bytes]:
        with RunStore.read(DIALOGUES, folder / "run") as store:
            export_run(store, folder / "shards", shape=Shape(format=Format.ROLECS), shard_lines=50, with_rejected=True)
        return {path.name: path.read_bytes() for path in (folder / "shards").rglob("*") if path.is_file()}

    return Job(("generate", "-n", str(dialogues), "--canaries", "0.2", "--gate-trial", "skip"), DIALOGUES, made)


class Engine:
    """A loopback server in a process of its own, always at the same port. Use it with `async with`."""

    def __init__(self, delay: float) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        options = ("--port", str(port), "--delay", str(delay), "--unreadable", str(UNREADABLE))
        self._command = (sys.executable, "-m", "tests.support.loopback", *options)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Engine":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def start(self) -> None:
        """Start the server, and return when it answers."""
        self._process = await asyncio.create_subprocess_exec(*self._command)
        async with asyncio.timeout(START_S):
            while await self.calls() is None:
                await asyncio.sleep(POLL_S)

    async def kill(self) -> None:
        """Kill the server outright."""
        assert self._process
        self._process.kill()
        await self._process.wait()

    async def calls(self) -> int | None:
        """Return how many requests have reached the server since its start; None where it does not answer."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            with contextlib.suppress(httpx2.TransportError):
                return int((await client.get(f"{self.base_url.removesuffix('/v1')}/calls")).json().get("all", 0))
        return None


@contextlib.asynccontextmanager
async def running(job: Job, folder: Path, engine: Engine, outage_s: float) -> AsyncIterator[asyncio.subprocess.Process]:
    """Begin or resume a job in `folder`; one that still runs in the end is killed."""
    folder.mkdir(exist_ok=True)
    (folder / "soak.toml").write_text(f"[retry_policy]\noutage_s = {outage_s}\n", encoding="utf-8")
    resume = ["--resume"] if RunStore.exists(folder / "run") else []
    flags = ["--base-url", engine.base_url, "--run", "run", "--concurrency", "8", "--config", "soak.toml"]
    with (folder / "errors.txt").open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "rolecs", *job.arguments, *flags, *resume),
            cwd=folder,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str(folder / "cache")},
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def interrupt(job: Job, folder: Path, engine: Engine, stop: Stop, moment: float, *, playing: bool) -> bool:
    """Run a job until `moment` seconds after its start, or after its first call when `playing`, and stop it then.

    Returns:
        Whether the stop hit it: it may have come to its end before.
    """
    outage_s = GONE_S if stop is Stop.GONE else START_S
    before = await engine.calls()
    async with running(job, folder, engine, outage_s) as process:
        while playing and await engine.calls() == before:
            if not await _still_runs(process, folder, POLL_S):
                return False
        if not await _still_runs(process, folder, moment):
            return False
        if stop in (Stop.KILL, Stop.TERM):
            process.send_signal(signal.Signals[stop.value])
            return await process.wait() in (143, -signal.Signals[stop.value])
        await engine.kill()
        if stop is Stop.GONE:
            code = await process.wait()
            await engine.start()
            # It may have got its last answer just before.
            return code == 1 and "gave no answer for" in _errors(folder)
        waits = await _still_runs(process, folder, AWAY_S)
        await engine.start()
        await _still_runs(process, folder, moment)
        return waits


async def _still_runs(process: asyncio.subprocess.Process, folder: Path, seconds: float) -> bool:
    """Wait, and tell whether the job runs on.

    Raises:
        AssertionError: it has ended, and not well.
    """
    with contextlib.suppress(TimeoutError):
        if await asyncio.wait_for(process.wait(), seconds):
            raise AssertionError(f"the job ended with {process.returncode}: {_errors(folder)}")
        return False
    return True


def _errors(folder: Path) -> str:
    return (folder / "errors.txt").read_text(encoding="utf-8")


class Pace(NamedTuple):
    """Seconds that a job takes: to its first call, from there until all is played, and from there to its end."""

    start: float
    play: float
    end: float


async def finish(job: Job, folder: Path, engine: Engine) -> Pace:
    """Run a job to its end."""
    moments = [time.monotonic()]
    before = await engine.calls()
    async with running(job, folder, engine, START_S) as process:
        while await engine.calls() == before and await _still_runs(process, folder, POLL_S):
            pass
        moments.append(time.monotonic())
        while _share_ended(job, folder / "run") < 1 and await _still_runs(process, folder, POLL_S):
            pass
        moments.append(time.monotonic())
        while await _still_runs(process, folder, START_S):
            pass
        moments.append(time.monotonic())
    return Pace(*(after - before for before, after in pairwise(moments)))


async def soak(folder: Path, job: Job, stops: Sequence[Stop], *, delay: float, seed: int) -> list[str]:
    """Run a job undisturbed, then with `stops` in an order drawn by chance; return a line for each try at a stop.

    Raises:
        AssertionError: what the two made differs, or all was played before the engine had been killed often enough.
    """
    chance = random.Random(seed)
    order: list[Stop] = [stop for stop in stops if stop in (Stop.KILL, Stop.TERM)]
    chance.shuffle(order)
    for stop in (Stop.AWAY, Stop.GONE):
        for _ in range(stops.count(stop)):
            order.insert(chance.randrange(len(order)), stop)
    lines: list[str] = []
    async with Engine(delay) as engine:
        pace = await finish(job, folder / "whole", engine)
        # How long the job may play between two stops grows while it is behind, and shrinks while it is ahead: so that
        # stops hit every part of it.
        reach, done, hits = 1.5 * pace.play / len(order), 0.0, 0
        while hits < len(order):
            stop = order[hits]
            playing = done < 1 and (stop in (Stop.AWAY, Stop.GONE) or chance.random() > START_SHARE)
            moment = chance.uniform(0, reach if playing else pace.start + (done == 1) * pace.end)
            hit = await interrupt(job, folder / "cut", engine, stop, moment, playing=playing)
            done = _share_ended(job, folder / "cut" / "run")
            lines.append(f"{stop.value}, {moment:.1f} s after {'the first call' if playing else 'the start'}: ")
            lines[-1] += f"{done:.0%} ended{'' if hit else ', too late'}"
            hits += hit
            assert hit or done < 1 or stop in (Stop.KILL, Stop.TERM), "\n".join([*lines, "nothing is left to play"])
            reach *= 1.4 if done < hits / len(order) else 0.7
        await finish(job, folder / "cut", engine)
    compare(job, folder / "whole", folder / "cut")
    return lines


def compare(job: Job, whole: Path, cut: Path) -> None:
    """Compare what two runs of a job made: files byte for byte, keys, and what was counted and spent.

    Raises:
        AssertionError: something differs.
    """
    made, remade = job.made(whole), job.made(cut)
    assert made.keys() == remade.keys()
    for name, content in made.items():
        assert remade[name] == content, f"{name} differs"
    counted = []
    for folder in (whole, cut):
        with RunStore.read(job.kind, folder / "run") as store:
            ended = [Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED]
            keys = [record.id for record in store.records(*ended)]
            funnel = store.funnel()
        assert len(set(keys)) == len(keys) == funnel.planned, f"{folder}: dialogues are missing"
        counted.append((keys, funnel.model_dump_json()))
    assert counted[0] == counted[1], f"{counted[1]} is not {counted[0]}"


def _share_ended(job: Job, run: Path) -> float:
    if not RunStore.exists(run):
        return 0.0
    with RunStore.read(job.kind, run) as store:
        funnel = store.funnel()
    return 1 - funnel.outcomes[Outcome.PLANNED] / funnel.planned if funnel.planned else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("transcripts", nargs="+")
    parser.add_argument("--dialogues", type=int, default=400)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--terms", type=int, default=20)
    parser.add_argument("--engine-kills", type=int, default=20, help="half of them short, the job waits")
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    transcripts = [str(Path(name).resolve()) for name in arguments.transcripts]
    # Sixty calls are distilled before a hundred stops could hit them.
    for job, share in ((distillation(transcripts), 0.2), (generation(arguments.dialogues), 1.0)):
        kills, terms, engine_kills = (
            round(share * count) for count in (arguments.kills, arguments.terms, arguments.engine_kills)
        )
        short = engine_kills // 2
        stops = [Stop.KILL] * kills + [Stop.TERM] * terms + [Stop.AWAY] * short + [Stop.GONE] * (engine_kills - short)
        with tempfile.TemporaryDirectory() as folder:
            work = soak(Path(folder), job, stops, delay=arguments.delay, seed=arguments.seed)
            print(*asyncio.run(work), sep="\n")
        print(f"{len(stops)} stops of rolecs {job.arguments[0]}: what it makes is the same, byte for byte")


if __name__ == "__main__":
    main()
