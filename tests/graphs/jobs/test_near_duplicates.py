"""Dialogues that repeat an earlier one of the run, on vectors made by hand."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphs.jobs.near_duplicates
from agents.errors import UsageError
from graphs.config.settings import Settings
from graphs.jobs.near_duplicates import find_similarity_model, reject_near_duplicates
from outputs.runs.record import DIALOGUES, Planned, Record
from outputs.runs.run import Funnel, Outcome, Provenance
from outputs.runs.store import RunStore
from personas.dedup.embedding import EmbeddingModel
from tests.support.jobs import make_job

PROVENANCE = Provenance.build({}, {}, {})
MODEL = EmbeddingModel("none", Path("nowhere"))
ANGLES = {"a": 0.0, "b": 0.1, "c": 1.0, "d": 1.05, "e": 0.05}
"""Each dialogue's direction in the plane, by its id: a, b and e are alike, and c and d."""


@pytest.fixture(autouse=True)
def vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    def embed(texts: Sequence[str], *_: Any) -> Any:
        angles = np.array([ANGLES[text[:1]] for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    monkeypatch.setattr(graphs.jobs.near_duplicates, "embed", embed)


def settings(run: Path, **fields: Any) -> Settings:
    return Settings.model_validate({"run": run, "max_similarity": 0.98} | fields)


@pytest.fixture
def begin(tmp_path: Path, make_record: Callable[..., Record]) -> Callable[..., Path]:
    """Make a run whose dialogues end in the order given, and stand in the plan in alphabetical order."""

    def make(ids: str, **fields: Any) -> Path:
        with RunStore.create(DIALOGUES, tmp_path / "run", PROVENANCE) as store:
            store.add_plan(Planned(place, id_, "p", "t", 1, 1) for place, id_ in enumerate(sorted(ANGLES)))
            for id_ in ids:
                store.write(record(make_record, id_, **fields))
        return tmp_path / "run"

    return make


def record(make: Callable[..., Record], id_: str, **fields: Any) -> Record:
    sample = make(**fields)
    turns = (sample.turns[0].model_copy(update={"text": f"{id_} says hello."}), *sample.turns[1:])
    return sample.model_copy(update={"id": id_, "turns": turns})


def near_duplicates(run: Path) -> dict[str, str]:
    with RunStore.read(DIALOGUES, run) as store:
        return {
            record.id: record.near_duplicate.id for record in store.records(Outcome.REJECTED) if record.near_duplicate
        }


def reject(run: Path, model: EmbeddingModel | None = MODEL, **fields: Any) -> Funnel:
    with RunStore.resume(DIALOGUES, run, PROVENANCE) as store:
        reject_near_duplicates(make_job(settings(run, **fields)), store, model)
        return store.funnel()


@pytest.mark.parametrize("order", ["abcde", "edcba", "cebda"])
def test_the_earlier_one_in_the_plan_stays(begin: Callable[..., Path], order: str) -> None:
    run = begin(order)
    funnel = reject(run)
    assert near_duplicates(run) == {"b": "a", "d": "c", "e": "a"}
    assert funnel.outcomes[Outcome.KEPT] == 2 and funnel.reasons == {"near-duplicate": 3}
    assert funnel.total_usage.requests == 5, "what was spent stays counted"
    assert reject(run) == funnel, "doing it again changes nothing"


def test_what_comes_later_is_looked_at_with_the_rest(
    begin: Callable[..., Path], make_record: Callable[..., Record]
) -> None:
    run = begin("bde")
    assert reject(run).outcomes[Outcome.REJECTED] == 1 and near_duplicates(run) == {"e": "b"}
    with RunStore.resume(DIALOGUES, run, PROVENANCE) as store:
        store.write(record(make_record, "a"))
        store.write(record(make_record, "c"))
    reject(run)
    assert near_duplicates(run) == {"b": "a", "d": "c", "e": "a"}


def test_another_threshold_gives_dialogues_back(begin: Callable[..., Path]) -> None:
    run = begin("abcde")
    reject(run)
    assert reject(run, max_similarity=0.998).reasons == {"near-duplicate": 2} and near_duplicates(run) == {
        "d": "c",
        "e": "a",
    }
    assert reject(run, model=None).outcomes[Outcome.KEPT] == 5 and near_duplicates(run) == {}


def test_lost_dialogues_are_not_compared(begin: Callable[..., Path]) -> None:
    run = begin("abcde", verdict=None)
    assert reject(run).reasons == {"unscored": 5} and near_duplicates(run) == {}


def test_no_model_is_looked_for_where_nothing_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_model(*_: Any) -> EmbeddingModel:
        raise UsageError("no such model")

    monkeypatch.setattr(graphs.jobs.near_duplicates, "find_model", find_model)
    assert find_similarity_model(settings(tmp_path, max_similarity=1)) is None
    with pytest.raises(UsageError, match="no such model; or compare no dialogues: --max-similarity 1"):
        find_similarity_model(settings(tmp_path))
