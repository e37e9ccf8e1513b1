"""What goes into a distillation: calls that were read, passed the filters, and hold no private data any more."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agents.digests import digest
from agents.errors import UsageError
from personas.distill.filters import Filters
from personas.distill.forms.call import Broken
from personas.distill.transcripts import Line, Reading, ThirdVoices, Transcript, read_transcripts
from personas.persona import source_of
from quality.privacy import Private, scrub


@dataclass
class Ingested:
    """What has been ingested so far.

    Attributes:
        read: calls that were read, whatever became of them.
        broken: places in files that hold no call.
        third: utterances of third voices, left out, by the name of the voice.
        filtered: calls by the rule that they failed; "repeated" is the rule that no call came before, word by word.
        replaced: pieces of private data in the calls that passed, by kind.
    """

    read: int = 0
    broken: list[Broken] = field(default_factory=list)
    third: Counter[str] = field(default_factory=Counter)
    filtered: Counter[str] = field(default_factory=Counter)
    replaced: Counter[Private] = field(default_factory=Counter)


def ingest(
    names: Iterable[str], reading: Reading, filters: Filters, ingested: Ingested, *, strict: bool = False
) -> Iterator[Transcript]:
    """Yield the calls of files that are to be distilled, scrubbed; `ingested` counts along.

    A call's id becomes unique whatever files the calls come from, in this run or another: a digest of its words is put
    behind it. So two files may number their calls alike, and pools that hold the same call count it once.

    Args:
        names: paths of files; `-` is standard input.
        reading: what the user says of the files.
        filters: the rules that a call must pass.
        ingested: is added to, with each call that is read.
        strict: stop at what is broken and at a third voice instead of counting it.

    Raises:
        UsageError: a file cannot be read, or, when strict, a line of it, or somebody in it is on neither side.
    """
    seen: set[str] = set()
    for item in read_transcripts(names, reading):
        if strict and not isinstance(item, Transcript):
            raise UsageError(str(item))
        if isinstance(item, Broken):
            ingested.broken.append(item)
            continue
        if isinstance(item, ThirdVoices):
            ingested.third.update(item.utterances)
            continue
        ingested.read += 1
        words = digest(item.lines)
        rule = "repeated" if words in seen else filters.failed_rule(item)
        if rule:
            ingested.filtered[rule] += 1
            continue
        seen.add(words)
        scrubbed = scrub([line.text for line in item.lines])
        ingested.replaced.update(scrubbed.counts)
        lines = zip(item.lines, scrubbed.texts, strict=True)
        yield Transcript(source_of(item.id, words), tuple(Line(line.speaker, text) for line, text in lines))
