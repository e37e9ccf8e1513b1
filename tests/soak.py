"""Kills jobs at random moments, resumes them, and compares what they make with an undisturbed run.

Most are killed by SIGKILL, some asked to stop by SIGTERM. Short versions are among the tests; `make soak` runs the long
ones, `TRANSCRIPTS=calls.jsonl.gz` on files of your own.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from outputs.export import export_run
from outputs.extraction import EXTRACTIONS
from outputs.formats import Format
from outputs.record import DIALOGUES
from outputs.run import Outcome, RunKind
from outputs.store import RunStore
from tests.loopback import Loopback, serve

TERM_SHARE = 0.2
"""So many of the stops are polite."""


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
    """Return a job that plays dialogues, canaries and near-duplicates among them; it makes shards, and costs tokens."""

    def made(folder: Path) -> dict[str, bytes]:
        with RunStore.read(DIALOGUES, folder / "run") as store:
            export_run(store, folder / "shards", form=Format.ROLECS, shard_lines=50, with_rejected=True)
            shards = {path.name: path.read_bytes() for path in (folder / "shards").iterdir()}
            return shards | {"funnel": store.funnel().model_dump_json().encode()}

    return Job(("generate", "-n", str(dialogues), "--canaries", "0.2"), DIALOGUES, made)


async def run(job: Job, folder: Path, server: Loopback, stop_after: float | None, stop: signal.Signals) -> bool:
    """Begin or resume a job in `folder`; return whether it came to its end before it was stopped."""
    folder.mkdir(exist_ok=True)
    resume = ["--resume"] if RunStore.exists(folder / "run") else []
    flags = ["--base-url", server.base_url, "--run", "run", "--concurrency", "8"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rolecs", *job.arguments, *flags, *resume),
        cwd=folder,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _, err = await asyncio.wait_for(process.communicate(), stop_after)
    except TimeoutError:
        process.send_signal(stop)
        _, err = await process.communicate()
        if process.returncode in (130, -stop):
            return False
    if process.returncode:
        raise AssertionError(f"rolecs {job.arguments[0]} ended with {process.returncode}: {err.decode()}")
    return True


async def soak(folder: Path, job: Job, stops: int, *, delay: float, seed: int) -> list[str]:
    """Run a job undisturbed, then with so many stops; return a line for each stop.

    Raises:
        AssertionError: what the two made differs.
    """
    chance = random.Random(seed)
    lines = []
    async with serve(Loopback(keep_requests=False, delay=delay)) as server:
        started = time.monotonic()
        assert await run(job, folder / "whole", server, None, signal.SIGKILL)
        seconds = time.monotonic() - started
        # Each start reads, then goes on where the last one was stopped: so that stops hit every part of the job, they
        # come soon enough for all of them to fit into its length, and the last one may come in its last part.
        for number in range(stops):
            moment = chance.uniform(0.1, max(0.3, 1.6 * (number + 1) / stops)) * seconds
            stop = signal.SIGTERM if chance.random() < TERM_SHARE else signal.SIGKILL
            ended = await run(job, folder / "cut", server, moment, stop)
            state = _describe(job, folder / "cut" / "run")
            lines.append(f"{stop.name} after {moment:.1f} s: {state}{', ended' * ended}")
        assert await run(job, folder / "cut", server, None, signal.SIGKILL)
    whole, cut = job.made(folder / "whole"), job.made(folder / "cut")
    assert whole.keys() == cut.keys()
    for name, content in whole.items():
        assert cut[name] == content, f"{name} differs"
    return lines


def _describe(job: Job, run: Path) -> str:
    if not RunStore.exists(run):
        return "not begun"
    with RunStore.read(job.kind, run) as store:
        outcomes = store.funnel().outcomes
    return f"{sum(outcomes.values()) - outcomes[Outcome.PLANNED]} of {sum(outcomes.values())} ended"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("transcripts", nargs="+")
    parser.add_argument("--dialogues", type=int, default=200)
    parser.add_argument("--stops", type=int, default=50)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    transcripts = [str(Path(name).resolve()) for name in arguments.transcripts]
    for job in (distillation(transcripts), generation(arguments.dialogues)):
        with tempfile.TemporaryDirectory() as folder:
            work = soak(Path(folder), job, arguments.stops, delay=arguments.delay, seed=arguments.seed)
            print(*asyncio.run(work), sep="\n")
        print(f"{arguments.stops} stops of rolecs {job.arguments[0]}: what it makes is the same, byte for byte")


if __name__ == "__main__":
    main()
