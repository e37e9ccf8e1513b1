"""The store of the service: each dialogue with the stars, the comment and the thumbs that it was given, in SQLite.

WAL mode with full syncs: what `write` has returned from survives a kill of the process and a loss of power. All that a
call of `write` is given goes into one transaction, so that the requests of a moment share one sync. What is erased is
overwritten (`secure_delete`), and folded out of the write-ahead log at once.
"""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.csc.topics.topic import Topic
from agents.errors import StoreError, UsageError
from outputs.files import require_file
from outputs.runs.connections import connect_to_read

SCHEMA = (
    """
CREATE TABLE dialogues (
  id TEXT PRIMARY KEY, token TEXT NOT NULL, site TEXT, language TEXT NOT NULL, topic TEXT NOT NULL,
  scenario TEXT NOT NULL, model TEXT NOT NULL, adapter TEXT NOT NULL, opened REAL NOT NULL, expires REAL NOT NULL,
  over INTEGER NOT NULL DEFAULT 0, stars INTEGER CHECK (stars BETWEEN 1 AND 5), comment TEXT NOT NULL DEFAULT '',
  told TEXT
) WITHOUT ROWID
""",
    """
CREATE TABLE turns (
  dialogue TEXT NOT NULL REFERENCES dialogues ON DELETE CASCADE, number INTEGER NOT NULL, speaker TEXT NOT NULL,
  text TEXT NOT NULL, strategy TEXT, ends_call INTEGER NOT NULL, at REAL NOT NULL, request TEXT,
  given TEXT NOT NULL, failed TEXT NOT NULL, thumb INTEGER CHECK (thumb IN (-1, 1)), PRIMARY KEY (dialogue, number)
) WITHOUT ROWID
""",
    "CREATE INDEX by_opening ON dialogues (opened)",
    "CREATE TABLE spent (day TEXT NOT NULL, scope TEXT NOT NULL, tokens INTEGER NOT NULL, PRIMARY KEY (day, scope)) "
    "WITHOUT ROWID",
)
APPLICATION = 0x524C5343
"""What tells this store from another SQLite file: "RLSC"."""
VERSION = 2
"""Of the tables; the first one had no `told`."""


Given = Literal["sound", "best", "fixed"]
"""How a supporter's turn came to be: it passed the checks, is the best of tries that did not, or a fixed line."""


class FailedTry(BaseModel):
    """Words that were not said, and the check that they failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    check: str


class ServedTurn(BaseModel):
    """A turn as it is stored, without private data.

    Attributes:
        number: counts the turns of the dialogue from 1.
        speaker: who said it.
        text: the words.
        strategy: of a supporter's turn.
        ends_call: the customer ends the call with it.
        at: when, in Unix time.
        request: what the visitor's program calls the request by which a customer's turn came, if anything.
        given: how a supporter's turn came to be.
        failed: the tries at a supporter's turn that failed a check, among them the best of them where it was given.
        thumb: 1 up, -1 down; None where nobody gave one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    speaker: Speaker
    text: str
    strategy: Strategy | None = None
    ends_call: bool = False
    at: float
    request: str | None = None
    given: Given = "sound"
    failed: tuple[FailedTry, ...] = ()
    thumb: int | None = None

    @property
    def turn(self) -> Turn:
        """The turn as rules and prompts take it."""
        return Turn(speaker=self.speaker, text=self.text, strategy=self.strategy, ends_call=self.ends_call)


class Scorecard(BaseModel):
    """A dialogue at the service: who served it, what was said, and what the visitor thinks of it.

    Attributes:
        id: names it in addresses.
        token: SHA-256 of what the visitor shows with each request.
        site: where it was held; None: without a site.
        language: of the dialogue.
        topic: the code of a topic, or empty.
        told: the topic as the supporter was told of it, with the policies that the dialogue was given; None in stores
            of the first version, whose topics are those that ship.
        scenario: what the supporter was told of the situation.
        model: that answered.
        adapter: digest of its adapter; empty where there is none, or it is not known.
        opened: when, in Unix time.
        expires: until when the token is good, in Unix time.
        over: the call has been closed.
        stars: 1 to 5; None where nobody gave any.
        comment: the visitor's, without private data.
        turns: what was said, in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    token: str = Field(repr=False)
    site: str | None
    language: Language
    topic: str
    told: Topic | None = None
    scenario: str
    model: str
    adapter: str = ""
    opened: float
    expires: float
    over: bool = False
    stars: int | None = None
    comment: str = ""
    turns: tuple[ServedTurn, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A dialogue began; its turns are stored with it."""

    card: Scorecard


@dataclass(frozen=True, slots=True)
class Said:
    """Turns were said, and the call may be over with them."""

    dialogue: str
    turns: tuple[ServedTurn, ...]
    over: bool


@dataclass(frozen=True, slots=True)
class Starred:
    """A dialogue got stars and a comment; the last ones count."""

    dialogue: str
    stars: int
    comment: str


@dataclass(frozen=True, slots=True)
class Thumbed:
    """A turn got a thumb, 1 up or -1 down; the last one counts."""

    dialogue: str
    number: int
    thumb: int


@dataclass(frozen=True, slots=True)
class Erased:
    """A visitor wants a dialogue to be forgotten."""

    dialogue: str


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens were spent on a day (ISO) in a scope: "" is the whole service, else a site."""

    day: str
    scope: str
    tokens: int


Write = Opened | Said | Starred | Thumbed | Erased | Spent


class ScorecardStore:
    """The store in one file; use it with `with`. Any thread may write, one at a time.

    Reading goes by a connection of its own: it never waits for a write that waits for the disk, or for another
    program's lock.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection
        self._reads = _connect_to_read(path)
        self._using = threading.Lock()
        self._reading = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> "ScorecardStore":
        """Open the store in `path` for the service, or begin one there, which nobody else may read.

        Raises:
            UsageError: the file cannot be written, or is something else.
        """
        require_file(path)
        try:
            path.touch(mode=0o600)
            connection = _connect(path)
            if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    for statement in SCHEMA:
                        connection.execute(statement)
                    connection.execute(f"PRAGMA application_id={APPLICATION}")
                    connection.execute(f"PRAGMA user_version={VERSION}")
            elif connection.execute("PRAGMA user_version").fetchone()[0] == 1 and _is_ours(connection):
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute("ALTER TABLE dialogues ADD COLUMN told TEXT")
                    connection.execute(f"PRAGMA user_version={VERSION}")
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot open the service's store {path}: {error}") from None
        return cls._checked(path, connection)

    @classmethod
    def read(cls, path: Path) -> "ScorecardStore":
        """Open the store in `path` for reading, also while the service writes it.

        Raises:
            UsageError: there is none.
        """
        if not path.is_file():
            raise UsageError(f"{path}: no such file; `rolecs serve` writes it, see its --db")
        try:
            return cls._checked(path, _connect_to_read(path))
        except sqlite3.Error as error:
            raise UsageError(f"{path} is no store of `rolecs serve`: {error}") from None

    @classmethod
    def _checked(cls, path: Path, connection: sqlite3.Connection) -> "ScorecardStore":
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if not _is_ours(connection) or not 1 <= version <= VERSION:
            connection.close()
            raise UsageError(f"{path} is no store of `rolecs serve`, or one of another version of it")
        return cls(path, connection)

    def __enter__(self) -> "ScorecardStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reads.close()
        self._db.close()

    def write(self, *writes: Write) -> None:
        """Store all of it or nothing, in one transaction; it is on the disk when this returns.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._transaction() as db:
            for write in writes:
                _apply(db, write)
        if any(isinstance(write, Erased) for write in writes):
            self._fold()

    def find(self, dialogue: str) -> Scorecard | None:
        """Return a dialogue; None where there is none of that id."""
        return next(self._cards("WHERE id = ?", (dialogue,)), None)

    def cards(self, since: float = 0.0) -> Iterator[Scorecard]:
        """Yield the dialogues that were opened since a moment, in Unix time, in their order."""
        yield from self._cards("WHERE opened >= ? ORDER BY opened, id", (since,))

    def spent(self, day: str) -> dict[str, int]:
        """Return by scope the tokens that were spent on a day."""
        with self._reading:
            return dict(self._reads.execute("SELECT scope, tokens FROM spent WHERE day = ?", (day,)).fetchall())

    def forget_before(self, moment: float) -> list[str]:
        """Erase the dialogues that were opened before a moment, in Unix time; return their ids.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._transaction() as db:
            gone = [id_ for (id_,) in db.execute("DELETE FROM dialogues WHERE opened < ? RETURNING id", (moment,))]
        if gone:
            self._fold()
        return gone

    def _fold(self) -> None:
        # A reader may hold the log open, or the disk fail: then the next erasure, or the next start, folds it.
        with self._using, contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _cards(self, condition: str, values: tuple[object, ...]) -> Iterator[Scorecard]:
        with self._reading:
            rows = self._reads.execute(f"SELECT * FROM dialogues {condition}", values).fetchall()
        for row in rows:
            with self._reading:
                turns = self._reads.execute("SELECT * FROM turns WHERE dialogue = ? ORDER BY number", (row["id"],))
                said = [{key: turn[key] for key in turn.keys() if key != "dialogue"} for turn in turns]  # noqa: SIM118
            if not said:  # it has been erased since the rows were read
                continue
            for turn in said:
                turn["failed"] = json.loads(turn["failed"])
            card = dict(row)
            if card.get("told"):
                card["told"] = json.loads(card["told"])
            yield Scorecard.model_validate({**card, "turns": said})

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._using, self._db:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
        except sqlite3.Error as error:
            raise StoreError(f"cannot write to {self.path}: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = _open(path, "rw")
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    connection = connect_to_read(path, lambda file: _open(file, "ro"))
    connection.row_factory = sqlite3.Row
    return connection


def _open(path: Path, mode: str) -> sqlite3.Connection:
    target = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(target, uri=True, isolation_level=None, check_same_thread=False, timeout=10.0)
    connection.row_factory = sqlite3.Row
    return connection


def _is_ours(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION)


def _apply(db: sqlite3.Connection, write: Write) -> None:
    match write:
        case Opened(card):
            told = card.told and card.told.model_dump_json()
            fields = card.model_dump(mode="json", exclude={"turns", "told"}) | {"told": told}
            marks = ", ".join(f":{name}" for name in fields)
            db.execute(f"INSERT INTO dialogues ({', '.join(fields)}) VALUES ({marks})", fields)
            _add_turns(db, card.id, card.turns)
        case Said(dialogue, turns, over):
            # One that has been erased meanwhile stays erased.
            if db.execute("UPDATE dialogues SET over = ? WHERE id = ?", (over, dialogue)).rowcount:
                _add_turns(db, dialogue, turns)
        case Starred(dialogue, stars, comment):
            db.execute("UPDATE dialogues SET stars = ?, comment = ? WHERE id = ?", (stars, comment, dialogue))
        case Thumbed(dialogue, number, thumb):
            db.execute("UPDATE turns SET thumb = ? WHERE dialogue = ? AND number = ?", (thumb, dialogue, number))
        case Erased(dialogue):
            db.execute("DELETE FROM dialogues WHERE id = ?", (dialogue,))
        case Spent(day, scope, tokens):
            db.execute(
                "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET tokens = tokens + excluded.tokens",
                (day, scope, tokens),
            )


def _add_turns(db: sqlite3.Connection, dialogue: str, turns: tuple[ServedTurn, ...]) -> None:
    for turn in turns:
        db.execute(
            "INSERT INTO turns "
            "(dialogue, number, speaker, text, strategy, ends_call, at, request, given, failed, thumb) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(dialogue, turn.number, turn.speaker, turn.text, turn.strategy, turn.ends_call, turn.at, turn.request),
                *(turn.given, json.dumps([one.model_dump() for one in turn.failed]), turn.thumb),
            ),
        )
