"""How SQLite files are opened: that of a run to write, and any to read even where nothing can be written."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

STORE_FILE = "run.sqlite"
"""Name of the file in a run folder."""


def connect_to_read(file: Path, connect: Callable[[Path], sqlite3.Connection]) -> sqlite3.Connection:
    """Open a store for reading, also where nothing can be written: a read-only mount, another user's folder.

    SQLite reads a database in write-ahead mode only where it can write files beside it, unless it is told that nobody
    changes the database. Then it passes over the log, so where a job that died has left one, a copy is read.

    Args:
        file: the store.
        connect: opens it where files can be written beside it.
    """
    try:
        connection = connect(file)
        connection.execute("PRAGMA user_version").fetchone()
        return connection
    except sqlite3.OperationalError:
        if os.access(file.parent, os.W_OK) and os.access(file, os.W_OK):
            raise
    log = file.with_name(f"{file.name}-wal")
    if not log.exists() or not log.stat().st_size:
        return _connect_immutable(file)
    with tempfile.TemporaryDirectory(prefix="rolecs-") as folder:
        copy = Path(folder) / file.name
        shutil.copyfile(file, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        with contextlib.closing(sqlite3.connect(copy)) as stored:
            stored.execute("PRAGMA journal_mode=DELETE")
        # It is open from here on, so that the copy can go.
        return _connect_immutable(copy)


def _connect_immutable(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False)
    connection.execute("PRAGMA user_version").fetchone()
    return connection


def connect(file: Path) -> sqlite3.Connection:
    """Open the store of a run; make it where there is none."""
    connection = sqlite3.connect(file, timeout=30.0, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection
