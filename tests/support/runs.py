"""Runs made of records, without playing."""

from collections.abc import Sequence
from pathlib import Path

from agents.csc.flow import Limits
from outputs.runs.record import DIALOGUES, Planned, Record
from outputs.runs.run import Provenance
from outputs.runs.store import RunStore

CONFIGURATION = {
    "language": "en",
    "topics": ["account-transaction"],
    "personas": "28 (0123)",
    "model": "m",
    "judge_model": "j",
    "temperature": 0.8,
    "top_p": 0.95,
    "judge_votes": 3,
    "min_agreement": 0.5,
    "seed": 7,
    "limits": Limits().model_dump(),
}


def make_run(folder: Path, records: Sequence[Record]) -> RunStore[Planned, Record]:
    """Make a run that holds these records, open."""
    store = RunStore.create(DIALOGUES, folder, Provenance.build(CONFIGURATION, {}, {"rolecs": "0.1.0"}))
    store.add_plan([Planned(i, record.id, "p", "account-transaction", 1, i) for i, record in enumerate(records)])
    store.write(*records)
    return store
