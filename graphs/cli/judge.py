"""`rolecs judge`: judges dialogues from a file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphs.cli.flags import job_settings, takes
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
    show_failed,
    show_halt,
)
from graphs.config.settings import JudgeSettings
from graphs.scheduling.interrupts import interruptible
from outputs.files import require_apart, require_file, write_whole
from outputs.runs.judgement import JUDGEMENTS, Judgement
from outputs.runs.run import Outcome

if TYPE_CHECKING:
    from outputs.datasets.reader import Unreadable

SHOWN_BROKEN = 5
"""Number of rows that cannot be read that are named one by one."""
JUDGING = ("language", "run", "seed", *GATE, *SERVERS, *LIMITS, *TELEMETRY)


@takes(JudgeSettings, *JUDGING)
def judge(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="Labelled dialogues: JSONL in rolecs or CSConv form, or a folder.", metavar="FILE")
    ],
    out: Annotated[Path | None, typer.Option(help="File for the judgements; standard output by default.")] = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Judge dialogues from a file: one JSON line for each, with verdicts and broken rules."""
    settings = job_settings(JudgeSettings, JUDGEMENTS, context)
    if out:
        require_file(out)

    from graphs.jobs.judge import judge as judge_all
    from outputs.datasets.reader import find_files, read_sound_dialogues
    from outputs.reports.summary import describe_causes

    require_apart(find_files(file), out)

    dialogues, broken = read_sound_dialogues(file)
    show_broken(broken)
    again = ("rolecs", "judge", file, *(("--out", out) if out else ()), "--resume", "--run", settings.run)
    go_on = command_line(*again)
    judged = run_job(
        judge_all, settings, go_on_hint(go_on), dialogues, quiet=quiet, resume=resume, retry_failed=retry_failed
    )
    lines = [*map(_line, judged.judgements), *map(_broken_line, broken)]
    with interruptible(progress, lambda: go_on_hint(go_on)):
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
        progress.print(f"{len(judged.judgements)} judged, {kept} flawless, {unscored} unscored")
    nothing_scored = bool(judged.judgements) and unscored == len(judged.judgements)
    if failed or nothing_scored or not quiet:
        for line in describe_causes(judged.funnel):
            progress.print(line)
    show_halt(judged.halt, go_on, progress)
    show_failed(failed, go_on, progress)
    raise typer.Exit(1 if failed or broken or nothing_scored else 0)


def show_broken(broken: "Sequence[Unreadable]") -> None:
    """Name the rows that cannot be read, the first of them one by one."""
    for row in broken[:SHOWN_BROKEN]:
        progress.print(f"skipped {row.problem}")
    if (more := len(broken) - SHOWN_BROKEN) > 0:
        progress.print(f"skipped {more} more rows")


def _broken_line(row: "Unreadable") -> str:
    return json.dumps({"id": row.id, "kept": False, "error": row.problem}, ensure_ascii=False)


def _line(judgement: Judgement) -> str:
    shown = judgement.model_dump(mode="json", include={"violations", "verdict"}, exclude_none=True)
    if judgement.error:
        shown["error"] = str(judgement.error)
    return json.dumps(
        {"id": judgement.dialogue, "kept": judgement.outcome is Outcome.KEPT, **shown}, ensure_ascii=False
    )
