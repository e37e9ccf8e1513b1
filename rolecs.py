"""The command line of rolecs: parses flags, delegates, and turns errors into one line and an exit code.

Exit codes: 0 done, 1 something failed, 2 wrong use, 130 interrupted.
"""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console

import agents
from agents.csc import Language
from agents.errors import RolecsError, UsageError
from agents.topics import TOPICS
from graphs.interrupts import interruptible, run_interruptible
from graphs.settings import DistillSettings, PoolSettings, Secrets, ServerSettings, Settings, load_settings
from outputs.export import export_run
from outputs.extraction import EXTRACTIONS
from outputs.files import write_whole
from outputs.formats import Format
from outputs.reading import read_dialogues
from outputs.record import DIALOGUES
from outputs.run import Outcome, RunKind
from outputs.store import RunStore
from outputs.summary import summarise, usage_table
from outputs.verify import verify_export
from personas.filters import Filters

# What needs openai, langgraph or numpy takes its time to import: only the commands that use it do.

JobSettingsT = TypeVar("JobSettingsT", bound=ServerSettings)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
progress = Console(stderr=True, highlight=False, soft_wrap=True)
output = Console(highlight=False, soft_wrap=True)


def _option(field: str, *flags: str, of: type[BaseModel] = Settings, **options: Any) -> Any:
    """Return the option that sets a field of some settings, with the field's own description and default.

    The commands take their settings from typer's context, by the names of the fields.
    """
    info = of.model_fields[field]
    default = info.get_default(call_default_factory=True)
    shown = f" (default: {default})" if isinstance(default, str | int | float | Path) else ""
    return typer.Option(*flags, help=f"{info.description}{shown}", show_default=False, **options)


def _split_words(text: str | None) -> Any:
    return shlex.split(text) if text else None


def _split_commas(texts: list[str] | None) -> Any:
    return [part.strip() for text in texts or () for part in text.split(",")]


RunFolder = Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")]
Config = Annotated[Path | None, typer.Option("--config", help="A TOML file with settings; flags win over it.")]
BaseUrls = Annotated[list[str] | None, _option("base_url", "--base-url")]
Model = Annotated[str | None, _option("model", "--model")]
EngineArgs = Annotated[str | None, _option("engine_args", "--engine-args", callback=_split_words)]
LanguageOption = Annotated[Language | None, _option("language", "--language")]
Concurrency = Annotated[int | None, _option("concurrency", "--concurrency")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in the run folder.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try failed ones again.")]
ThinkingTokens = Annotated[int | None, _option("thinking_tokens", "--thinking-tokens")]
Seed = Annotated[int | None, _option("seed", "--seed")]
PoolFile = Annotated[Path | None, _option("out", "--out", of=PoolSettings)]
Threshold = Annotated[float | None, _option("threshold", "--threshold", of=PoolSettings)]
EmbeddingModelName = Annotated[str | None, _option("embedding_model", "--embedding-model", of=PoolSettings)]
JudgeVotes = Annotated[int | None, _option("judge_votes", "--judge-votes")]
MinAgreement = Annotated[float | None, _option("min_agreement", "--min-agreement")]
Report = Annotated[Path | None, _option("report", "--report", of=PoolSettings)]


@app.callback()
def rolecs() -> None:
    """Play synthetic support calls between five LLM roles, keep the flawless ones, export them for training."""


@app.command()
def generate(
    context: typer.Context,
    dialogues: Annotated[int | None, _option("dialogues", "-n", "--dialogues")] = None,
    topics: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Topics, separated by commas or repeated; all by default: {', '.join(TOPICS)}.",
            callback=_split_commas,
        ),
    ] = None,
    personas: Annotated[Path | None, _option("personas", "--personas")] = None,
    language: LanguageOption = None,
    balance: Annotated[bool | None, _option("balance", "--balance")] = None,
    seed: Seed = None,
    concurrency: Concurrency = None,
    run: Annotated[Path | None, _option("run", "--run")] = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    base_url: BaseUrls = None,
    model: Model = None,
    judge_base_url: Annotated[str | None, _option("judge_base_url", "--judge-base-url")] = None,
    judge_model: Annotated[str | None, _option("judge_model", "--judge-model")] = None,
    engine_args: EngineArgs = None,
    temperature: Annotated[float | None, _option("temperature", "--temperature")] = None,
    thinking_tokens: ThinkingTokens = None,
    repairs: Annotated[int | None, _option("repairs", "--repairs")] = None,
    judge_votes: JudgeVotes = None,
    min_agreement: MinAgreement = None,
    canaries: Annotated[float | None, _option("canaries", "--canaries")] = None,
    max_similarity: Annotated[float | None, _option("max_similarity", "--max-similarity")] = None,
    embedding_model: EmbeddingModelName = None,
    config: Config = None,
) -> None:
    """Play calls, judge them, and store each as it ends."""
    from graphs.batch import run_job
    from graphs.twins import reject_twins
    from outputs.trust import describe_trust

    settings = _job_settings(Settings, DIALOGUES, context)
    go_on = f"rolecs generate --resume --run {settings.run}"
    hint = f"What has ended is stored; go on with: {go_on}"
    played = run_interruptible(
        run_job(settings, Secrets(), progress, resume=resume, retry_failed=retry_failed), progress, hint
    )
    with interruptible(progress, hint):
        funnel = reject_twins(settings, played.twin_model, progress)
    output.print(summarise(funnel))
    with RunStore.read(DIALOGUES, settings.run) as store:
        for sentence in describe_trust(store.header, funnel):
            output.print(sentence, markup=False)
    output.print(f"Run: {settings.run}")
    output.print(f"To read it: rolecs report {settings.run}")
    if funnel.outcomes[Outcome.FAILED]:
        output.print(f"To play the failed ones again: {go_on} --retry-failed")
    output.print(f"Next: rolecs export {settings.run} --out shards")
    raise typer.Exit(1 if funnel.outcomes[Outcome.FAILED] else 0)


@app.command()
def distill(
    context: typer.Context,
    transcripts: Annotated[
        list[str] | None,
        typer.Argument(help=DistillSettings.model_fields["transcripts"].description, metavar="TRANSCRIPTS"),
    ] = None,
    out: PoolFile = None,
    report: Report = None,
    threshold: Threshold = None,
    embedding_model: EmbeddingModelName = None,
    run: Annotated[Path | None, _option("run", "--run", of=DistillSettings)] = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    strict: Annotated[bool | None, _option("strict", "--strict", of=DistillSettings)] = None,
    min_exchanges: Annotated[int | None, _option("min_exchanges", "--min-exchanges", of=Filters)] = None,
    max_exchanges: Annotated[int | None, _option("max_exchanges", "--max-exchanges", of=Filters)] = None,
    max_utterance_chars: Annotated[
        int | None, _option("max_utterance_chars", "--max-utterance-chars", of=Filters)
    ] = None,
    min_share: Annotated[float | None, _option("min_share", "--min-share", of=Filters)] = None,
    min_substantial: Annotated[int | None, _option("min_substantial", "--min-substantial", of=Filters)] = None,
    seed: Seed = None,
    concurrency: Annotated[int | None, _option("concurrency", "--concurrency", of=DistillSettings)] = None,
    base_url: BaseUrls = None,
    model: Model = None,
    engine_args: EngineArgs = None,
    temperature: Annotated[float | None, _option("temperature", "--temperature", of=DistillSettings)] = None,
    thinking_tokens: ThinkingTokens = None,
    config: Config = None,
) -> None:
    """Distil the customers of real calls into a pool of distinct personas."""
    from graphs.distilling import distill_job
    from graphs.pooling import make_pool
    from outputs.pool_summary import summarise_pool

    settings = _job_settings(DistillSettings, EXTRACTIONS, context)
    go_on = f"rolecs distill --resume --run {settings.run}"
    hint = f"What has ended is stored; go on with: {go_on}"
    job = distill_job(settings, Secrets(), progress, resume=resume, retry_failed=retry_failed)
    distilled = run_interruptible(job, progress, hint)
    with interruptible(progress, hint):
        summary = make_pool(distilled.personas, distilled.stages, settings, distilled.models, progress)
    output.print(summarise_pool(summary))
    output.print(usage_table(distilled.funnel))
    if failed := distilled.funnel.outcomes[Outcome.FAILED]:
        output.print(f"To try the failed ones again: {go_on} --retry-failed", markup=False)
    if distilled.personas:
        _tell_pool(settings)
    else:
        output.print("No persona could be extracted, so no pool was written.")
    raise typer.Exit(1 if failed or not distilled.personas else 0)


@app.command()
def dedup(
    context: typer.Context,
    pools: Annotated[list[Path], typer.Argument(help="Persona pools, JSONL files.", metavar="POOLS")],
    out: PoolFile = None,
    report: Report = None,
    threshold: Threshold = None,
    embedding_model: EmbeddingModelName = None,
) -> None:
    """Merge the near-duplicates of persona pools into one pool of distinct personas."""
    from graphs.pooling import find_models, make_pool, read_pools
    from outputs.pool_summary import Stage, summarise_pool

    settings = load_settings(PoolSettings, None, _flags(context, PoolSettings))
    if settings.out.resolve() in [pool.resolve() for pool in pools]:
        raise UsageError(f"{settings.out} is one of the pools and would be written over: name another file by --out")
    with interruptible(progress):
        personas = read_pools(pools)
        models = find_models(settings, {persona.language for persona in personas}, progress)
        stages = [Stage(name="read", count=len(personas))]
        summary = make_pool(personas, stages, settings, models, progress)
    output.print(summarise_pool(summary))
    _tell_pool(settings)


def _tell_pool(settings: PoolSettings) -> None:
    """Say which files were written, and what comes next."""
    from graphs.pooling import merges_file

    output.print(f"Pool: {settings.out}; what was merged: {merges_file(settings.out)}", markup=False)
    if settings.report:
        output.print(f"Report: {settings.report}", markup=False)
    output.print(f"Next: rolecs generate --personas {settings.out}", markup=False)


@app.command()
def export(
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="Folder for the shards.")],
    form: Annotated[Format, typer.Option("--format", help="Line format.")] = Format.ROLECS,
    shard_lines: Annotated[int, typer.Option(min=1, help="Lines a shard.")] = 1000,
    rejected: Annotated[bool, typer.Option("--rejected", help="Write the rejected dialogues beside them.")] = False,
) -> None:
    """Write the kept dialogues of a run as shards, with manifest and dataset card."""
    with RunStore.read(DIALOGUES, run) as store:
        manifest = export_run(store, out, form=form, shard_lines=shard_lines, with_rejected=rejected)
    for shard in (*manifest.shards, *manifest.rejected):
        output.print(f"{out / shard.name}: {shard.lines:,} lines, {shard.bytes:,} bytes")
    if not manifest.shards:
        output.print("No dialogue of this run was kept, so there is no training shard.")
    output.print(f"Next: rolecs verify {out}")


@app.command()
def verify(folder: Annotated[Path, typer.Argument(help="An exported folder.", metavar="DIR")]) -> None:
    """Read an export again and name everything that is wrong with it."""
    problems = 0
    for problem in verify_export(folder):
        output.print(problem, markup=False)
        problems += 1
    found = f"problems found: {problems}" if problems else "every shard is whole and as the manifest says"
    output.print(f"{folder}: {found}", markup=False)
    raise typer.Exit(1 if problems else 0)


@app.command()
def judge(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Labelled dialogues: JSONL in rolecs or CSConv form.", metavar="FILE")],
    out: Annotated[Path | None, typer.Option(help="File for the judgements; standard output by default.")] = None,
    language: LanguageOption = None,
    judge_votes: JudgeVotes = None,
    min_agreement: MinAgreement = None,
    concurrency: Concurrency = None,
    base_url: BaseUrls = None,
    model: Model = None,
    engine_args: EngineArgs = None,
    config: Config = None,
) -> None:
    """Judge dialogues from a file: one JSON line for each, with verdicts and broken rules."""
    from graphs.judging import judge_dialogues

    settings = load_settings(Settings, config, _flags(context, Settings))
    judged, _ = run_interruptible(judge_dialogues(list(read_dialogues(file)), settings, Secrets(), progress), progress)
    lines = [judgement.model_dump_json() for judgement in judged]
    if out:
        write_whole(out, lines)
    else:
        for line in lines:
            typer.echo(line)
    kept = sum(judgement.kept for judgement in judged)
    unscored = sum(judgement.verdict.unscored is not None for judgement in judged)
    progress.print(f"{len(judged)} judged, {kept} flawless, {unscored} unscored")


@app.command()
def calibrate(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help='Dialogues that people labelled: lines as for judge, with "gold".', metavar="GOLD")
    ],
    language: LanguageOption = None,
    judge_votes: JudgeVotes = None,
    min_agreement: MinAgreement = None,
    concurrency: Concurrency = None,
    base_url: BaseUrls = None,
    model: Model = None,
    engine_args: EngineArgs = None,
    config: Config = None,
) -> None:
    """Compare the gate with people's labels, and keep the result for the runs of this judge and rubric."""
    from graphs.calibrating import calibrate as compare
    from outputs.trust import calibration_table, keep_calibration

    settings = load_settings(Settings, config, _flags(context, Settings))
    calibration = run_interruptible(compare(file, settings, Secrets(), progress), progress)
    output.print(calibration_table(calibration))
    output.print(
        f"Kept for runs with judge {calibration.stamp.judge_model}: {keep_calibration(calibration)}", markup=False
    )


@app.command()
def report(
    run: RunFolder,
    out: Annotated[
        Path | None, typer.Option(help="File for the page; report.html in the run folder by default.")
    ] = None,
) -> None:
    """Write one HTML page on a run: its figures, and all its dialogues to read, search and filter."""
    from outputs.run_report import report_run

    file = out or run / "report.html"
    with RunStore.read(DIALOGUES, run) as store, interruptible(progress):
        write_whole(file, report_run(store))
    output.print(f"Report: {file}", markup=False)


@app.command()
def engine(
    context: typer.Context,
    model: Model = None,
    port: Annotated[int | None, typer.Option(help="Loopback port; a free one by default.")] = None,
    engine_args: EngineArgs = None,
) -> None:
    """Start vLLM alone, so that several jobs can share it; Ctrl-C stops it."""
    from graphs.servers import serve

    def show(base_url: str, name: str) -> None:
        output.print(f"{name} is served at {base_url}")
        output.print(f"Next, in another terminal: rolecs generate --base-url {base_url}")

    settings = load_settings(Settings, None, _flags(context, Settings))
    run_interruptible(serve(settings, port, progress, on_ready=show), progress, "The engine is stopped.")


@app.command()
def graph() -> None:
    """Print the five-role graph as Mermaid."""
    from graphs.call import graph as call_graph

    typer.echo(call_graph.get_graph().draw_mermaid())


def _flags(context: typer.Context, kind: type[BaseModel]) -> dict[str, Any]:
    """Return the flags that were given and are settings of a kind, those of its filters in a table of their own."""
    given = {name: value for name, value in context.params.items() if value not in (None, [], ())}
    flags = {name: given[name] for name in kind.model_fields if name in given}
    if "filters" in kind.model_fields:
        flags["filters"] = {name: given[name] for name in Filters.model_fields if name in given}
    return flags


def _job_settings(kind: type[JobSettingsT], run_kind: RunKind[Any, Any], context: typer.Context) -> JobSettingsT:
    """Return the settings of a job; one that is resumed takes up those that its run began with."""
    config, flags = context.params["config"], _flags(context, kind)
    settings = load_settings(kind, config, flags)
    if context.params["resume"]:
        with RunStore.read(run_kind, settings.run) as store:
            return load_settings(kind, config, flags, store.header.settings)
    if context.params["retry_failed"]:
        raise UsageError("--retry-failed goes with --resume")
    return settings


def main() -> None:
    """Run the command line; a known error becomes one line on standard error and an exit code."""
    try:
        if getattr(agents, "DISTRIBUTION", None) != "rolecs":
            raise UsageError(
                f"another package named 'agents' hides ours ({agents.__file__}); openai-agents installs one: "
                "give rolecs an environment of its own"
            )
        app()
    except RolecsError as error:
        progress.print(f"rolecs: {error}", markup=False)
        sys.exit(2 if isinstance(error, UsageError) else 1)


if __name__ == "__main__":
    main()
