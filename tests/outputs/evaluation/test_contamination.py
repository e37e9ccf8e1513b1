"""Planted contamination is found, whatever rows the training was made of; what calls share anyway is none."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

import agents.engine.adapter
from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from outputs.datasets.dialogues import Labelled
from outputs.datasets.reader import read_dialogues
from outputs.datasets.roles import RoleRow, role_rows
from outputs.evaluation.contamination import (
    LEAST_SIMILAR,
    NGRAM,
    Contamination,
    Overlap,
    find_overlaps,
    nearest,
    trained_dialogues,
)
from outputs.training.examples import find_examples, read_examples
from tests.support import DATA


def calls(language: Language, count: int) -> list[Labelled]:
    return list(read_dialogues(DATA / "gold" / f"{language}.jsonl"))[:count]


def overlaps(dialogues: Sequence[Labelled], rows: Iterable[RoleRow]) -> list[Overlap]:
    return find_overlaps(dialogues, trained_dialogues(rows))


@pytest.mark.parametrize("language", Language)
def test_a_dialogue_that_was_trained_on_is_found(language: Language) -> None:
    seen, *others = calls(language, 6)
    found = overlaps([seen, *others], role_rows(seen, Limits()))
    assert found[0].is_overlapping and found[0].is_copy and found[0].shared > 0.9 * found[0].ngrams
    assert not any(overlap.is_overlapping for overlap in found[1:])
    (trained,) = trained_dialogues(role_rows(seen, Limits()))
    assert trained.talk == [turn.text for turn in seen.turns], "word for word: what is embedded is the same"


def test_rows_of_chats_tell_it_too(tmp_path: Path) -> None:
    seen, other = calls(Language.EN, 2)
    messages = [
        {"role": "system", "content": "You are a supporter."},
        {"role": "user", "content": "(The phone rings.)"},
    ]
    messages += [{"role": "assistant" if turn.strategy else "user", "content": turn.text} for turn in seen.turns]
    file = tmp_path / "messages.jsonl"
    file.write_text(json.dumps({"id": "x", "messages": messages}))
    rows, _ = read_examples([file], ())
    found = overlaps([seen, other], rows)
    assert [(overlap.is_overlapping, overlap.is_copy) for overlap in found] == [(True, True), (False, False)]
    assert found[0].shared == found[0].ngrams


def test_half_a_call_in_other_words_is_found_and_a_greeting_is_not() -> None:
    seen = calls(Language.EN, 1)[0]
    half = len(seen.turns) // 2
    rest = tuple(
        Turn(speaker=turn.speaker, text=f"{turn.speaker} says number {n} otherwise.")
        for n, turn in enumerate(seen.turns)
    )
    begun = seen._replace(turns=seen.turns[:half] + rest[half:])
    greeted = seen._replace(turns=seen.turns[:1] + rest[1:] + rest + rest)
    found = overlaps([begun, greeted], role_rows(seen, Limits()))
    assert found[0].is_overlapping and not found[0].is_copy
    assert 0 <= found[1].shared < 20 and not found[1].is_overlapping


def test_degenerate_sets() -> None:
    short = calls(Language.EN, 1)[0]._replace(turns=(Turn(speaker="supporter", text="word " * (NGRAM - 1)),))
    assert find_overlaps([], []) == []
    (found,) = overlaps([short], role_rows(short, Limits()))
    assert (found.ngrams, found.shared, found.is_overlapping) == (0, 0, False)


def test_what_is_said_in_chats_is_told_from_strategies(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    chat = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "[GT] Good morning."}]
    file.write_text(json.dumps({"messages": chat}))
    assert trained_dialogues(read_examples([file], ())[0])[0].talk == ["Hello?", "Good morning."]


def test_the_same_in_other_words_is_near() -> None:
    vectors = np.eye(3, dtype=np.float32)
    similarities = nearest(vectors, np.array([[1, 0, 0], [0, 0.8, 0.6]], np.float32))
    assert similarities == pytest.approx([1.0, 0.8, 0.6])
    found = [Overlap(n, 10, 0, False, similarity) for n, similarity in enumerate(similarities)]
    told = Contamination.of(calls(Language.EN, 3), found, "an encoder", left_out=False)
    assert told.others == (1, 2) and (told.copies, told.wording, told.similar) == (0, 0, 1)
    assert (
        f"{LEAST_SIMILAR} alike or more by an encoder: 1)" in told.describe() and "--decontaminate" in told.describe()
    )


def test_an_adapter_leads_to_what_it_was_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = (DATA / "gold" / "en.jsonl").read_text(encoding="utf-8").splitlines()[:2]
    Path("data").mkdir()
    Path("data/calls.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rows, (source,) = read_examples([Path("data/calls.jsonl")], ("supporter",))
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    assert find_examples(adapter) is None
    packaged = Path(agents.engine.adapter.__file__).parent / "demo_adapter" / "training.json"
    training = json.loads(packaged.read_text())
    training["sources"] = [source.model_dump(), {"name": "gone.jsonl", "rows": 1, "sha256": "0"}]
    training["settings"]["roles"] = ["supporter"]
    (adapter / "training.json").write_text(json.dumps(training))
    assert find_examples(adapter) == (rows, ("gone.jsonl",))
    Path("data/calls.jsonl").write_text(lines[0], encoding="utf-8")
    assert find_examples(adapter) == ([], ("calls.jsonl", "gone.jsonl")), "the name alone is not enough"
