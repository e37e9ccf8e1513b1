"""What the report on a run is made from: its store at one moment, read for the figures and again for the dialogues."""

from collections.abc import Iterator
from typing import Any

from outputs.reports.rewriting_table import before_and_after
from outputs.reports.run_page import RunReport, render_report
from outputs.reports.trust import describe_trust
from outputs.runs.record import Record
from outputs.runs.rewriting import REWRITINGS, rewritten
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from quality.metrics.corpus import measure_corpus


def report_run(store: RunStore[Any, Record]) -> Iterator[str]:
    """Yield the page on a run in pieces, see `render_report`."""
    with store.snapshot():
        provenance, funnel = store.provenance, store.funnel()
        kept = (record.turns for record in store.records(Outcome.KEPT))
        figures = measure_corpus(kept, provenance.configuration["language"])
        report = RunReport(
            title=store.folder.resolve().name,
            configuration=provenance.configuration,
            versions=provenance.versions,
            funnel=funnel,
            gate=describe_trust(provenance, funnel),
            figures=figures if figures.dialogues else None,
            rewritten=before_and_after(rewritten(store, Outcome.KEPT)) if store.command == REWRITINGS.command else (),
            records=store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED),
        )
        yield from render_report(report)
