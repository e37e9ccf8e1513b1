"""The run store: one SQLite file with a row per planned dialogue, written whole and once.

WAL mode: a reader (export, status) never waits for the job that writes. One job at a time may write: it holds an
advisory lock on the run folder, which the system releases when the job dies.
"""

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from agents.errors import StoreError, UsageError
from agents.usage import Role, Usage
from outputs.record import Outcome, Record

SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """
CREATE TABLE dialogues (
  position INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  persona TEXT NOT NULL,
  topic TEXT NOT NULL,
  number INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  outcome TEXT NOT NULL DEFAULT 'planned' CHECK (outcome IN ('planned', 'kept', 'rejected', 'failed')),
  reasons TEXT NOT NULL DEFAULT '[]',
  usage TEXT NOT NULL DEFAULT '{}',
  record TEXT
)
""",
    "CREATE INDEX by_outcome ON dialogues (outcome, position)",
)
VERSION = 1


class Planned(NamedTuple):
    """A dialogue to play: its place in the plan, its key, and what it is made from.

    `number` counts the calls that one persona makes on one topic: 1, 2, ...
    """

    position: int
    key: str
    persona: str
    topic: str
    number: int
    seed: int


class Header(BaseModel):
    """What a run is: the configuration that its dialogues depend on, the settings it began with, and versions."""

    model_config = ConfigDict(frozen=True)

    configuration: dict[str, Any]
    digest: str
    settings: dict[str, Any]
    versions: dict[str, str]

    @classmethod
    def build(cls, configuration: dict[str, Any], settings: dict[str, Any], versions: dict[str, str]) -> "Header":
        """Make a header; the digest follows from the configuration."""
        text = json.dumps(configuration, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return cls(configuration=configuration, digest=digest, settings=settings, versions=versions)


class Funnel(BaseModel):
    """How many dialogues ended how, why they were lost, and what was spent by role."""

    model_config = ConfigDict(frozen=True)

    outcomes: dict[Outcome, int]
    reasons: dict[str, int]
    usage: dict[Role, Usage]

    @property
    def planned(self) -> int:
        """All dialogues of the run, ended or not."""
        return sum(self.outcomes.values())

    @property
    def total_usage(self) -> Usage:
        """What all roles spent together."""
        return sum(self.usage.values(), Usage())

    @property
    def tokens_per_kept(self) -> float | None:
        """Prompt and generated tokens for each kept dialogue, those of the lost ones included; None when none is."""
        kept = self.outcomes[Outcome.KEPT]
        return self.total_usage.total_tokens / kept if kept else None


def _differences(stored: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    keys = [key for key in given if stored.get(key) != given[key]] + [key for key in stored if key not in given]
    return [f"{key} was {_shown(stored.get(key))}, is {_shown(given.get(key))}" for key in keys]


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}..."


class RunStore:
    """A run folder's store. Make one with `create`, `resume` or `read`; close it, or use it with `with`."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: int | None) -> None:
        self.folder = folder
        self._db = connection
        self._lock = lock

    @staticmethod
    def exists(folder: Path) -> bool:
        """Tell whether `folder` holds a run; a store whose making was cut off holds none."""
        if not (folder / "run.sqlite").is_file():
            return False
        connection = _connect(folder)
        try:
            return bool(connection.execute("PRAGMA user_version").fetchone()[0])
        finally:
            connection.close()

    @classmethod
    def create(cls, folder: Path, header: Header) -> "RunStore":
        """Begin a run in `folder`.

        Raises:
            UsageError: the folder holds a run already, or cannot be written.
        """
        if cls.exists(folder):
            raise UsageError(
                f"{folder} holds a run already: go on with it by --resume, or name another folder by --run"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            store = cls._open_locked(folder)
            with store._db:
                store._db.execute("BEGIN")
                for statement in SCHEMA:
                    store._db.execute(statement)
                store._db.execute(f"PRAGMA user_version={VERSION}")
                store._db.execute("INSERT INTO meta VALUES ('header', ?)", (header.model_dump_json(),))
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot begin a run in {folder}: {error}") from error
        return store

    @classmethod
    def resume(cls, folder: Path, header: Header) -> "RunStore":
        """Go on with the run in `folder`.

        Raises:
            UsageError: no run there, another job works on it, or its configuration differs (says in what).
        """
        with cls.read(folder) as reader:
            stored = reader.header
        if differences := _differences(stored.configuration, header.configuration):
            raise UsageError(f"{folder} was begun with another configuration: {'; '.join(differences)}")
        return cls._open_locked(folder)

    @classmethod
    def read(cls, folder: Path) -> "RunStore":
        """Open the run in `folder` for reading, also while a job writes it.

        Raises:
            UsageError: no run there, or one of another version.
        """
        try:
            if not cls.exists(folder):
                raise UsageError(f"{folder} holds no run")
            store = cls(folder, _connect(folder), None)
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{folder}/run.sqlite is no run store: {error}") from None
        (version,) = store._db.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            raise UsageError(f"{folder}: the store has version {version}, this rolecs reads version {VERSION}")
        return store

    @classmethod
    def _open_locked(cls, folder: Path) -> "RunStore":
        lock = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise UsageError(f"another job (process {owner}) works on {folder}: wait for it or stop it") from None
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        return cls(folder, _connect(folder), lock)

    def __enter__(self) -> "RunStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if self._lock is not None:
            os.close(self._lock)

    @property
    def header(self) -> Header:
        """What the run is."""
        (text,) = self._db.execute("SELECT value FROM meta WHERE key = 'header'").fetchone()
        return Header.model_validate_json(text)

    def add_plan(self, plan: Iterable[Planned]) -> None:
        """Add dialogues to play; those that are in the store already stay as they are."""
        with self._db:
            self._db.executemany(
                "INSERT OR IGNORE INTO dialogues (position, key, persona, topic, number, seed)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                plan,
            )

    def pending(self, *, retry_failed: bool = False) -> list[Planned]:
        """Return what is still to play, in the order of the plan; failed dialogues too when asked."""
        outcomes = ("planned", "failed" if retry_failed else "planned")
        rows = self._db.execute(
            "SELECT position, key, persona, topic, number, seed FROM dialogues WHERE outcome IN (?, ?)"
            " ORDER BY position",
            outcomes,
        )
        return [Planned(*row) for row in rows]

    def write(self, record: Record) -> None:
        """Store an ended dialogue, whole, in one transaction; a kept or rejected one is never written again.

        What an earlier, failed play of it spent stays counted.

        Raises:
            StoreError: the store cannot be written, or the dialogue is not waiting to be.
        """
        try:
            self._write(record)
        except sqlite3.Error as error:
            raise StoreError(f"cannot store a dialogue in {self.folder}: {error}") from error

    def _write(self, record: Record) -> None:
        with self._db:
            waiting = self._db.execute(
                "SELECT usage FROM dialogues WHERE key = ? AND outcome IN ('planned', 'failed')", (record.id,)
            ).fetchone()
            if waiting is None:
                raise StoreError(f"dialogue {record.id} is not waiting to be written")
            usage = _parse_usage(waiting[0])
            _add_usage(usage, record.usage)
            self._db.execute(
                "UPDATE dialogues SET outcome = ?, reasons = ?, usage = ?, record = ? WHERE key = ?",
                (
                    record.outcome,
                    json.dumps(record.reasons),
                    json.dumps({role: spent.model_dump() for role, spent in usage.items()}),
                    record.model_dump_json(),
                    record.id,
                ),
            )

    def records(self, outcome: Outcome) -> Iterator[Record]:
        """Yield the records of one outcome in the order of the plan."""
        rows = self._db.execute("SELECT record FROM dialogues WHERE outcome = ? ORDER BY position", (outcome,))
        for (text,) in rows:
            yield Record.model_validate_json(text)

    def funnel(self) -> Funnel:
        """Sum the run up."""
        outcomes = dict.fromkeys(Outcome, 0)
        reasons: dict[str, int] = {}
        usage: dict[Role, Usage] = {}
        for outcome, reason_text, usage_text in self._db.execute("SELECT outcome, reasons, usage FROM dialogues"):
            outcomes[Outcome(outcome)] += 1
            for reason in json.loads(reason_text):
                reasons[reason] = reasons.get(reason, 0) + 1
            _add_usage(usage, _parse_usage(usage_text))
        ordered = dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
        return Funnel(outcomes=outcomes, reasons=ordered, usage={role: usage[role] for role in Role if role in usage})


def _parse_usage(text: str) -> dict[Role, Usage]:
    return {Role(role): Usage.model_validate(spent) for role, spent in json.loads(text).items()}


def _add_usage(total: dict[Role, Usage], more: Mapping[Role, Usage]) -> None:
    for role, spent in more.items():
        total[role] = total.get(role, Usage()) + spent


def _connect(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "run.sqlite", timeout=30.0)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection
