"""`rolecs probe`: has customers call a live agent, and says how good it is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.errors import UsageError
from agents.shares import parse_share
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
)
from graphs.config.probe import ProbeSettings
from graphs.scheduling.interrupts import interruptible
from outputs.files import require_file, write_whole
from outputs.runs.probe import PROBES
from outputs.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Sequence

REPORT = "report.html"
FIGURES = "probe.json"
"""The page and the figures, in the run folder."""
Junit = Annotated[Path | None, typer.Option("--junit", help="File for JUnit XML, a test case for each call.")]
MinPass = Annotated[
    list[str] | None,
    typer.Option(
        "--min-pass",
        help="Exit with 1 below this rate of passing, such as 80%; or NAME=SHARE for another rate: answered, goal, "
        "policies or a point; may be repeated.",
    ),
]


@takes(
    ProbeSettings,
    *("agent", "agent_model", "greeting", "agent_timeout", "agent_attempts", "versus"),
    *("dialogues", "topics", "personas", "language", "balance", "emotions", "hard", "rules", "seed", "run"),
    *(*SERVERS, *JUDGE),
    *("temperature", "thinking_tokens", "repairs", "judge_votes", "gate_trial", *LIMITS, *TELEMETRY),
)
def probe(
    context: typer.Context,
    junit: Junit = None,
    min_pass: MinPass = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Have customers call a live agent, judge the calls, and say how good the agent is."""
    thresholds = read_thresholds(min_pass)
    if junit:
        require_file(junit)
    settings = job_settings(ProbeSettings, PROBES, context)

    from graphs.jobs.probe import probe as call_agent

    ends = [*(("--junit", junit) if junit else ()), *(word for text in min_pass or () for word in ("--min-pass", text))]
    go_on = command_line("rolecs", "probe", "--resume", "--run", settings.run, *ends)
    folders = _folders(settings)
    runs = Runs(go_on, quiet=quiet, resume=resume, retry_failed=retry_failed)
    for folder, (agent, model) in folders.items():
        one = settings.model_copy(update={"run": folder, "agent": agent, "agent_model": model})
        runs.carry_out(call_agent, one, None if folder == settings.run else settings.run)
    with interruptible(progress, lambda: go_on_hint(go_on)):
        missed = deliver(list(folders), thresholds, junit, quiet=quiet)
    if runs.failed:
        progress.print(f"{runs.failed} failed on our side; to make them again: {go_on} --retry-failed")
    raise typer.Exit(1 if runs.failed or missed else 0)


def read_thresholds(given: "Sequence[str] | None") -> dict[str, float]:
    """Return the least share by the name of a rate.

    Raises:
        UsageError: no such rate, or no share.
    """
    from outputs.probing.figures import RATES

    thresholds = {}
    for text in given or ():
        name, _, share = text.rpartition("=")
        name = name.strip() or "pass"
        if name not in RATES:
            raise UsageError(f"--min-pass {text}: no rate {name!r}; the rates are {', '.join(RATES)}")
        try:
            thresholds[name] = parse_share(share)
        except ValueError as error:
            raise UsageError(f"--min-pass {text}: {error}") from None
    return thresholds


def deliver(folders: "Sequence[Path]", thresholds: dict[str, float], junit: Path | None, *, quiet: bool) -> bool:
    """Show what runs say of their agents, the first one also beside the others, and write the files.

    Returns whether the first agent misses a threshold.

    Raises:
        UsageError: a folder holds no probe, or one with other customers than the first.
    """
    from outputs.probing.figures import compare_probes, find_missed, measure_probe
    from outputs.probing.files import read_probe, write_figures
    from outputs.probing.junit import junit_lines
    from outputs.probing.table import show_comparisons, show_probe
    from outputs.reports.run_report import report_run
    from outputs.runs.probe import PLAYED

    runs = [read_probe(folder) for folder in folders]
    first = runs[0]
    for other in runs[1:]:
        first.require_same_customers(other)
    figures = [measure_probe(run.agent, run.calls) for run in runs]
    names = _tell_apart([run.agent for run in runs], folders)
    comparisons = [
        compare_probes(names[0], first.calls, name, other.calls)
        for name, other in zip(names[1:], runs[1:], strict=True)
    ]
    missed = find_missed(figures[0].rates, thresholds)
    for folder, found in zip(folders, figures, strict=True):
        write_figures(folder / FIGURES, found, comparisons if found is figures[0] else [])
        with RunStore.read_any(PLAYED, folder) as store:
            write_whole(folder / REPORT, report_run(store))
    if junit:
        write_whole(junit, junit_lines(first.agent, first.calls, thresholds, missed))
    if not quiet:
        for name, found in zip(names, figures, strict=True):
            output.print(show_probe(found.model_copy(update={"agent": name})), "")
        if comparisons:
            output.print(show_comparisons(comparisons), "")
        for folder in folders:
            output.print(f"Figures: {folder / FIGURES}; to read the calls: {folder / REPORT}")
    for name, problem in missed.items():
        progress.print(f"Below the threshold: {name}: {problem}")
    return bool(missed)


def _tell_apart(agents: "Sequence[str]", folders: "Sequence[Path]") -> list[str]:
    """Return the agents' names, with the run where several have the same: one that was changed is probed again.

    >>> _tell_apart(["bot", "other", "bot"], [Path("old"), Path("other"), Path("new")])
    ['bot (old)', 'other', 'bot (new)']
    """
    return [
        f"{agent} ({folder})" if agents.count(agent) > 1 else agent
        for agent, folder in zip(agents, folders, strict=True)
    ]


def _folders(settings: ProbeSettings) -> dict[Path, tuple[str | None, str | None]]:
    """Return agent and model by run folder: that of the settings, and one within it for each other agent.

    Raises:
        UsageError: the others are not told apart, or are models of an agent that is asked for none.
    """
    folders: dict[Path, tuple[str | None, str | None]] = {settings.run: (settings.agent, settings.agent_model)}
    for other in settings.versus:
        is_agent = other.startswith(("http://", "https://")) or other.endswith(".toml")
        if not is_agent and (settings.agent or "").endswith(".toml"):
            raise UsageError(
                f"--versus {other}: {settings.agent} is asked for no model; name a URL or another .toml file"
            )
        told: tuple[str | None, str | None] = (other, settings.agent_model) if is_agent else (settings.agent, other)
        folder = versus_folder(settings.run, other)
        if folder in folders or told in folders.values():
            raise UsageError(f"--versus {other}: each agent is compared once")
        folders[folder] = told
    return folders
