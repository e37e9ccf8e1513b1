"""Scores and tables of answers that are worked out by hand."""

import io

import pytest
from rich.console import Console, RenderableType

from outputs.evaluation.page import render_evaluation
from outputs.evaluation.table import show_differences, show_results
from tests.conftest import FAILURE
from tests.outputs.evaluation.samples import GOOD, POOR, evaluation, result, scores_of


def text_of(part: RenderableType) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined]


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


def test_a_file_may_hold_a_dialogue_twice() -> None:
    assert scores_of(evaluation("a", *GOOD), evaluation("a", *POOR)).dialogues == 2


def test_without_dialogues_there_are_no_figures() -> None:
    scores = scores_of(evaluation("a", error=FAILURE))
    assert all(it.value is None for metrics in scores.estimates().values() for it in metrics.values())
    assert "nothing was answered" in text_of(show_results([result(scores)], "reference"))


def test_differences_are_over_the_dialogues_that_both_answered() -> None:
    good = scores_of(evaluation("a", *GOOD), evaluation("b", *GOOD), evaluation("b", *GOOD))
    poor = scores_of(evaluation("a", *POOR), evaluation("b", error=FAILURE), evaluation("b", *POOR))
    found = good.differences(poor).metrics["free"]["acc"]
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)
    assert "+50.0 (+50.0 to +50.0) *" in text_of(show_differences("good", {"poor": good.differences(poor)}))
    assert good.differences(good).metrics["reply"]["bleu4"].value == 0.0


def test_models_go_by_short_names_that_tell_them_apart() -> None:
    good = scores_of(evaluation("a", *GOOD))
    long = "/data/models/a/very/long/way/to/adapter"
    other = result(good)
    known = other.provenance.configuration
    mine = other._replace(provenance=other.provenance.model_copy(update={"configuration": known | {"model": long}}))
    text = text_of(show_results([mine, other], "reference", {"mine": good.differences(good)}))
    assert text.index("adapter minus ...") < text.index("Not ours: published")
    assert f"adapter ({long}): 2 turns" in text and text.count(long) == 1 and "\nmine: 2 turns" in text
    text = text_of(
        show_differences(long, {"/elsewhere/adapter": good.differences(good), "./x": good.differences(good)})
    )
    assert "to minus ..." in text and " elsewhere " in text and " x " in text
    page = "".join(render_evaluation("", mine, {"/elsewhere/adapter": good.differences(good)}, []))
    assert "elsewhere (/elsewhere/adapter)" in page and ">minus elsewhere<" in page


def test_the_table_marks_what_others_published() -> None:
    scores = scores_of(evaluation("a", *GOOD), evaluation("b", *POOR))
    ours, published = text_of(show_results([result(scores)], "reference")).split("Not ours: published")
    row = next(line for line in ours.splitlines() if "among all twelve" in line)
    assert "75.0 (50.0 to 100.0)" in row and "42.96" not in ours
    assert "1 (strategy, among all twelve), 1 (reply to the model's own strategy)" in ours
    assert "on other dialogues" in published and "42.96" in published
    assert "30.52" in text_of(show_results([result(scores)], "generated"))
