"""`rolecs rate`: has people rate the calls of runs, and sums up what they say."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.csc.flow import Limits
from agents.errors import StoreError, UsageError
from graphs.cli.terminal import command_line, output
from outputs.files import write_whole

if TYPE_CHECKING:
    from outputs.runs.record import Record


def rate(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.", metavar="RUN")],
    rater: Annotated[str | None, typer.Option(help="Who rates: names the file that the ratings go to.")] = None,
    ratings: Annotated[Path, typer.Option(help="Folder with a file for each rater.")] = Path("ratings"),
    sample: Annotated[int, typer.Option(min=1, help="Calls or pairs to rate at most, the same for every rater.")] = 50,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Show the calls of two runs side by side: which is better?")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 is any that is free.")] = 0,
    summary: Annotated[
        bool, typer.Option("--summary", help="Sum up all ratings of the folder, and write the gold file.")
    ] = False,
    gold: Annotated[Path, typer.Option(help="File that --summary writes for calibrate.")] = Path("rated.jsonl"),
) -> None:
    """Have people rate calls on a page of this machine, blind to run, model and verdict, or sum up what they say."""
    from outputs.rating.items import read_calls

    if summary == (rater is not None):
        raise UsageError("say who rates by --rater NAME, or ask for what was said by --summary: one of the two")
    calls = read_calls(runs)
    if len(calls) < len(runs):
        raise UsageError("a run is named twice")
    try:
        if rater is None:
            _summarise(calls, ratings, gold)
        else:
            _serve(calls, ratings, rater, sample, port, in_pairs=pairs)
    except OSError as error:
        raise StoreError(str(error)) from error


def _serve(
    calls: Mapping[str, Sequence["Record"]], folder: Path, rater: str, sample: int, port: int, *, in_pairs: bool
) -> None:
    """Serve the page until Ctrl-C."""
    from outputs.rating.items import choose_items
    from outputs.rating.ratings import RatingFile, read_ratings
    from outputs.rating.server import RatingServer

    items = choose_items(calls, sample, rater, in_pairs=in_pairs)
    file = RatingFile(folder, rater)
    with RatingServer(items, file, read_ratings(file.path), in_pairs=in_pairs, port=port) as server:
        output.print(f"{len(items):,} to rate, on this machine alone: {server.address}")
        output.print("Every key is saved at once. End by Ctrl-C; the same command goes on.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            output.print(f"Ratings: {file.path}")


def _summarise(calls: Mapping[str, Sequence["Record"]], folder: Path, gold: Path) -> None:
    from outputs.rating.ratings import read_all
    from outputs.rating.summary import gold_lines, show_summary, summarise_ratings

    if gold.resolve().parent == folder.resolve():
        raise UsageError(f"--gold {gold}: each file in {folder} is a rater's, name another place for it")
    given = read_all(folder)
    summary = summarise_ratings(calls, given)
    output.print(show_summary(summary))
    if summary.gate:
        written = write_whole(gold, gold_lines(calls, given, Limits()))
        output.print(f"Gold file: {gold}, {written.lines:,} calls")
        output.print(f"Next: {command_line('rolecs', 'calibrate', gold)}")
