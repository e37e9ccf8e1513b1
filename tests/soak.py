"""Kills jobs with SIGKILL at random moments, resumes them, and compares what they make with an undisturbed run.

A short version is among the tests; `make soak TRANSCRIPTS=calls.jsonl.gz` runs the long one on files of your own.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from outputs.extraction import EXTRACTIONS
from outputs.run import Outcome
from outputs.store import RunStore
from tests.loopback import Loopback, serve

FILES = ("pool.jsonl", "pool.merges.txt")


async def distill(folder: Path, server: Loopback, transcripts: Sequence[str], kill_after: float | None) -> bool:
    """Begin or resume a distillation in `folder`; return whether it came to its end before it was killed."""
    folder.mkdir(exist_ok=True)
    resume = ["--resume"] if RunStore.exists(folder / "run") else []
    flags = ["--base-url", server.base_url, "--run", "run", "--out", "pool.jsonl", "--concurrency", "8"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rolecs", "distill", *transcripts, *flags, *resume),
        cwd=folder,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _, err = await asyncio.wait_for(process.communicate(), kill_after)
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    if process.returncode:
        raise AssertionError(f"rolecs distill ended with {process.returncode}: {err.decode()}")
    return True


async def soak(folder: Path, transcripts: Sequence[str], kills: int, *, delay: float, seed: int) -> list[str]:
    """Distil undisturbed, then with so many kills; return a line for each kill.

    Raises:
        AssertionError: the two pools differ.
    """
    chance = random.Random(seed)
    lines = []
    async with serve(Loopback(keep_requests=False, delay=delay)) as server:
        started = time.monotonic()
        assert await distill(folder / "whole", server, transcripts, None)
        seconds = time.monotonic() - started
        # Each start reads, then goes on where the last one was killed: so that kills hit every part of the job, they
        # come soon enough for all of them to fit into its length, and the last one may come in its last part.
        for number in range(kills):
            moment = chance.uniform(0.1, max(0.3, 1.6 * (number + 1) / kills)) * seconds
            ended = await distill(folder / "cut", server, transcripts, moment)
            lines.append(f"killed after {moment:.1f} s: {_describe(folder / 'cut' / 'run')}{', ended' * ended}")
            if ended:
                (folder / "cut" / "pool.jsonl").unlink()
        assert await distill(folder / "cut", server, transcripts, None)
    for name in FILES:
        assert (folder / "cut" / name).read_bytes() == (folder / "whole" / name).read_bytes(), f"{name} differs"
    return lines


def _describe(run: Path) -> str:
    if not RunStore.exists(run):
        return "not begun"
    with RunStore.read(EXTRACTIONS, run) as store:
        outcomes = store.funnel().outcomes
    return f"{sum(outcomes.values()) - outcomes[Outcome.PLANNED]} of {sum(outcomes.values())} ended"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("transcripts", nargs="+")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    transcripts = [str(Path(name).resolve()) for name in arguments.transcripts]
    with tempfile.TemporaryDirectory() as folder:
        work = soak(Path(folder), transcripts, arguments.kills, delay=arguments.delay, seed=arguments.seed)
        print(*asyncio.run(work), sep="\n")
    print(f"{arguments.kills} kills: the pool is the same, byte for byte")


if __name__ == "__main__":
    main()
