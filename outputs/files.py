"""Files that appear whole or not at all."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Written(NamedTuple):
    """A file as it was written; `lines` counts its line ends."""

    name: str
    lines: int
    bytes: int
    sha256: str


def write_whole(path: Path, lines: Iterable[str]) -> Written:
    """Write `lines` (each without its line end) to `path`: under a temporary name, synced, then renamed.

    Whatever goes wrong on the way, `path` holds the old content or the new one, never a part.
    """
    return write_bytes(path, (line.encode() + b"\n" for line in lines))


def write_bytes(path: Path, pieces: Iterable[bytes]) -> Written:
    """Write `pieces` to `path`, one behind the other; see `write_whole`."""
    temporary = path.with_name(f".{path.name}.part")
    digest = hashlib.sha256()
    count = size = 0
    try:
        with temporary.open("wb") as file:
            for data in pieces:
                file.write(data)
                digest.update(data)
                count += data.count(b"\n")
                size += len(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return Written(path.name, count, size, digest.hexdigest())
