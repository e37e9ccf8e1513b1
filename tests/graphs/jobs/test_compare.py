"""Comparing files of dialogues, with vectors made by hand."""

import json
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import graphs.jobs.vectors
from agents.errors import UsageError
from graphs.jobs.compare import compare_sets
from graphs.jobs.vectors import PIECE_WORDS
from outputs.reports.realism import Comparison, render_comparison, show_comparison
from personas.dedup.embedding import EmbeddingModel
from quality.text import split_words
from tests.support import DATA

QUIET = Console(quiet=True)
EMBEDDED: list[str] = []


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def embed(texts: Sequence[str], *_: Any) -> Any:
        EMBEDDED.extend(texts)
        rows = [np.random.default_rng(list(text.encode())).normal(size=4) for text in texts]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32)

    EMBEDDED.clear()
    monkeypatch.setattr(graphs.jobs.vectors, "embed", embed)
    monkeypatch.setattr(graphs.jobs.compare, "find_model", lambda *_: EmbeddingModel("by hand", Path()))


def write(path: Path, texts: Sequence[Sequence[str]]) -> Path:
    """Write dialogues whose first speaker is the agent."""
    sides = ("agent", "customer")
    rows = [
        {
            "dialogue_id": f"{path.stem}-{i}",
            "turns": [{"speaker": sides[j % 2], "text": said} for j, said in enumerate(of)],
        }
        for i, of in enumerate(texts)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def calls(number: int, opening: str) -> list[list[str]]:
    return [[f"{opening} How may I help?", f"My card {i} is lost.", "I have blocked it."] for i in range(number)]


def shown(comparison: Comparison) -> str:
    console = Console(width=200, record=True, quiet=True)
    with console.capture() as capture:
        console.quiet = False
        console.print(show_comparison(comparison), markup=False)
    return capture.get()


def test_two_files(tmp_path: Path) -> None:
    synthetic = write(tmp_path / "made.jsonl", [*calls(12, "Certainly, my friend."), ["Hello?", "..."]])
    found = compare_sets(synthetic, write(tmp_path / "real.jsonl", calls(11, "Good day.")), None, QUIET)
    assert (found.totals, found.one_sided, found.realism.synthetic, found.realism.real) == ((13, 11), (1, 0), 12, 11)
    assert Comparison.model_validate_json(found.model_dump_json()) == found
    page = shown(found)
    assert f"synthetic: 12 of the 13 dialogues of {synthetic}; in 1 one side says nothing" in page
    assert "certainly my friend: 100%, 0%" in page
    assert page.splitlines()[-1].startswith("What tells them apart the most: ")
    # Nobody labelled strategies or emotions, so none are compared.
    assert "strateg" not in page and "emotion" not in page
    html = render_comparison(found)
    assert "certainly my friend: 100%, 0%" in html and "in 1 one side says nothing" in html
    assert page.splitlines()[-1].removeprefix("What tells them apart") in unescape(html)


def test_the_page_escapes_what_it_shows(tmp_path: Path) -> None:
    synthetic = write(tmp_path / "<img src=x>.jsonl", calls(10, "Certainly, my friend."))
    html = render_comparison(compare_sets(synthetic, write(tmp_path / "real.jsonl", calls(10, "Hi.")), None, QUIET))
    assert "<img" not in html and "&lt;img src=x&gt;.jsonl and real.jsonl" in html


def test_names_do_not_tell_real_calls_from_synthetic_ones(tmp_path: Path) -> None:
    real = [["May I have your name?", "My name is Peter Miller.", "Thank you."]] * 10
    made = [["May I have your name?", "My name is [UserName].", "Thank you."]] * 10
    found = compare_sets(write(tmp_path / "a.jsonl", made), write(tmp_path / "b.jsonl", real), None, QUIET)
    assert "Miller" not in "".join(EMBEDDED)
    assert found.realism.nearness.pairs[0].same_words == "may i have your name my name is username thank you"
    assert shown(found).splitlines()[-1] == "No trait tells the sets apart."


def test_pieces_are_of_whole_turns_and_read_whole(tmp_path: Path) -> None:
    long = [["Hello there, how can I help?", " ".join(["card"] * (PIECE_WORDS - 5)), "Fine."]] * 10
    file = write(tmp_path / "long.jsonl", long)
    compare_sets(file, file, None, QUIET)
    assert {len(split_words(piece)) for piece in EMBEDDED} == {6, PIECE_WORDS - 4}


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    few, zh = write(tmp_path / "few.jsonl", calls(9, "Hi.")), DATA / "gold" / "zh.jsonl"
    with pytest.raises(UsageError, match=r"few.jsonl holds 9 dialogues .* needs 10 or more"):
        compare_sets(few, zh, None, QUIET)
    with pytest.raises(UsageError, match=r"within a language: .*en.jsonl is in en; .*zh.jsonl is in zh"):
        compare_sets(DATA / "gold" / "en.jsonl", zh, None, QUIET)


def test_of_a_large_set_some_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs.jobs.compare, "MAX_DIALOGUES", 10)
    file = write(tmp_path / "many.jsonl", calls(15, "Hi."))
    found = compare_sets(file, file, None, QUIET)
    assert (found.realism.synthetic, found.totals) == (10, (15, 15))
