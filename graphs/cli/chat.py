"""`rolecs chat`: a call with a person at the terminal."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.csc.speakers import Speaker
from agents.csc.strategies import STAGE_NAMES, STRATEGIES, Strategy, name_of
from agents.csc.topics import TOPICS, topics_by_code
from agents.errors import UsageError
from graphs.cli.flags import read_flags, takes
from graphs.cli.terminal import GATE, JUDGE, SERVERS, Config, output, progress
from graphs.config.loading import load_settings
from graphs.config.settings import Secrets, Settings
from graphs.scheduling.interrupts import Interruption, run_interruptible
from outputs.files import require_file

if TYPE_CHECKING:
    from agents.csc.dialogue import Turn
    from agents.csc.language import Language
    from graphs.dialogue.review import Review
    from outputs.runs.record import Record

TALKING = (
    *("language", "topics", "personas", "seed", *(name for name in SERVERS if name != "concurrency")),
    *(*JUDGE, "temperature", "thinking_tokens", "repairs", *GATE),
)


@takes(Settings, *TALKING)
def chat(
    context: typer.Context,
    side: Annotated[Speaker, typer.Option("--as", help="Whom you are.")] = Speaker.CUSTOMER,
    topic: Annotated[
        str | None,
        typer.Option(
            help=f"What the call is about, by default the first of --topics; one of these, or: {', '.join(TOPICS)}.",
            metavar="TOPIC",
        ),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="As the customer: what the supporter knows of the matter beforehand.")
    ] = None,
    persona: Annotated[
        str | None, typer.Option(help="As the supporter: the id of the persona that calls; any by default.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="JSONL file that the call is added to, as a rolecs row, however it ends.")
    ] = None,
    config: Config = None,
) -> None:
    """Talk to the supporter and see its strategies; or be the supporter, a persona calls, and learn how you did."""
    settings = load_settings(Settings, config, read_flags(context, Settings))
    if "seed" not in settings.model_fields_set:
        settings = settings.model_copy(update={"seed": int.from_bytes(os.urandom(4), "big")})
    offered = settings.played_topics | topics_by_code(tuple(TOPICS), settings.language)
    if topic not in {None, *offered}:
        raise UsageError(f"unknown topic {topic!r}; the topics are {', '.join(offered)}")
    if (scenario if side is Speaker.SUPPORTER else persona) is not None:
        raise UsageError("--scenario is for --as customer, --persona for --as supporter")
    if save:
        require_file(save)

    from graphs.jobs.chat import Wanted
    from graphs.jobs.chat import chat as hold_call
    from graphs.scheduling.job import Job
    from graphs.telemetry.telemetry import open_telemetry

    screen = TerminalScreen(settings.language)
    wanted = Wanted(side, offered[topic or next(iter(offered))], scenario, persona)

    async def hold(interruption: Interruption) -> None:
        async with open_telemetry(settings, progress) as telemetry:
            job = Job(settings, Secrets(), progress, interruption, telemetry)
            await hold_call(job, wanted, screen, lambda record: _save(record, settings, save))

    run_interruptible(hold, progress, str, settings.grace_period)


def _save(record: "Record", settings: Settings, file: Path | None) -> None:
    if file is None:
        return
    from outputs.datasets.formats import Format, Shape, format_lines

    with file.open("a", encoding="utf-8", errors="backslashreplace") as rows:
        rows.writelines(f"{line}\n" for line in format_lines(record, Shape(format=Format.ROLECS), settings.limits))
    progress.print(f"The call is in {file}")


class TerminalScreen:
    """A call on standard output, with what a person types on standard input; see `graphs.jobs.chat.Screen`."""

    def __init__(self, language: "Language") -> None:
        self._language = language
        self._typed: asyncio.Queue[str | None] = asyncio.Queue()

    async def lines(self) -> AsyncGenerator[str, None]:
        """Yield what is typed, line by line."""
        loop = asyncio.get_running_loop()

        def read() -> None:
            # Not sys.stdin: its lock, held by a thread that waits for a line, would be in the way of the program's end.
            with open(os.dup(sys.stdin.fileno()), encoding="utf-8", errors="replace") as typed:
                for line in typed:
                    loop.call_soon_threadsafe(self._typed.put_nowait, line)
            loop.call_soon_threadsafe(self._typed.put_nowait, None)

        threading.Thread(target=read, daemon=True).start()
        while True:
            if sys.stdin.isatty():
                output.print("You: ", end="")
            line = await self._typed.get()
            if line is None:
                return
            if line.strip():
                yield line

    def close(self) -> None:
        """End the lines."""
        self._typed.put_nowait(None)

    def begin(self, scenario: str, side: Speaker) -> None:
        """Show the situation, and what can be typed."""
        progress.print(f"The situation: {scenario}")
        if side is Speaker.CUSTOMER:
            progress.print("You call. /bye WORDS ends the call by them, /quit leaves it.")
        else:
            codes = ", ".join(f"/{code.lower()} {name_of(code, self._language)}" for code in Strategy)
            progress.print(f"You take the call: greet the customer. To name what you do, put it first: {codes}.")
            progress.print("What you do not name is labelled by its words. AC closes the call, /quit leaves it.")

    def show(self, turn: "Turn") -> None:
        """Show a turn; a supporter's with strategy and stage."""
        if turn.strategy:
            stage = STAGE_NAMES[STRATEGIES[turn.strategy].stage][self._language]
            who = f"Supporter [{turn.strategy} {name_of(turn.strategy, self._language)}, {stage}]"
        else:
            who = "Customer, who ends the call" if turn.ends_call else "Customer"
        output.print(f"{who}: {turn.text}")

    def wait(self, what: str) -> None:
        """Show what takes a while."""
        progress.print(what)

    def tell(self, problem: str) -> None:
        """Show why a line was not said."""
        progress.print(f"Not said: {problem}")

    def review(self, review: "Review") -> None:
        """Show what was found of a call."""
        output.print("\nThe customer wanted: " + review.goal)
        output.print("\nFlow rules and checks of turns:" + ("" if review.violations else " nothing found"))
        for violation in review.violations:
            output.print(f"  {_place(violation.turn)}: {violation.rule}: {violation.detail}")
        output.print(
            "\nA labeller who reads your words alone:" + ("" if review.labels else " nothing else than you named")
        )
        for label in review.labels:
            output.print(f"  {_place(label.turn)}: you named it {label.named}, it reads as {label.labelled}")
        output.print("\nThe judge:" + (f" unscored, {review.unscored}" if review.unscored else ""))
        for point in review.points:
            turns = f"turn{'' if len(point.turns) == 1 else 's'} {', '.join(map(str, point.turns))}"
            output.print(f"  {'passed' if point.passed else 'failed'}: {point.question}")
            output.print(f"    {point.reason} ({turns})")


def _place(turn: int | None) -> str:
    return "the call" if turn is None else f"turn {turn}"
