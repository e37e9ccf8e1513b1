"""The tables that a job ends with."""

import io
from collections.abc import Mapping

from rich.console import Console

from agents.csc.speakers import Speaker
from outputs.reports.summary import summarise
from outputs.runs.cost import Prices
from outputs.runs.evaluation import EVALUATIONS
from outputs.runs.record import REWINDS, RepairKind
from outputs.runs.run import CAUSES, KEPT_OR_NOT, REPAIRS, Counts, Funnel, Outcome


def lines(counts: Counts, ends: Mapping[Outcome, str] = KEPT_OR_NOT) -> list[str]:
    """Return the lines of a summary, their cells parted by one space."""
    funnel = Funnel(outcomes=dict.fromkeys(Outcome, 0), reasons={}, counts=counts, repaired=7, usage={})
    console = Console(file=io.StringIO(), width=100)
    console.print(summarise(funnel, Prices(), ends))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [" ".join(line.replace("│", " ").split()) for line in text.splitlines()]


def test_repairs_are_told_by_speaker_and_check_the_most_frequent_first() -> None:
    repetition, cut_off = RepairKind(Speaker.SUPPORTER, "repetition"), RepairKind(Speaker.CUSTOMER, "cut-off")
    told = lines({REPAIRS: {cut_off: 2, repetition: 1200}, REWINDS: {cut_off: 2, repetition: 3}})
    begin = told.index("supporter: repetition 1,200")
    assert told[begin + 1 : begin + 3] == ["rewound 5", "customer: cut-off 2"]
    assert "Dialogues kept thanks to repairs: 7." in told


def test_the_commonest_cause_of_what_failed_or_went_unscored_is_told_as_it_is() -> None:
    told = lines(
        {CAUSES: {("failed", "RequestError: HTTP 400"): 1, ("unscored", "judge: [bold]no"): 9, ("unscored", "b"): 2}}
    )
    assert "Unscored: 11; most often (9) for this: judge: [bold]no" in told
    assert "Failed: 1; most often (1) for this: RequestError: HTTP 400" in told


def test_outcomes_are_called_by_what_the_command_does() -> None:
    told = lines({}, EVALUATIONS.ends)
    assert "Tokens per answered dialogue: none was answered." in told
    assert {"failed 0 0%", "answered 0 0%"} <= set(told) and "rejected 0 0%" not in told
    assert {"failed 0 0%", "rejected 0 0%", "kept 0 0%"} <= set(lines({}))


def test_answers_of_a_distillation_are_told_by_problem() -> None:
    assert "copied 3" in lines({REPAIRS: {("copied",): 3}})
    assert not any("repairs" in line for line in lines({}))
