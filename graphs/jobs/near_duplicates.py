"""Rejects dialogues that nearly repeat an earlier one of the run, once all have been played."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import platformdirs

from agents.errors import UsageError
from graphs.config.settings import Settings
from graphs.jobs.build_pool import bar
from graphs.scheduling.job import Job
from outputs.runs.record import NEAR_DUPLICATE, NearDuplicate, Planned, Record
from outputs.runs.store import RunStore
from personas.dedup.embedding import EmbeddingModel, embed, find_model
from personas.dedup.pruning import prune

MAX_CHARACTERS = 4_000
"""No embedding model reads further: the usual ones stop at 256 or 512 tokens."""


def find_similarity_model(settings: Settings) -> EmbeddingModel | None:
    """Return the model that dialogues are compared with; None where the settings compare none.

    Raises:
        UsageError: the model is not there.
    """
    if settings.max_similarity == 1:
        return None
    try:
        return find_model(settings.embedding_model, settings.language)
    except UsageError as error:
        raise UsageError(f"{error}; or compare no dialogues: --max-similarity 1") from None


def reject_near_duplicates(job: Job[Settings], store: RunStore[Planned, Record], model: EmbeddingModel | None) -> None:
    """Compare the dialogues that passed the gate by their embeddings, and reject repeats.

    In the order of the plan a dialogue stays unless one that stayed is at or over the similarity allowed. What was
    rejected so before is looked at anew: the outcome depends on the dialogues alone, and not on how the run got here.

    Raises:
        InterruptedError: it was interrupted; nothing is rejected yet.
        UsageError: the model does not load.
        StoreError: the store or the vectors cannot be written.
    """
    if model is None and NEAR_DUPLICATE not in store.funnel().reasons:
        return
    gists = list(map(_gist, store.passed_records(NEAR_DUPLICATE)))
    near_duplicates = _find_near_duplicates(gists, model, job)
    for gist in gists:
        if gist.near_duplicate != (near_duplicate := near_duplicates.get(gist.id)):
            store.rewrite(store.record(gist.id).model_copy(update={"near_duplicate": near_duplicate}))


class _Gist(NamedTuple):
    """What is looked at of a dialogue: its text, and which one it is known to repeat."""

    id: str
    text: str
    near_duplicate: NearDuplicate | None


def _gist(record: Record) -> _Gist:
    return _Gist(record.id, "\n".join(turn.text for turn in record.turns)[:MAX_CHARACTERS], record.near_duplicate)


def _find_near_duplicates(
    gists: Sequence[_Gist], model: EmbeddingModel | None, job: Job[Settings]
) -> dict[str, NearDuplicate]:
    """Return for each dialogue that repeats one before it in the sequence which one that is."""
    if model is None or len(gists) < 2:
        return {}
    with bar(job.console, "comparing dialogues", len(gists)) as show:

        def advance(done: int) -> None:
            # A thread cannot be cancelled: it asks.
            if job.interruption.requested:
                raise InterruptedError
            show(done)

        cache = platformdirs.user_cache_path("rolecs") / "vectors"
        vectors = embed([gist.text for gist in gists], model, cache, advance)
    pruning = prune(vectors, np.arange(len(gists)), job.settings.max_similarity)
    return {
        gists[row].id: NearDuplicate(id=gists[survivor].id, similarity=round(float(pruning.similarity[row]), 4))
        for row, survivor in enumerate(pruning.absorber)
        if row != survivor
    }
