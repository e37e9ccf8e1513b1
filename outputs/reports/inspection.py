"""How a model plays: what of the plans, directions and turns of a run fails a check, with examples.

While a call is played each of them is checked, and asked for again when it fails; what is counted here is what was
stored all the same, and how often something had to be asked for again until then.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rich.console import Group, RenderableType

from agents.csc.dialogue import is_abandoned
from agents.csc.flow import ANSWERS
from agents.csc.speakers import Speaker
from agents.errors import shorten
from outputs.reports.cells import begin_table
from outputs.runs.record import Record, RepairKind
from quality.checks.structured_checks import DIRECTION_HINTS, PLAN_HINTS, check_direction, check_plan
from quality.checks.turn_checks import HINTS, FailedCheck, check_played_turn
from quality.fidelity.turn_facts import FACT_HINTS

EXAMPLES = 2
EXAMPLE_CHARACTERS = 160


class Finding(NamedTuple):
    """A check: how many of how many stored things fail it, how often it made something be asked for again, examples.

    The examples are of what is stored, and where that is too little of what was asked for again.
    """

    subject: str
    check: str
    failed: int
    total: int
    asked_again: int
    examples: tuple[str, ...]


class Inspection(NamedTuple):
    """How the dialogues of a run were played.

    `utterances` is the mean number of a dialogue that was played to its end, `abandoned` the number of those that were
    given up, `ended_by_customer` of those that the customer ended, `got_somewhere` of those played to their end in
    which something was proposed, explained, carried out or declined.
    """

    dialogues: int
    finished: int
    abandoned: int
    utterances: float
    ended_by_customer: int
    got_somewhere: int
    findings: tuple[Finding, ...]


class _Case(NamedTuple):
    """Something that was checked: whose it is, the checks that it fails, and the text with its place."""

    subject: str
    failed: frozenset[str]
    text: str


def inspect_dialogues(records: Iterable[Record]) -> Inspection:
    """Check what the dialogues of a run hold; failed ones hold nothing."""
    counts: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    repairs: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], list[str]] = {}
    asked_again: dict[tuple[str, str], list[str]] = {}
    lengths: list[int] = []
    dialogues = abandoned = ended = answered = 0
    for record in records:
        dialogues += 1
        for case in _cases(record):
            totals[case.subject] += 1
            for check in case.failed:
                counts[case.subject, check] += 1
                shown = examples.setdefault((case.subject, check), [])
                if len(shown) < EXAMPLES:
                    shown.append(case.text)
        for repair in record.repairs:
            key = RepairKind.of(repair)
            repairs[key] += 1
            text = repair.said.text if repair.said else repair.text
            if text and len(asked_again.setdefault(key, [])) < EXAMPLES:
                place = f"{record.id[:6]}, turn {repair.turn}" if repair.turn else record.id[:6]
                asked_again[key].append(f"{place}, asked again: {text}")
        if is_abandoned(record.repairs):
            abandoned += 1
        elif record.error is None:
            lengths.append(len(record.turns))
            ended += any(turn.ends_call for turn in record.turns)
            answered += any(turn.strategy in ANSWERS for turn in record.turns)
    findings = tuple(
        Finding(
            subject,
            check,
            counts[subject, check],
            totals[subject],
            repairs[subject, check],
            tuple((examples.get((subject, check), []) + asked_again.get((subject, check), []))[:EXAMPLES]),
        )
        for subject, checks in _CHECKS.items()
        for check in checks
    )
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    return Inspection(dialogues, len(lengths), abandoned, mean, ended, answered, findings)


_CHECKS: dict[str, Iterable[str]] = {
    "plan": (*PLAN_HINTS, *FACT_HINTS),
    "direction": DIRECTION_HINTS,
    Speaker.SUPPORTER.value: (*HINTS, *FACT_HINTS),
    Speaker.CUSTOMER.value: (*HINTS, *FACT_HINTS),
}
"""What is checked, and the checks on it; those of facts in rewritten calls alone."""


def _cases(record: Record) -> Iterator[_Case]:
    language, name = record.language, record.id[:6]
    if record.plan is None:
        return
    plan = record.plan
    faults = check_plan(plan, record.played_persona, record.full_topic, language)
    yield _Case("plan", _names(faults), f"{name}: {plan}")
    for index, turn in enumerate(record.turns):
        place = f"{name}, turn {index + 1}"
        if turn.direction is not None:
            yield _Case(
                "direction",
                _names(check_direction(turn.direction, plan.customer_goal, language)),
                f"{place}: {turn.direction}",
            )
        faults = check_played_turn(turn, record.turns[:index], language, plan.scenario)
        yield _Case(turn.speaker.value, _names(faults), f"{place}: {turn.text}")


def _names(faults: Iterable[FailedCheck]) -> frozenset[str]:
    return frozenset(fault.check for fault in faults)


def show_inspection(inspection: Inspection) -> RenderableType:
    """Return the figures to be printed; checks that nothing failed are left out."""
    found = [finding for finding in inspection.findings if finding.failed or finding.asked_again]
    if not found:
        return Group(*_sentences(inspection), "", "Nothing failed a check.")
    table = begin_table("what", "check", "stored", "share", "asked again", title="Checks", right=slice(2, 5))
    examples: list[RenderableType] = []
    for finding in found:
        table.add_row(
            finding.subject,
            finding.check,
            f"{finding.failed:,} of {finding.total:,}",
            f"{finding.failed / finding.total:.1%}" if finding.total else "-",
            f"{finding.asked_again:,}",
        )
        examples.append(f"{finding.subject}, {finding.check}:")
        # Below the table: in a column of it they would be a word wide on most terminals.
        examples += [f"  {shorten(text, EXAMPLE_CHARACTERS)}" for text in finding.examples]
    return Group(*_sentences(inspection), "", table, "", "Examples", *examples)


def _sentences(inspection: Inspection) -> Iterator[str]:
    finished = inspection.finished
    yield f"{inspection.dialogues:,} dialogues: {finished:,} played to their end, {inspection.abandoned:,} abandoned."
    if finished:
        yield (
            f"Of those played to their end: {inspection.utterances:.1f} utterances on average, "
            f"{inspection.ended_by_customer / finished:.0%} ended by the customer; something was proposed, explained, "
            f"carried out or declined in {inspection.got_somewhere / finished:.0%}."
        )
