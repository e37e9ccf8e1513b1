"""Rejects dialogues that nearly repeat an earlier one of the run, once all have been played."""

from collections.abc import Sequence
from typing import overload

import numpy as np

from agents.errors import UsageError
from graphs.config.settings import Settings
from graphs.jobs.vectors import vectors_folder
from graphs.scheduling.job import Job
from graphs.telemetry.progress import bar
from outputs.files import require_folder
from outputs.runs.record import NEAR_DUPLICATE, NearDuplicate, Planned, Record
from outputs.runs.store import RunStore
from personas.dedup.embedding import EmbeddingModel, embed, find_model
from personas.dedup.pruning import prune

MAX_CHARACTERS = 4_000
"""No embedding model reads further: the usual ones stop at 256 or 512 tokens."""


def find_similarity_model(settings: Settings) -> EmbeddingModel | None:
    """Return the model that dialogues are compared with; None where the settings compare none.

    Raises:
        UsageError: the model is not there, or the vectors cannot be kept.
    """
    if settings.max_similarity == 1:
        return None
    require_folder(vectors_folder())
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
    passed = store.passed(NEAR_DUPLICATE)
    found = _find_near_duplicates(_Texts(store, list(passed)), model, job)
    for key, is_rejected in passed.items():
        if not (is_rejected or key in found):
            continue
        record = store.record(key)
        if record.near_duplicate != (near_duplicate := found.get(key)):
            store.rewrite(record.model_copy(update={"near_duplicate": near_duplicate}))


class _Texts(Sequence[str]):
    """What is compared of dialogues, read from the store when it is looked at: all of it would fill the memory."""

    def __init__(self, store: RunStore[Planned, Record], keys: Sequence[str]) -> None:
        self.keys = keys
        self._store = store

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> "_Texts": ...

    def __getitem__(self, index: int | slice) -> "str | _Texts":
        if isinstance(index, slice):
            return _Texts(self._store, self.keys[index])
        return "\n".join(turn.text for turn in self._store.record(self.keys[index]).turns)[:MAX_CHARACTERS]


def _find_near_duplicates(texts: _Texts, model: EmbeddingModel | None, job: Job[Settings]) -> dict[str, NearDuplicate]:
    """Return by key, for each dialogue that repeats one before it, which one that is."""
    if model is None or len(texts) < 2:
        return {}
    with bar(job.console, "comparing dialogues", len(texts)) as show:

        def advance(done: int) -> None:
            # A thread cannot be cancelled: it asks.
            if job.interruption.requested:
                raise InterruptedError
            show(done)

        vectors = embed(texts, model, vectors_folder(), advance)
    pruning = prune(vectors, np.arange(len(texts)), job.settings.max_similarity)
    return {
        texts.keys[row]: NearDuplicate(id=texts.keys[survivor], similarity=round(float(pruning.similarity[row]), 4))
        for row, survivor in enumerate(pruning.absorber)
        if row != survivor
    }
