"""Client CPU a call, and how near a client comes to the rate that its server allows.

A server (`benchmarks.instant_server`) runs in a process of its own, so that its CPU time is not counted. Three clients
take turns on it, with the same number of requests in flight, in rounds, so that a drift of the machine hits all alike:

- `rolecs`: whole jobs (`run_job`): graph, prompts, client, parsing, rules, judge and store;
- `openai`: the openai client as it comes, posting request bodies recorded from such a job: the baseline;
- `aiohttp`: bare aiohttp posting the same bodies and parsing the JSON of the answers: the floor.

The first table is taken with answers at once. CPU is the process's own (`time.process_time`, all threads), divided by
the answered calls; each figure is the median of the rounds. Calls a second go by the wall clock: they say what the
client can do only where it has a core of its own.

The second table is taken with answers after `DELAY_S` and `IN_FLIGHT` dialogues in flight. A client that costs no time
would get `IN_FLIGHT / DELAY_S` calls a second, the ideal rate. The server counts the rate, by the wall clock, over the
steady part of the run, between a tenth and six tenths of its calls: before, the dialogues begin all at once, and later,
when none is left to begin (the last third of them is in flight then), they end one after the other. The server's own
CPU is shown as the share of a core that it used: far below one, it was not what held the client up.

All clients run on uvloop, as rolecs does.
"""

import argparse
import asyncio
import contextlib
import gc
import itertools
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import aiohttp
import httpx2
import openai
import uvloop

from agents.csc.language import Language
from agents.errors import EngineError
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from graphs.config.settings import Settings
from outputs.runs.run import Outcome
from tests.support.jobs import run_quietly
from tests.support.loopback import Loopback, serve

Body = dict[str, Any]
OPENAI_NAMES = frozenset({"model", "messages", "temperature", "top_p", "seed", "stop", "max_tokens", "response_format"})
"""The keys of a body that the openai client has arguments for; the others are vLLM's and go through `extra_body`."""
START_S = 30.0
RECORDED_DIALOGUES = 16
POSTS = 2000
"""Bodies that the two other clients send a round: enough for a steady figure, and fewer than a job sends."""
DELAY_S = 0.2
IN_FLIGHT = 256
"""Of the second table."""
DELAYED_POSTS = 2 * POSTS
DIALOGUES_EACH = 3
STEADY = (0.1, 0.6)


class Cost(NamedTuple):
    """What a number of calls took."""

    calls: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu_s / self.calls

    @property
    def calls_per_s(self) -> float:
        return self.calls / self.wall_s


class Rate(NamedTuple):
    """The steady rate of a client with delayed answers, and the share of a core that the server used meanwhile."""

    calls_per_s: float
    server_cores: float


@contextlib.contextmanager
def server_process(language: Language, delay_s: float = 0.0) -> Iterator[str]:
    """Run the server in a process of its own; gives its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ("--port", str(port), "--delay", str(delay_s), "--language", language)
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.instant_server", *options])
    try:
        base_url = f"http://127.0.0.1:{port}/v1"
        _await_server(process, base_url)
        yield base_url
    finally:
        process.terminate()
        process.wait()


def _await_server(process: subprocess.Popen[bytes], base_url: str) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx2.TransportError):
            httpx2.get(f"{base_url}/models", timeout=1.0, trust_env=False)
            return
        time.sleep(0.05)
    raise SystemExit("the server did not start")


async def play_jobs(
    base_urls: Sequence[str], language: Language, in_flight: int, dialogues: int, ray: str | None = None
) -> int:
    """Run a job, on Ray where it is named; return its calls.

    Raises:
        EngineError: a dialogue failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            run=Path(folder) / "run",
            base_url=tuple(base_urls),
            language=language,
            concurrency=in_flight,
            dialogues=dialogues,
            canaries=0,
            gate_trial="skip",
            max_similarity=1,
            min_agreement=0,
            ray=ray,
        )
        funnel = await run_quietly(settings)
    if failed := funnel.outcomes[Outcome.FAILED]:
        raise EngineError(f"{failed} of {dialogues} dialogues failed: what was measured is no whole job")
    return sum(usage.requests for usage in funnel.usage.values())


async def record_bodies(language: Language) -> list[Body]:
    """Return the request bodies of some dialogues, again and again, played against a server in this process."""
    async with serve(Loopback()) as server:
        await play_jobs([server.base_url], language, RECORDED_DIALOGUES, RECORDED_DIALOGUES)
    return list(itertools.islice(itertools.cycle(server.requests), POSTS))


async def _post_all(post: Callable[[Body], Awaitable[str | None]], bodies: Sequence[Body], in_flight: int) -> None:
    todo = iter(bodies)

    async def work() -> None:
        for body in todo:
            assert await post(body)

    await asyncio.gather(*(work() for _ in range(in_flight)))


async def post_by_openai(base_url: str, in_flight: int, bodies: Sequence[Body]) -> int:
    """Send `bodies` by the openai client as it comes; return their number."""
    async with openai.AsyncOpenAI(base_url=base_url, api_key="none") as client:

        async def post(body: Body) -> str | None:
            known = {key: value for key, value in body.items() if key in OPENAI_NAMES}
            extra = {key: value for key, value in body.items() if key not in OPENAI_NAMES}
            completion = await client.chat.completions.create(**known, extra_body=extra)
            return str(completion.choices[0].message.content)

        await _post_all(post, bodies, in_flight)
    return len(bodies)


async def post_by_aiohttp(base_url: str, in_flight: int, bodies: Sequence[Body]) -> int:
    """Send `bodies` by bare aiohttp; return their number."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:

        async def post(body: Body) -> str | None:
            async with session.post(f"{base_url}/chat/completions", json=body) as response:
                return str((await response.json())["choices"][0]["message"]["content"])

        await _post_all(post, bodies, in_flight)
    return len(bodies)


def measure(work: Coroutine[Any, Any, int]) -> Cost:
    """Run `work` in an event loop of its own; it returns its calls."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        calls = runner.run(work)
    return Cost(calls, time.process_time() - cpu, time.perf_counter() - wall)


def measure_rate(base_urls: Sequence[str], work: Coroutine[Any, Any, int]) -> Rate:
    """Run `work`; return the rate that the servers counted over its steady part."""

    def look() -> list[dict[str, Any]]:
        return [httpx2.get(f"{url}/served", trust_env=False).json() for url in base_urls]

    before = look()
    wall_s = measure(work).wall_s
    after = look()
    times = sorted(moment for server in after for moment in server["times"])
    first, last = (int(share * len(times)) for share in STEADY)
    cpu_s = sum(server["cpu_s"] for server in after) - sum(server["cpu_s"] for server in before)
    return Rate((last - first) / (times[last] - times[first]), cpu_s / wall_s)


def compare(
    base_url: str, language: Language, bodies: Sequence[Body], in_flight: int, dialogues: int, rounds: int
) -> dict[str, list[Cost]]:
    """Measure the three clients in turns; return the cost of each round by client."""
    costs: dict[str, list[Cost]] = {"rolecs": [], "openai": [], "aiohttp": []}
    for _ in range(rounds):
        costs["rolecs"].append(measure(play_jobs([base_url], language, in_flight, dialogues)))
        costs["openai"].append(measure(post_by_openai(base_url, in_flight, bodies)))
        costs["aiohttp"].append(measure(post_by_aiohttp(base_url, in_flight, bodies)))
    return costs


def rows_of(in_flight: int, costs: dict[str, list[Cost]]) -> list[tuple[object, ...]]:
    """Return the table's rows: per client the medians, and the CPU as a share of the openai client's."""
    baseline = median(cost.cpu_ms for cost in costs["openai"])
    rows: list[tuple[object, ...]] = []
    for client, spent in costs.items():
        cpu_ms = median(cost.cpu_ms for cost in spent)
        calls_per_s = round(median(cost.calls_per_s for cost in spent))
        rows.append((client, in_flight, spent[0].calls, cpu_ms, calls_per_s, cpu_ms / baseline))
    return rows


def print_rates(rates: dict[str, Rate]) -> None:
    """Print the second table."""
    ideal = IN_FLIGHT / DELAY_S
    print_table(
        f"Share of the ideal rate ({ideal:,.0f} calls/s): {IN_FLIGHT} in flight, answers after {DELAY_S} s",
        ("client", "calls/s", "of the ideal", "servers' cores"),
        [
            (client, round(rate.calls_per_s), rate.calls_per_s / ideal, rate.server_cores)
            for client, rate in rates.items()
        ],
    )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.client_cpu", description="Measure the client's CPU time a call.")
    parser.add_argument("--in-flight", type=int, nargs="+", default=[64, 256, 1024], help="dialogues in flight")
    parser.add_argument("--dialogues-each", type=int, default=1, help="dialogues a round, for each one in flight")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--language", type=Language, default=Language.EN)
    arguments = parser.parse_args(argv)

    rows: list[tuple[object, ...]] = []
    bodies = asyncio.run(record_bodies(arguments.language))
    with errors_in_one_line(), server_process(arguments.language) as base_url:
        for in_flight in arguments.in_flight:
            dialogues = in_flight * arguments.dialogues_each
            rows += rows_of(
                in_flight, compare(base_url, arguments.language, bodies, in_flight, dialogues, arguments.rounds)
            )
    columns = ("client", "in flight", "calls a round", "CPU ms a call", "calls/s", "CPU to openai's")
    print_table(f"Client CPU, median of {arguments.rounds} rounds", columns, rows)
    with errors_in_one_line(), server_process(arguments.language, DELAY_S) as base_url:
        rates = {
            "rolecs": measure_rate(
                [base_url], play_jobs([base_url], arguments.language, IN_FLIGHT, DIALOGUES_EACH * IN_FLIGHT)
            ),
            "openai": measure_rate(
                [base_url],
                post_by_openai(base_url, IN_FLIGHT, list(itertools.islice(itertools.cycle(bodies), DELAYED_POSTS))),
            ),
        }
    print_rates(rates)
    print(describe_machine("openai", "aiohttp", "langgraph", "pydantic"))


if __name__ == "__main__":
    main()
