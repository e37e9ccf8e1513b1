"""`rolecs evaluate`: measures how a model does as the supporter of labelled dialogues."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.errors import UsageError
from graphs.cli.flags import job_settings, takes
from graphs.cli.generate import show_halt
from graphs.cli.terminal import (
    LIMITS,
    SERVERS,
    TELEMETRY,
    Config,
    Quiet,
    Resume,
    RetryFailed,
    command_line,
    go_on_hint,
    output,
    progress,
    run_job,
)
from graphs.config.settings import EvaluateSettings
from graphs.scheduling.interrupts import interruptible
from outputs.runs.evaluation import EVALUATIONS
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agents.csc.language import Language
    from outputs.datasets.dialogues import Labelled
    from outputs.evaluation.contamination import Contamination
    from outputs.evaluation.results import Result
    from outputs.evaluation.scores import Encode
    from outputs.evaluation.table import Differences

REPORT = "report.html"
"""The page, in the run folder."""


@takes(
    EvaluateSettings,
    *("versus", "history", "train", "decontaminate", "run", "seed", *SERVERS),
    *("temperature", "thinking_tokens", "embedding_model", *LIMITS, *TELEMETRY),
)
def evaluate(
    context: typer.Context,
    sources: Annotated[
        list[Path],
        typer.Argument(help="Labelled dialogues: exported folders, or JSONL in rolecs or CSConv form.", metavar="DATA"),
    ],
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Measure how well a model chooses the strategies of labelled dialogues, and says what their supporters say."""
    settings = job_settings(EvaluateSettings, EVALUATIONS, context)

    from graphs.jobs.evaluate import evaluate as evaluate_one
    from graphs.jobs.evaluate import read_evaluation_set
    from outputs.evaluation.results import write_results

    dialogues = read_evaluation_set(sources)
    contamination = None
    if settings.train:
        with interruptible(progress):
            dialogues, contamination = _look_for_overlaps(dialogues, settings)
        if not quiet:
            progress.print(contamination.describe())
    go_on = command_line("rolecs", "evaluate", *sources, "--resume", "--run", settings.run)
    failed = 0
    folders = _folders(settings)
    for folder, model in folders.items():
        # Of several runs those that were not begun before an interruption are begun when it goes on.
        resumes = resume and RunStore.exists(folder)
        evaluated = run_job(
            evaluate_one,
            settings.model_copy(update={"model": model, "run": folder}),
            go_on_hint(go_on),
            dialogues,
            quiet=quiet,
            resume=resumes,
            retry_failed=retry_failed and resumes,
        )
        if evaluated.halt:
            show_halt(evaluated.halt, go_on, progress)
            raise typer.Exit(1)
        failed += evaluated.funnel.outcomes[Outcome.FAILED]
    with interruptible(progress, lambda: go_on_hint(go_on)):
        encode, encoder = _load_encoder(settings, [dialogue.language for dialogue in dialogues])
        results = [write_results(folder, encode, encoder, contamination) for folder in folders]
        differences = {it.model: results[0].scores.differences(it.scores) for it in results[1:]}
        for folder, result in zip(folders, results, strict=True):
            _write_page(folder, result, differences if result is results[0] else {})
    if not quiet:
        _show(results, differences, settings)
    if failed:
        progress.print(f"{failed} failed; to try them again: {go_on} --retry-failed")
    raise typer.Exit(1 if failed else 0)


def _folders(settings: EvaluateSettings) -> dict[Path, str | None]:
    """Return the run folder of each model: that of the settings, and one within it for each other model.

    Raises:
        UsageError: the others are not told apart.
    """
    folders: dict[Path, str | None] = {settings.run: settings.model}
    for model in settings.versus:
        folder = settings.run / "versus" / re.sub(r"[^\w.-]+", "-", model).strip("-.")
        if folder in folders or model == settings.model:
            raise UsageError(f"--versus {model}: each model is compared once")
        folders[folder] = model
    return folders


def _look_for_overlaps(
    dialogues: "list[Labelled]", settings: EvaluateSettings
) -> "tuple[list[Labelled], Contamination]":
    """Return the dialogues to evaluate on, and which of all overlap with what the model was trained on.

    Raises:
        UsageError: a source cannot be read, or all dialogues would be left out.
    """
    from outputs.evaluation.contamination import Contamination, find_overlaps
    from outputs.training.examples import read_examples

    rows, _ = read_examples(settings.train, ())
    found = Contamination.of(dialogues, find_overlaps(dialogues, rows), left_out=settings.decontaminate)
    if not settings.decontaminate:
        return dialogues, found
    if not (left := [dialogues[number] for number in found.others]):
        raise UsageError("all dialogues overlap with what the model was trained on: nothing is left to evaluate on")
    return left, found


def _load_encoder(settings: EvaluateSettings, languages: "Sequence[Language]") -> "tuple[Encode | None, str | None]":
    """Return what embeds tokens, and its name; none where there is no such model, which is told."""
    from agents.csc.language import Language
    from personas.dedup.embedding import find_model, token_encoder

    language = Language.ZH if Language.ZH in languages else Language.EN
    try:
        model = find_model(settings.embedding_model, language)
    except UsageError as error:
        if settings.embedding_model:
            raise
        progress.print(f"No semantic F1: {error}")
        return None, None
    return token_encoder(model), model.name


def _write_page(run: Path, result: "Result", differences: "Mapping[str, Differences]") -> None:
    from outputs.evaluation.page import render_evaluation
    from outputs.files import write_whole

    with RunStore.read(EVALUATIONS, run) as store, store.snapshot():
        answered = store.records(Outcome.KEPT)
        write_whole(run / REPORT, render_evaluation(run.resolve().name, result, differences, answered))


def _show(results: "Sequence[Result]", differences: "Mapping[str, Differences]", settings: EvaluateSettings) -> None:
    from outputs.evaluation.table import show_differences, show_results

    output.print(show_results(results, settings.history))
    if differences:
        output.print(show_differences(results[0].model, differences))
    for result in results:
        output.print(f"Results: {result.files[0]}, and each answer: {result.files[1]}")
    output.print(f"To read them: {settings.run / REPORT}")
