"""Planted contamination is found, whatever rows the training was made of; what calls share anyway is none."""

import json
from pathlib import Path

import pytest

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from outputs.datasets.dialogues import Labelled
from outputs.datasets.reader import read_dialogues
from outputs.datasets.roles import role_rows
from outputs.evaluation.contamination import NGRAM, find_overlaps
from outputs.training.examples import read_examples
from tests.support import DATA


def calls(language: Language, count: int) -> list[Labelled]:
    return list(read_dialogues(DATA / "gold" / f"{language}.jsonl"))[:count]


@pytest.mark.parametrize("language", Language)
def test_a_dialogue_that_was_trained_on_is_found(language: Language) -> None:
    seen, *others = calls(language, 6)
    found = find_overlaps([seen, *others], role_rows(seen, Limits()))
    assert found[0].is_overlapping and found[0].shared > 0.9 * found[0].ngrams
    assert not any(overlap.is_overlapping for overlap in found[1:])


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
    found = find_overlaps([seen, other], rows)
    assert [overlap.is_overlapping for overlap in found] == [True, False]
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
    found = find_overlaps([begun, greeted], role_rows(seen, Limits()))
    assert found[0].is_overlapping
    assert 0 <= found[1].shared < 20 and not found[1].is_overlapping


def test_degenerate_sets() -> None:
    short = calls(Language.EN, 1)[0]._replace(turns=(Turn(speaker="supporter", text="word " * (NGRAM - 1)),))
    assert find_overlaps([], []) == []
    (found,) = find_overlaps([short], role_rows(short, Limits()))
    assert (found.ngrams, found.shared, found.is_overlapping) == (0, 0, False)
