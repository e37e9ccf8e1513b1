"""What the report on a run is made from: its store at one moment, read for the figures and again for the dialogues."""

from collections.abc import Iterator

from outputs.reports.run_page import RunReport, render_report
from outputs.reports.trust import describe_trust
from outputs.runs.record import Planned, Record
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from quality.metrics.corpus import measure_corpus


def report_run(store: RunStore[Planned, Record]) -> Iterator[str]:
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
            records=store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED),
        )
        yield from render_report(report)
