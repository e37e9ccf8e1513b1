"""The inspection: what is counted of a run, and what is told of it."""

from collections.abc import Callable

from rich.console import Console

from agents.csc.dialogue import Plan, Repair, Turn
from agents.csc.speakers import Speaker
from outputs.reports.inspection import EXAMPLES, Inspection, inspect_dialogues, show_inspection
from outputs.runs.record import Record
from tests.conftest import FAILURE


def told(inspection: Inspection) -> str:
    console = Console(width=200, record=True, quiet=True, force_terminal=False)
    with console.capture() as capture:
        console.quiet = False
        console.print(show_inspection(inspection))
    return capture.get()


def test_what_fails_a_check_is_counted_with_examples(make_record: Callable[..., Record]) -> None:
    sound = make_record()
    turns = list(sound.turns)
    turns[0] = turns[0].model_copy(update={"text": "Good morning, [UserName], and welcome."})
    turns[1] = turns[1].model_copy(update={"text": "How can I help you today?", "direction": ", offer help"})
    plan = Plan(scenario="Your card was declined twice on Friday.", customer_goal="To use the card today.")
    faulty = [sound.model_copy(update={"id": f"faulty{n}", "plan": plan, "turns": tuple(turns)}) for n in range(3)]
    found = inspect_dialogues([sound, *faulty])
    failed = {
        (finding.subject, finding.check): (finding.failed, finding.total)
        for finding in found.findings
        if finding.failed
    }
    assert failed == {
        ("plan", "person"): (3, 4),
        ("direction", "no-sentence"): (3, 24),
        ("supporter", "knows-too-early"): (3, 28),
        ("customer", "wrong-side"): (3, 24),
    }
    examples = [finding.examples for finding in found.findings if finding.failed]
    assert all(len(texts) == EXAMPLES for texts in examples)
    assert examples[-1][0] == "faulty, turn 2: How can I help you today?"
    text = told(found)
    assert "75.0%" in text and "faulty, turn 2: , offer help" in text
    assert "13.0 utterances on average" in text and "4 played to their end, 0 abandoned" in text


def test_what_was_asked_again_is_counted_with_what_failed(make_record: Callable[..., Record]) -> None:
    said = Turn(speaker=Speaker.CUSTOMER, text="What can I do for you?")
    repairs = (
        Repair(turn=0, part="plan", speaker=None, check="persona-told", action="said-again", text="A baker."),
        *(
            Repair(turn=2, part="direction", speaker=Speaker.CUSTOMER, check="speech", action="said-again", text=text)
            for text in ("I am angry.", "My card!", "My, my.")
        ),
        Repair(turn=1, speaker=Speaker.SUPPORTER, check="invented-fact", action="said-again"),
        Repair(turn=2, speaker=Speaker.CUSTOMER, check="wrong-side", action="said-again", said=said),
        Repair(turn=2, speaker=Speaker.CUSTOMER, check="wrong-side", action="abandoned"),
    )
    given_up = make_record(turns=(), repairs=repairs, verdict=None)
    nothing = make_record(plan=None, turns=(), verdict=None, error=FAILURE)
    found = inspect_dialogues([given_up, nothing])
    assert (found.dialogues, found.finished, found.abandoned) == (2, 0, 1)
    again = {(finding.subject, finding.check): finding.asked_again for finding in found.findings if finding.asked_again}
    assert again == {
        ("plan", "persona-told"): 1,
        ("direction", "speech"): 3,
        ("customer", "wrong-side"): 2,
        ("supporter", "invented-fact"): 1,
    }
    name, text = given_up.id[:6], told(found)
    for example in (
        f"{name}, asked again: A baker.",
        f"{name}, turn 2, asked again: I am angry.",
        f"{name}, turn 2, asked again: My card!",
        f"{name}, turn 2, asked again: What can I do for you?",
    ):
        assert example in text
    assert "My, my." not in text, "two examples are enough"


def test_a_run_in_which_nothing_failed_says_so(make_record: Callable[..., Record]) -> None:
    assert "Nothing failed a check." in told(inspect_dialogues([make_record()]))
