"""Reads the real calls of a job, tells what was left out of them, and counts it."""

import asyncio
import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from agents.errors import UsageError
from agents.reading import naming
from graphs.config.settings import TranscriptSettings
from outputs.files import require_apart
from outputs.reports.pool_summary import Stage
from outputs.runs.run import Funnel, most_frequent_first
from outputs.runs.second_look import SECOND_LOOK
from personas.distill.filters import Filters
from personas.distill.ingest import Ingested, ingest
from personas.distill.second_look import NOT_THERE
from personas.distill.transcripts import NOBODY, STANDARD_INPUT, Transcript

SHOWN_BROKEN = 5
"""Number of broken lines that are shown one by one."""
SHOWN_THIRD = 8
"""Number of third voices that are shown by name."""
BREATH = 50
"""Number of calls read between two moments at which an interrupt is heeded."""


def require_transcripts(settings: TranscriptSettings) -> None:
    """Check that files were named which can be opened, before a server is asked for anything.

    Raises:
        UsageError: none was, or one cannot be opened.
    """
    if not settings.transcripts:
        raise UsageError("no transcripts: name at least one file, or - for standard input")
    for name in settings.transcripts:
        with naming(name):
            # A pipe is opened once, by who reads it.
            if name != STANDARD_INPUT and not Path(name).is_fifo():
                Path(name).open("rb").close()


def require_no_transcript(settings: TranscriptSettings, *written: Path | None) -> None:
    """Check that what is written replaces none of the transcripts; see `require_apart`."""
    require_apart((Path(name) for name in settings.transcripts if name != STANDARD_INPUT), *written)


async def read_calls(
    settings: TranscriptSettings, filters: Filters, ingested: Ingested, console: Console
) -> list[Transcript]:
    """Read the calls of files, private data replaced, and tell the console what was left out.

    Args:
        settings: which files, and what the user says of them.
        filters: the rules that a call must pass.
        ingested: is added to.
        console: is told of third voices and broken lines.

    Raises:
        UsageError: a file cannot be read, or no call is left; when strict, also the first thing that is broken.
    """
    calls = []
    with console.status("reading"):
        for call in ingest(settings.transcripts, settings.reading, filters, ingested, strict=settings.strict):
            calls.append(call)
            if len(calls) % BREATH == 0:
                await asyncio.sleep(0)
    if ingested.third:
        console.print(_describe_third(ingested.third), markup=False)
    for broken in ingested.broken[:SHOWN_BROKEN]:
        console.print(f"skipped {broken}")
    if (more := len(ingested.broken) - SHOWN_BROKEN) > 0:
        console.print(f"skipped {more} more broken lines; --strict stops at the first")
    if not calls:
        raise UsageError(f"none of the {ingested.read} calls read can be used: {describe_filtered(ingested)}")
    return calls


def _describe_third(third: Counter[str]) -> str:
    names = [f"{name} {count:,}" for name, count in most_frequent_first(third).items()]
    more = f" and {len(names) - SHOWN_THIRD:,} more names" if len(names) > SHOWN_THIRD else ""
    shown = f"{', '.join(names[:SHOWN_THIRD])}{more}"
    named = next((name for name in most_frequent_first(third) if name != NOBODY), None)
    example = shlex.quote(f"{named}=agent" if named is not None else f"{NOBODY}=none")
    return f"utterances of third voices left out: {shown}; to say whose side one is on: --speaker {example}"


def describe_filtered(ingested: Ingested) -> str:
    """Say how many calls failed which rule, or why else there are none."""
    counts = [f"{rule} {count}" for rule, count in ingested.filtered.most_common()]
    if ingested.broken:
        counts.append(f"broken lines {len(ingested.broken)}")
    return ", ".join(counts) or "the files are empty"


def stage_parts(counts: Mapping[str, int]) -> list[Stage]:
    """Return the parts of a stage, the most frequent first."""
    return [Stage(name=name, count=count, is_part=True) for name, count in most_frequent_first(counts).items()]


def ingestion_stages(ingested: Ingested) -> list[Stage]:
    """Return the stages of a job up to the calls that a model sees."""
    stages = [Stage(name="broken lines", count=len(ingested.broken)), Stage(name="calls read", count=ingested.read)]
    # Their names may be people's: they are for the console alone, not for a report.
    stages.append(Stage(name="third voices left out", count=ingested.third.total()))
    stages += [Stage(name="filtered out", count=ingested.filtered.total()), *stage_parts(ingested.filtered)]
    replaced = Counter({kind.value: count for kind, count in ingested.replaced.items()})
    return [*stages, Stage(name="private data replaced", count=replaced.total()), *stage_parts(replaced)]


def second_look_stages(funnel: Funnel) -> list[Stage]:
    """Return what a model found in the calls that the rules had left; nothing where it was not asked."""
    found = {name: count for (name,), count in funnel.counts.get(SECOND_LOOK, {}).items()}
    if not found:
        return []
    not_there = found.pop(NOT_THERE, 0)
    total = Stage(name="private data that the model found", count=sum(found.values()))
    return [total, *stage_parts(found), Stage(name=NOT_THERE, count=not_there, is_part=True)]
