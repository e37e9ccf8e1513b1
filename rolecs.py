"""The command line of rolecs: parses flags, delegates, and turns errors into one line and an exit code.

Exit codes: 0 done, 1 something failed, 2 wrong use, 130 interrupted.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

import agents
from agents.errors import RolecsError, UsageError
from graphs.cli.flags import JobCommand, describe_setting, job_settings, read_flags, takes
from graphs.config.settings import DistillSettings, PoolSettings, Secrets, ServerSettings, Settings, load_settings
from graphs.scheduling.interrupts import interruptible, run_interruptible
from outputs.datasets.export import export_run
from outputs.datasets.formats import Format
from outputs.datasets.reader import read_dialogues
from outputs.datasets.verify import verify_export
from outputs.files import write_whole
from outputs.reports.summary import describe_cost, summarise, usage_table
from outputs.runs.extraction import EXTRACTIONS
from outputs.runs.lock import find_owner
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.status import build_status, describe_status, stored_prices
from outputs.runs.store import RunStore
from personas.distill.filters import Filters

if TYPE_CHECKING:
    from graphs.scheduling.stopping import Halt

# What needs openai, langgraph or numpy takes its time to import: only the commands that use it do.

ResultT = TypeVar("ResultT")

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
progress = Console(stderr=True, highlight=False, soft_wrap=True)
output = Console(highlight=False, soft_wrap=True)
silence = Console(quiet=True)

RunFolder = Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")]
Config = Annotated[Path | None, typer.Option("--config", help="A TOML file with settings; flags win over it.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in the run folder.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try failed ones again.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show errors alone, on standard error.")]

SERVERS = ("base_url", "model", "engine_args", "concurrency")
LIMITS = ("grace_period", "budget_tokens", "budget_usd")
WATCHING = ("log", "log_texts", "metrics", "trace")
GATE = ("judge_votes", "min_agreement")
POOL = ("out", "threshold", "embedding_model", "report")
PLAYING = (
    *("dialogues", "target_kept", "topics", "personas", "language", "balance", "seed", "run"),
    *(*SERVERS, "judge_base_url", "judge_model", "temperature", "thinking_tokens", "repairs"),
    *(*GATE, "canaries", "max_similarity", "embedding_model", *LIMITS, "ray"),
)


@app.callback()
def rolecs() -> None:
    """Play synthetic support calls between five LLM roles, keep the flawless ones, export them for training."""


@app.command(cls=JobCommand)
@takes(Settings, *PLAYING, *WATCHING)
def generate(
    context: typer.Context,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Play calls, judge them, and store each as it ends."""
    from graphs.jobs.generate import run_job
    from outputs.reports.calibration import describe_trust

    settings = job_settings(Settings, DIALOGUES, context)
    place = "" if settings.ray is None else f" --ray {settings.ray}"
    go_on = f"rolecs generate --resume --run {settings.run}{place}"
    played = _carry_out(run_job, settings, _hint(go_on), quiet=quiet, resume=resume, retry_failed=retry_failed)
    funnel = played.funnel
    failed = funnel.outcomes[Outcome.FAILED]
    code = 1 if failed or (played.halt and played.halt.kind == "no-yield") else 0
    told = _results(quiet, code)
    told.print(summarise(funnel, settings.prices))
    with RunStore.read(DIALOGUES, settings.run) as store:
        for sentence in describe_trust(store.provenance, funnel):
            told.print(sentence, markup=False)
    _tell_halt(played.halt, go_on, told)
    if (waiting := funnel.outcomes[Outcome.PLANNED]) and not played.halt:
        told.print(f"{waiting:,} planned dialogues were not needed; they stay planned, for a larger target.")
    told.print(f"Run: {settings.run}")
    told.print(f"To read it: rolecs report {settings.run}")
    if failed:
        told.print(f"To play the failed ones again: {go_on} --retry-failed")
    told.print(f"Next: rolecs export {settings.run} --out shards")
    raise typer.Exit(code)


@app.command(cls=JobCommand)
@takes(Settings, *PLAYING)
def estimate(
    context: typer.Context,
    pilot: Annotated[int, typer.Option(min=2, help="Dialogues to play for it.", show_default=True)] = 12,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    config: Config = None,
) -> None:
    """Play a few calls and forecast what it takes to keep many: dialogues, tokens, hours, price.

    How many are to be kept is what --target-kept says, or else --dialogues, or else 1000.
    """
    from graphs.jobs.generate import run_job
    from outputs.reports.forecast import describe_hopeless, forecast, forecast_table, read_pilot

    given = job_settings(Settings, DIALOGUES, context)
    wanted = given.target_kept or (given.dialogues if "dialogues" in given.model_fields_set else 1000)
    with tempfile.TemporaryDirectory(prefix="rolecs-pilot-") as folder:
        is_kept = "run" in given.model_fields_set
        run = given.run if is_kept else Path(folder) / "run"
        go_on = f"rolecs generate --resume --run {run}" if is_kept else ""
        hint = _hint(go_on) if is_kept else "Nothing is stored of it: --run names a folder where a pilot is kept."
        settings = given.model_copy(update={"run": run, "dialogues": pilot, "target_kept": None})
        played = _carry_out(run_job, settings, hint, quiet=quiet)
        with RunStore.read(DIALOGUES, run) as store:
            ended = read_pilot(store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED))
    output.print(summarise(played.funnel, given.prices))
    _tell_halt(played.halt, go_on, output)
    if not played.funnel.outcomes[Outcome.KEPT]:
        output.print(describe_hopeless(len(ended)))
        raise typer.Exit(1)
    told = forecast(ended, wanted, played.seconds, given.prices, seed=given.seed)
    output.print("", forecast_table(told, given.prices), sep="\n")
    if is_kept:
        output.print(f"The dialogues of the pilot are kept; go on with them: {go_on} --target-kept {wanted}")


def _carry_out(
    job: Callable[..., Coroutine[Any, Any, ResultT]], settings: ServerSettings, hint: str, *, quiet: bool, **how: bool
) -> ResultT:
    """Run a job so that it can be interrupted, with `hint` then; without its progress when `quiet`."""
    console = silence if quiet else progress
    return run_interruptible(
        lambda interruption: job(settings, Secrets(), console, interruption, **how),
        progress,
        hint,
        settings.grace_period,
    )


def _hint(go_on: str) -> str:
    return f"What has ended is stored; go on with: {go_on}"


def _results(quiet: bool, code: int) -> Console:
    """Return where a job's results are shown: when `quiet` only those of one that failed, as its error."""
    if not quiet:
        return output
    return progress if code else silence


def _tell_halt(halt: "Halt | None", go_on: str, told: Console) -> None:
    """Say why a job stopped before everything was done, and how it goes on, if it can."""
    if halt:
        told.print(halt.reason + (f" To go on: {go_on}{halt.remedy}" if go_on else ""), markup=False)


@app.command()
def status(
    run: RunFolder,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how a run stands: progress, rate, funnel, cost. A job that works on it is not disturbed."""
    with RunStore[Any, Any].read_any((DIALOGUES, EXTRACTIONS), run) as store:
        provenance, funnel = store.provenance, store.funnel()
        found = build_status(provenance, funnel, store.ended_times(), find_owner(run), time.time())
    if as_json:
        typer.echo(found.model_dump_json())
        return
    for line in describe_status(found):
        output.print(line, markup=False)
    output.print(summarise(funnel, stored_prices(provenance)))


@app.command()
@takes(Filters, *Filters.model_fields)
@takes(
    DistillSettings,
    *POOL,
    *("run", "strict", "seed", *SERVERS, "temperature", "thinking_tokens", *LIMITS, *WATCHING),
)
def distill(
    context: typer.Context,
    transcripts: Annotated[
        list[str] | None,
        typer.Argument(help=describe_setting(DistillSettings, "transcripts"), metavar="TRANSCRIPTS"),
    ] = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Distil the customers of real calls into a pool of distinct personas."""
    from graphs.jobs.build_pool import make_pool
    from graphs.jobs.distill import distill_job
    from outputs.reports.pool_summary import summarise_pool

    settings = job_settings(DistillSettings, EXTRACTIONS, context)
    go_on = f"rolecs distill --resume --run {settings.run}"
    distilled = _carry_out(distill_job, settings, _hint(go_on), quiet=quiet, resume=resume, retry_failed=retry_failed)
    with interruptible(progress, _hint(go_on)):
        console = silence if quiet else progress
        summary = make_pool(distilled.personas, distilled.stages, settings, distilled.models, console)
    failed = distilled.funnel.outcomes[Outcome.FAILED]
    code = 1 if failed or not distilled.personas else 0
    told = _results(quiet, code)
    told.print(summarise_pool(summary))
    told.print(describe_cost(distilled.funnel, settings.prices, "persona"))
    told.print(usage_table(distilled.funnel))
    _tell_halt(distilled.halt, go_on, told)
    if failed:
        told.print(f"To try the failed ones again: {go_on} --retry-failed", markup=False)
    if distilled.personas:
        _tell_pool(settings, told)
    else:
        told.print("No persona could be extracted, so no pool was written.")
    raise typer.Exit(code)


@app.command()
@takes(PoolSettings, *POOL)
def dedup(
    context: typer.Context,
    pools: Annotated[list[Path], typer.Argument(help="Persona pools, JSONL files.", metavar="POOLS")],
) -> None:
    """Merge the near-duplicates of persona pools into one pool of distinct personas."""
    from graphs.jobs.build_pool import find_models, make_pool, read_pools
    from outputs.reports.pool_summary import Stage, summarise_pool

    settings = load_settings(PoolSettings, None, read_flags(context, PoolSettings))
    if settings.out.resolve() in [pool.resolve() for pool in pools]:
        raise UsageError(f"{settings.out} is one of the pools and would be written over: name another file by --out")
    with interruptible(progress):
        personas = read_pools(pools)
        models = find_models(settings, {persona.language for persona in personas}, progress)
        stages = [Stage(name="read", count=len(personas))]
        summary = make_pool(personas, stages, settings, models, progress)
    output.print(summarise_pool(summary))
    _tell_pool(settings, output)


def _tell_pool(settings: PoolSettings, told: Console) -> None:
    """Say which files were written, and what comes next."""
    from graphs.jobs.build_pool import merges_file

    told.print(f"Pool: {settings.out}; what was merged: {merges_file(settings.out)}", markup=False)
    if settings.report:
        told.print(f"Report: {settings.report}", markup=False)
    told.print(f"Next: rolecs generate --personas {settings.out}", markup=False)


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
@takes(Settings, "language", *GATE, *SERVERS)
def judge(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Labelled dialogues: JSONL in rolecs or CSConv form.", metavar="FILE")],
    out: Annotated[Path | None, typer.Option(help="File for the judgements; standard output by default.")] = None,
    config: Config = None,
) -> None:
    """Judge dialogues from a file: one JSON line for each, with verdicts and broken rules."""
    from graphs.jobs.judge import judge_dialogues

    settings = load_settings(Settings, config, read_flags(context, Settings))
    dialogues = list(read_dialogues(file))
    judged, _ = run_interruptible(lambda _: judge_dialogues(dialogues, settings, Secrets(), progress), progress)
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
@takes(Settings, "language", *GATE, *SERVERS)
def calibrate(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help='Dialogues that people labelled: lines as for judge, with "gold".', metavar="GOLD")
    ],
    config: Config = None,
) -> None:
    """Compare the gate with people's labels, and keep the result for the runs of this judge and rubric."""
    from graphs.jobs.calibrate import calibrate as compare
    from outputs.reports.calibration import calibration_table, keep_calibration

    settings = load_settings(Settings, config, read_flags(context, Settings))
    calibration = run_interruptible(lambda _: compare(file, settings, Secrets(), progress), progress)
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
    from outputs.reports.run_report import report_run

    file = out or run / "report.html"
    with RunStore.read(DIALOGUES, run) as store, interruptible(progress):
        write_whole(file, report_run(store))
    output.print(f"Report: {file}", markup=False)


@app.command()
@takes(Settings, "model", "engine_args")
def engine(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Loopback port; a free one by default.")] = None,
) -> None:
    """Start vLLM alone, so that several jobs can share it; Ctrl-C stops it."""
    from graphs.backends.local import serve

    def show(base_url: str, name: str) -> None:
        output.print(f"{name} is served at {base_url}")
        output.print(f"Next, in another terminal: rolecs generate --base-url {base_url}")

    settings = load_settings(Settings, None, read_flags(context, Settings))
    run_interruptible(lambda _: serve(settings, port, progress, on_ready=show), progress, "The engine is stopped.")


@app.command()
def graph() -> None:
    """Print the five-role graph as Mermaid."""
    from graphs.dialogue.graph import graph as call_graph

    typer.echo(call_graph.get_graph().draw_mermaid())


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
