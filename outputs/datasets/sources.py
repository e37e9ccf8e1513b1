"""Where dialogues come from: the folder of a run, the folder of an export, or files of rows."""

from collections.abc import Iterator
from pathlib import Path

from outputs.datasets.dialogues import Labelled
from outputs.datasets.manifest import MANIFEST
from outputs.datasets.reader import find_files, read_dialogues
from outputs.runs.connections import STORE_FILE
from outputs.runs.probe import PLAYED
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore


def read_source(source: Path, *, with_rejected: bool = False) -> Iterator[Labelled]:
    """Yield the dialogues of a run (the kept ones), of an exported folder (its training shards), or of files.

    Args:
        source: the folder or file, also a folder of files; the rows are those that `read_dialogues` takes.
        with_rejected: yield the rejected dialogues of a run as well, as far as they were played.

    Raises:
        UsageError: it cannot be read, or holds something else.
    """
    if (
        not source.is_dir()
        or (source / MANIFEST).exists()
        or (not (source / STORE_FILE).exists() and find_files(source))
    ):
        yield from read_dialogues(source)
    else:
        outcomes = (Outcome.KEPT, Outcome.REJECTED) if with_rejected else (Outcome.KEPT,)
        with RunStore.read_any(PLAYED, source) as store:
            yield from map(Labelled.of, store.records(*outcomes))
