"""The rate of two local Ray workers, as a share of the ideal, against servers that take 200 ms for each answer.

Two loopback servers run in processes of their own. The ideal is what they would answer if all dialogues had a call
under way all the time: dialogues in flight, divided by the time an answer takes. The same job is measured without Ray,
where one process plays all. Starting Ray and its workers does not count.
"""

import argparse
import asyncio
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks._common import describe_machine, errors_in_one_line, print_table
from graphs.batch import run_job
from graphs.interrupts import Interruption
from graphs.settings import Secrets, Settings

DELAY_S = 0.2
SERVERS = 2


@contextlib.contextmanager
def slow_server() -> Iterator[str]:
    """Run a loopback server that takes `DELAY_S` for an answer; gives its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.loopback", "--port", str(port), "--delay", str(DELAY_S)]
    process = subprocess.Popen(command)
    try:
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            if process.poll() is not None:
                raise SystemExit("the loopback server did not start")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


async def rate(urls: Sequence[str], in_flight: int, dialogues: int, ray: str | None) -> float:
    """Play a job, and return its calls a second."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            run=Path(folder) / "run",
            base_url=tuple(urls),
            concurrency=in_flight,
            dialogues=dialogues,
            canaries=0,
            max_similarity=1,
            ray=ray,
        )
        console = Console(quiet=True)
        played = await run_job(settings, Secrets(), console, Interruption(console))
    return played.funnel.total_usage.calls / played.seconds


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.cluster", description="Measure the rate of two Ray workers.")
    parser.add_argument("--in-flight", type=int, default=256, help="dialogues in flight")
    parser.add_argument("--dialogues-each", type=int, default=4, help="dialogues, for each one in flight")
    arguments = parser.parse_args(argv)

    ideal = arguments.in_flight / DELAY_S
    rows: list[tuple[object, ...]] = []
    with errors_in_one_line(), contextlib.ExitStack() as stack:
        urls = [stack.enter_context(slow_server()) for _ in range(SERVERS)]
        for name, ray in (("one process", None), (f"{SERVERS} Ray workers", "local")):
            dialogues = arguments.in_flight * arguments.dialogues_each
            found = asyncio.run(rate(urls, arguments.in_flight, dialogues, ray))
            rows.append((name, arguments.in_flight, round(found), round(ideal), found / ideal))
    print_table("Rate over Ray", ("player", "in flight", "calls/s", "ideal", "share"), rows)
    print(describe_machine("ray"))


if __name__ == "__main__":
    main()
