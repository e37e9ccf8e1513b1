"""Compares synthetic dialogues with real ones: reads both, takes private data out, embeds them, measures."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from rich.console import Console

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.errors import UsageError
from graphs.jobs.vectors import embed_dialogues
from graphs.telemetry.progress import bar
from outputs.datasets.dialogues import Labelled
from outputs.datasets.sources import read_source
from outputs.reports.realism import Comparison
from personas.dedup.embedding import EmbeddingModel, find_model
from quality.metrics.realism import DialogueSet, measure_realism
from quality.privacy import scrub
from quality.text import split_words

MIN_DIALOGUES = 10
MAX_DIALOGUES = 5_000
"""Of a larger set so many are drawn at random: time and memory grow with the square."""
_SEED = 1


class _Read(NamedTuple):
    """The dialogues of a source that are compared, how many it has, and in how many one side says nothing."""

    source: Path
    dialogues: list[Labelled]
    total: int
    one_sided: int


def compare_sets(
    synthetic: Path, real: Path, embedding_model: str | None, console: Console, *, with_rejected: bool = False
) -> Comparison:
    """Compare a set of synthetic dialogues with a set of real ones.

    Args:
        synthetic: a run, an exported folder, or a file of rows.
        real: the same.
        embedding_model: a folder or hub name; None for the default of the language.
        console: where the progress is shown.
        with_rejected: take the rejected dialogues of a run as well.

    Raises:
        UsageError: a source cannot be read, holds too few dialogues, or the languages differ; or there is no model.
        StoreError: the vectors cannot be kept.
    """
    sets = [_read(source, with_rejected) for source in (synthetic, real)]
    language = _same_language(sets)
    model = find_model(embedding_model, language)
    if model.is_stand_in:
        console.print(f"No model hub in reach: dialogues are compared with {model.name}.", markup=False)
    prepared = [_prepare(found, language, model, console) for found in sets]
    return Comparison(
        language=language,
        embedding_model=model.name,
        sources=(str(synthetic), str(real)),
        totals=(sets[0].total, sets[1].total),
        one_sided=(sets[0].one_sided, sets[1].one_sided),
        realism=measure_realism(prepared[0], prepared[1], language),
    )


def _read(source: Path, with_rejected: bool) -> _Read:
    dialogues = list(read_source(source, with_rejected=with_rejected))
    two_sided = [dialogue for dialogue in dialogues if _speak(dialogue.turns) == set(Speaker)]
    if len(two_sided) < MIN_DIALOGUES:
        raise UsageError(
            f"{source} holds {len(two_sided)} dialogues in which both sides say something; "
            f"a comparison needs {MIN_DIALOGUES} or more"
        )
    chosen = two_sided
    if len(two_sided) > MAX_DIALOGUES:
        chosen = [two_sided[i] for i in sorted(Random(_SEED).sample(range(len(two_sided)), MAX_DIALOGUES))]
    return _Read(source, chosen, len(dialogues), len(dialogues) - len(two_sided))


def _speak(turns: Sequence[Turn]) -> set[Speaker]:
    return {turn.speaker for turn in turns if split_words(turn.text)}


def _same_language(sets: Sequence[_Read]) -> Language:
    languages = {found.source: {dialogue.language for dialogue in found.dialogues} for found in sets}
    every = set().union(*languages.values())
    if len(every) > 1:
        held = "; ".join(f"{source} is in {' and '.join(sorted(those))}" for source, those in languages.items())
        raise UsageError(f"dialogues are compared within a language: {held}")
    (language,) = every
    return language


def _prepare(found: _Read, language: Language, model: EmbeddingModel, console: Console) -> DialogueSet:
    """Return dialogues with private data replaced, and their vectors."""
    dialogues: list[tuple[Turn, ...]] = []
    with bar(console, f"reading {found.source.name}", len(found.dialogues)) as advance:
        for done, dialogue in enumerate(found.dialogues, start=1):
            # Placeholders on both sides: else names and numbers would tell real calls from synthetic ones.
            texts = scrub([turn.text for turn in dialogue.turns]).texts
            scrubbed = zip(dialogue.turns, texts, strict=True)
            dialogues.append(tuple(turn.model_copy(update={"text": text}) for turn, text in scrubbed))
            advance(done)
    said = [[turn.text for turn in turns] for turns in dialogues]
    return DialogueSet(
        ids=[dialogue.id for dialogue in found.dialogues],
        # A dialogue of nobody known is a group with those of the same words alone.
        groups=[
            dialogue.persona_id or "\n".join(turn.text for turn in turns)
            for dialogue, turns in zip(found.dialogues, dialogues, strict=True)
        ],
        dialogues=dialogues,
        vectors=embed_dialogues(said, model, console, f"embedding {found.source.name}"),
    )
