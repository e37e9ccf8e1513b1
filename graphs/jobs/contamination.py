"""Looks for dialogues that a model may have been trained on: by their wording, and by their embeddings."""

from collections.abc import Sequence

from rich.console import Console

from graphs.jobs.vectors import embed_dialogues
from outputs.datasets.dialogues import Labelled
from outputs.datasets.roles import RoleRow
from outputs.evaluation.contamination import Overlap, find_overlaps, nearest, trained_dialogues
from personas.dedup.embedding import EmbeddingModel


def look_for_overlaps(
    dialogues: Sequence[Labelled], rows: Sequence[RoleRow], model: EmbeddingModel | None, console: Console
) -> list[Overlap]:
    """Return how far each dialogue overlaps with what a model was trained on.

    Args:
        dialogues: those that the model is to be evaluated on.
        rows: what it was trained on, one or more.
        model: embeds the dialogues; None to compare their wording alone.
        console: where the progress is shown.

    Raises:
        UsageError: the model does not load.
        StoreError: the vectors cannot be kept.
    """
    trained = trained_dialogues(rows)
    overlaps = find_overlaps(dialogues, trained)
    if model is None:
        return overlaps
    said = [[turn.text for turn in dialogue.turns] for dialogue in dialogues]
    similarities = nearest(
        embed_dialogues(said, model, console, "embedding the dialogues"),
        embed_dialogues([one.talk for one in trained], model, console, "embedding the training"),
    )
    return [
        overlap._replace(similarity=round(similarity, 4))
        for overlap, similarity in zip(overlaps, similarities, strict=True)
    ]
