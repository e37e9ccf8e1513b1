"""Reads transcripts of real calls: JSONL in two forms, or plain text, gzipped or not.

The forms, told apart by their content:

1. a JSON object a line with `turns`: `{"dialogue_id": "c1", "turns": [{"speaker": "customer", "text": "..."}]}`;
2. a row of the published data sets with `dialogue`: `{"dialogue": [{"speaker": "客服", "text": "..."}]}`;
3. text with lines such as `Agent: ...` and `客户：...`; a line without a speaker belongs to the one before, and a line
   of three or more dashes or equals signs ends a call.
"""

import gzip
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import IO, NamedTuple

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from agents.csc.language import Language
from agents.csc.speakers import Speaker, parse_speaker
from agents.errors import UsageError, describe_invalid
from quality.text import find_language

STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_LABELLED = re.compile(r"\s*([^\s:：][^:：]{0,20}?)\s*[:：]\s*(.*)", re.DOTALL)
_SEPARATOR = re.compile(r"\s*(-{3,}|={3,})\s*")


class Line(NamedTuple):
    """What one side said before the other spoke."""

    speaker: Speaker
    text: str


class Transcript(NamedTuple):
    """A real call: consecutive utterances of one speaker are one, and the speakers alternate."""

    id: str
    lines: tuple[Line, ...]

    @property
    def language(self) -> Language:
        """The language that it is in."""
        return find_language("".join(line.text for line in self.lines))


class Broken(NamedTuple):
    """A place in a file that holds no transcript, and why not."""

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class _Turn(BaseModel):
    speaker: str
    text: str


class _Row(BaseModel):
    id: str = Field("", validation_alias=AliasChoices("dialogue_id", "id"), coerce_numbers_to_str=True)
    turns: list[_Turn] = Field(validation_alias=AliasChoices("turns", "dialogue"))


def read_transcripts(names: Iterable[str]) -> Iterator[Transcript | Broken]:
    """Yield the calls of files, in their order, and what is broken in them.

    Args:
        names: paths of files; `-` is standard input.

    Raises:
        UsageError: a file cannot be read at all; says which.
    """
    for name in names:
        label = "standard input" if name == STANDARD_INPUT else name
        stem = "stdin" if name == STANDARD_INPUT else Path(name).name.removesuffix(".gz").rsplit(".", 1)[0]
        try:
            with sys.stdin.buffer if name == STANDARD_INPUT else Path(name).open("rb") as raw:
                yield from _read(raw, label, stem)
        except (OSError, EOFError, zlib.error) as error:  # the last two: a gzip file that is cut off or damaged
            raise UsageError(f"cannot read {label}: {error}") from None


def _read(raw: IO[bytes], label: str, stem: str) -> Iterator[Transcript | Broken]:
    """Yield what an open file holds."""
    head = raw.peek(2)[:2]  # type: ignore[attr-defined]  # both openings give a BufferedReader
    numbered = enumerate(gzip.GzipFile(fileobj=raw) if head == _GZIP else raw, start=1)
    is_json: bool | None = None
    call: list[tuple[int, str]] = []
    for number, data in numbered:
        where = f"{label}:{number}"
        try:
            line = data.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            yield Broken(where, f"no UTF-8 text: {error.reason}")
            continue
        if not line:
            continue
        is_json = line.startswith("{") if is_json is None else is_json
        if is_json:
            yield _parse_row(line, where, f"{stem}-{number}")
        elif _SEPARATOR.fullmatch(line):
            yield from _parse_text(call, label, stem)
            call = []
        else:
            call.append((number, line))
    yield from _parse_text(call, label, stem)


def _parse_row(line: str, where: str, default_id: str) -> Transcript | Broken:
    try:
        row = _Row.model_validate_json(line)
        lines = [Line(parse_speaker(turn.speaker), turn.text) for turn in row.turns]
    except ValidationError as error:
        return Broken(where, f"no transcript: {describe_invalid(error)}")
    except ValueError as error:
        return Broken(where, f"no transcript: {error}")
    return Transcript(row.id or default_id, _merge(lines))


def _parse_text(call: list[tuple[int, str]], label: str, stem: str) -> Iterator[Transcript | Broken]:
    """Yield the call that some numbered lines of text make, if there are any."""
    lines: list[Line] = []
    for number, line in call:
        labelled = _LABELLED.fullmatch(line)
        try:
            if labelled is None:
                raise ValueError("no speaker")
            lines.append(Line(parse_speaker(labelled[1]), labelled[2]))
        except ValueError:
            if not lines:
                yield Broken(f"{label}:{number}", "no transcript: the call begins without a speaker, such as 'Agent:'")
                return
            lines.append(Line(lines[-1].speaker, line))
    if call:
        yield Transcript(f"{stem}-{call[0][0]}", _merge(lines))


def _merge(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Join what one speaker says in a row, white space made plain; lines without text fall away."""
    spoken = [Line(line.speaker, text) for line in lines if (text := " ".join(line.text.split()))]
    return tuple(
        Line(speaker, " ".join(line.text for line in said))
        for speaker, said in groupby(spoken, lambda line: line.speaker)
    )
