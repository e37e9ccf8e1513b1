"""The command line of rolecs: parses flags, delegates, and turns errors into one line and an exit code.

Exit codes: 0 done, 1 something failed, 2 wrong use, 130 interrupted.
"""

import asyncio
import shlex
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

import agents
from agents.csc import Language
from agents.errors import EngineError, RolecsError, StoreError, UsageError
from agents.topics import TOPICS
from graphs.settings import Secrets, Settings, load_settings
from outputs.export import export_run
from outputs.files import write_whole
from outputs.formats import Format
from outputs.record import Outcome
from outputs.store import RunStore
from outputs.summary import summarise
from outputs.verify import verify_export

# graphs.batch and what it needs (openai, langgraph) take seconds to import: only the commands that play or judge do.

ResultT = TypeVar("ResultT")

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
progress = Console(stderr=True, highlight=False, soft_wrap=True)
output = Console(highlight=False, soft_wrap=True)


def _option(field: str, *flags: str) -> Any:
    """Return the option that sets a field of the settings, with the field's own description and default."""
    info = Settings.model_fields[field]
    default = info.get_default(call_default_factory=True)
    shown = f" (default: {default})" if isinstance(default, str | int | float | Path) else ""
    return typer.Option(*flags, help=f"{info.description}{shown}", show_default=False)


RunFolder = Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")]
Config = Annotated[Path | None, typer.Option("--config", help="A TOML file with settings; flags win over it.")]
BaseUrls = Annotated[list[str] | None, _option("base_url", "--base-url")]
Model = Annotated[str | None, _option("model", "--model")]
EngineArgs = Annotated[str | None, _option("engine_args", "--engine-args")]
LanguageOption = Annotated[Language | None, _option("language", "--language")]
Concurrency = Annotated[int | None, _option("concurrency", "--concurrency")]


@app.callback()
def rolecs() -> None:
    """Play synthetic support calls between five LLM roles, keep the flawless ones, export them for training."""


@app.command()
def generate(
    dialogues: Annotated[int | None, _option("dialogues", "-n", "--dialogues")] = None,
    topics: Annotated[
        list[str] | None,
        typer.Option(help=f"Topics, separated by commas or repeated; all by default: {', '.join(TOPICS)}."),
    ] = None,
    personas: Annotated[Path | None, _option("personas", "--personas")] = None,
    language: LanguageOption = None,
    seed: Annotated[int | None, _option("seed", "--seed")] = None,
    concurrency: Concurrency = None,
    run: Annotated[Path | None, _option("run", "--run")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the run folder.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Play failed dialogues again.")] = False,
    base_url: BaseUrls = None,
    model: Model = None,
    judge_base_url: Annotated[str | None, _option("judge_base_url", "--judge-base-url")] = None,
    judge_model: Annotated[str | None, _option("judge_model", "--judge-model")] = None,
    engine_args: EngineArgs = None,
    temperature: Annotated[float | None, _option("temperature", "--temperature")] = None,
    thinking_tokens: Annotated[int | None, _option("thinking_tokens", "--thinking-tokens")] = None,
    config: Config = None,
) -> None:
    """Play calls, judge them, and store each as it ends."""
    from graphs.batch import run_job

    flags = _given(
        dialogues=dialogues,
        topics=[topic.strip() for part in topics for topic in part.split(",")] if topics else None,
        personas=personas,
        language=language,
        seed=seed,
        concurrency=concurrency,
        run=run,
        base_url=base_url,
        model=model,
        judge_base_url=judge_base_url,
        judge_model=judge_model,
        engine_args=shlex.split(engine_args) if engine_args else None,
        temperature=temperature,
        thinking_tokens=thinking_tokens,
    )
    settings = load_settings(config, flags)
    if resume:
        with RunStore.read(settings.run) as store:
            settings = load_settings(config, flags, store.header.settings)
    elif retry_failed:
        raise UsageError("--retry-failed goes with --resume")
    go_on = f"rolecs generate --resume --run {settings.run}"
    job = run_job(settings, Secrets(), progress, resume=resume, retry_failed=retry_failed)
    funnel = _run(job, f"What has ended is stored; go on with: {go_on}")
    output.print(summarise(funnel))
    output.print(f"Run: {settings.run}")
    if funnel.outcomes[Outcome.FAILED]:
        output.print(f"To play the failed ones again: {go_on} --retry-failed")
    output.print(f"Next: rolecs export {settings.run} --out shards")
    raise typer.Exit(1 if funnel.outcomes[Outcome.FAILED] else 0)


@app.command()
def export(
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="Folder for the shards.")],
    form: Annotated[Format, typer.Option("--format", help="Line format.")] = Format.ROLECS,
    shard_lines: Annotated[int, typer.Option(min=1, help="Lines a shard.")] = 1000,
    rejected: Annotated[bool, typer.Option("--rejected", help="Write the rejected dialogues beside them.")] = False,
) -> None:
    """Write the kept dialogues of a run as shards, with manifest and dataset card."""
    with RunStore.read(run) as store:
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
    file: Annotated[Path, typer.Argument(help="Labelled dialogues: JSONL in rolecs or CSConv form.", metavar="FILE")],
    out: Annotated[Path | None, typer.Option(help="File for the judgements; standard output by default.")] = None,
    language: LanguageOption = None,
    concurrency: Concurrency = None,
    base_url: BaseUrls = None,
    model: Model = None,
    engine_args: EngineArgs = None,
    config: Config = None,
) -> None:
    """Judge dialogues from a file: one JSON line for each, with verdicts and broken rules."""
    from graphs.judging import judge_file

    flags = _given(
        language=language,
        concurrency=concurrency,
        base_url=base_url,
        model=model,
        engine_args=shlex.split(engine_args) if engine_args else None,
    )
    settings = load_settings(config, flags)
    judged = _run(judge_file(file, settings, Secrets(), progress))
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
def engine(
    model: Model = None,
    port: Annotated[int | None, typer.Option(help="Loopback port; a free one by default.")] = None,
    engine_args: EngineArgs = None,
) -> None:
    """Start vLLM alone, so that several jobs can share it; Ctrl-C stops it."""
    from graphs.servers import serve

    def show(base_url: str, name: str) -> None:
        output.print(f"{name} is served at {base_url}")
        output.print(f"Next, in another terminal: rolecs generate --base-url {base_url}")

    settings = load_settings(None, _given(model=model, engine_args=shlex.split(engine_args) if engine_args else None))
    _run(serve(settings, port, progress, on_ready=show), "The engine is stopped.")


@app.command()
def graph() -> None:
    """Print the five-role graph as Mermaid."""
    from graphs.call import graph as call_graph

    typer.echo(call_graph.get_graph().draw_mermaid())


def _given(**flags: Any) -> dict[str, Any]:
    """Return the flags that were given."""
    return {name: value for name, value in flags.items() if value is not None}


def _run(work: Coroutine[Any, Any, ResultT], hint: str = "") -> ResultT:
    """Run a job; Ctrl-C and SIGTERM cancel it, so that it stores and stops what it must, and exit with 130.

    `hint` is shown when the job is interrupted or the engine is gone.
    """

    async def cancellable() -> ResultT:
        task = asyncio.current_task()
        if task:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(cancellable())
    except (KeyboardInterrupt, asyncio.CancelledError):
        progress.print(f"Interrupted. {hint}", markup=False)
        raise typer.Exit(130) from None
    except (EngineError, StoreError) as error:
        raise type(error)(f"{error}\n{hint}".rstrip()) from error


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
