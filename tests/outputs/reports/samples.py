"""Records and reports that the tests of the report share."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from agents.csc.dialogue import Plan, Repair, Turn
from agents.csc.emotions import FEELINGS
from agents.csc.language import Language
from agents.csc.outline import Step
from agents.csc.speakers import Speaker
from agents.csc.strategies import Stage, Strategy
from agents.csc.topics import ROLECS_TOPICS, TOPICS
from agents.errors import Failure
from outputs.datasets.rows import RolecsRow
from outputs.reports.run_page import RunReport
from outputs.runs.record import NearDuplicate, Record
from outputs.runs.rewriting import Rewriting
from outputs.runs.run import Funnel, Outcome
from personas.persona import Persona
from quality.checks.rules import Violation
from quality.fidelity.fact import Fact, FactKind
from quality.fidelity.findings import Change, Difference, Fidelity
from quality.fidelity.limits import FidelityLimits
from quality.gate.rubric import POINT_CODES
from quality.gate.verdict import EmotionLabelling, Labelling, PointVerdict, Verdict
from quality.metrics.corpus import CorpusFigures
from quality.trust.canaries import Canary
from tests.quality.gate.test_gold import load

HOSTILE = "</script><script>window.hacked=1</script><!-- <img src=x onerror='window.hacked=1'> \u2028"
MANY = 10_000
LONG = 25


def gold_records(language: Language) -> list[Record]:
    """Make records of the gold calls, judged as their authors say; the labeller takes each EM for an RP."""
    return [_gold_record(row, gold, language) for row, gold in load(language)]


def _gold_record(row: RolecsRow, gold: dict[str, Any], language: Language) -> Record:
    turns = [
        turn if turn.strategy else turn.model_copy(update={"direction": "say what is still open"}) for turn in row.turns
    ]
    cited = tuple(gold["turns"]) or (1, 3)
    points = {
        code: PointVerdict(
            reason=gold["note"], turns=cited, verdict=gold["points"][code], votes=(gold["points"][code],) * 3
        )
        for code in POINT_CODES
    }
    labels = {
        number: Strategy.RP if turn.strategy is Strategy.EM else turn.strategy
        for number, turn in enumerate(turns, start=1)
        if turn.strategy
    }
    return Record(
        id=row.id,
        language=language,
        topic=next(code for code, wordings in TOPICS.items() if wordings[language].name == row.source),
        persona=Persona(language=language, **row.persona.model_dump()),
        seed=7,
        model="player",
        judge_model="judge",
        plan=Plan(scenario=row.scenario, customer_goal=row.customer_goal),
        turns=tuple(turns),
        verdict=Verdict(points=points, labelling=Labelling(labels=labels, agreement=0.875, required=0.5)),
    )


def changed(record: Record, **fields: Any) -> Record:
    return Record.model_validate(record.model_dump() | fields)


def varied_records(language: Language) -> list[Record]:
    """Return the gold records, some of them with all that can befall a dialogue."""
    first, second, third, fourth, fifth, sixth, *others = gold_records(language)
    canaries = [
        Canary(fault="swapped label", rejected=True, reasons=("point:strategy_adherence",)),
        Canary(fault="granted request", rejected=False, reasons=()),
        Canary(fault=None, rejected=False, reasons=()),
    ]
    again = Repair(turn=5, speaker=Speaker.SUPPORTER, check="repetition", action="said-again")
    back = Repair(turn=6, speaker=Speaker.CUSTOMER, check="cut-off", action="rewound")
    said = Turn(speaker=Speaker.CUSTOMER, text="I need to")
    given_up = Repair(turn=40, speaker=Speaker.CUSTOMER, check="cut-off", action="abandoned", said=said)
    anew = Repair(turn=0, part="plan", speaker=None, check="person", action="said-again", text=HOSTILE)
    violations = [
        Violation(rule="length", turn=None, detail="8 utterances, 10 to 50 are asked for"),
        Violation(rule="greeting", turn=5, detail="GT: GT opens the call and never returns"),
    ]
    return [
        changed(first, repairs=[again, again, back], canaries=canaries),
        changed(second, violations=violations, verdict=None),
        changed(
            third,
            error=Failure(kind="RequestError", message="no answer: timed out", traceback="Traceback\n  in line 7\n"),
            verdict=None,
        ),
        changed(fourth, near_duplicate=NearDuplicate(id=first.id, similarity=0.973)),
        changed(fifth, repairs=[anew, again, given_up], verdict=None),
        changed(sixth, verdict=Verdict(unscored="the answer was cut off")),
        *others,
    ]


def hostile(record: Record) -> Record:
    """Return a record with hostile texts wherever a text can be."""
    return changed(
        record,
        id=HOSTILE,
        plan=Plan(scenario=HOSTILE, customer_goal=HOSTILE),
        turns=[turn.model_copy(update={"text": HOSTILE}) for turn in record.turns],
        error=Failure(kind=HOSTILE, message=HOSTILE, traceback=HOSTILE),
    )


def felt(record: Record) -> Record:
    """Return a record whose customer goes through three feelings, of which the labeller takes the second for none."""
    feelings = [FEELINGS[code] for code in ("fearful 1", "abusive 2", "satisfied 1")]
    customers = [number for number, turn in enumerate(record.turns, start=1) if not turn.strategy][:3]
    at = dict(zip(customers, feelings, strict=True))
    heard = EmotionLabelling(labels=at | {customers[1]: FEELINGS["neutral"]})
    turns = [turn.model_copy(update={"emotion": at.get(n)}) for n, turn in enumerate(record.turns, start=1)]
    return record.model_copy(update={"turns": tuple(turns), "emotion_labelling": heard, "course": "flares-up"})


ORIGINAL = ("It is 40 dollars.", f"Since Monday. {HOSTILE}", "Then 40 dollars it is.", "Fine.")
STEPS = (("GT", None), (None, None), ("ID", 1), (None, 2), ("EM", 3), (None, None), ("RI", 3), (None, 4), ("AC", None))


def rewritten(record: Record) -> Rewriting:
    """Return a call that was rewritten and not said to its end: an amount became another one, and a day was lost."""
    sides = (Speaker.SUPPORTER, Speaker.CUSTOMER)
    texts = ("Hello.", "Hi.", "It is 41 dollars.", HOSTILE, "I see.", "Thanks.", "Then 40 dollars it is.", "Fine.")
    of = [
        Fact(kind=FactKind.AMOUNT, value=f"{value}", text=f"{value} dollars", turn=turn)
        for value, turn in ((40, 1), (41, 3))
    ]
    day = Fact(kind=FactKind.WEEKDAY, value="1", text="Monday", turn=2)
    fields: dict[str, Any] = {
        "source_id": HOSTILE,
        "original": [Turn(speaker=sides[number % 2], text=text) for number, text in enumerate(ORIGINAL)],
        "before": {1: "OT", 3: "ID"},
        "steps": [Step(speaker=sides[n % 2], strategy=code, line=line) for n, (code, line) in enumerate(STEPS)],
        "turns": [
            Turn(speaker=sides[n % 2], strategy=code, text=text)
            for n, ((code, _), text) in enumerate(zip(STEPS, texts, strict=False))
        ],
        "fidelity": Fidelity(
            limits=FidelityLimits(),
            differences=(
                Difference(change=Change.CHANGED, before=of[0], after=of[1]),
                Difference(change=Change.LOST, before=day),
            ),
        ),
    }
    return Rewriting.model_validate(record.model_dump() | fields)


def never_seen(record: Record) -> Rewriting:
    """Return a call whose lines could not be scrubbed as was asked for, so that the record holds none of them."""
    error = Failure(kind="RequestError", message="no answer", traceback="")
    fields = {"source_id": "call-9", "original": (), "turns": (), "plan": None, "verdict": None, "error": error}
    return Rewriting.model_validate(record.model_dump() | fields)


def many(records: list[Record]) -> Iterator[Record]:
    """Yield `MANY` records, of `LONG` turns each."""
    for number in range(MANY):
        record = records[number % len(records)]
        turns = (record.turns * 3)[:LONG]
        yield record.model_copy(update={"id": f"{number:016x}", "turns": turns})


def corpus_figures(records: list[Record]) -> CorpusFigures:
    """Count what the page draws; the figures that take a method of their own are made up."""
    strategies = [[turn.strategy for turn in record.turns if turn.strategy] for record in records]
    transitions: dict[Stage, dict[Stage, int]] = {}
    for record in records:
        stages = [turn.stage for turn in record.turns if turn.stage]
        for before, after in pairwise(stages):
            following = transitions.setdefault(before, {})
            following[after] = following.get(after, 0) + 1
    return CorpusFigures(
        dialogues=len(records),
        utterances=_counts(len(record.turns) for record in records),
        words={
            speaker: _counts(
                _length(turn.text, record) for record in records for turn in record.turns if turn.speaker is speaker
            )
            for speaker in Speaker
        },
        distinct={1: 0.182, 2: 0.564, 3: 0.811},
        self_bleu=31.4,
        vocabulary=[(step * 1000, int(40 * (step * 1000) ** 0.5)) for step in range(1, 15)],
        strategies={code: sum(used.count(code) for used in strategies) for code in Strategy},
        transitions=transitions,
        positions={
            Stage.CONNECTING: 0.07,
            Stage.IDENTIFYING: 0.31,
            Stage.EXPLORING: 0.44,
            Stage.RESOLVING: 0.62,
            Stage.MAINTAINING: 0.93,
        },
    )


def _length(text: str, record: Record) -> int:
    return len(text) if record.language is Language.ZH else len(text.split())


def _counts(values: Iterable[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts


def make_report(language: Language, records: list[Record], **fields: Any) -> RunReport:
    """Make a report on a run of these records, of which two more are not played yet."""
    outcomes = dict.fromkeys(Outcome, 0) | {Outcome.PLANNED: 2}
    reasons: dict[str, int] = {}
    for record in records:
        outcomes[record.outcome] += 1
        for reason in record.reasons:
            reasons[reason] = reasons.get(reason, 0) + 1
    kept = [record for record in records if record.outcome is Outcome.KEPT]
    funnel = Funnel.model_validate(
        {
            "outcomes": outcomes,
            "reasons": reasons,
            "repaired": 9,
            "usage": {
                "planner": {
                    "requests": 48,
                    "prompt_tokens": 31_200,
                    "cached_tokens": 20_000,
                    "completion_tokens": 7_410,
                },
                "supporter_assistant": {"requests": 410, "prompt_tokens": 512_000, "cached_tokens": 470_000},
                "supporter": {
                    "requests": 430,
                    "prompt_tokens": 540_100,
                    "cached_tokens": 511_000,
                    "completion_tokens": 17_800,
                },
                "customer": {
                    "requests": 390,
                    "prompt_tokens": 420_100,
                    "cached_tokens": 391_000,
                    "completion_tokens": 14_100,
                },
                "judge": {
                    "requests": 300,
                    "prompt_tokens": 610_000,
                    "cached_tokens": 402_000,
                    "completion_tokens": 41_000,
                },
            },
            "counts": {
                "repairs": {
                    ("supporter", "repetition"): 12,
                    ("customer", "cut-off"): 5,
                    ("supporter", "cut-off"): 4,
                    ("customer", "same-opening"): 9,
                },
                "rewinds": {("supporter", "repetition"): 1, ("customer", "cut-off"): 2},
                "canaries": {
                    ("swapped label", True): 9,
                    ("swapped label", False): 3,
                    ("granted request", True): 5,
                    ("granted request", False): 1,
                    ("repeated sentence", True): 7,
                    (None, True): 1,
                    (None, False): 11,
                    (None, None): 2,
                },
                "labels": {
                    ("GT", "GT"): 40,
                    ("IV", "IV"): 38,
                    ("EM", "EM"): 21,
                    ("EM", "RP"): 9,
                    ("EM", "PS"): 2,
                    ("PS", "PS"): 30,
                    ("PS", "ID"): 8,
                    ("ID", "ID"): 51,
                    ("ID", "PS"): 4,
                    ("AC", "AC"): 41,
                    ("OT", "PR"): 2,
                },
            },
        }
    )
    defaults: dict[str, Any] = {
        "title": f"run-{language}",
        "configuration": {
            "language": language.value,
            "topics": list(ROLECS_TOPICS),
            "seed": 7,
            "model": "Qwen/Qwen3-30B-A3B",
            "judge_model": "Qwen/Qwen3-32B",
            "temperature": 0.8,
            "limits": {"min_utterances": 10, "max_utterances": 50},
        },
        "versions": {"rolecs": "0.1.0", "vllm": "0.32.0", "python": "3.11.9"},
        "funnel": funnel,
        "gate": [
            "Uncalibrated: nobody has compared the judge with human verdicts on this language and model.",
            "Of 25 canaries with a known fault, 21 were rejected.",
        ],
        "figures": corpus_figures(kept) if kept else None,
        "records": records,
    }
    return RunReport(**(defaults | fields))
