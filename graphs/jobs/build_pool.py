"""Makes a pool of distinct personas: embeds them, merges near-duplicates, writes the pool and how it came about."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from agents.csc.language import Language
from agents.errors import UsageError
from graphs.config.settings import PoolSettings
from graphs.jobs.vectors import vectors_folder
from graphs.telemetry.progress import bar
from outputs.files import require_folder, write_whole
from outputs.reports.pool_page import render_pool_report
from outputs.reports.pool_summary import PoolSummary, Stage, describe_merges
from personas.dedup.embedding import EmbeddingModel, embed, find_model
from personas.dedup.merging import merge_duplicates
from personas.persona import Persona
from personas.pool import read_pool


def find_models(
    settings: PoolSettings, languages: Iterable[Language], console: Console
) -> dict[Language, EmbeddingModel]:
    """Return the embedding model of each language.

    Raises:
        UsageError: a model is not there, or the vectors cannot be kept.
    """
    require_folder(vectors_folder())
    models = {language: find_model(settings.embedding_model, language) for language in languages}
    for language, model in models.items():
        if model.is_stand_in:
            console.print(f"No model hub in reach: personas are compared with {model.name}.")
            if language is Language.ZH:
                console.print(
                    "It tells Chinese texts apart badly (distinct personas reach a similarity of 0.85): name a model "
                    "by --embedding-model, or raise --threshold.",
                )
    return models


def read_pools(paths: Sequence[Path]) -> list[Persona]:
    """Return the personas of several pools, in their order.

    Raises:
        UsageError: a pool cannot be read, or two personas that differ have the same id.
    """
    first: dict[str, tuple[Persona, Path]] = {}
    personas = []
    for path in paths:
        for persona in read_pool(path):
            known, where = first.setdefault(persona.id, (persona, path))
            if known.description != persona.description:
                raise UsageError(f"{path} and {where} both hold a persona {persona.id!r}, and they differ: rename one")
            personas.append(persona)
    return personas


def make_pool(
    personas: Sequence[Persona],
    stages: Iterable[Stage],
    settings: PoolSettings,
    models: dict[Language, EmbeddingModel],
    console: Console,
) -> PoolSummary:
    """Write the distinct ones of `personas`, the list of merges beside them, and the report where one is wanted.

    Personas of different languages are never merged. Each file is written whole or not at all; of no personas, no pool.

    Args:
        personas: in the order that the pool is to have.
        stages: what was counted before.
        settings: threshold and files.
        models: the embedding model of each language that occurs.
        console: where the progress is shown.

    Raises:
        UsageError: a model does not load.
        StoreError: the vectors cannot be kept.
        OSError: a file cannot be written.
    """
    merged = []
    for language in Language:
        those = [persona for persona in personas if persona.language is language]
        if not those:
            continue
        texts = [persona.description for persona in those]
        with bar(console, "embedding", len(those)) as advance:
            vectors = embed(texts, models[language], vectors_folder(), advance)
        with bar(console, "merging", len(those)) as advance:
            merged.append(merge_duplicates(those, vectors, settings.threshold, advance))
    names = [model.name for model in models.values()]
    summary = PoolSummary.build(stages, merged, settings.threshold, names)
    survivors = {group.survivor.id: group.survivor for part in merged for group in part.groups}
    # In the order in which they came, whatever their languages.
    ordered = [survivors.pop(persona.id) for persona in personas if persona.id in survivors]
    if ordered:
        write_whole(settings.out, (persona.model_dump_json() for persona in ordered))
        write_whole(merges_file(settings.out), describe_merges(summary))
    if settings.report:
        write_whole(settings.report, [render_pool_report(summary)])
    return summary


def merges_file(pool: Path) -> Path:
    """Return where the list of merges of a pool is written."""
    return pool.with_name(f"{pool.stem}.merges.txt")
