"""`rolecs generate`: plays dialogues."""

import typer

from graphs.cli.flags import job_settings, takes
from graphs.cli.terminal import (
    PLAYING,
    TELEMETRY,
    Config,
    Quiet,
    Resume,
    RetryFailed,
    command_line,
    go_on_hint,
    results_console,
    run_job,
    show_halt,
)
from graphs.config.settings import Settings
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore


@takes(Settings, *PLAYING, *TELEMETRY)
def generate(
    context: typer.Context,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Play calls, judge them, and store each as it ends."""
    settings = job_settings(Settings, DIALOGUES, context)

    from graphs.jobs.generate import generate as play
    from outputs.reports.summary import summarise
    from outputs.reports.trust import describe_trust

    place = () if settings.ray is None else ("--ray", settings.ray)
    go_on = command_line("rolecs", "generate", "--resume", "--run", settings.run, *place)
    generated = run_job(play, settings, go_on_hint(go_on), quiet=quiet, resume=resume, retry_failed=retry_failed)
    funnel = generated.funnel
    failed = funnel.outcomes[Outcome.FAILED]
    code = 1 if failed or funnel.none_scored or (generated.halt and generated.halt.kind == "no-yield") else 0
    console = results_console(quiet, code)
    console.print(summarise(funnel, settings.prices))
    with RunStore.read(DIALOGUES, settings.run) as store:
        for sentence in describe_trust(store.provenance, funnel):
            console.print(sentence)
    show_halt(generated.halt, go_on, console)
    if (waiting := funnel.outcomes[Outcome.PLANNED]) and not generated.halt:
        console.print(f"{waiting:,} planned dialogues were not needed; they stay planned, for a larger target.")
    console.print(f"Run: {settings.run}")
    console.print(f"To read it: {command_line('rolecs', 'report', settings.run)}")
    if failed:
        console.print(f"To play the failed ones again: {go_on} --retry-failed")
    console.print(f"Next: {command_line('rolecs', 'export', settings.run, '--out', 'shards')}")
    raise typer.Exit(code)
