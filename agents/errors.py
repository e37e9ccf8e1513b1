"""The errors of rolecs: each message is one line that says what, where and what to do.

What can go wrong, and the one consequence of each:

1. the user asked for something that cannot be done (`UsageError`): the program ends with exit code 2 before any work;
2. one request to the model failed for good (`RequestError`): its dialogue is stored as failed, the job goes on;
3. the engine is gone (`EngineError`): the job stops with exit code 1; what has ended is stored, `--resume` goes on; an
   engine of its own that ended after it had worked (`EngineEndedError`) the job starts again first;
4. the run store cannot be written (`StoreError`): the same;
5. a training cannot go on (`TrainingError`): it ends with exit code 1, and its last good checkpoint stays.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


class RolecsError(Exception):
    """Base of all errors that rolecs raises on purpose."""


class UsageError(RolecsError):
    """Wrong use: a bad file, flag, folder, server or model name."""


class RequestError(RolecsError):
    """A request to the model that failed for good; one dialogue is lost to it."""


class UnreadableAnswerError(RequestError):
    """The model answered, but the answer was cut off, empty or not in the demanded form, however often it was asked."""


class EngineError(RolecsError):
    """The engine did not start, died, or did not answer for longer than the retry policy."""


class EngineEndedError(EngineError):
    """The engine that the job manages ended by itself; it can be started again."""


class StoreError(RolecsError):
    """The run store could not be written: a full disk, a folder that went away."""


class TrainingError(RolecsError):
    """A training that cannot go on: a loss that is no number, a full disk."""


class Failure(BaseModel):
    """What an item of a run failed for, as it is stored: the name of the error's class, its message, its traceback.

    Made at the boundaries where an error ends one item and not the job. The traceback is as Python prints it, with the
    errors that led to this one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    message: str
    traceback: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Describe an error that was caught."""
        lines = traceback.format_exception(error)
        return cls(kind=type(error).__name__, message=str(error), traceback="".join(lines))

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


@contextmanager
def keeping_failure(fields: dict[str, Any]) -> Iterator[None]:
    """Put what goes wrong with one item of a run into the fields of its record, as `error`: the job goes on.

    The boundary of all jobs: a bug of ours costs the item that meets it. `fields` holds what is known of it by then.

    Raises:
        EngineError: the engine is gone; the item has not ended.
    """
    try:
        yield
    except EngineError:
        raise
    except Exception as caught:
        fields["error"] = Failure.of(caught)


@contextmanager
def first_error() -> Iterator[None]:
    """Raise the first error of a task group alone, where all of them are ours.

    Not by `except*`: early releases of Python 3.11 make a group again of what is raised there.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        ours, others = group.split(RolecsError)
        if ours is None or others is not None:
            raise
        error: BaseException = ours
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


def shorten(text: str, limit: int = 300) -> str:
    """Return a text on one line; of more than `limit` characters only that many, and an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}..."


def describe_invalid(error: ValidationError) -> str:
    """Say in one line what pydantic found first, and where."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    # What a validator of ours says stands behind a word of pydantic's.
    told = str(first["ctx"]["error"] if first["type"] == "value_error" else first["msg"])
    return f"{where}: {told}" if where else told
