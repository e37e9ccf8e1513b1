"""Files that appear whole or not at all, and whether they can, which is asked before any work."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from agents.errors import UsageError, shorten

ROOM = 1 << 20
"""Bytes; a disk that has no more left is as good as full."""


class Written(NamedTuple):
    """A file as it was written; `lines` counts its line ends."""

    name: str
    lines: int
    bytes: int
    sha256: str


def write_whole(path: Path, lines: Iterable[str]) -> Written:
    """Write `lines` (each without its line end) to `path`: under a temporary name, synced, then renamed.

    Whatever goes wrong on the way, `path` holds the old content or the new one, never a part. Half of a surrogate pair,
    which UTF-8 cannot hold, is written as JSON escapes it: a file is never lost to a character.
    """
    return write_bytes(path, (line.encode(errors="backslashreplace") + b"\n" for line in lines))


def write_bytes(path: Path, pieces: Iterable[bytes]) -> Written:
    """Write `pieces` to `path`, one behind the other; see `write_whole`.

    A link stays a link. What is there and no file, such as /dev/stdout, is written to and never replaced.
    """
    try:
        return (
            _write_through(path, pieces) if path.exists() and not path.is_file() else _replace(path.resolve(), pieces)
        )
    except OSError as error:
        # A full disk names no file.
        error.filename = error.filename or str(path)
        raise


def _write_through(path: Path, pieces: Iterable[bytes]) -> Written:
    with path.open("wb") as file:
        return _write(file, path.name, pieces)


def _replace(path: Path, pieces: Iterable[bytes]) -> Written:
    temporary = _temporary(path)
    with _open_alone(temporary) as file:
        try:
            written = _write(file, path.name, pieces)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return written


def _open_alone(path: Path) -> IO[bytes]:
    """Open an empty file to write to, once nobody else writes to it: two jobs may make the same file at once."""
    while True:
        file = path.open("ab")
        # Some network file systems have no locks; what is left by who was killed is written over.
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.truncate(0)
                return file
        # Who had it has renamed it meanwhile.
        file.close()


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _write(file: IO[bytes], name: str, pieces: Iterable[bytes]) -> Written:
    digest = hashlib.sha256()
    count = size = 0
    for data in pieces:
        file.write(data)
        digest.update(data)
        count += data.count(b"\n")
        size += len(data)
    return Written(name, count, size, digest.hexdigest())


def require_parent(path: Path) -> None:
    """Make sure that there is a folder for a file; whether the file can be written shows when it is opened, at once.

    Raises:
        UsageError: there is none.
    """
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} to write {path.name} to")


def require_file(path: Path) -> None:
    """Make sure, as far as it can be told beforehand, that a file can be written to `path`.

    Raises:
        UsageError: it cannot; says why.
    """
    require_parent(path)
    _require_reachable(path)
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file")
    _require_reachable(_temporary(path))
    if path.is_file() and not os.access(path, os.W_OK):
        raise UsageError(f"cannot write {path}: it is read-only, or belongs to somebody else")
    if not path.exists() or path.is_file():  # others, such as /dev/stdout, are written to as they are
        _require_access(path.parent, path)


def require_apart(read: Iterable[Path], *written: Path | None) -> None:
    """Make sure that what is written replaces nothing that is read, and that no two of it are one file.

    Args:
        read: files and folders.
        written: files, or folders whose files are replaced.

    Raises:
        UsageError: it would.
    """
    sources = {path.resolve(): path for path in read}
    places = [path.resolve() for path in written if path and not path.is_char_device()]
    for place in places:
        if source := next((path for file, path in sources.items() if place in (file, *file.parents)), None):
            raise UsageError(f"{source} is read, and would be written over: name another place for what is made of it")
    if twice := next((place for place in places if places.count(place) > 1), None):
        raise UsageError(f"{twice} is to hold two things: name a file for each")


def require_folder(path: Path) -> None:
    """Make sure, as far as it can be told beforehand, that files can be written to a folder, be it there or not.

    Raises:
        UsageError: they cannot; says why.
    """
    _require_reachable(path)
    there = next(part for part in (path, *path.absolute().parents) if part.exists())
    if not there.is_dir():
        raise UsageError(f"{there} is a file, so there cannot be a folder {path}: name another")
    _require_access(there, path)


def _require_reachable(path: Path) -> None:
    """Make sure that a path can be one: no name in it is too long, no link in it leads round in a circle."""
    try:
        path.stat()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise UsageError(f"cannot write {shorten(str(path))}: {error.strerror}") from None


def _require_access(folder: Path, path: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write {path}: {folder} is read-only, or belongs to somebody else")
    room = os.statvfs(folder)
    if room.f_blocks and room.f_bavail * room.f_frsize < ROOM:
        raise UsageError(f"cannot write {path}: the disk of {folder} is full")
