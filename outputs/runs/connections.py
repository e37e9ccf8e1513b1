"""How the SQLite file of a run is opened: to write, and to read even where nothing can be written."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

STORE_FILE = "run.sqlite"
"""Name of the file in a run folder."""


def connect_to_read(folder: Path) -> sqlite3.Connection:
    """Open a store for reading, also where nothing can be written: a read-only mount, another user's folder.

    SQLite reads a database in write-ahead mode only where it can write files beside it, unless it is told that nobody
    changes the database. Then it passes over the log, so where a job that died has left one, a copy is read.
    """
    try:
        return connect(folder)
    except sqlite3.OperationalError:
        if os.access(folder, os.W_OK) and os.access(folder / STORE_FILE, os.W_OK):
            raise
    log = folder / f"{STORE_FILE}-wal"
    if not log.exists() or not log.stat().st_size:
        return _connect_immutable(folder)
    with tempfile.TemporaryDirectory(prefix="rolecs-") as copied:
        for file in (folder / STORE_FILE, log):
            shutil.copyfile(file, Path(copied) / file.name)
        with contextlib.closing(connect(Path(copied))) as stored:
            stored.execute("PRAGMA journal_mode=DELETE")
        # It is open from here on, so that the copy can go.
        return _connect_immutable(Path(copied))


def _connect_immutable(folder: Path) -> sqlite3.Connection:
    uri = f"{(folder / STORE_FILE).absolute().as_uri()}?immutable=1"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    connection.execute("PRAGMA user_version").fetchone()
    return connection


def connect(folder: Path) -> sqlite3.Connection:
    """Open the store of a run folder; make it where there is none."""
    connection = sqlite3.connect(folder / STORE_FILE, timeout=30.0, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection
