"""`rolecs scorecard`: sums up what visitors think of the service, and makes rows to train on of it."""

import time
from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.terminal import command_line, output
from outputs.files import require_apart, require_file, write_whole


def scorecard(
    db: Annotated[Path, typer.Argument(help="The file of `rolecs serve --db`.", metavar="DB")],
    days: Annotated[int | None, typer.Option(min=1, help="Dialogues of the last days alone.")] = None,
    html: Annotated[Path | None, typer.Option(help="File for the same as a page, with the poor dialogues.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="File for dialogues with many stars, as rows that `rolecs train` takes.")
    ] = None,
    prefs: Annotated[Path | None, typer.Option(help="File for preference pairs, as `export --format prefs`.")] = None,
    stars: Annotated[int, typer.Option(min=1, max=5, help="Fewest stars of dialogues to learn from.")] = 4,
) -> None:
    """Sum up stars and thumbs by strategy, topic, week and model; write rated dialogues as rows to train on."""
    from outputs.scorecards.export import preference_rows, rated_rows
    from outputs.scorecards.page import render_scorecards
    from outputs.scorecards.store import ScorecardStore
    from outputs.scorecards.summary import show_summary, summarise

    for path in filter(None, (html, export, prefs)):
        require_file(path)
    require_apart([db], html, export, prefs)
    since = time.time() - 86_400 * days if days else 0.0
    with ScorecardStore.read(db) as store:
        cards = list(store.cards(since))
    summary = summarise(cards)
    output.print(show_summary(summary))
    if html:
        write_whole(html, [render_scorecards(db.name, summary)])
        output.print(f"To read them: {html}")
    if export:
        written = write_whole(export, (row.model_dump_json() for row in rated_rows(cards, stars)))
        output.print(f"Rows to train on: {export}, {written.lines:,} dialogues")
        if written.lines:
            output.print(f"Next: {command_line('rolecs', 'train', export)}")
        else:
            output.print(f"No dialogue was played to its end and got {stars} stars or more.")
    if prefs:
        written = write_whole(prefs, (row.model_dump_json() for row in preference_rows(cards, stars)))
        output.print(f"Preference pairs: {prefs}, {written.lines:,}")
