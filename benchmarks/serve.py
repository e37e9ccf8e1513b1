"""Load on the service: sessions that talk at a steady rate, with a model that answers at once; the latency it adds.

Model server, service and load are a process each. Turns are sent when they are due, whether or not earlier ones were
answered (an open loop), so that waiting counts; a turn that finds all sessions waiting is not said, and counted. All
the while the model server is asked alone, by the same client, for two requests, as most turns need: what slows the
machine down hits both, and the service adds what is between them.
"""

import argparse
import asyncio
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp

from agents.csc.language import Language
from agents.errors import EngineError
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from benchmarks.client_cpu import server_process
from tests.support.made_up import sentence

PROBE_S = 0.05
"""Seconds between two looks at the model server alone."""
SHARES = (0.5, 0.95, 0.99)
COLUMNS = ("what is waited for", "times", "p50 ms", "p95 ms", "p99 ms", "p50 to the model's", "p95 to the model's")


class Used(NamedTuple):
    """What a process has used: seconds of a core, and the MiB of memory that it holds."""

    cpu_s: float
    memory: float


class Measured(NamedTuple):
    """What a load came to.

    Attributes:
        turns: seconds that each answered turn took, from when it was due.
        alone: seconds that each two requests to the model server took meanwhile.
        failed: turns that were refused, or not said.
        seconds: that all took.
        load_cpu_s: seconds of a core that the load itself used.
        before: what the service had used when the load began.
        after: what it had used at the end.
    """

    turns: list[float]
    alone: list[float]
    failed: int
    seconds: float
    load_cpu_s: float
    before: Used
    after: Used


@contextmanager
def service_process(base_url: str, folder: Path) -> Iterator[tuple[str, int]]:
    """Run the service in a process of its own; gives its address and the number of the process.

    Raises:
        EngineError: it did not start.
    """
    command = [sys.executable, "-m", "rolecs", "serve", "--base-url", base_url, "--no-preflight"]
    flags = ["--port", "0", "--db", str(folder / "serve.sqlite"), "--max-characters", "200"]
    process = subprocess.Popen([*command, *flags], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        found = re.search(rb"at (http://[\d.:]+),", process.stdout.readline())
        if not found:
            raise EngineError("the service did not start")
        yield found[1].decode(), process.pid
    finally:
        process.terminate()
        process.communicate()


def used_by(process: int) -> Used:
    """Return what a process has used."""
    times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    cpu_s = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
    return Used(cpu_s, int(pages) * resource.getpagesize() / 2**20)


class Load:
    """Sessions that take turns."""

    def __init__(self, client: aiohttp.ClientSession, address: str, base_url: str) -> None:
        self._client = client
        self._address = address
        self._model = f"{base_url}/chat/completions"
        self._free: list[tuple[str, dict[str, str]]] = []
        self._chance = random.Random(1)
        self.turns: list[float] = []
        self.alone: list[float] = []
        self.failed = 0

    async def open(self) -> None:
        """Open a session."""
        async with self._client.post(f"{self._address}/v1/sessions", json={}) as answer:
            opened = await answer.json()
            headers = {"Authorization": f"Bearer {opened['token']}"}
            self._free.append((f"{self._address}/v1/sessions/{opened['id']}/turns", headers))

    async def talk(self, rate: float, seconds: float) -> None:
        """Say so many turns a second, each when it is due."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                if self._free:
                    group.create_task(self._say(due, *self._free.pop(0)))
                else:
                    self.failed += 1

    async def _say(self, due: float, url: str, headers: dict[str, str]) -> None:
        """Say the next turn of a session; one that is over is replaced."""
        # No two customers say the same: what was looked through once would not be again.
        text = sentence(self._chance, chinese=False)[:150]
        async with self._client.post(url, json={"text": text}, headers=headers) as answer:
            said = await answer.json()
        if answer.status == 201:
            self.turns.append(time.perf_counter() - due)
        else:
            self.failed += 1
        if answer.status != 201 or said["over"]:
            await self.open()
        else:
            self._free.append((url, headers))

    async def ask_alone(self) -> None:
        """Ask the model server for the two requests of a turn, again and again, until this is cancelled."""
        body = {"model": "instant", "messages": [{"role": "user", "content": "Hello there. " * 300}], "max_tokens": 9}
        while True:
            began = time.perf_counter()
            for _ in range(2):
                async with self._client.post(self._model, json=body) as answer:
                    await answer.read()
            self.alone.append(time.perf_counter() - began)
            await asyncio.sleep(PROBE_S)


async def measure(base_url: str, address: str, service: int, sessions: int, rate: float, seconds: float) -> Measured:
    """Put a load on the service; see the module."""
    # As many connections as there are requests: by default they would queue at 100.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        load = Load(client, address, base_url)
        for _ in range(sessions):
            await load.open()
        before, began, own = used_by(service), time.perf_counter(), time.process_time()
        asking = asyncio.create_task(load.ask_alone())
        try:
            await load.talk(rate, seconds)
        finally:
            asking.cancel()
        spent = (time.perf_counter() - began, time.process_time() - own)
        return Measured(load.turns, load.alone, load.failed, *spent, before, used_by(service))


def quantiles_ms(seconds: list[float]) -> list[float]:
    """Return the milliseconds below which the shares of `SHARES` lie."""
    ordered = sorted(seconds)
    return [1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in SHARES]


def print_load(told: Measured) -> None:
    """Print what a load came to: turns beside the model alone, then what the service used."""
    turns, alone = quantiles_ms(told.turns), quantiles_ms(told.alone)
    rows: list[Sequence[object]] = [
        ("the model alone, two requests", len(told.alone), *alone, 1.0, 1.0),
        ("a turn through the service", len(told.turns), *turns, turns[0] / alone[0], turns[1] / alone[1]),
        ("a turn less the model's median", len(told.turns), *(turn - alone[0] for turn in turns), "", ""),
    ]
    print_table(f"Load on the service: {told.seconds:.0f} s, {told.failed} turns failed or not said", COLUMNS, rows)
    cpu_s = told.after.cpu_s - told.before.cpu_s
    print(
        f"Service: {1000 * cpu_s / len(told.turns):.1f} ms of CPU a turn, {cpu_s / told.seconds:.2f} of a core (the "
        f"load: {told.load_cpu_s / told.seconds:.2f}); memory {told.after.memory:.0f} MiB, "
        f"{told.after.memory / told.before.memory:.2f} of what it was with all sessions open"
    )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.serve", description="Measure what the service adds to a turn.")
    parser.add_argument("--sessions", type=int, default=300)
    parser.add_argument("--rate", type=float, default=100.0, help="turns a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args(argv)
    with (
        errors_in_one_line(),
        server_process(Language.EN) as base_url,
        tempfile.TemporaryDirectory() as folder,
        service_process(base_url, Path(folder)) as (address, process),
    ):
        load = (arguments.sessions, arguments.rate, arguments.seconds)
        told = asyncio.run(measure(base_url, address, process, *load))
        if not told.turns or not told.alone:
            raise EngineError("no turn was answered: say more of them, by --rate and --seconds")
    print_load(told)
    print(describe_machine("starlette", "uvicorn", "httptools", "aiohttp"))


if __name__ == "__main__":
    main()
