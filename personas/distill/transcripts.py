"""Reads transcripts of real calls, in whatever form: text, captions, tables, JSON; the form is told by the content."""

import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain, groupby, islice
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from agents.csc.language import Language
from agents.csc.speakers import Speaker, plain_name
from agents.encodings import why_no_text
from agents.reading import (
    LOOKED_AT,
    NoJsonError,
    Opened,
    find_no_text,
    is_document,
    is_text,
    naming,
    parse_json,
    parse_values,
)
from personas.distill.forms.call import LEFT_OUT, Broken, Call, Row, group_rows
from personas.distill.forms.captions import are_captions, parse_captions
from personas.distill.forms.documents import Place, find_calls
from personas.distill.forms.foreign import name_foreign
from personas.distill.forms.tables import Table, find_table, read_table
from personas.distill.forms.text import parse_text, split_calls
from personas.distill.voices import Sides, find_sides, find_speaker
from quality.text import find_language

STANDARD_INPUT = "-"
_SHOWN_NAMES, _SHOWN_CHARACTERS = 6, 60
_ID_CHARACTERS = 100
_TABLES = (".csv", ".tsv", ".tab")
"""How the names of tables end."""
_SIDES = {"agent": Speaker.SUPPORTER, "customer": Speaker.CUSTOMER}
NOBODY = "nobody named"
"""The third voice of what is said without a name."""
_NO_WORDS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]+")
"""Control characters, halves of surrogate pairs, byte order marks."""
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u2060\u202a-\u202e\u2066-\u2069]+")
"""Soft hyphens, spaces without a width, marks of direction."""


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


class ThirdVoices(NamedTuple):
    """Who else speaks in the call that comes next, and how many utterances of theirs are left out."""

    where: str
    utterances: Counter[str]

    def __str__(self) -> str:
        first = _foremost(self.utterances)
        told = f"{self.where}: third voices, which are left out: {_shown(self.utterances)}; "
        if first == NOBODY:
            return f"{told}to say that this is right: --speaker {shlex.quote(f'{NOBODY}=none')}"
        return f"{told}to say whose side one is on: --speaker {shlex.quote(f'{first}=agent')}, or =customer, or =none"


class Reading(NamedTuple):
    """How transcripts are read.

    Attributes:
        sides: whose side the bearers of names are on, where the table of names does not say it.
        columns: the column of each part of a table ("speaker", "text", "id", "turn"), where its names do not say it.
    """

    sides: Sides = MappingProxyType({})
    columns: Mapping[str, str] = MappingProxyType({})

    def is_known(self, name: str) -> bool:
        """Tell whether a name stands for one of the two sides, or for nobody's on purpose."""
        return find_speaker(name, self.sides) is not None or plain_name(name) in self.sides


AS_IT_IS = Reading()
"""The user says nothing of the files."""


def read_transcripts(names: Iterable[str], reading: Reading = AS_IT_IS) -> Iterator[Transcript | Broken | ThirdVoices]:
    """Yield the calls of files, in their order, what is broken in them, and before a call its third voices.

    Args:
        names: paths of files; `-` is standard input.
        reading: what the user says of them.

    Raises:
        UsageError: a file cannot be read at all; says which.
    """
    for name in names:
        is_piped = name == STANDARD_INPUT
        label, file = ("standard input", "stdin") if is_piped else (name, Path(name).name.removesuffix(".gz"))
        with naming(label), nullcontext(sys.stdin.buffer) if is_piped else Path(name).open("rb") as raw:
            for item in _File(label, file, reading).read(Opened(raw)):
                yield from [item] if isinstance(item, Broken) else _assemble(item, reading.sides)


class _File(NamedTuple):
    """A file of transcripts: as errors call it, its name without `.gz`, and how it is read."""

    label: str
    name: str
    reading: Reading

    @property
    def stem(self) -> str:
        """What begins the ids of calls that have none."""
        return self.name.rsplit(".", 1)[0]

    def read(self, opened: Opened) -> Iterator[Call | Broken]:
        """Yield what the file holds."""
        if kind := name_foreign(opened.head):
            yield Broken(f"{self.label}:1", f"no transcript: this is {kind}; save it as text, CSV or JSON in UTF-8")
            return
        lines = opened.lines()
        first = list(islice(lines, LOOKED_AT))
        whole = chain(first, lines)
        is_whole = is_document([line.strip() for line in first if line.strip()])
        if is_whole is None:
            yield from self._read_text(first, whole)
            return
        rows: list[Row | Broken] = []
        for item in self._read_document(list(whole)) if is_whole else self._read_values(whole):
            if not isinstance(item, Call):
                rows.append(item)
            if not isinstance(item, Row):
                yield item
        yield from group_rows(rows, self.stem)

    def _read_document(self, lines: Sequence[str]) -> Iterator[Call | Row | Broken]:
        if broken := find_no_text(lines):
            yield Broken(f"{self.label}:{broken[0]}", broken[1])
            return
        try:
            for number, value in parse_values("".join(lines)):
                place = Place(f"{self.label}:{number}", f"{self.stem}-{number}")
                yield from find_calls(value, place, self.reading.is_known)
        except NoJsonError as error:
            yield Broken(f"{self.label}:{error.line}", f"no transcript: no JSON: {error}")

    def _read_values(self, lines: Iterable[str]) -> Iterator[Call | Row | Broken]:
        for number, line in enumerate(lines, start=1):
            place = Place(f"{self.label}:{number}", f"{self.stem}-{number}")
            if not line.strip():
                continue
            problem = "" if is_text(line) else why_no_text(line)
            try:
                found = find_calls(parse_json(line), place, self.reading.is_known)
            except ValueError as error:
                why = problem or f"no transcript: no JSON: {error}"
                yield Broken(place.where, f"{why}{LEFT_OUT}", is_gap=True)
                continue
            if problem:
                yield Broken(place.where, f"{problem}{LEFT_OUT}")
                found = [item._replace(is_whole=False) for item in found if isinstance(item, Row)]
            yield from found

    def _read_text(self, first: list[str], lines: Iterable[str]) -> Iterator[Call | Broken]:
        """Yield the calls of lines that are no JSON; what is no text in them is told at the end."""
        broken: list[Broken] = []
        texts = self._noting(lines, broken)
        is_known = self.reading.is_known
        if are_captions(first):
            yield from _if_text(Call(f"{self.stem}-1", f"{self.label}:1", parse_captions(texts, is_known)))
        elif isinstance(table := self._find_table(first), Broken):
            yield table if is_text(table.problem) else Broken(table.where, why_no_text(table.problem))
        elif table:
            yield from read_table(table, texts, self.label, self.stem, is_known)
        else:
            for call in split_calls(
                (number, text) for number, line in enumerate(texts, start=1) if (text := line.strip())
            ):
                number = call[0][0]
                said = parse_text((line for _, line in call), is_known)
                yield from _if_text(Call(f"{self.stem}-{number}", f"{self.label}:{number}", said))
        yield from broken

    def _noting(self, lines: Iterable[str], broken: list[Broken]) -> Iterator[str]:
        """Yield lines; `broken` is told of those that are no text."""
        for number, line in enumerate(lines, start=1):
            if not is_text(line):
                broken.append(Broken(f"{self.label}:{number}", f"{why_no_text(line)}{LEFT_OUT}"))
            yield line

    def _find_table(self, first: list[str]) -> Table | Broken | None:
        columns = self.reading.columns
        is_named = self.name.lower().endswith(_TABLES) or (bool(columns) and "." not in self.name)
        return find_table(first, columns, is_named=is_named, label=self.label)


def _if_text(call: Call) -> Iterator[Call]:
    """Yield a call all of which is text."""
    if all(is_text(said.name) and is_text(said.text) for said in call.said):
        yield call


def _assemble(call: Call, sides: Sides) -> Iterator[Transcript | Broken | ThirdVoices]:
    """Yield a call as it is distilled: two sides that alternate, third voices told beside it."""
    texts = ((said.name.strip() or NOBODY, _bare(said.text)) for said in call.said)
    spoken = [(name, text) for name, text in texts if text]
    if all(name == NOBODY for name, _ in spoken):
        yield Broken(call.where, "no transcript: it does not tell who speaks, such as by 'Agent:' before what is said")
        return
    by_name = find_sides((name for name, _ in spoken), sides)
    third = Counter(_shown([name]) for name, _ in spoken if _is_third(name, by_name, sides))
    missing = [side for side in ("agent", "customer") if _SIDES[side] not in by_name.values()]
    if third and missing:
        yield Broken(
            call.where,
            f"no transcript: nobody in it is known as the {' or the '.join(missing)}; the names are "
            f"{_shown(dict.fromkeys(name for name, _ in spoken))}: say who that is, such as "
            f"--speaker {shlex.quote(f'{_foremost(third)}={missing[0]}')}",
        )
        return
    if third:
        yield ThirdVoices(call.where, third)
    lines = [Line(speaker, text) for name, text in spoken if (speaker := by_name[name])]
    yield Transcript(_bare(call.id)[:_ID_CHARACTERS], _merge(lines))


def _is_third(name: str, by_name: Mapping[str, Speaker | None], sides: Sides) -> bool:
    return by_name[name] is None and plain_name(name) not in sides


def _shown(names: Iterable[str]) -> str:
    """Return some names as one text; they come from files."""
    found = [_bare(name)[:_SHOWN_CHARACTERS] for name in names]
    return ", ".join(found[:_SHOWN_NAMES]) + (", ..." if len(found) > _SHOWN_NAMES else "")


def _bare(text: str) -> str:
    """Return a text on one line, without what nobody sees."""
    return " ".join(_UNSEEN.sub("", _NO_WORDS.sub(" ", text)).split())


def _foremost(third: Counter[str]) -> str:
    """Return who of the third voices says most; what has no name comes last."""
    return max(third, key=lambda name: (name != NOBODY, third[name]))


def _merge(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Join what one speaker says in a row."""
    return tuple(
        Line(speaker, " ".join(line.text for line in said))
        for speaker, said in groupby(lines, lambda line: line.speaker)
    )
