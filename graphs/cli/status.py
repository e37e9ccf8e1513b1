"""`rolecs status`: says how a run stands."""

import time
from typing import Annotated, Any

import typer

from graphs.cli.terminal import RunFolder, output
from outputs.runs.annotation import ANNOTATIONS
from outputs.runs.evaluation import EVALUATIONS
from outputs.runs.extraction import EXTRACTIONS
from outputs.runs.judgement import JUDGEMENTS
from outputs.runs.lock import find_owner
from outputs.runs.pairs import PAIRS
from outputs.runs.probe import PLAYED
from outputs.runs.run import RunKind
from outputs.runs.status import build_status, describe_status, stored_prices
from outputs.runs.store import RunStore


def status(
    run: RunFolder,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how a run stands: progress, rate, funnel, cost. A job that works on it is not disturbed."""
    kinds: tuple[RunKind[Any, Any], ...] = (*PLAYED, EXTRACTIONS, JUDGEMENTS, EVALUATIONS, PAIRS, ANNOTATIONS)
    with RunStore[Any, Any].read_any(kinds, run) as store:
        owner = find_owner(run)
        with store.snapshot():
            provenance, funnel, ended, ends = store.provenance, store.funnel(), store.ended_times(), store.ends
        found = build_status(provenance, funnel, ended, owner, time.time())
    if as_json:
        typer.echo(found.model_dump_json())
        return

    from outputs.reports.summary import summarise

    for line in describe_status(found):
        output.print(line)
    output.print(summarise(funnel, stored_prices(provenance), ends))
