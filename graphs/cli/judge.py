"""`rolecs judge`: judges dialogues from a file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.flags import job_settings, takes
from graphs.cli.generate import show_halt
from graphs.cli.terminal import (
    GATE,
    LIMITS,
    SERVERS,
    TELEMETRY,
    Config,
    Quiet,
    Resume,
    RetryFailed,
    command_line,
    go_on_hint,
    progress,
    run_job,
)
from graphs.config.settings import JudgeSettings
from outputs.files import write_whole
from outputs.runs.judgement import JUDGEMENTS, Judgement
from outputs.runs.run import Outcome

JUDGING = ("language", "run", "seed", *GATE, *SERVERS, *LIMITS, *TELEMETRY)


@takes(JudgeSettings, *JUDGING)
def judge(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Labelled dialogues: JSONL in rolecs or CSConv form.", metavar="FILE")],
    out: Annotated[Path | None, typer.Option(help="File for the judgements; standard output by default.")] = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Judge dialogues from a file: one JSON line for each, with verdicts and broken rules."""
    settings = job_settings(JudgeSettings, JUDGEMENTS, context)

    from graphs.jobs.judge import judge as judge_all
    from outputs.datasets.reader import read_dialogues
    from outputs.reports.summary import describe_causes

    dialogues = list(read_dialogues(file))
    go_on = command_line("rolecs", "judge", file, "--resume", "--run", settings.run)
    judged = run_job(
        judge_all, settings, go_on_hint(go_on), dialogues, quiet=quiet, resume=resume, retry_failed=retry_failed
    )
    lines = [_line(judgement) for judgement in judged.judgements]
    if out:
        write_whole(out, lines)
    else:
        for line in lines:
            typer.echo(line)
    outcomes = judged.funnel.outcomes
    unscored = sum(judgement.is_unscored for judgement in judged.judgements)
    failed = outcomes[Outcome.FAILED]
    if not quiet:
        kept = outcomes[Outcome.KEPT]
        progress.print(f"{len(lines)} judged, {kept} flawless, {unscored} unscored", markup=False)
    code = 1 if failed or (lines and unscored == len(lines)) else 0
    if code or not quiet:
        for line in describe_causes(judged.funnel):
            progress.print(line, markup=False)
    show_halt(judged.halt, go_on, progress)
    if failed:
        progress.print(f"{failed} failed; to try them again: {go_on} --retry-failed", markup=False)
    raise typer.Exit(code)


def _line(judgement: Judgement) -> str:
    shown = judgement.model_dump(mode="json", include={"violations", "verdict"}, exclude_none=True)
    if judgement.error:
        shown["error"] = str(judgement.error)
    return json.dumps(
        {"id": judgement.dialogue, "kept": judgement.outcome is Outcome.KEPT, **shown}, ensure_ascii=False
    )
