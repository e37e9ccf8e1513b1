"""`rolecs rewrite`: rewrites real calls so that every turn of the supporter follows a strategy."""

import typer

from graphs.cli.flags import job_settings, takes
from graphs.cli.terminal import (
    GATE,
    JUDGE,
    LIMITS,
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
    results_console,
    run_job,
    show_halt,
)
from graphs.config.rewrite import RewriteSettings
from outputs.runs.rewriting import REWRITINGS, read_made, rewritten
from outputs.runs.run import Outcome
from personas.distill.filters import RewriteFilters
from quality.fidelity.limits import FidelityLimits


@takes(FidelityLimits, *FidelityLimits.model_fields)
@takes(RewriteFilters, *RewriteFilters.model_fields)
@takes(
    RewriteSettings,
    *("out", "run", "language", *READING, "scrub_with_model", "flaws", "seed", *SERVERS),
    *(*JUDGE, "temperature", "thinking_tokens", "repairs", *GATE, "gate_trial", "canaries", "embedding_model"),
    *(*LIMITS, *TELEMETRY),
)
def rewrite(
    context: typer.Context,
    transcripts: Transcripts = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Rewrite real calls: every supporter turn follows a strategy; facts, outcome and customer stay as they were."""
    settings = job_settings(RewriteSettings, REWRITINGS, context)

    from graphs.jobs.rewrite import rewrite as rewrite_all
    from outputs.datasets.export import export_run, require_export_folder
    from outputs.datasets.formats import Format, Shape
    from outputs.reports.pool_summary import stages_table
    from outputs.reports.rewriting_table import before_and_after, show_before_and_after
    from outputs.reports.summary import summarise
    from outputs.reports.trust import describe_trust

    require_export_folder(settings.out)
    go_on = command_line("rolecs", "rewrite", "--resume", "--run", settings.run)
    done = run_job(rewrite_all, settings, go_on_hint(go_on), quiet=quiet, resume=resume, retry_failed=retry_failed)
    funnel = done.funnel
    failed, kept = funnel.outcomes[Outcome.FAILED], funnel.outcomes[Outcome.KEPT]
    code = 1 if failed or funnel.none_scored else 0
    console = results_console(quiet, code)
    console.print(stages_table(done.stages, "Calls"), "", summarise(funnel, settings.prices), "", sep="\n")
    with read_made(settings.run) as store:
        console.print(show_before_and_after(before_and_after(rewritten(store, Outcome.KEPT))))
        for sentence in describe_trust(store.provenance, funnel):
            console.print(sentence)
        if kept:
            export_run(store, settings.out, shape=Shape(format=Format.ROLECS), shard_lines=1000)
    show_halt(done.halt, go_on, console)
    if failed:
        console.print(f"To try the failed ones again: {go_on} --retry-failed")
    console.print(f"Run: {settings.run}")
    console.print(f"To read originals and rewrites side by side: {command_line('rolecs', 'report', settings.run)}")
    if kept:
        console.print(f"Shards: {settings.out}; in another form: {command_line('rolecs', 'export', settings.run)} ...")
    else:
        console.print("No call was kept, so no shard was written.")
    raise typer.Exit(code)
