"""The tables that a job ends with."""

import io

from rich.console import Console

from agents.csc.speakers import Speaker
from outputs.reports.summary import summarise
from outputs.runs.cost import Prices
from outputs.runs.record import REWINDS, RepairKind
from outputs.runs.run import REPAIRS, Counts, Funnel, Outcome


def lines(counts: Counts) -> list[str]:
    """Return the lines of a summary, their cells parted by one space."""
    funnel = Funnel(outcomes=dict.fromkeys(Outcome, 0), reasons={}, counts=counts, repaired=7, usage={})
    console = Console(file=io.StringIO(), width=100)
    console.print(summarise(funnel, Prices()))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [" ".join(line.replace("│", " ").split()) for line in text.splitlines()]


def test_repairs_are_told_by_speaker_and_check_the_most_frequent_first() -> None:
    repetition, cut_off = RepairKind(Speaker.SUPPORTER, "repetition"), RepairKind(Speaker.CUSTOMER, "cut-off")
    told = lines({REPAIRS: {cut_off: 2, repetition: 1200}, REWINDS: {cut_off: 2, repetition: 3}})
    begin = told.index("supporter: repetition 1,200")
    assert told[begin + 1 : begin + 3] == ["rewound 5", "customer: cut-off 2"]
    assert "Kept thanks to repairs: 7 dialogues." in told


def test_answers_of_a_distillation_are_told_by_problem() -> None:
    assert "copied 3" in lines({REPAIRS: {("copied",): 3}})
    assert not any("repairs" in line for line in lines({}))
