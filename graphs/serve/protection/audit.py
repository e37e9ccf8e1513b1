"""The audit log: who asked for what, when, and what became of it, a JSON object a line; never a word that was said.

Visitors are told apart by a keyed hash of their address, whose key is drawn anew each day and never written: the lines
of one visitor belong together for a day, and lead to nobody.
"""

import contextlib
import hashlib
import json
import logging
import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path

from agents.errors import UsageError


class _OwnersFile(WatchedFileHandler):
    """A file that its owner alone may read, also where it is made anew after logrotate has moved it away."""

    def _open(self) -> TextIOWrapper:
        return open(os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: on a full disk a traceback would be printed for each line."""


class Audit:
    """Appends to a file, which logrotate may move away; use it with `with`."""

    def __init__(self, path: Path) -> None:
        """Open the file, which nobody else may read.

        Raises:
            UsageError: it cannot be written.
        """
        try:
            self._file = _OwnersFile(path)
        except OSError as error:
            raise UsageError(f"cannot write the audit log {path}: {error}") from None

    def __enter__(self) -> "Audit":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def note(self, event: str, **fields: str | float | None) -> None:
        """Write a line; fields are names, counts and codes of ours, never what people wrote.

        A line that cannot be written is lost: what it tells of has happened all the same.
        """
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields})
        with contextlib.suppress(OSError):
            self._file.emit(logging.makeLogRecord({"msg": line}))


class Pseudonyms:
    """Names for visitors' addresses that are good for a day."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._day = -1
        self._key = b""

    def of(self, address: str) -> str:
        """Return the name of an address today."""
        if (day := int(self._clock() // 86_400)) != self._day:
            self._day, self._key = day, secrets.token_bytes(32)
        return hashlib.blake2b(address.encode(), digest_size=8, key=self._key).hexdigest()
