"""`rolecs calibrate`: compares the gate with people's labels."""

from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.flags import job_settings, takes
from graphs.cli.judge import JUDGING, show_broken
from graphs.cli.terminal import (
    Config,
    Quiet,
    Resume,
    RetryFailed,
    command_line,
    go_on_hint,
    output,
    progress,
    run_job,
    show_failed,
    show_halt,
)
from graphs.config.settings import JudgeSettings
from outputs.files import require_folder
from outputs.runs.judgement import JUDGEMENTS
from outputs.runs.run import Outcome


@takes(JudgeSettings, *JUDGING)
def calibrate(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help='Dialogues that people labelled: lines as for judge, with "gold".', metavar="GOLD")
    ],
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Compare the gate with people's labels, and keep the result for the runs of this judge and rubric."""
    settings = job_settings(JudgeSettings, JUDGEMENTS, context)

    from graphs.jobs.calibrate import calibrate as compare
    from graphs.jobs.calibrate import read_gold
    from graphs.jobs.judge import judge
    from outputs.reports.calibration import calibration_table, calibrations_folder, keep_calibration
    from outputs.reports.summary import describe_causes

    require_folder(calibrations_folder())
    dialogues, broken = read_gold(file)
    show_broken(broken)
    go_on = command_line("rolecs", "calibrate", file, "--resume", "--run", settings.run)
    judged = run_job(
        judge, settings, go_on_hint(go_on), dialogues, quiet=quiet, resume=resume, retry_failed=retry_failed
    )
    if judged.halt:
        show_halt(judged.halt, go_on, progress)
        raise typer.Exit(1)
    calibration = compare(file, dialogues, judged, settings)
    for line in describe_causes(judged.funnel):
        progress.print(line)
    if calibration.unscored == calibration.calls:
        progress.print("Nothing is kept: no call could be scored.")
        raise typer.Exit(1)
    output.print(calibration_table(calibration))
    kept = keep_calibration(calibration)
    output.print(f"Kept for runs with judge {calibration.stamp.judge_model}: {kept}")
    failed = judged.funnel.outcomes[Outcome.FAILED]
    show_failed(failed, go_on, progress)
    raise typer.Exit(1 if failed or broken else 0)
