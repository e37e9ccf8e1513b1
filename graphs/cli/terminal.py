"""What the commands share: the options that many of them have, and how a job is run and told of."""

import shlex
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from graphs.cli.flags import describe_setting
from graphs.cli.streams import PlainConsole
from graphs.config.settings import Secrets, ServerSettings, TranscriptSettings
from graphs.scheduling.interrupts import Interruption, run_interruptible
from outputs.files import require_folder
from outputs.runs.store import RunStore

if TYPE_CHECKING:
    from graphs.scheduling.stopping import Halt

ResultT = TypeVar("ResultT")
SettingsT = TypeVar("SettingsT", bound=ServerSettings)

progress = PlainConsole(stderr=True)
"""Where a job shows how it goes."""
output = PlainConsole()
"""Where a command's results go."""
silence = PlainConsole(quiet=True)

RunFolder = Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")]
Config = Annotated[Path | None, typer.Option("--config", help="A TOML file with settings; flags win over it.")]
Transcripts = Annotated[
    list[str] | None, typer.Argument(help=describe_setting(TranscriptSettings, "transcripts"), metavar="TRANSCRIPTS")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in the run folder.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try failed ones again.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show errors alone, on standard error.")]

READING = ("speakers", "columns", "strict")
JUDGE = ("judge_base_url", "judge_model", "judge_headers", "judge_dialect")
SERVERS = ("base_url", "model", "headers", "dialect", "preflight", "engine_args", "concurrency")
LIMITS = ("grace_period", "budget_tokens", "budget_usd")
TELEMETRY = ("log", "log_texts", "metrics", "trace")
GATE = ("judge_votes", "min_agreement")
POOL = ("out", "threshold", "embedding_model", "report")
PLAYING = (
    *("dialogues", "target_kept", "topics", "personas", "language", "balance", "emotions", "seed", "run"),
    *(*SERVERS, *JUDGE),
    *("temperature", "thinking_tokens", "repairs", *GATE, "gate_trial", "canaries", "max_similarity"),
    *("embedding_model", *LIMITS, "ray"),
)
"""Settings that are flags of several commands."""


def run_job(
    work: Callable[..., Coroutine[Any, Any, ResultT]],
    settings: ServerSettings,
    hint: str,
    *arguments: object,
    quiet: bool,
    resume: bool = False,
    retry_failed: bool = False,
    secrets: Secrets | None = None,
) -> ResultT:
    """Run a job so that it can be interrupted, and return its result; where its run goes is checked before all else.

    Args:
        work: makes the job of a `Job` and `arguments`.
        settings: of the job.
        hint: how to go on, shown when the job is interrupted.
        arguments: what else `work` takes.
        quiet: show no progress.
        resume: go on with the run that is there.
        retry_failed: try failed items again.
        secrets: the servers' keys; by default those in the environment.
    """
    # Imported late: it brings the client, which takes its time.
    from graphs.scheduling.job import Job
    from graphs.telemetry.telemetry import open_telemetry

    if resume:
        require_folder(settings.run)
    else:
        RunStore.require_new(settings.run)
    console = silence if quiet else progress

    async def carry_out(interruption: Interruption) -> ResultT:
        async with open_telemetry(settings, console) as telemetry:
            job = Job(settings, secrets or Secrets(), console, interruption, telemetry, resume, retry_failed)
            return await work(job, *arguments)

    def way_on() -> str:
        return hint if RunStore.exists(settings.run) else "Nothing is stored of it yet."

    return run_interruptible(carry_out, progress, way_on, settings.grace_period)


def show_halt(halt: "Halt | None", go_on: str, console: Console) -> None:
    """Say why a job stopped before everything was done, and how it goes on, if it can."""
    if halt:
        console.print(halt.reason + (f" To go on: {go_on}{halt.remedy}" if go_on else ""))


def show_failed(failed: int, go_on: str, console: Console) -> None:
    """Say how many items of a run failed, if any did, and how they are tried again."""
    if failed:
        console.print(f"{failed:,} failed; to try them again: {go_on} --retry-failed")


def command_line(*words: object) -> str:
    """Return a command as it can be typed, its words quoted where a shell asks for it."""
    return shlex.join(map(str, words))


def go_on_hint(go_on: str) -> str:
    """Say how a job that was stopped goes on."""
    return f"What has ended is stored; go on with: {go_on}"


def results_console(quiet: bool, code: int) -> Console:
    """Return where a job's results are shown: when `quiet` only those of one that failed, as its error."""
    if not quiet:
        return output
    return progress if code else silence
