"""Scores and tables of answers that are worked out by hand."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console, RenderableType

from agents.csc.language import Language
from agents.csc.strategies import Strategy
from outputs.evaluation.results import Result
from outputs.evaluation.scores import Scores
from outputs.evaluation.table import show_differences, show_results
from outputs.runs.evaluation import Answer, EvaluatedTurn, Evaluation
from tests.conftest import FAILURE

VOCABULARY = ["Good", "morning", "Your", "name", "?"]


def encode(texts: Sequence[str]) -> list[Any]:
    """Give each word of the vocabulary a direction of its own."""
    return [
        np.eye(len(VOCABULARY), dtype=np.float32)[[VOCABULARY.index(word) for word in text.split()]] for text in texts
    ]


def evaluation(dialogue: str, *answers: tuple[str, str, str], **fields: Any) -> Evaluation:
    """Make the evaluation of a dialogue; an answer is the strategy chosen, the reply to the right one, and to it."""
    references = (("GT", "Good morning"), ("IV", "Your name ?"))
    turns = tuple(
        EvaluatedTurn(
            number=2 * number + 1,
            strategy=Strategy(code),
            text=text,
            allowed=(Strategy.GT,) if code == "GT" else (Strategy.IV, Strategy.EM),
            free=Answer(text=free) if free else Answer(problem="the answer was cut off"),
            constrained=None if code == "GT" else Answer(text=free or "EM"),
            reply=Answer(text=reply),
            own_reply=Answer(text=own) if own else Answer(problem="the answer holds no words"),
        )
        for number, ((code, text), (free, reply, own)) in enumerate(zip(references, answers, strict=False))
    )
    known = {"id": dialogue, "dialogue": dialogue, "language": Language.EN, "topic": "", "turns": turns}
    return Evaluation.model_validate(known | fields)


GOOD = [("GT", "Good morning", "Good morning"), ("IV", "Your name ?", "Your name ?")]
POOR = [("GT", "Good morning", "Good morning"), ("", "name ?", "")]


def scores_of(*evaluations: Evaluation) -> Scores:
    scores = Scores(encode)
    for one in evaluations:
        scores.read(one)
    return scores


def test_scores_by_hand() -> None:
    scores = scores_of(evaluation("a", *GOOD), evaluation("b", *POOR), evaluation("c", error=FAILURE))
    found = {
        question: {name: it.value for name, it in metrics.items()} for question, metrics in scores.estimates().items()
    }
    assert (scores.dialogues, scores.failed, scores.turns) == (2, 1, 4)
    assert dict(scores.unreadable) == {"free": 1, "own_reply": 1}
    assert found["free"]["acc"] == 0.75 and found["free"]["stage_acc"] == 0.75
    assert found["free"]["macro_f1"] == pytest.approx((1 + 2 / 3) / 2)
    # Where only one strategy is allowed there is no choice.
    assert found["constrained"]["acc"] == 0.5 and scores.total("constrained").sum() == 2
    # "name ?" for "Your name ?": rouge takes one word of two, F1 2/3; the vectors two of three tokens, F1 0.8.
    assert found["reply"]["rouge_l"] == pytest.approx((3 + 2 / 3) / 4)
    assert found["reply"]["semantic_f1"] == pytest.approx((3 + 0.8) / 4)
    assert found["own_reply"]["rouge_l"] == 0.75, "a reply that was not said is as far off as can be"
    assert found["own_reply"]["words"] == pytest.approx(6 / 4)


def test_without_dialogues_there_are_no_figures() -> None:
    scores = scores_of(evaluation("a", error=FAILURE))
    assert all(it.value is None for metrics in scores.estimates().values() for it in metrics.values())
    assert "nothing was answered" in text_of(show_results([result(scores)], "reference"))


def test_differences_are_over_the_dialogues_that_both_answered() -> None:
    good = scores_of(evaluation("a", *GOOD), evaluation("b", *GOOD), evaluation("b", *GOOD))
    poor = scores_of(evaluation("a", *POOR), evaluation("b", error=FAILURE), evaluation("b", *POOR))
    found = good.differences(poor)["free"]["acc"]
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)
    assert "+50.0 (+50.0 to +50.0) *" in text_of(show_differences("good", {"poor": good.differences(poor)}))
    assert good.differences(good)["reply"]["bleu4"].value == 0.0


def text_of(part: RenderableType) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined]


def result(scores: Scores) -> Result:
    return Result("mine", scores, scores.estimates(), (Path("results.json"), Path("samples.jsonl")))


def test_the_table_marks_what_others_published() -> None:
    scores = scores_of(evaluation("a", *GOOD), evaluation("b", *POOR))
    ours, published = text_of(show_results([result(scores)], "reference")).split("Not ours: published")
    row = next(line for line in ours.splitlines() if "among all twelve" in line)
    assert "75.0 (50.0 to 100.0)" in row and "42.96" not in ours
    assert "1 (strategy, among all twelve), 1 (reply to the model's own strategy)" in ours
    assert "on other dialogues" in published and "42.96" in published
    assert "30.52" in text_of(show_results([result(scores)], "generated"))
