"""How a model answers feelings, counted by hand."""

import io
from typing import Any

from rich.console import Console

from agents.csc.emotions import FEELINGS
from agents.csc.strategies import Strategy
from outputs.evaluation.feelings import UPSET
from outputs.evaluation.page import render_evaluation
from outputs.evaluation.scores import Scores
from outputs.evaluation.table import FELT_DIFFERENCES_TITLE, feelings_rows, felt_differences_rows, show_differences
from outputs.runs.evaluation import EvaluatedTurn
from tests.outputs.evaluation.samples import GOOD, evaluation, result, scores_of


def felt(after: str | None, chosen: Strategy, right: Strategy = Strategy.EM, **fields: Any) -> EvaluatedTurn:
    """Make a turn after a feeling."""
    (_, turn) = evaluation("d", ("GT", "", ""), (chosen.value, "Good", "Good")).turns
    known = {"felt": FEELINGS[after] if after else None, "strategy": right, "allowed": (Strategy.EM, Strategy.ID)}
    return turn.model_copy(update=known | fields)


def test_turns_are_counted_by_what_the_customer_had_felt() -> None:
    turns = (
        felt("dissatisfied 2", Strategy.EM),
        felt("dissatisfied 2", Strategy.ID),
        felt("dissatisfied 1", Strategy.ID, Strategy.ID),
        # The rules allow no EM, so none is missing.
        felt("dissatisfied 2", Strategy.AC, Strategy.AC, allowed=(Strategy.AC,)),
        felt("neutral", Strategy.ID, Strategy.PS),
        felt(None, Strategy.EM),
    )
    scores = scores_of(evaluation("d", turns=turns), evaluation("e", turns=turns), encode=None)
    found = scores.by_feeling()
    assert list(found) == ["neutral", "dissatisfied", UPSET]
    told = {name: (of.turns, of.accuracy.value, of.empathy.value, of.reference) for name, of in found.items()}
    assert told == {
        "neutral": (2, 0.0, 0.0, 0.0),
        "dissatisfied": (8, 0.75, 0.25, 0.5),
        UPSET: (4, 0.5, 0.5, 1.0),
    }
    rows = feelings_rows(result(scores)._replace(feelings=found), {"mine": "mine"})
    assert rows[2] == (f"mine: {UPSET}", "4", "50.0 (50.0 to 50.0)", "50.0 (50.0 to 50.0)", "100.0")


def test_another_model_is_compared_after_feelings_with_enough_turns() -> None:
    def answers(chosen: Strategy) -> list[EvaluatedTurn]:
        """Ten turns after fear, one after a neutral utterance; every second one after fear is answered right."""
        return [*[felt("fearful 2", Strategy.EM), felt("fearful 2", chosen)] * 5, felt("neutral", chosen)]

    def scores(chosen: Strategy, *names: str) -> Scores:
        return scores_of(*(evaluation(name, turns=answers(chosen)) for name in names), encode=None)

    good, poor = scores(Strategy.EM, "d", "e", "only mine"), scores(Strategy.ID, "e", "d")
    found = good.differences(poor)
    told = {name: (of.turns, of.accuracy.value, of.empathy.low, of.reference) for name, of in found.feelings.items()}
    assert told == {"fearful": (20, 0.5, 0.5, 1.0), UPSET: (20, 0.5, 0.5, 1.0)}
    assert felt_differences_rows("mine", {"theirs": found}, {"mine": "mine", "theirs": "theirs"})[0] == (
        *("mine minus theirs: fearful", "20", "+50.0 (+50.0 to +50.0) *", "+50.0 (+50.0 to +50.0) *", "100.0"),
    )
    console = Console(file=io.StringIO(), width=200, record=True)
    console.print(show_differences("mine", {"theirs": found}))
    assert FELT_DIFFERENCES_TITLE in console.export_text()
    page = "".join(render_evaluation("", result(good), {"theirs": found}, []))
    assert (
        FELT_DIFFERENCES_TITLE in page and "mine minus theirs: fearful" in page and "minus theirs: neutral" not in page
    )


def test_without_feelings_nothing_changes() -> None:
    scores = scores_of(evaluation("d", *GOOD))
    assert scores.by_feeling() == {} and feelings_rows(result(scores), {"mine": "mine"}) == []
    assert scores.differences(scores).feelings == {}
    assert "felt" not in evaluation("d", *GOOD).turns[1].model_dump_json()
    stored = felt("fearful 2", Strategy.EM).model_dump_json()
    assert EvaluatedTurn.model_validate_json(stored).felt == FEELINGS["fearful 2"]
