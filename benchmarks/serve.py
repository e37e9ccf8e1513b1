"""Load on the service: sessions that talk at a steady rate, with a model that answers at once; the latency it adds.

    python -m benchmarks.serve [--sessions 300] [--rate 100] [--seconds 60]

Model server, service and load are a process each. Requests are sent when they are due, whether or not earlier ones
were answered (an open loop), so that waiting counts. What the service adds is the time of a turn less the time that
the model server takes, measured by asking it alone for two requests, as most turns need.
"""

import argparse
import asyncio
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.support.made_up import sentence

MODEL_PORT = 18_765


def quantile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies, in milliseconds."""
    return 1000 * sorted(values)[min(len(values) - 1, int(share * len(values)))]


@asynccontextmanager
async def processes(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Run model server and service; yield the service's address and process number."""
    started = [subprocess.Popen([sys.executable, "-m", "benchmarks.instant_server", "--port", str(MODEL_PORT)])]
    command = [sys.executable, "-m", "rolecs", "serve", "--base-url", f"http://127.0.0.1:{MODEL_PORT}"]
    flags = ["--port", "0", "--db", str(folder / "serve.sqlite"), "--no-preflight", "--max-characters", "200"]
    try:
        await wait_for(f"http://127.0.0.1:{MODEL_PORT}/v1/models")
        service = subprocess.Popen([*command, *flags], stdout=subprocess.PIPE)
        started.insert(0, service)
        assert service.stdout
        found = re.search(rb"at (http://[\d.:]+),", service.stdout.readline())
        assert found
        yield found[1].decode(), service.pid
    finally:
        for process in started:
            process.terminate()
            process.wait()


def unlimited() -> aiohttp.ClientSession:
    """Return a client that opens as many connections as there are requests; by default it queues them at 100."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


def used_by(process: int) -> tuple[float, int]:
    """Return the seconds of a core that a process has used, and the bytes of memory that it holds."""
    times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"), int(pages) * resource.getpagesize()


async def wait_for(url: str) -> None:
    """Wait until a server answers."""
    async with aiohttp.ClientSession() as client:
        for _ in range(600):
            try:
                async with client.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
    raise TimeoutError(url)


class Load:
    """Sessions that take turns."""

    def __init__(self, client: aiohttp.ClientSession, address: str) -> None:
        self._client = client
        self._address = address
        self.free: list[tuple[str, dict[str, str], int]] = []
        self.latencies: list[float] = []
        self.failed = 0
        self._chance = random.Random(1)

    async def open(self) -> None:
        """Open a session."""
        async with self._client.post(f"{self._address}/v1/sessions", json={}) as answer:
            opened = await answer.json()
            headers = {"Authorization": f"Bearer {opened['token']}"}
            self.free.append((f"{self._address}/v1/sessions/{opened['id']}/turns", headers, 0))

    async def say(self, due: float) -> None:
        """Say the next turn of a session; one that is over is replaced."""
        url, headers, number = self.free.pop(0)
        # No two customers say the same: what was looked through once would not be again.
        text = sentence(self._chance, chinese=False)[:150]
        async with self._client.post(url, json={"text": text}, headers=headers) as answer:
            said = await answer.json()
            self.latencies.append(time.perf_counter() - due)
            if answer.status != 201:
                self.failed += 1
        if answer.status != 201 or said["over"]:
            await self.open()
        else:
            self.free.append((url, headers, number + 1))


async def measure_model(client: aiohttp.ClientSession) -> list[float]:
    """Return how long the model server takes for the two requests of a turn, alone."""
    body = {"model": "instant", "messages": [{"role": "user", "content": "Hello there. " * 300}], "max_tokens": 9}
    taken = []
    for _ in range(200):
        began = time.perf_counter()
        for _ in range(2):
            url = f"http://127.0.0.1:{MODEL_PORT}/v1/chat/completions"
            async with client.post(url, json=body) as answer:
                await answer.read()
        taken.append(time.perf_counter() - began)
    return taken


async def main() -> None:
    """Run the load and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=300)
    parser.add_argument("--rate", type=float, default=100.0, help="turns a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with processes(Path(folder)) as (address, service), unlimited() as client:
            alone = await measure_model(client)
            load = Load(client, address)
            for _ in range(told.sessions):
                await load.open()
            busy, before = used_by(service)
            began = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for number in range(int(told.rate * told.seconds)):
                    due = began + number / told.rate
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    if load.free:
                        group.create_task(load.say(due))
                    else:
                        load.failed += 1
            seconds = time.perf_counter() - began
            spent, after = used_by(service)
            model = statistics.median(alone)
            added = [taken - model for taken in load.latencies]
            print(f"{len(added):,} turns in {seconds:.0f} s, {load.failed} failed; {told.sessions} sessions")
            print(f"model alone: median {1000 * model:.1f} ms for a turn's two requests")
            print(
                f"added: p50 {quantile(added, 0.5):.1f} ms, p95 {quantile(added, 0.95):.1f} ms, "
                f"p99 {quantile(added, 0.99):.1f} ms"
            )
            print(
                f"service: {(spent - busy) / seconds:.0%} of a core, {1000 * (spent - busy) / len(added):.1f} ms a turn"
            )
            print(f"memory: {before >> 20} MiB before, {after >> 20} MiB after")
            print(f"load: {resource.getrusage(resource.RUSAGE_SELF).ru_utime / seconds:.0%} of a core")


if __name__ == "__main__":
    asyncio.run(main())
