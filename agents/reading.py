"""Reads text files as people have them: UTF-8, or what the byte order mark says; gzipped or not.

A line ends at a line feed, a carriage return, or both, which never stand in a JSON text as they are. `str.splitlines`
also ends lines at U+2028, U+0085, form feeds and others, which do.
"""

import codecs
import gzip
import io
import json
import re
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from agents.encodings import why_no_text
from agents.errors import UsageError

_GZIP = b"\x1f\x8b"
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16, whose mark is the first half of this one.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARK = "\ufeff"
_NO_TEXT = re.compile("[\udc80-\udcff]")
_FILLED = re.compile(r"\S")
_DECODER = json.JSONDecoder()
_HEAD = 4096
LOOKED_AT = 10
"""Lines that tell the form of a file."""


class Opened:
    """An open file of text.

    Attributes:
        head: its first bytes, unpacked, at most 4096 of them.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        unpacked = _buffered(raw)
        if unpacked.peek(2)[:2] == _GZIP:
            unpacked = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=unpacked)))
        self.head = unpacked.peek(_HEAD)[:_HEAD]
        self._unpacked = unpacked

    def lines(self) -> Iterator[str]:
        """Yield the lines, each but the last with a line feed at its end; see `is_text`. The file is closed then.

        Files that were put one behind the other have marks within: none begins a line.
        """
        encoding = next((name for mark, name in _ENCODINGS if self.head.startswith(mark)), "utf-8")
        # Bytes that are no UTF-8 are heard of line by line; the other encodings are whole or not at all.
        errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
        with io.TextIOWrapper(self._unpacked, encoding, errors) as text:
            yield from (line.lstrip(_MARK) for line in text)


def _buffered(raw: IO[bytes]) -> io.BufferedReader:
    return raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, raw))


def is_text(line: str) -> bool:
    """Tell whether a line of `Opened` was text: what is no UTF-8 comes as surrogates."""
    return line.isascii() or not _NO_TEXT.search(line)


def find_no_text(lines: Iterable[str]) -> tuple[int, str] | None:
    """Return the number, from 1, of the first line that was no text, and what is wrong with it; None if all were."""
    for number, line in enumerate(lines, start=1):
        if not is_text(line):
            return number, why_no_text(line)
    return None


@contextmanager
def naming(file: object, kind: str = "") -> Iterator[None]:
    """Turn what goes wrong within, while a file is read, into one line that names it, and what it is to be.

    Raises:
        UsageError: the file is not there, a folder, damaged, or not in the encoding that its mark says.
    """
    try:
        yield
    except IsADirectoryError:
        raise UsageError(
            f"cannot read {kind}{file}: it is a folder; name files in it, such as {file}/*.jsonl"
        ) from None
    except (OSError, EOFError, zlib.error, UnicodeError) as error:  # EOFError, zlib.error: a gzip file cut off, damaged
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"cannot read {kind}{file}: {why}") from None


def read_text(path: Path, kind: str = "") -> str:
    """Return the text of a file.

    Raises:
        UsageError: it cannot be read; `kind` says there what it is to be, such as "the settings file ".
    """
    return "".join(_read(path, kind))


def read_toml(path: Path, kind: str = "") -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises:
        UsageError: see `read_text`, or it is no TOML: says where, and what people often write there.
    """
    text = read_text(path, kind)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"cannot read {kind}{path}: {error}{_toml_hint(text, str(error))}") from None
    except RecursionError:
        raise UsageError(f"cannot read {kind}{path}: its arrays or tables are nested too deeply") from None


def _toml_hint(text: str, problem: str) -> str:
    r"""Return what people write otherwise than TOML in the line that a problem names; empty where it is none of that.

    >>> _toml_hint("temperature = 0,8", "Expected newline or end of document after a statement (at line 1, column 16)")
    '; decimals have a point, as in 0.8'
    """
    place = re.search(r"at line (\d+)", problem)
    line = text.split("\n")[int(place[1]) - 1] if place else ""
    if re.search(r"=\s*[-+]?\d+,\d", line):
        return "; decimals have a point, as in 0.8"
    return r"; a Windows path stands in single quotes, as in 'C:\calls'" if "\\" in line else ""


def read_lines(path: Path, kind: str = "") -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that hold something, with their numbers from 1, without white space around them.

    Raises:
        UsageError: see `read_text`.
    """
    for number, line in enumerate(_read(path, kind), start=1):
        if stripped := line.strip():
            yield number, stripped


def _read(path: Path, kind: str = "") -> Iterator[str]:
    with naming(path, kind), path.open("rb") as raw:
        for number, line in enumerate(Opened(raw).lines(), start=1):
            if not is_text(line):
                raise UsageError(f"{path}:{number}: {why_no_text(line)}")
            yield line


class Value(NamedTuple):
    """A JSON value in a file: where it stands, as errors say it, its number among the lines or items, and itself.

    `problem` says why a line holds none; it is empty for one that does.
    """

    where: str
    number: int
    value: Any
    problem: str = ""


def read_values(path: Path) -> Iterator[Value]:
    """Yield the JSON values of a file: one a line, or the items of an array, or one over many lines.

    Raises:
        UsageError: the file cannot be read, or is no JSON (with file and line).
    """
    for value in read_values_and_problems(path):
        if value.problem:
            raise UsageError(f"{value.where}: {value.problem}")
        yield value


def read_values_and_problems(path: Path) -> Iterator[Value]:
    """Yield what `read_values` does; a line that holds no value comes with its problem.

    Raises:
        UsageError: the file cannot be read, or is a document that is no JSON.
    """
    with naming(path), path.open("rb") as raw:
        yield from _values(Opened(raw).lines(), path)


def _values(lines: Iterator[str], path: Path) -> Iterator[Value]:
    # The file is read once: it may be a pipe.
    first = list(islice(lines, LOOKED_AT))
    whole = chain(first, lines)
    if is_document([line.strip() for line in first if line.strip()]):
        yield from _items(list(whole), path)
        return
    for number, line in enumerate(whole, start=1):
        where = f"{path}:{number}"
        if text := line.strip():
            if not is_text(text):
                yield Value(where, number, None, why_no_text(text))
                continue
            try:
                yield Value(where, number, parse_json(text))
            except ValueError as error:
                yield Value(where, number, None, f"no JSON: {error}")


def _items(lines: Sequence[str], path: Path) -> Iterator[Value]:
    if broken := find_no_text(lines):
        raise UsageError(f"{path}:{broken[0]}: {broken[1]}")
    try:
        for number, value in parse_values("".join(lines)):
            if isinstance(value, list) and value:
                yield from (Value(f"{path}:{number}[{i}]", i + 1, item) for i, item in enumerate(value))
            else:
                yield Value(f"{path}:{number}", number, value)
    except NoJsonError as error:
        raise UsageError(f"{path}:{error.line}: no JSON: {error}") from None


def is_document(filled: Sequence[str]) -> bool | None:
    """Tell whether a file's JSON goes on over lines, and is not a value a line; None when it is no JSON at all.

    Args:
        filled: its first lines that are not blank, without white space around them.
    """
    if not filled or filled[0][0] not in "{[":
        return None
    if _holds_value(filled[0]):
        # A line with an array, where no other follows, is a document.
        return filled[0][0] == "[" and len(filled) == 1
    if filled[0][0] == "[":
        # "[00:01:05] Agent: Hello." begins like an array.
        return True if re.match(r"\[\s*([\[{\"]|$)", filled[0]) else None
    return filled[0] == "{" or not any(map(_holds_value, filled[1:]))


def _holds_value(line: str) -> bool:
    try:
        return isinstance(parse_json(line), dict | list)
    except ValueError:
        return False


class NoJsonError(ValueError):
    """A text is no JSON; `line` is where the value begins that is none, from 1."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


def parse_json(text: str) -> Any:
    """Return the one JSON value of a text.

    Raises:
        ValueError: it is no JSON; says why.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse_values(text: str) -> Iterator[tuple[int, Any]]:
    """Yield the JSON values that stand one behind the other in a text, each with the line that it begins in, from 1.

    Raises:
        NoJsonError: it is no JSON; says why and where.
    """
    position, line = 0, 1
    while found := _FILLED.search(text, position):
        line += text.count("\n", position, found.start())
        try:
            value, position = _DECODER.raw_decode(text, found.start())
        except RecursionError:
            raise NoJsonError("nested too deeply", line) from None
        except ValueError as error:
            raise NoJsonError(str(error), line) from None
        yield line, value
        line += text.count("\n", found.start(), position)
