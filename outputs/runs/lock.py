"""The lock of a run folder: one job at a time may write. The system releases it when the job dies, however it dies."""

import fcntl
import os
import platform
from pathlib import Path
from typing import NamedTuple

from agents.errors import UsageError

LOCK_FILE = "run.lock"
_OWNER_BYTES = 300


class Owner(NamedTuple):
    """The job that works on a run: its process, and the machine that it runs on; either may be unknown."""

    process: int | None
    host: str

    def __str__(self) -> str:
        return f"process {self.process or 'unknown'} on {self.host or 'an unknown host'}"


def acquire(folder: Path) -> int:
    """Lock the run in `folder` for this process, and return the lock's file descriptor; closing it gives the lock back.

    Raises:
        UsageError: another job holds it; says which.
        OSError: the folder cannot be written.
    """
    lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = _read_owner(lock)
        os.close(lock)
        raise UsageError(f"another job ({owner}) works on {folder}: wait for it or stop it") from None
    os.truncate(lock, 0)
    os.write(lock, f"{os.getpid()} {platform.node()}\n".encode())
    return lock


def find_owner(folder: Path) -> Owner | None:
    """Return the job that works on the run in `folder`; None when none does, also where one died.

    Raises:
        UsageError: the lock cannot be read.
    """
    try:
        lock = os.open(folder / LOCK_FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"cannot read {folder / LOCK_FILE}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_owner(lock)
    finally:
        os.close(lock)
    return None


def _read_owner(lock: int) -> Owner:
    process, _, host = os.pread(lock, _OWNER_BYTES, 0).decode(errors="replace").strip().partition(" ")
    return Owner(int(process) if process.isdecimal() else None, host)
