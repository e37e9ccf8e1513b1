"""Where vectors are kept, and those of whole dialogues.

These are the mean of the vectors of their pieces, as no embedding model reads a dialogue at once.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray
from rich.console import Console

from graphs.telemetry.progress import bar
from personas.dedup.embedding import EmbeddingModel, embed
from quality.text import split_words

PIECE_WORDS = 80
"""Words (Chinese: characters) that are embedded together, whole turns: the usual models read 128 tokens or more."""


def vectors_folder() -> Path:
    """Return the folder that the vectors of texts are kept in."""
    return platformdirs.user_cache_path("rolecs") / "vectors"


def embed_dialogues(
    dialogues: Sequence[Sequence[str]], model: EmbeddingModel, console: Console, task: str
) -> NDArray[np.float32]:
    """Return the unit vectors of dialogues, shape [dialogues, dimensions].

    Args:
        dialogues: of each, what is said turn by turn; one or more texts.
        model: that embeds.
        console: where the progress is shown.
        task: what to call it there.

    Raises:
        UsageError: the folder holds no embedding model.
        StoreError: the vectors cannot be kept.
    """
    pieces = [list(_cut(texts)) for texts in dialogues]
    with bar(console, task, sum(map(len, pieces))) as advance:
        embedded = embed([piece for cut in pieces for piece in cut], model, vectors_folder(), advance)
    starts = np.cumsum([0, *map(len, pieces[:-1])])
    vectors = np.add.reduceat(embedded, starts, axis=0)
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _cut(texts: Sequence[str]) -> Iterator[str]:
    """Yield the texts of a dialogue in pieces of whole turns."""
    piece: list[str] = []
    length = 0
    for text in texts:
        words = len(split_words(text))
        if piece and length + words > PIECE_WORDS:
            yield "\n".join(piece)
            piece, length = [], 0
        piece.append(text)
        length += words
    yield "\n".join(piece)
