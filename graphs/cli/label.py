"""`rolecs label`: labels the turns of real calls with strategies and emotions."""

import json
from typing import TYPE_CHECKING

import typer

from graphs.cli.flags import job_settings, takes
from graphs.cli.terminal import (
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
    progress,
    results_console,
    run_job,
    show_failed,
    show_halt,
)
from graphs.config.settings import LabelSettings
from graphs.scheduling.interrupts import interruptible
from outputs.files import write_whole
from outputs.runs.annotation import ANNOTATIONS
from outputs.runs.run import Outcome

if TYPE_CHECKING:
    from agents.csc.dialogue import Turn
    from outputs.runs.annotation import Annotation


@takes(
    LabelSettings,
    *("out", "emotions", "run", *READING, "scrub_with_model", "seed", *SERVERS, "temperature", "thinking_tokens"),
    *(*LIMITS, *TELEMETRY),
)
def label(
    context: typer.Context,
    transcripts: Transcripts = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Label real calls: each supporter turn with a strategy, each customer turn with an emotion and its intensity."""
    settings = job_settings(LabelSettings, ANNOTATIONS, context)

    from graphs.jobs.label import label as label_all
    from graphs.jobs.read_calls import second_look_stages
    from outputs.reports.annotation import show_annotation
    from outputs.reports.pool_summary import stages_table
    from outputs.reports.summary import describe_causes, usage_table

    go_on = command_line("rolecs", "label", "--resume", "--run", settings.run)
    annotated = run_job(label_all, settings, go_on_hint(go_on), quiet=quiet, resume=resume, retry_failed=retry_failed)
    with interruptible(progress, lambda: go_on_hint(go_on)):
        write_whole(settings.out, map(_line, annotated.annotations))
    funnel = annotated.funnel
    failed = funnel.outcomes[Outcome.FAILED]
    code = 1 if failed or not annotated.annotations else 0
    console = results_console(quiet, code)
    replaced = annotated.ingested.replaced.total()
    console.print(f"Calls labelled: {len(annotated.annotations):,}. Pieces of private data replaced: {replaced:,}.")
    if looked := second_look_stages(funnel):
        console.print("", stages_table(looked, "Second look"), sep="\n")
    console.print("", show_annotation(funnel), sep="\n")
    for line in describe_causes(funnel):
        console.print(line)
    console.print("", usage_table(funnel), sep="\n")
    show_halt(annotated.halt, go_on, console)
    show_failed(failed, go_on, console)
    console.print(f"Labelled calls: {settings.out}")
    raise typer.Exit(code)


def _line(annotation: "Annotation") -> str:
    """Return a labelled transcript: `train`, `evaluate` and `compare` read these lines."""
    return json.dumps(
        {"dialogue_id": annotation.source, "turns": [_turn(turn) for turn in annotation.turns]}, ensure_ascii=False
    )


def _turn(turn: "Turn") -> dict[str, object]:
    said: dict[str, object] = {"speaker": turn.speaker, "text": turn.text}
    if turn.strategy:
        return said | {"strategy": turn.strategy}
    return said | ({"emotion": turn.emotion.model_dump(mode="json")} if turn.emotion else {})
