"""The file of a rater: a line for each key that they pressed, the last one on a question holds."""

import datetime
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agents.errors import UsageError

_NAME = re.compile(r"[\w-]+")


class Rating(BaseModel):
    """A value that was given to a question on an item; None takes it back. `at` is the time in ISO's form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: str
    question: str
    value: int | None
    at: str = ""


Given = dict[str, dict[str, int]]
"""The values that hold, by item and question."""


class RatingFile:
    """The file of one rater in a folder; any thread may add to it."""

    def __init__(self, folder: Path, rater: str) -> None:
        if not _NAME.fullmatch(rater):
            raise UsageError(f"--rater {rater!r}: a name of letters, digits, - and _ is needed: it names a file")
        self.path = folder / f"{rater}.jsonl"
        self._adding = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, item: str, question: str, value: int | None) -> None:
        """Write a rating down; it is on the disk when this returns.

        Raises:
            OSError: it could not be written.
        """
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        line = Rating(item=item, question=question, value=value, at=at).model_dump_json()
        with self._adding, self.path.open("a+b") as file:
            # A line that was cut off by a power failure shall not swallow this one.
            if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n":
                file.write(b"\n")
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def read_ratings(path: Path) -> Given:
    """Return the values that hold in a rater's file; none where there is no file.

    Raises:
        UsageError: it cannot be read.
    """
    given: Given = {}
    for rating in _lines(path):
        values = given.setdefault(rating.item, {})
        values.pop(rating.question, None)
        if rating.value is not None:
            values[rating.question] = rating.value
    return given


def _lines(path: Path) -> Iterator[Rating]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error}") from None
    for line in lines:
        try:
            yield Rating.model_validate_json(line)
        except ValidationError:
            continue  # cut off while it was written, see `RatingFile.add`


def read_all(folder: Path) -> dict[str, Given]:
    """Return what holds in the files of a folder, by rater.

    Raises:
        UsageError: there is none, or one cannot be read.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise UsageError(f"{folder} holds no ratings: make some by rolecs rate RUN --rater NAME")
    return {file.stem: read_ratings(file) for file in files}
