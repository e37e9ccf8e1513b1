"""`rolecs evaluate`: measures how a model does as the supporter of labelled dialogues."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from agents.digests import digest
from agents.errors import UsageError
from graphs.cli.flags import job_settings, takes
from graphs.cli.runs import Runs, versus_folder
from graphs.cli.terminal import (
    JUDGE,
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
    show_failed,
)
from graphs.config.evaluate import EvaluateSettings
from graphs.config.settings import Secrets
from graphs.scheduling.interrupts import interruptible
from outputs.runs.evaluation import EVALUATIONS
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore

if TYPE_CHECKING:
    from agents.csc.language import Language
    from outputs.datasets.dialogues import Labelled
    from outputs.evaluation.contamination import Contamination
    from outputs.evaluation.results import Judged, Result
    from outputs.evaluation.scores import Differences, Encode
    from personas.dedup.embedding import EmbeddingModel

REPORT = "report.html"
"""The page, in the run folder."""


class _Encoder(NamedTuple):
    """The model that embeds dialogues and tokens; None where there is none in reach."""

    model: "EmbeddingModel | None"

    @property
    def encode(self) -> "Encode | None":
        from personas.dedup.embedding import token_encoder

        return token_encoder(self.model) if self.model else None


@takes(
    EvaluateSettings,
    *("versus", "history", "customer", "train", "decontaminate", "run", "seed", *SERVERS, *JUDGE),
    *("temperature", "thinking_tokens", "embedding_model", *LIMITS, *TELEMETRY),
)
def evaluate(
    context: typer.Context,
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Labelled dialogues: runs, exported folders, or JSONL in rolecs or CSConv form.", metavar="DATA"
        ),
    ],
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Measure how a model does as the supporter of labelled dialogues: its strategies, its words, whole calls."""
    settings = job_settings(EvaluateSettings, EVALUATIONS, context)

    from graphs.jobs.evaluate import evaluate as evaluate_one
    from graphs.jobs.evaluate import read_evaluation_set
    from outputs.evaluation.results import write_results

    dialogues = read_evaluation_set(sources)
    folders = _folders(settings)
    languages = sorted({dialogue.language for dialogue in dialogues})
    if settings.has_judge and len(languages) > 1:
        raise UsageError("a judge judges dialogues of one language: evaluate on English and Chinese ones apart")
    go_on = command_line("rolecs", "evaluate", *sources, "--resume", "--run", settings.run)
    with interruptible(progress):
        encoder = _find_encoder(settings, languages)
        dialogues, contamination = _look_for_overlaps(dialogues, settings, encoder.model)
    if contamination and not quiet:
        progress.print(contamination.describe())
    runs = Runs(go_on, quiet=quiet, resume=resume, retry_failed=retry_failed)
    for folder, model in folders.items():
        runs.carry_out(evaluate_one, settings.model_copy(update={"model": model, "run": folder}), dialogues)
    judged = _judge(runs, settings, list(folders), dialogues) if settings.has_judge else {}
    with interruptible(progress, lambda: go_on_hint(go_on)):
        encode, name = encoder.encode, encoder.model.name if encoder.model else None
        results = [write_results(folder, encode, name, contamination, judged.get(folder)) for folder in folders]
        differences = {it.model: results[0].scores.differences(it.scores) for it in results[1:]}
        for folder, result in zip(folders, results, strict=True):
            write_page(folder, result, differences if result is results[0] else {})
    if not quiet:
        _show(results, differences, settings)
    show_failed(runs.failed, go_on, progress)
    raise typer.Exit(1 if runs.failed else 0)


def _folders(settings: EvaluateSettings) -> dict[Path, str | None]:
    """Return the run folder of each model: that of the settings, and one within it for each other model.

    Raises:
        UsageError: the others are not told apart.
    """
    folders: dict[Path, str | None] = {settings.run: settings.model}
    for model in settings.versus:
        folder = versus_folder(settings.run, model)
        if folder in folders or model == settings.model:
            raise UsageError(f"--versus {model}: each model is compared once")
        folders[folder] = model
    return folders


def _judge(
    runs: Runs, settings: EvaluateSettings, folders: "Sequence[Path]", dialogues: "Sequence[Labelled]"
) -> "dict[Path, Judged]":
    """Have the judge judge generated calls, and the first model's answers beside the others'; return it by run folder.

    The runs lie in the folders of the models, each named by what is judged in it: where failed dialogues were tried
    again since, it is another one.
    """
    from graphs.jobs.judge import judge
    from graphs.jobs.prefer import judge_pairs
    from outputs.evaluation.judging import Wins, count_wins, pair_answers, read_calls
    from outputs.evaluation.results import Judged

    language = dialogues[0].language
    secrets = settings.judging_secrets(Secrets())

    def place(folder: Path, name: str, items: Iterable[Any]) -> Path:
        return folder / f"{name}-{digest(list(items))[:8]}"

    found: dict[Path, Judged] = {}
    for folder in folders if settings.history == "generated" else ():
        calls = read_calls(folder, dialogues)
        if calls:
            judging = settings.judging(place(folder, "judged", calls.values()), language)
            done = runs.carry_out(judge, judging, list(calls.values()), secrets=secrets)
            found[folder] = Judged(done.judge_model, dict(zip(calls, done.judgements, strict=True)), {})
    wins: dict[str, Wins] = {}
    judge_name = ""
    for folder in folders[1:]:
        contests = pair_answers(folders[0], folder, dialogues)
        if contests:
            judging = settings.judging(place(folder, "wins", contests), language)
            compared = runs.carry_out(judge_pairs, judging, contests, secrets=secrets)
            judge_name = compared.judge_model
            wins[_model_of(folder)] = count_wins(compared.judged)
    if wins:
        own = found.get(folders[0])
        found[folders[0]] = own._replace(wins=wins) if own else Judged(judge_name, None, wins)
    return found


def _model_of(folder: Path) -> str:
    with RunStore.read(EVALUATIONS, folder) as store:
        return str(store.provenance.configuration["model"])


def _look_for_overlaps(
    dialogues: "list[Labelled]", settings: EvaluateSettings, model: "EmbeddingModel | None"
) -> "tuple[list[Labelled], Contamination | None]":
    """Return the dialogues to evaluate on, and which of all overlap with what the model was trained on, if known.

    Raises:
        UsageError: a source cannot be read, all dialogues would be left out, or nobody knows which ones to leave out.
    """
    from graphs.jobs.contamination import look_for_overlaps
    from outputs.evaluation.contamination import Contamination
    from outputs.training.examples import find_examples, read_examples

    if settings.train:
        rows, _ = read_examples(settings.train, ())
    else:
        trained = find_examples(Path(settings.model)) if settings.model else None
        rows = trained.rows if trained else []
        if trained and trained.missing:
            progress.print(
                f"{settings.model} was trained on what is not here, or has changed: {', '.join(trained.missing)}; "
                "name it by --train to look for dialogues that overlap with it"
            )
    if not rows:
        if settings.decontaminate:
            raise UsageError("--decontaminate leaves out what the model was trained on: name that by --train")
        return dialogues, None
    overlaps = look_for_overlaps(dialogues, rows, model, progress)
    name = model.name if model else None
    found = Contamination.of(dialogues, overlaps, name, left_out=settings.decontaminate)
    if not settings.decontaminate:
        return dialogues, found
    if not (left := [dialogues[number] for number in found.others]):
        raise UsageError("all dialogues overlap with what the model was trained on: nothing is left to evaluate on")
    return left, found


def _find_encoder(settings: EvaluateSettings, languages: "Sequence[Language]") -> _Encoder:
    """Return what embeds; nothing where there is no such model, which is told."""
    from agents.csc.language import Language
    from personas.dedup.embedding import find_model

    if settings.embedding_model == "none":
        return _Encoder(None)
    language = Language.ZH if Language.ZH in languages else Language.EN
    try:
        return _Encoder(find_model(settings.embedding_model, language))
    except UsageError as error:
        if settings.embedding_model:
            raise
        progress.print(f"No semantic F1: {error}")
        return _Encoder(None)


def write_page(run: Path, result: "Result", differences: "Mapping[str, Differences]") -> None:
    """Write the page of a run into its folder."""
    from outputs.evaluation.page import render_evaluation
    from outputs.files import write_whole

    with RunStore.read(EVALUATIONS, run) as store, store.snapshot():
        answered = store.records(Outcome.KEPT)
        write_whole(run / REPORT, render_evaluation(run.resolve().name, result, differences, answered))


def _show(results: "Sequence[Result]", differences: "Mapping[str, Differences]", settings: EvaluateSettings) -> None:
    from outputs.evaluation.table import show_results

    output.print(show_results(results, settings.history, differences))
    for result in results:
        output.print(f"Results: {result.files[0]}, and each answer: {result.files[1]}")
    output.print(f"To read them: {settings.run / REPORT}")
