"""`rolecs distill`: turns real calls into a pool of personas."""

import typer
from rich.console import Console

from graphs.cli.flags import job_settings, takes
from graphs.cli.terminal import (
    LIMITS,
    POOL,
    READING,
    SERVERS,
    TELEMETRY,
    Config,
    Quiet,
    Resume,
    RetryFailed,
    Transcripts,
    command_line,
    go_on_hint,
    progress,
    results_console,
    run_job,
    show_halt,
    silence,
)
from graphs.config.settings import DistillSettings, PoolSettings
from graphs.scheduling.interrupts import interruptible
from outputs.runs.extraction import EXTRACTIONS
from outputs.runs.run import Outcome
from personas.distill.filters import Filters


@takes(Filters, *Filters.model_fields)
@takes(
    DistillSettings,
    *POOL,
    *(
        "run",
        *READING,
        "scrub_with_model",
        "seed",
        *SERVERS,
        "temperature",
        "thinking_tokens",
        *LIMITS,
        *TELEMETRY,
    ),
)
def distill(
    context: typer.Context,
    transcripts: Transcripts = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Distil the customers of real calls into a pool of distinct personas."""
    settings = job_settings(DistillSettings, EXTRACTIONS, context)

    from graphs.jobs.build_pool import make_pool
    from graphs.jobs.distill import distill as extract
    from outputs.reports.pool_summary import summarise_pool
    from outputs.reports.summary import describe_causes, describe_cost, usage_table

    go_on = command_line("rolecs", "distill", "--resume", "--run", settings.run)
    distilled = run_job(extract, settings, go_on_hint(go_on), quiet=quiet, resume=resume, retry_failed=retry_failed)
    with interruptible(progress, lambda: go_on_hint(go_on)):
        summary = make_pool(
            distilled.personas, distilled.stages, settings, distilled.models, silence if quiet else progress
        )
    failed = distilled.funnel.outcomes[Outcome.FAILED]
    code = 1 if failed or not distilled.personas else 0
    console = results_console(quiet, code)
    console.print(summarise_pool(summary))
    for line in describe_causes(distilled.funnel):
        console.print(line)
    console.print(describe_cost(distilled.funnel, settings.prices, "persona"))
    console.print("", usage_table(distilled.funnel), sep="\n")
    show_halt(distilled.halt, go_on, console)
    if failed:
        console.print(f"To try the failed ones again: {go_on} --retry-failed")
    if distilled.personas:
        show_pool(settings, console)
    else:
        console.print("No persona could be extracted, so no pool was written.")
    raise typer.Exit(code)


def show_pool(settings: PoolSettings, console: Console) -> None:
    """Say which files were written, and what comes next."""
    from graphs.jobs.build_pool import merges_file

    console.print(f"Pool: {settings.out}; what was merged: {merges_file(settings.out)}")
    if settings.report:
        console.print(f"Report: {settings.report}")
    console.print(f"Next: {command_line('rolecs', 'generate', '--personas', settings.out)}")
