"""Whole jobs as the tests and the benchmarks run them: without a terminal, and with nobody to interrupt them."""

import io

from rich.console import Console

from graphs.config.settings import Secrets, Settings
from graphs.jobs.generate import run_job
from graphs.scheduling.interrupts import Interruption
from outputs.runs.run import Funnel


async def run_quietly(settings: Settings, *, resume: bool = False, retry_failed: bool = False) -> Funnel:
    """Run a job, and return how its run stands then."""
    console = Console(file=io.StringIO())
    job = run_job(settings, Secrets(), console, Interruption(console), resume=resume, retry_failed=retry_failed)
    return (await job).funnel
