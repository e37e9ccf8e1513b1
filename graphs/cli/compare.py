"""`rolecs compare`: says how far synthetic dialogues are like real ones."""

from pathlib import Path
from typing import Annotated

import typer

from graphs.cli.terminal import output, progress
from graphs.scheduling.interrupts import interruptible
from outputs.files import require_apart, require_file, write_whole

_SET = "A run, an exported folder, or a file of rows or transcripts with their turns."


def compare(
    synthetic: Annotated[Path, typer.Argument(help=_SET, metavar="SYNTHETIC")],
    real: Annotated[Path, typer.Argument(help="The same, of real calls.", metavar="REAL")],
    out: Annotated[Path, typer.Option(help="File for the figures, as JSON.")] = Path("comparison.json"),
    html: Annotated[Path | None, typer.Option(help="File for the same as a page.")] = None,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Take the rejected dialogues of a run as well as the kept ones.")
    ] = False,
    embedding_model: Annotated[
        str | None,
        typer.Option(help="Folder or hub name of a sentence-transformers model; one by language by default."),
    ] = None,
) -> None:
    """Say how far synthetic dialogues are like real ones, and what tells them apart."""
    from graphs.jobs.compare import compare_sets
    from outputs.reports.realism import render_comparison, show_comparison

    for path in filter(None, (out, html)):
        require_file(path)
    require_apart([synthetic, real], out, html)
    with interruptible(progress):
        comparison = compare_sets(synthetic, real, embedding_model, progress, with_rejected=rejected)
        write_whole(out, [comparison.model_dump_json(indent=2)])
    output.print(show_comparison(comparison))
    output.print(f"Figures: {out}")
    if html:
        write_whole(html, [render_comparison(comparison)])
        output.print(f"To read them: {html}")
