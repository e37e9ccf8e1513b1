"""The files of a probe: its calls as they are read from the run, and its figures as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from agents.errors import UsageError
from outputs.files import write_whole
from outputs.probing.figures import Comparison, ProbeFigures
from outputs.runs.probe import PROBES, Probe
from outputs.runs.run import Outcome, Provenance
from outputs.runs.store import RunStore

_OF_THE_AGENT = ("model", "agent")
"""What may differ in the configurations of two probes whose customers are the same."""


class ProbeRun(NamedTuple):
    """A run that probed: where it lies, what it was, and its calls that have ended, in the order of the plan."""

    folder: Path
    provenance: Provenance
    calls: list[Probe]

    @property
    def agent(self) -> str:
        """The agent's name."""
        return str(self.provenance.configuration["model"])

    def require_same_customers(self, other: "ProbeRun") -> None:
        """Make sure that two agents were called alike.

        Raises:
            UsageError: they were not; says in what the runs differ.
        """
        ours, theirs = self.provenance.configuration, other.provenance.configuration
        # What does not apply to a run is not in its configuration.
        differing = [key for key in ours | theirs if key not in _OF_THE_AGENT and ours.get(key) != theirs.get(key)]
        if differing:
            raise UsageError(
                f"{self.folder} and {other.folder} cannot be compared: they differ in {', '.join(differing)}"
            )


def read_probe(folder: Path) -> ProbeRun:
    """Return what a run holds.

    Raises:
        UsageError: the folder holds no probe, or no call of it has ended.
    """
    with RunStore.read(PROBES, folder) as store, store.snapshot():
        calls = list(store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED))
        found = ProbeRun(folder, store.provenance, calls)
    if not found.calls:
        raise UsageError(f"{folder}: no call has ended yet")
    return found


def write_figures(path: Path, figures: ProbeFigures, comparisons: Sequence[Comparison]) -> None:
    """Write figures as one JSON object; shares are from 0 to 1, latencies in seconds."""
    content = figures.model_dump(mode="json") | {"versus": [found.model_dump(mode="json") for found in comparisons]}
    write_whole(path, [json.dumps(content, ensure_ascii=False, indent=2)])
