"""Prompt tokens that a real engine computed, prompt tokens that its prefix cache served, and tokens that it generated.

Reads the counters that vLLM serves under `/metrics` before and after a run of some dialogues, judge included. They
count all that the engine does: let nobody else use it meanwhile. Without `--base-url`, an engine is started as a job
starts one; its cache is empty then.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

import httpx2
from rich.console import Console

from agents.csc.language import Language
from agents.engine.demo_model import DEMO_MODEL
from agents.engine.managed import managed_engine
from agents.errors import UsageError
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from graphs.config.loading import load_settings
from graphs.config.settings import Settings
from graphs.telemetry.progress import LoadingDisplay
from tests.support.jobs import run_quietly

METRICS = ("vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total", "vllm:generation_tokens_total")


class Counts(NamedTuple):
    """What the engine has counted since its start: the sums of `METRICS`."""

    queried: float
    hit: float
    generated: float


def read_counts(base_url: str) -> Counts:
    """Read the engine's counters.

    Raises:
        UsageError: it serves none.
    """
    url = urljoin(base_url, "/metrics")
    try:
        lines = httpx2.get(url, timeout=20.0, trust_env=False).raise_for_status().text.splitlines()
    except httpx2.HTTPError as error:
        raise UsageError(f"no counters of an engine at {url}: {error}") from None
    sums = dict.fromkeys(METRICS, 0.0)
    for line in lines:
        name = line.partition("{")[0].partition(" ")[0]
        if name in sums:
            sums[name] += float(line.rpartition(" ")[2])
    return Counts(*sums.values())


async def measure(settings: Settings) -> None:
    """Play the dialogues of `settings` and print what they cost the engine.

    Raises:
        UsageError, EngineError: there is no vLLM to measure, or it ended.
    """
    async with AsyncExitStack() as stack:
        if not settings.base_url:
            settings = await _with_engine(settings, stack)
        before, started = read_counts(settings.base_url[0]), time.monotonic()
        funnel = await run_quietly(settings)
        seconds, after = time.monotonic() - started, read_counts(settings.base_url[0])
    queried, hit, generated = (now - then for now, then in zip(after, before, strict=True))
    if not queried:
        raise UsageError(f"{settings.base_url[0]} counts no prefix cache queries: is it vLLM, with its cache on?")
    calls = sum(usage.requests for usage in funnel.usage.values())
    rows = [
        (name, total, total / settings.dialogues)
        for name, total in (
            ("model calls", calls),
            ("prompt tokens", round(queried)),
            ("served by the cache", round(hit)),
            ("computed", round(queried - hit)),
            ("generated tokens", round(generated)),
            ("seconds", round(seconds)),
        )
    ]
    title = f"{settings.dialogues} dialogues, {settings.language}, {settings.concurrency} in flight"
    print_table(title, ("", "all", "a dialogue"), rows)
    ended = ", ".join(f"{count} {outcome}" for outcome, count in funnel.outcomes.items() if count)
    print(f"hit rate {hit / queried:.1%}; {ended}")


async def _with_engine(settings: Settings, stack: AsyncExitStack) -> Settings:
    """Start an engine for `settings`; it ends with `stack`."""
    log = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "engine.log"
    model = settings.model or DEMO_MODEL
    with LoadingDisplay(Console(stderr=True), model) as loading:
        engine = await stack.enter_async_context(
            managed_engine(model, log, extra_args=settings.engine_args, on_wait=loading)
        )
    return settings.model_copy(update={"base_url": (engine.base_url,)})


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks.engine_cache", description="Measure what a real engine computes and generates a dialogue."
    )
    parser.add_argument("-n", "--dialogues", type=int, default=4)
    parser.add_argument("--language", type=Language, default=Language.ZH)
    parser.add_argument("--base-url", help="a running vLLM that nobody else uses; started by default")
    parser.add_argument("--model", help="the model to ask for or to start the engine with")
    parser.add_argument("--in-flight", type=int, default=4, help="dialogues in flight")
    arguments = parser.parse_args(argv)

    flags = {
        "dialogues": arguments.dialogues,
        "language": arguments.language,
        "base_url": (arguments.base_url,) if arguments.base_url else (),
        "model": arguments.model,
        "concurrency": arguments.in_flight,
    }
    with errors_in_one_line(), tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(load_settings(Settings, None, flags | {"run": Path(folder) / "run"})))
    print(describe_machine("openai", "langgraph"))


if __name__ == "__main__":
    main()
