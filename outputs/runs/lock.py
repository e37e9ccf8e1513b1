"""The lock of a run folder: one job at a time may write. The system releases it when the job dies, however it dies.

It is a lock of the open file (`F_OFD_SETLK` in fcntl(2)): unlike flock(2), it can be asked for without being taken, so
that who only looks never stands in the way of a job that starts; unlike other locks of fcntl(2), it stays when the
process opens and closes the file a second time.
"""

import fcntl
import os
import platform
import struct
from pathlib import Path
from typing import NamedTuple

from agents.errors import UsageError

LOCK_FILE = "run.lock"
_OWNER_BYTES = 300
_FLOCK = struct.Struct("hhqqi0q")
"""The system's `struct flock`: type, whence, start, length, process; here always of the whole file."""


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
        _control(lock, fcntl.F_OFD_SETLK)
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
        return None if _control(lock, fcntl.F_OFD_GETLK) == fcntl.F_UNLCK else _read_owner(lock)
    finally:
        os.close(lock)


def _control(lock: int, command: int) -> int:
    """Ask for the whole file to be locked for writing, or whether it could be; return the type of lock answered."""
    answer = fcntl.fcntl(lock, command, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    return int(_FLOCK.unpack(answer)[0])


def _read_owner(lock: int) -> Owner:
    process, _, host = os.pread(lock, _OWNER_BYTES, 0).decode(errors="replace").strip().partition(" ")
    return Owner(int(process) if process.isdecimal() else None, host)
