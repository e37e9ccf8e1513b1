"""Exports for tests: one of a store, and damage to its rows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from outputs.datasets.export import export_run
from outputs.datasets.formats import Format, Shape
from outputs.datasets.manifest import Manifest
from outputs.runs.record import Planned, Record
from outputs.runs.store import RunStore

MakeRecord = Callable[..., Record]


def export(
    store: RunStore[Planned, Record], out: Path, form: Format = Format.ROLECS, shard_lines: int = 2, **how: Any
) -> Manifest:
    shape = how.pop("shape", Shape(format=form))
    return export_run(store, out, **{"shape": shape, "shard_lines": shard_lines, "with_rejected": True} | how)


def edit_row(path: Path, **changes: Any) -> None:
    """Change values of the first row of a shard."""
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[0] = json.dumps(json.loads(lines[0]) | changes, ensure_ascii=False)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
