"""The run store: one SQLite file with a row per planned item (a dialogue, an extraction), written whole and once.

WAL mode: a reader (export, status) never waits for the job that writes. One job at a time may write: it holds an
advisory lock on the run folder, which the system releases when the job dies.
"""

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Generic

from agents.errors import StoreError, UsageError
from agents.llm.endpoint import Endpoint
from agents.llm.usage import Role, Usage
from outputs.files import require_folder
from outputs.runs.connections import STORE_FILE, connect, connect_to_read
from outputs.runs.differences import describe_differences
from outputs.runs.lock import acquire
from outputs.runs.run import (
    REPAIRS,
    CountKey,
    Counts,
    Funnel,
    Outcome,
    PlannedT,
    Provenance,
    RecordT,
    RunKind,
)

SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """
CREATE TABLE items (
  position INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  task TEXT NOT NULL,
  outcome TEXT NOT NULL DEFAULT 'planned' CHECK (outcome IN ('planned', 'kept', 'rejected', 'failed')),
  reasons TEXT NOT NULL DEFAULT '[]',
  counts TEXT NOT NULL DEFAULT '[]',
  usage TEXT NOT NULL DEFAULT '{}',
  repaired INTEGER NOT NULL DEFAULT 0,
  ended REAL,
  record TEXT
)
""",
    "CREATE INDEX by_outcome ON items (outcome, position)",
    "CREATE INDEX by_repair ON items (outcome) WHERE repaired",
    # Reasons, counts and usage of all items, summed up with each write: a run may have a hundred thousand. The key is a
    # JSON array: ["reason", reason], ["count", subject, what, ...] or ["usage", role, field].
    "CREATE TABLE sums (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
)
VERSION = 5


class RunStore(Generic[PlannedT, RecordT]):
    """A run folder's store. Make one with `create`, `resume` or `read`; close it, or use it with `with`."""

    def __init__(
        self, kind: RunKind[PlannedT, RecordT], folder: Path, connection: sqlite3.Connection, lock: int | None
    ) -> None:
        self.folder = folder
        self._kind = kind
        self._db = connection
        self._lock = lock
        self._writing = threading.Lock()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Tell whether `folder` holds a run; a store whose making was cut off holds none."""
        if not (folder / STORE_FILE).is_file():
            return False
        connection = connect_to_read(folder / STORE_FILE, connect)
        try:
            return bool(connection.execute("PRAGMA user_version").fetchone()[0])
        finally:
            connection.close()

    @classmethod
    def require_new(cls, folder: Path) -> None:
        """Make sure, as far as it can be told beforehand, that a run can begin in `folder`.

        Raises:
            UsageError: the folder holds a run already, or cannot be written.
        """
        try:
            has_run = cls.exists(folder)
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{folder}/run.sqlite is no run store: {error}; name another folder by --run") from None
        if has_run:
            raise UsageError(
                f"{folder} holds a run already: go on with it by --resume, or name another folder by --run"
            )
        require_folder(folder)

    @classmethod
    def create(
        cls, kind: RunKind[PlannedT, RecordT], folder: Path, provenance: Provenance
    ) -> "RunStore[PlannedT, RecordT]":
        """Begin a run in `folder`.

        Raises:
            UsageError: the folder holds a run already, or cannot be written.
        """
        cls.require_new(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            store = cls._open_locked(kind, folder)
            with store._db:
                store._db.execute("BEGIN")
                for statement in SCHEMA:
                    store._db.execute(statement)
                store._db.execute(f"PRAGMA user_version={VERSION}")
                meta = (("header", provenance.model_dump_json()), ("command", kind.command))
                store._db.executemany("INSERT INTO meta VALUES (?, ?)", meta)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot begin a run in {folder}: {error}") from error
        return store

    @classmethod
    def resume(
        cls, kind: RunKind[PlannedT, RecordT], folder: Path, provenance: Provenance
    ) -> "RunStore[PlannedT, RecordT]":
        """Go on with the run in `folder`; the settings in its header become those of this job.

        Raises:
            UsageError: no run there, another job works on it, or its configuration differs (says in what).
            StoreError: the store cannot be written.
        """
        with cls.read(kind, folder) as reader:
            stored = reader.provenance
        if differences := describe_differences(stored.configuration, provenance.configuration):
            raise UsageError(f"{folder} was begun with another configuration: {'; '.join(differences)}")
        store = cls._open_locked(kind, folder)
        now = stored.model_copy(update={"settings": provenance.settings, "folder": provenance.folder})
        with store._transaction() as db:
            db.execute("UPDATE meta SET value = ? WHERE key = 'header'", (now.model_dump_json(),))
        return store

    @classmethod
    def read(cls, kind: RunKind[PlannedT, RecordT], folder: Path) -> "RunStore[PlannedT, RecordT]":
        """Open the run in `folder` for reading, also while a job writes it.

        Raises:
            UsageError: no run there, or one of another command or version.
        """
        return cls.read_any((kind,), folder)

    @classmethod
    def read_any(cls, kinds: Sequence[RunKind[PlannedT, RecordT]], folder: Path) -> "RunStore[PlannedT, RecordT]":
        """Open the run of one of some kinds in `folder` for reading, see `read`."""
        try:
            if not cls.exists(folder):
                raise UsageError(f"{folder} holds no run")
            connection = connect_to_read(folder / STORE_FILE, connect)
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{folder}/run.sqlite is no run store: {error}") from None
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            raise UsageError(f"{folder}: the store has version {version}, this rolecs reads version {VERSION}")
        command = _meta(connection, "command")
        for kind in kinds:
            if kind.command == command:
                return cls(kind, folder, connection, None)
        wanted = " or ".join(f"`rolecs {kind.command}`" for kind in kinds)
        raise UsageError(f"{folder} holds a run of `rolecs {command}`, not of {wanted}")

    @classmethod
    def _open_locked(cls, kind: RunKind[PlannedT, RecordT], folder: Path) -> "RunStore[PlannedT, RecordT]":
        lock = acquire(folder)
        return cls(kind, folder, connect(folder / STORE_FILE), lock)

    def __enter__(self) -> "RunStore[PlannedT, RecordT]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if self._lock is not None:
            os.close(self._lock)

    @property
    def command(self) -> str:
        """The command that makes the run."""
        return self._kind.command

    @property
    def ends(self) -> Mapping[Outcome, str]:
        """What users are told of the outcomes of its items, see `RunKind`."""
        return self._kind.ends

    @property
    def provenance(self) -> Provenance:
        """What the run is."""
        return Provenance.model_validate_json(_meta(self._db, "header"))

    @property
    def endpoints(self) -> list[Endpoint]:
        """Where the models of the last job were served that carried anything out, and in which dialects."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'endpoints'").fetchone()
        return [Endpoint.model_validate(endpoint) for endpoint in json.loads(row[0])] if row else []

    def note_endpoints(self, endpoints: Sequence[Endpoint]) -> None:
        """Store where the models of a job are served.

        Raises:
            StoreError: the store cannot be written.
        """
        text = json.dumps([endpoint.model_dump(mode="json") for endpoint in endpoints], ensure_ascii=False)
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('endpoints', ?)", (text,))

    def add_plan(self, plan: Iterable[PlannedT]) -> None:
        """Add items to do; those that are in the store already stay as they are.

        Raises:
            StoreError: the store cannot be written.
        """
        rows = ((position, key, json.dumps(task, ensure_ascii=False)) for position, key, *task in plan)
        with self._transaction() as db:
            db.executemany("INSERT OR IGNORE INTO items (position, key, task) VALUES (?, ?, ?)", rows)

    @property
    def planned(self) -> int:
        """All items of the run, ended or not."""
        (count,) = self._db.execute("SELECT count(*) FROM items").fetchone()
        return int(count)

    def pending(self, *, retry_failed: bool = False) -> list[PlannedT]:
        """Return what is still to do, in the order of the plan; failed items too when asked."""
        outcomes = ("planned", "failed" if retry_failed else "planned")
        rows = self._db.execute(
            "SELECT position, key, task FROM items WHERE outcome IN (?, ?) ORDER BY position", outcomes
        )
        return [self._kind.planned(position, key, *json.loads(task)) for position, key, task in rows]

    def write(self, *records: RecordT) -> None:
        """Store ended items, each whole, all in one transaction; a kept or rejected one is never written again.

        What an earlier, failed try at one spent stays counted. Any thread may call this.

        Raises:
            StoreError: the store cannot be written, or an item is not waiting to be.
        """
        with self._transaction() as db:
            for record in records:
                waiting = db.execute(
                    "SELECT usage, counts FROM items WHERE key = ? AND outcome IN ('planned', 'failed')", (record.id,)
                ).fetchone()
                if waiting is None:
                    raise StoreError(f"{record.id} is not waiting to be written")
                usage, earlier = map(json.loads, waiting)
                for role, spent in record.usage.items():
                    usage[role] = asdict(Usage(**usage.get(role, {})) + spent)
                    _add(db, {("usage", role, field): count for field, count in asdict(spent).items()})
                counts = _flatten(record.counts)
                _add(db, {("count", *key): -count for key, count in earlier})
                _add(db, {("count", *key): count for key, count in counts.items()})
                _add(db, _count_reasons(record.reasons))
                db.execute(
                    "UPDATE items SET outcome = ?, reasons = ?, counts = ?, usage = ?, repaired = ?, ended = ?, "
                    "record = ? WHERE key = ?",
                    (
                        record.outcome,
                        json.dumps(record.reasons),
                        json.dumps(list(counts.items())),
                        json.dumps(usage),
                        REPAIRS in record.counts,
                        time.time(),
                        record.model_dump_json(),
                        record.id,
                    ),
                )

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all that is read within be of one moment, whatever a job writes meanwhile.

        For a store that was opened for reading. Until the end the job's write-ahead log grows and is not folded back.
        """
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            # A generator that was left off ends later than its store, and closing that has ended this too.
            with contextlib.suppress(sqlite3.ProgrammingError):
                self._db.rollback()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done within, or nothing of it; the database's errors become a StoreError."""
        try:
            with self._writing, self._db:
                yield self._db
        except sqlite3.Error as error:
            raise StoreError(f"cannot write to the run in {self.folder}: {error}") from error

    def records(self, *outcomes: Outcome) -> Iterator[RecordT]:
        """Yield the records of some outcomes in the order of the plan."""
        marks = ", ".join("?" * len(outcomes))
        rows = self._db.execute(f"SELECT record FROM items WHERE outcome IN ({marks}) ORDER BY position", outcomes)
        for (text,) in rows:
            yield self._kind.record.model_validate_json(text)

    def passed(self, reason: str) -> dict[str, bool]:
        """Return the keys of the kept items, and of those rejected for `reason` alone, in the order of the plan.

        Each with whether it was rejected.
        """
        rows = self._db.execute(
            "SELECT key, outcome = 'rejected' FROM items WHERE outcome = 'kept' OR "
            "(outcome = 'rejected' AND reasons = ?) ORDER BY position",
            (json.dumps([reason]),),
        )
        return {key: bool(rejected) for key, rejected in rows}

    def record(self, key: str) -> RecordT:
        """Return the record of an item that has ended."""
        (text,) = self._db.execute("SELECT record FROM items WHERE key = ?", (key,)).fetchone()
        return self._kind.record.model_validate_json(text)

    def rewrite(self, record: RecordT) -> None:
        """Store anew a kept or rejected item about which more is known; what was spent on it stays counted.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._transaction() as db:
            (reasons,) = db.execute("SELECT reasons FROM items WHERE key = ?", (record.id,)).fetchone()
            _add(db, {key: -count for key, count in _count_reasons(json.loads(reasons)).items()})
            _add(db, _count_reasons(record.reasons))
            db.execute(
                "UPDATE items SET outcome = ?, reasons = ?, record = ? WHERE key = ?",
                (record.outcome, json.dumps(record.reasons), record.model_dump_json(), record.id),
            )

    def ended_times(self) -> list[float]:
        """Return when the items that have ended were written, in Unix time, the earliest first."""
        rows = self._db.execute("SELECT ended FROM items WHERE ended IS NOT NULL ORDER BY ended")
        return [moment for (moment,) in rows]

    def funnel(self) -> Funnel:
        """Sum the run up."""
        outcomes = self._db.execute("SELECT outcome, count(*) FROM items GROUP BY outcome")
        (repaired,) = self._db.execute("SELECT count(*) FROM items WHERE outcome = 'kept' AND repaired").fetchone()
        reasons: dict[str, int] = {}
        counts: defaultdict[str, dict[CountKey, int]] = defaultdict(dict)
        usage: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for text, value in self._db.execute("SELECT key, value FROM sums WHERE value != 0 ORDER BY value DESC, key"):
            match json.loads(text):
                case ["reason", reason]:
                    reasons[reason] = value
                case ["count", subject, *what]:
                    counts[subject][tuple(what)] = value
                case ["usage", role, field]:
                    usage[role][field] = value
        return Funnel(
            outcomes=dict.fromkeys(Outcome, 0) | {Outcome(outcome): count for outcome, count in outcomes},
            reasons=reasons,
            counts=dict(counts),
            repaired=repaired,
            usage={role: Usage(**usage[role]) for role in Role if usage[role]},
        )


def _flatten(counts: Counts) -> dict[CountKey, int]:
    """Return counts by subject and what is counted together."""
    return {(subject, *key): count for subject, by_key in counts.items() for key, count in by_key.items()}


def _count_reasons(reasons: Iterable[str]) -> Counter[CountKey]:
    return Counter(("reason", reason) for reason in reasons)


def _add(db: sqlite3.Connection, counts: Mapping[CountKey, int]) -> None:
    """Add to the sums."""
    db.executemany(
        "INSERT INTO sums VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = value + excluded.value",
        ((json.dumps(key, ensure_ascii=False), count) for key, count in counts.items()),
    )


def _meta(connection: sqlite3.Connection, key: str) -> str:
    (value,) = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(value)
