"""Whole jobs as the tests and the benchmarks run them: without a terminal, and with nobody to interrupt them."""

import io
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx2
from rich.console import Console

from agents.llm.client import ChatClient, Clients
from graphs.backends.local import Replica
from graphs.config.settings import Secrets, ServerSettings, Settings
from graphs.jobs.generate import generate
from graphs.scheduling.dispatcher import DEFAULT_TIMINGS, Timings
from graphs.scheduling.interrupts import Interruption
from graphs.scheduling.job import Job
from graphs.telemetry.telemetry import JobTelemetry, open_telemetry
from outputs.runs.run import Funnel

ResultT = TypeVar("ResultT")


async def run(
    work: Callable[..., Awaitable[ResultT]],
    settings: ServerSettings,
    *arguments: object,
    console: Console | None = None,
    secrets: Secrets | None = None,
    interruption: Interruption | None = None,
    resume: bool = False,
    retry_failed: bool = False,
    timings: Timings = DEFAULT_TIMINGS,
) -> ResultT:
    """Run a job; nothing of it is seen unless it gets a console.

    Servers are tried out only where the settings say so.
    """
    if "preflight" not in settings.model_fields_set:
        settings = settings.model_copy(update={"preflight": False})
    console = console or Console(file=io.StringIO())
    async with open_telemetry(settings, console) as telemetry:
        job: Job[Any] = Job(
            settings,
            secrets or Secrets(),
            console,
            interruption or Interruption(console),
            telemetry,
            resume,
            retry_failed,
            timings,
        )
        return await work(job, *arguments)


def make_job(settings: ServerSettings) -> Job[Any]:
    """Return a job that nobody watches and nobody interrupts."""
    console = Console(file=io.StringIO())
    return Job(settings, Secrets(), console, Interruption(console), JobTelemetry(console))


def idle_replica(client: ChatClient, reports: httpx2.AsyncClient | None = None) -> Replica[Any, Any]:
    """Return a replica that has seats and carries nothing out."""

    async def carry_out(planned: Any, clients: Clients) -> Any:
        raise AssertionError("nothing is carried out here")

    return Replica(Clients(client, client), carry_out, reports)


async def run_quietly(
    settings: Settings, *, resume: bool = False, retry_failed: bool = False, timings: Timings = DEFAULT_TIMINGS
) -> Funnel:
    """Play the dialogues of a run, and return how it stands then; the gate is tried only if the settings say so."""
    if "gate_trial" not in settings.model_fields_set:
        settings = settings.model_copy(update={"gate_trial": "skip"})
    return (await run(generate, settings, resume=resume, retry_failed=retry_failed, timings=timings)).funnel
