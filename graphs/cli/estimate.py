"""`rolecs estimate`: forecasts from a pilot what many kept dialogues take."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.flags import job_settings, takes
from graphs.cli.terminal import PLAYING, Config, command_line, go_on_hint, output, run_job, show_halt
from graphs.config.settings import Settings
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore


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
    given = job_settings(Settings, DIALOGUES, context)

    from graphs.jobs.generate import generate
    from outputs.reports.forecast import describe_hopeless, forecast, forecast_table, read_pilot
    from outputs.reports.summary import summarise

    wanted = given.target_kept or (given.dialogues if "dialogues" in given.model_fields_set else 1000)
    with tempfile.TemporaryDirectory(prefix="rolecs-pilot-") as folder:
        is_kept = "run" in given.model_fields_set
        run = given.run if is_kept else Path(folder) / "run"
        go_on = command_line("rolecs", "generate", "--resume", "--run", run) if is_kept else ""
        hint = go_on_hint(go_on) if is_kept else "Nothing is stored of it: --run names a folder where a pilot is kept."
        settings = given.model_copy(update={"run": run, "dialogues": pilot, "target_kept": None})
        generated = run_job(generate, settings, hint, quiet=quiet)
        with RunStore.read(DIALOGUES, run) as store:
            ended = read_pilot(store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED))
    output.print(summarise(generated.funnel, given.prices))
    show_halt(generated.halt, go_on, output)
    if not generated.funnel.outcomes[Outcome.KEPT]:
        output.print(describe_hopeless(len(ended)))
        raise typer.Exit(1)
    expected = forecast(ended, wanted, generated.seconds, given.prices, seed=given.seed)
    output.print("", forecast_table(expected, given.prices), sep="\n")
    if is_kept:
        output.print(f"The dialogues of the pilot are kept; go on with them: {go_on} --target-kept {wanted}")
