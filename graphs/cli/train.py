"""`rolecs train`: makes an adapter of dialogues."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from agents.errors import UsageError
from graphs.cli.flags import read_flags, takes
from graphs.cli.terminal import Config, Quiet, command_line, output, progress, silence
from graphs.config.loading import load_settings
from graphs.scheduling.interrupts import exit_code
from graphs.telemetry.progress import PLAIN_S, format_seconds
from outputs.files import require_folder
from outputs.training.settings import TrainSettings

if TYPE_CHECKING:
    from outputs.training.result import Forecast, Held, Step


@takes(TrainSettings, *TrainSettings.model_fields)
def train(
    context: typer.Context,
    sources: Annotated[
        list[Path],
        typer.Argument(help="Exported folders, runs, or files of rows or labelled dialogues.", metavar="SHARDS|RUN"),
    ],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would take, from a few steps, and write nothing.")
    ] = False,
    quiet: Quiet = False,
    config: Config = None,
) -> None:
    """Train an adapter (LoRA) on dialogues, with the loss on the answers alone."""
    settings = load_settings(TrainSettings, config, read_flags(context, TrainSettings))
    if not dry_run:
        require_folder(settings.out)
    # Threads that spin while they wait stall each other. OpenMP reads this when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

    try:
        from outputs.training.train import forecast
        from outputs.training.train import train as train_adapter
    except ImportError as error:
        raise UsageError(f"training needs the extra train ({error}): pip install 'rolecs[train]'") from None

    # Of the processes that accelerate starts, the first speaks for all.
    quiet = quiet or os.environ.get("RANK", "0") != "0"
    with _display(silence if quiet else progress) as display:
        try:
            if dry_run:
                told = forecast(sources, settings, display)
            else:
                trained = train_adapter(sources, settings, display, resume=resume)
        except KeyboardInterrupt:
            raise typer.Exit(exit_code(display.stopped_by or signal.SIGINT)) from None
    if dry_run:
        _show_forecast(told)
        return
    if trained is None:
        progress.print("Interrupted. The last step is kept; go on with the same command and --resume.")
        raise typer.Exit(exit_code(display.stopped_by or signal.SIGINT))
    if not quiet:
        for held in trained.held_out:
            output.print(describe_held(held))
        output.print(f"Adapter: {settings.out}")
        output.print(f"Next: {command_line('rolecs', 'generate', '--model', settings.out)}")


class Display:
    """Shows how a training goes: a line that moves in a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self.stopped_by: signal.Signals | None = None
        self._console = console
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._bar = self._progress.add_task("", total=None)
        self._begun = self._told = time.monotonic()
        self._steps = self._done = self._first = self._tokens = 0

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def began(self, steps: int, done: int) -> None:
        """Note how many steps there are."""
        self._begun = time.monotonic()
        self._steps, self._first = steps, done
        self._progress.update(self._bar, total=steps, completed=done)

    def stepped(self, step: "Step", tokens: int) -> None:
        """Show a step."""
        now = time.monotonic()
        self._tokens += tokens
        done = step.number - self._first
        seconds = (now - self._begun) / done
        left = format_seconds(seconds * (self._steps - step.number))
        line = f"loss {step.loss:.3f} | {self._tokens / (now - self._begun):,.0f} tokens/s | {left} left"
        self._progress.update(self._bar, completed=step.number, description=line)
        if not self._console.is_terminal and (now - self._told >= PLAIN_S or step.number == self._steps):
            self._told = now
            self._console.print(f"{step.number:,}/{self._steps:,} | {line}")

    def measured(self, held: "Held") -> None:
        """Show held-out figures."""
        self.say(describe_held(held))

    def say(self, line: str) -> None:
        """Show a line."""
        self._console.print(line)

    @property
    def stopping(self) -> bool:
        """Whether the training was asked to stop."""
        return self.stopped_by is not None

    def stop(self, number: int, _: object) -> None:
        """Stop after this step; asked again, or before the first one, at once."""
        is_urgent = self.stopping or not self._steps
        self.stopped_by = signal.Signals(number)
        if is_urgent:
            raise KeyboardInterrupt
        self.say("Stopping after this step; once more stops at once.")


@contextmanager
def _display(console: Console) -> Iterator[Display]:
    """Show a training, which Ctrl-C and SIGTERM end with a checkpoint."""
    with Display(console) as display:
        before = {number: signal.signal(number, display.stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield display
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def describe_held(held: "Held") -> str:
    """Return held-out figures as one line."""
    losses = ", ".join(f"{role} {loss:.3f}" for role, loss in held.loss.items())
    choices = "" if held.accuracy is None else f" | {held.accuracy:.1%} of {held.choices:,} strategies right"
    return f"Held out, after {held.step:,} steps: loss {losses}{choices}"


def _show_forecast(told: "Forecast") -> None:
    counted = told.train
    output.print(f"Rows: {counted.rows:,} of {counted.dialogues:,} dialogues ({told.held_out_rows.rows:,} held out)")
    output.print(
        f"Tokens an epoch: {counted.row_tokens:,} one by one, {counted.packed_tokens:,} packed "
        f"({counted.row_tokens / counted.packed_tokens:.1f} times fewer), {counted.answer_tokens:,} of answers"
    )
    output.print(f"Steps: {told.steps:,}; {told.tokens_per_second:,.0f} tokens/s on {told.device}")
    output.print(f"Time: about {format_seconds(told.seconds)}; memory: {told.memory_bytes / 2**30:.1f} GiB")
