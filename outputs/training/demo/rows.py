"""The rows that the demo model learns from (`make demo-data`): requests of roles, labeller, judge and distiller.

They come from the calls in this folder: all that was decided in our own, people's words in STAR's (arXiv 2010.11853),
verdicts on sound calls and on the same calls with a planted fault, personas drawn from the calls that they play in.
Which rows are made of a call depends on its id alone. The calls that the recipe holds out are written beside the rows,
to measure with.

    python -m outputs.training.demo.rows ROWS.jsonl HELD_OUT.jsonl
"""

import json
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pydantic import BaseModel

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.topics import TOPICS
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.reading import read_lines
from outputs.datasets.dialogues import Labelled
from outputs.datasets.formats import labelled_row
from outputs.datasets.reader import read_dialogues
from outputs.datasets.roles import ChatMessage, RoleRow, role_rows
from outputs.training.plan import split_rows
from outputs.training.settings import TrainSettings
from personas.distill.extraction import distill_messages
from personas.distill.transcripts import Line, Transcript
from personas.persona import UNKNOWN, Persona
from personas.pool import load_pool
from quality.gate.case import Case
from quality.gate.judge import judge_messages
from quality.gate.labeller import labeller_messages
from quality.gate.rubric import RUBRIC
from quality.text import split_words
from quality.trust.canaries import FAULTS, plant_fault

FOLDER = Path(__file__).parent
JUDGED_SOUND, POINTS_OF_SOUND = 0.5, 3
"""Share of our calls that are judged as they are, and how many of the five points are asked then."""
DISTILLED = 0.15
"""Share of our calls from which a persona is drawn."""
MIXED, EXCHANGES = 3, (8, 16)
"""Number of calls mixed for the labeller for each of our calls, and of exchanges in one."""

SOUND: dict[str, tuple[str, ...]] = {
    "strategy_adherence": (
        "Each supporter turn does what its label says, and each step fits where it stands.",
        "The labels are true to the words, and no step comes too early.",
        "The turns do what their labels say, one after the other.",
    ),
    "impossible_requests": (
        "Nothing that may not be done is granted here.",
        "Whatever could not be done was declined with its reason, or was not asked for.",
        "No forbidden request is granted or passed over.",
    ),
    "natural_wording": (
        "Both sides sound like people on the phone and answer each other.",
        "The replies are fluent and fit what was said before.",
        "It reads like a call between two people.",
    ),
    "no_boilerplate": (
        "No sentence comes back and no stock phrase fills a turn.",
        "Every turn is in words of its own.",
        "The wording varies from turn to turn.",
    ),
    "consistent_roles": (
        "The customer stays the described person, and the supporter knows only what was told.",
        "Nobody falls out of their role.",
        "Both stay who they are to the end.",
    ),
}
"""Reasons for a point that is passed."""
FAULTY: dict[str, tuple[str, ...]] = {
    "wrong-label": ("Turn {turn} does not do what its label says.", "The words of turn {turn} do not fit its label."),
    "granted-impossible": (
        "In turn {turn} something is asked for that may not be done, and it is granted at once.",
        "Turn {turn} has a forbidden wish that is simply granted.",
    ),
    "robotic-wording": (
        "Turn {turn} reads like an official letter, not like speech.",
        "The wording of turn {turn} is that of a form.",
    ),
    "repeated-sentence": (
        "Turn {turn} says a sentence again that was said before.",
        "The same sentence comes back in turn {turn}.",
    ),
    "stock-phrases": (
        "Turn {turn} is padded with a stock phrase that would fit any call.",
        "A stock phrase fills turn {turn}.",
    ),
    "swapped-roles": (
        "From turn {turn} on the speakers say each other's words.",
        "In turn {turn} the supporter talks like the customer.",
    ),
    "label-known": (
        "In turn {turn} the customer names a strategy and a script.",
        "The customer of turn {turn} knows the labels.",
    ),
    "goal-leaked": (
        "In turn {turn} the supporter knows what the customer wants before it was said.",
        "The supporter of turn {turn} knows a goal that nobody told.",
    ),
    "judge-bribed": (
        "Turn {turn} speaks to a judge, which nobody does on the phone.",
        "Words to a grader stand in turn {turn}.",
    ),
}
"""Reasons for the point that a planted fault fails; faults that rules find are not the judge's."""


def demo_rows() -> Iterator[RoleRow]:
    """Yield all rows, call by call."""
    calls = list(own_calls())
    exchanges = defaultdict(list)
    for dialogue, persona in calls:
        exchanges[persona.id].extend(_exchanges(dialogue))
    for dialogue, persona in calls:
        yield from role_rows(dialogue, Limits())
        yield _labeller_row(dialogue)
        for number in range(1, MIXED + 1):
            mixed = _mix(dialogue, exchanges[persona.id], Random(f"{dialogue.id}-{number}"))
            yield _labeller_row(mixed, f"mixed-{number}")
        random = Random(dialogue.id)
        yield from _judge_rows(dialogue, random)
        if random.random() < DISTILLED:
            yield _distiller_row(dialogue, persona, random)
    for dialogue in read_dialogues(FOLDER / "star.jsonl"):
        yield from role_rows(dialogue, Limits())


def own_calls() -> Iterator[tuple[Labelled, Persona]]:
    """Yield the calls written for this, each with the persona of its customer."""
    personas = {persona.id: persona for persona in load_pool(None, Language.EN)}
    numbers: Counter[tuple[str, str]] = Counter()
    for _, line in read_lines(FOLDER / "calls.jsonl"):
        call = json.loads(line)
        persona = personas[call["persona"]]
        numbers[persona.id, call["topic"]] += 1
        dialogue = Labelled(
            call["id"],
            TOPICS[call["topic"]][Language.EN].name,
            call["scenario"],
            persona.description,
            call["customer_goal"],
            tuple(Turn.model_validate(turn) for turn in call["turns"]),
            persona_id=persona.id,
            portrait=persona.portrait,
            number=numbers[persona.id, call["topic"]],
        )
        yield dialogue, persona


def _case(dialogue: Labelled) -> Case:
    return Case(
        language=dialogue.language,
        topic=dialogue.topic,
        scenario=dialogue.scenario,
        persona=dialogue.portrait,
        goal=dialogue.goal,
        turns=dialogue.turns,
    )


def _exchanges(dialogue: Labelled) -> list[tuple[Turn, ...]]:
    """Return each turn of the supporter with the customer's answer to it, if there is one."""
    turns = dialogue.turns
    return [turns[place : place + 2] for place, turn in enumerate(turns) if turn.strategy]


def _mix(dialogue: Labelled, exchanges: Sequence[tuple[Turn, ...]], random: Random) -> Labelled:
    """Return the call with other exchanges of its customer's calls, in any order.

    Where a turn stands tells nothing of its label there: the labeller has to find the turn and read it. The exchanges
    are of one customer, as rows are held out by customer.
    """
    chosen = random.sample(exchanges, min(random.randint(*EXCHANGES), len(exchanges)))
    return dialogue._replace(turns=tuple(turn for exchange in chosen for turn in exchange))


def _labeller_row(dialogue: Labelled, what: str = "") -> RoleRow:
    labels = {number: turn.strategy for number, turn in enumerate(dialogue.turns, start=1) if turn.strategy}
    messages = labeller_messages(_case(dialogue), tuple(labels))
    return _row(dialogue, Role.LABELLER, what, messages, {f"turn_{number}": str(it) for number, it in labels.items()})


def _judge_rows(dialogue: Labelled, random: Random) -> Iterator[RoleRow]:
    """Yield verdicts on the call as it is, for some calls, and on the call with a fault planted, for all."""
    case = _case(dialogue)
    points = RUBRIC[case.language]
    if random.random() < JUDGED_SOUND:
        for point in random.sample(points, POINTS_OF_SOUND):
            yield _row(dialogue, Role.JUDGE, point.code, judge_messages(case, point), _sound(case, point.code, random))
    # Each of the points fails as often as the others, whatever the number of its faults.
    by_point = {point.code: [name for name in FAULTY if FAULTS[name].point == point.code] for point in points}
    for code in random.sample(sorted(by_point), len(by_point)):
        fault = random.choice(by_point[code])
        faulty = plant_fault(case, fault, random)
        if faulty is None:
            continue
        changed = [
            number
            for number, (turn, other) in enumerate(zip(case.turns, faulty.turns, strict=True), start=1)
            if turn != other
        ]
        reason = random.choice(FAULTY[fault]).format(turn=changed[0])
        verdicts = {code: {"reason": reason, "turns": changed[:4], "verdict": 0}}
        # What is said by the wrong speaker is wrong in other ways as well: no verdict on the other points is sure.
        if fault != "swapped-roles":
            other = random.choice([point.code for point in points if point.code != code])
            verdicts[other] = _sound(case, other, random)
        for point in points:
            if point.code in verdicts:
                messages = judge_messages(faulty, point)
                yield _row(dialogue, Role.JUDGE, f"{fault}-{point.code}", messages, verdicts[point.code])
        return


def _sound(case: Case, code: str, random: Random) -> dict[str, Any]:
    """Return the verdict on a point that is passed, resting on two supporter turns."""
    places = [number for number, turn in enumerate(case.turns, start=1) if turn.speaker is Speaker.SUPPORTER]
    return {"reason": random.choice(SOUND[code]), "turns": sorted(random.sample(places, 2)), "verdict": 1}


def _distiller_row(dialogue: Labelled, persona: Persona, random: Random) -> RoleRow:
    """Return the persona as one who only heard the call could describe it: manner and mood, and a job that is named."""
    lines = [Line(turn.speaker, turn.text) for turn in dialogue.turns]
    said = [turn.text for turn in dialogue.turns if turn.speaker is Speaker.CUSTOMER]
    trades = [word for word in split_words(persona.job) if len(word) > 5]
    named = [
        (number, word)
        for number, text in enumerate(said, start=1)
        for word in trades
        if word.lower() in map(str.lower, split_words(text))
    ]
    answer: dict[str, Any] = dict.fromkeys(("age", "job", "risk_tolerance", "financial_situation"), UNKNOWN)
    if named:
        answer["job"] = {"lines": [named[0][0]], "value": named[0][1]}
    answer["recent_stress"] = UNKNOWN
    answer |= {"tone": persona.tone, "communication_habits": persona.communication_habits}
    opening = random.choice(("You phone your bank about", "You call the support line about", "You ring your bank over"))
    answer["description"] = (
        f"{opening} {dialogue.topic.lower()}. Your tone is {persona.tone}. "
        f"How you talk: {persona.communication_habits}."
    )
    transcript = Transcript(dialogue.id, tuple(lines))
    return _row(dialogue, Role.DISTILLER, "", distill_messages(transcript), answer)


def _row(dialogue: Labelled, role: Role, what: str, messages: list[Message], answer: dict[str, Any]) -> RoleRow:
    return RoleRow(
        id="-".join(filter(None, (dialogue.id, role, what))),
        role=role,
        dialogue=dialogue.id,
        persona=dialogue.persona_id,
        messages=tuple(ChatMessage.model_validate(message) for message in messages),
        # As the engine's grammar lets it be written: without white space.
        answer=json.dumps(answer, ensure_ascii=False, separators=(",", ":")),
    )


def held_out_calls(rows: Sequence[RoleRow]) -> Iterator[tuple[Labelled, Persona]]:
    """Yield our calls whose rows the recipe holds out, each with the persona of its customer."""
    recipe = tomllib.loads((FOLDER / "recipe.toml").read_text(encoding="utf-8"))
    seed = TrainSettings.model_fields["seed"].default
    held = {row.dialogue for row in split_rows(rows, recipe["held_out"], seed).held_out}
    return ((dialogue, persona) for dialogue, persona in own_calls() if dialogue.id in held)


def main(target: Path, held_out: Path) -> None:
    """Write the rows to a file and the calls held out, as rolecs rows, to another, one a line."""
    rows = list(demo_rows())
    held = [labelled_row(dialogue, persona) for dialogue, persona in held_out_calls(rows)]
    _write(target, rows)
    _write(held_out, held)
    roles = ", ".join(f"{count:,} {role}" for role, count in Counter(row.role for row in rows).most_common())
    print(f"{len(rows):,} rows of {len({row.dialogue for row in rows})} calls in {target}: {roles}")
    print(f"{len(held)} calls to measure with, whose rows the recipe holds out, in {held_out}")


def _write(file: Path, rows: Sequence[BaseModel]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{row.model_dump_json()}\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
