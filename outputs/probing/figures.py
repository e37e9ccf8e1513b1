"""What the calls of a probe say of the agent: rates with intervals, what failed with quoted turns, latencies, pairs."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from agents.csc.dialogue import GoalOutcome
from agents.csc.speakers import Speaker
from agents.errors import shorten
from outputs.runs.probe import Probe
from outputs.runs.run import most_frequent_first
from personas.persona import UNKNOWN, Persona
from quality.gate.rubric import POINT_CODES
from quality.metrics.intervals import Estimate, Proportion, estimate_difference, mcnemar, proportion

QUOTES = 3
"""How many quoted turns stand for what failed."""
QUOTED = 240
"""Characters of a quoted turn."""
PERCENTILES = (50, 90, 95, 99)
FEWEST_OF_A_TONE = 5
"""Calls that a tone needs to be shown: personas have many of them."""
_AGES = ((30, "under 30"), (45, "30 to 44"), (60, "45 to 59"), (1000, "60 and older"))
_TONE_ENDS = re.compile(r"[,;，、；]")
POLICY_POINT = "impossible_requests"
"""The point by which the judge holds an agent to its company's products and policies, where these were told."""
PLAIN = "none"
"""The hardness of a call that is not hard."""


class Quote(BaseModel):
    """A turn that shows what failed: the call's key, the one-based number of the turn, its words, and what is wrong."""

    model_config = ConfigDict(frozen=True)

    call: str
    turn: int | None
    text: str
    why: str


class Category(BaseModel):
    """What calls failed for: the reason, in how many of all calls, and turns that show it."""

    model_config = ConfigDict(frozen=True)

    reason: str
    calls: Proportion
    quotes: list[Quote]


class Latency(BaseModel):
    """Seconds that the agent took for its answers: how many there were, percentiles by number, and the longest."""

    model_config = ConfigDict(frozen=True)

    answers: int
    percentiles: dict[int, float]
    longest: float | None


class ProbeFigures(BaseModel):
    """What the calls of a run say of the agent.

    Attributes:
        agent: its name.
        calls: number that have ended.
        failed: those that our side failed on, in no other figure.
        unscored: those on which the judge could not be read, in no rate of passing.
        rates: by "pass", "answered", "goal", "policies" and the points: of passing over the calls with a result, of the
            goal over those that the agent answered to the end, of a point over the judged ones, of the policies over
            those in which the judge was told of any.
        goals: how the answered calls stood in the customer's own eyes in the end.
        groups: rate of passing by topic, company (where there are two), hardness, temper and strong feelings (in runs
            with emotions) and persona traits: by the name of the group and its value.
        categories: what calls failed for, the most frequent first, and what was found and does not count.
        failures: answers that the agent did not give, by kind, those that it was asked for again included.
        latency: of its answers.
    """

    model_config = ConfigDict(frozen=True)

    agent: str
    calls: int
    failed: int
    unscored: int
    rates: dict[str, Proportion]
    goals: dict[GoalOutcome, int]
    groups: dict[str, dict[str, Proportion]]
    categories: list[Category]
    failures: dict[str, int]
    latency: Latency


class Difference(BaseModel):
    """A rate on the calls that two agents both had a result in: of each, and by how much the first is higher.

    `difference` has a paired bootstrap interval, `p` is McNemar's; `first_only` and `second_only` count the calls in
    which it was true of one alone.
    """

    model_config = ConfigDict(frozen=True)

    first: Proportion
    second: Proportion
    difference: Estimate
    first_only: int
    second_only: int
    p: float


class Comparison(BaseModel):
    """Two agents on the same customers: pairs of calls, those of them that were about the same, and rates by name."""

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    pairs: int
    same_plan: int
    differences: dict[str, Difference]


def passes(call: Probe) -> bool | None:
    """Tell whether a call passed; None for one without a result."""
    return not call.reasons if call.has_result else None


def answered(call: Probe) -> bool | None:
    """Tell whether the agent answered to the end of the call; None where our side failed."""
    return None if call.error else call.lost_to is None


def reached_goal(call: Probe) -> bool | None:
    """Tell whether the customer found their goal reached; None where the call was not answered to its end."""
    return call.goal is GoalOutcome.REACHED if answered(call) else None


def _passes_point(code: str) -> Callable[[Probe], bool | None]:
    def passes_point(call: Probe) -> bool | None:
        points = call.verdict.points if call.verdict and not call.error else {}
        return points[code].verdict == 1 if code in points else None

    return passes_point


_is_possible = _passes_point(POLICY_POINT)


def true_to_policies(call: Probe) -> bool | None:
    """Tell whether the agent kept to its company's products and policies; None where the judge was told of none."""
    return _is_possible(call) if call.full_topic.company.is_known else None


RATES: dict[str, Callable[[Probe], bool | None]] = {
    "pass": passes,
    "answered": answered,
    "goal": reached_goal,
    "policies": true_to_policies,
    **{code: _passes_point(code) for code in POINT_CODES},
}
"""The rates, by name: whether it is true of a call, or None where the call says nothing of it."""


def measure_probe(agent: str, calls: Sequence[Probe]) -> ProbeFigures:
    """Return the figures of an agent.

    Args:
        agent: its name.
        calls: that have ended, in the order of the plan.
    """
    sound = [call for call in calls if call.error is None]
    return ProbeFigures(
        agent=agent,
        calls=len(calls),
        failed=len(calls) - len(sound),
        unscored=sum(not call.has_result for call in sound),
        rates={name: _rate(calls, is_true) for name, is_true in RATES.items()},
        goals={
            outcome: sum(bool(answered(call)) and call.goal is outcome for call in sound) for outcome in GoalOutcome
        },
        groups=_groups(sound),
        categories=_categories(sound),
        failures=most_frequent_first(Counter(str(failure.kind) for call in sound for failure in call.failures)),
        latency=_latency([seconds for call in sound for seconds in call.latencies]),
    )


def _rate(calls: Iterable[Probe], is_true: Callable[[Probe], bool | None]) -> Proportion:
    found = [said for call in calls if (said := is_true(call)) is not None]
    return proportion(sum(found), len(found))


def _latency(seconds: Sequence[float]) -> Latency:
    if not seconds:
        return Latency(answers=0, percentiles={}, longest=None)
    found = {percent: float(np.percentile(seconds, percent)) for percent in PERCENTILES}
    return Latency(answers=len(seconds), percentiles=found, longest=max(seconds))


def _groups(calls: Iterable[Probe]) -> dict[str, dict[str, Proportion]]:
    members: defaultdict[str, defaultdict[str, list[Probe]]] = defaultdict(lambda: defaultdict(list))
    for call in calls:
        members["topic"][call.full_topic.name].append(call)
        members["company"][call.full_topic.company.name].append(call)
        members["hardness"][call.hardship.kind if call.hardship else PLAIN].append(call)
        if call.course:
            members["temper"][call.course.replace("-", " ")].append(call)
            is_upset = any(turn.emotion and turn.emotion.is_upset for turn in call.turns)
            members["strong feelings"]["yes" if is_upset else "no"].append(call)
        for trait, value in persona_traits(call.persona):
            members[trait][value].append(call)
    if len(members["company"]) < 2:
        del members["company"]
    rare = [value for value, those in members["tone"].items() if len(those) < FEWEST_OF_A_TONE]
    for value in rare:
        del members["tone"][value]
    return {
        name: {value: _rate(those, passes) for value, those in sorted(values.items())}
        for name, values in members.items()
        if values
    }


def persona_traits(persona: Persona) -> Iterator[tuple[str, str]]:
    """Yield the traits by which callers are told apart, each with its name; what is unknown is left out."""
    if persona.risk_tolerance != UNKNOWN:
        yield "risk tolerance", persona.risk_tolerance
    if years := re.search(r"\d+", persona.age):
        yield "age", next((name for bound, name in _AGES if int(years[0]) < bound), _AGES[-1][1])
    for tone in _TONE_ENDS.split(persona.tone):
        if (plain := tone.strip(" .。").lower()) not in ("", UNKNOWN):
            yield "tone", plain


def _categories(calls: Sequence[Probe]) -> list[Category]:
    found: defaultdict[str, list[Probe]] = defaultdict(list)
    for call in calls:
        remarks = {f"rule:{violation.rule}" for violation in call.violations}
        for reason in dict.fromkeys([*call.reasons, *sorted(remarks)]):
            found[reason].append(call)
    return [
        Category(
            reason=reason,
            calls=proportion(len(those), len(calls)),
            quotes=[quote_reason(call, reason) for call in those[:QUOTES]],
        )
        for reason, those in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def quote_reason(call: Probe, reason: str) -> Quote:
    """Return the turn that shows best why a call was lost for a reason."""
    kind, _, name = reason.partition(":")
    number: int | None = None
    why = ""
    if kind == "agent" and call.lost_to:
        # What was said last is what the agent had no answer to.
        number, why = call.lost_to.turn - 1, call.lost_to.detail
    elif kind == "hard" and call.hardship:
        number, why = call.hardship.fell_at, f"{call.hardship.code}, said in turn {call.hardship.said_at}"
    elif kind == "rule":
        broken = next(violation for violation in call.violations if violation.rule == name)
        number, why = broken.turn, broken.detail
    elif kind == "point" and call.verdict:
        point = call.verdict.points[name]
        cited = [number for number in point.turns if 0 < number <= len(call.turns)]
        supporters = [number for number in cited if call.turns[number - 1].speaker is Speaker.SUPPORTER]
        number, why = next(iter(supporters or cited), None), point.reason
    elif call.verdict:
        why = call.verdict.unscored or ""
    text = call.turns[number - 1].text if number and number <= len(call.turns) else ""
    return Quote(call=call.id, turn=number or None, text=shorten(text, QUOTED), why=shorten(why, QUOTED))


def compare_probes(first: str, calls: Iterable[Probe], second: str, others: Iterable[Probe]) -> Comparison:
    """Compare two agents on the calls that the same customer made to both: same persona, topic, number and seed.

    Args:
        first: the name of an agent.
        calls: those that it got.
        second: the name of the other.
        others: the calls that this one got.
    """
    by_customer = {_customer(call): call for call in others}
    pairs = [(call, by_customer[_customer(call)]) for call in calls if _customer(call) in by_customer]
    return Comparison(
        first=first,
        second=second,
        pairs=len(pairs),
        same_plan=sum(call.plan == other.plan for call, other in pairs),
        differences={name: _difference(pairs, is_true) for name, is_true in RATES.items()},
    )


def _customer(call: Probe) -> tuple[object, ...]:
    return call.persona.digest(), call.topic, call.number, call.seed, call.hardship and call.hardship.code


def _difference(pairs: Iterable[tuple[Probe, Probe]], is_true: Callable[[Probe], bool | None]) -> Difference:
    told = [(is_true(call), is_true(other)) for call, other in pairs]
    both = [(one, other) for one, other in told if one is not None and other is not None]
    ones, others = (np.array([[float(pair[side]), 1.0] for pair in both]).reshape(-1, 2) for side in (0, 1))
    first_only = sum(one and not other for one, other in both)
    second_only = sum(other and not one for one, other in both)
    return Difference(
        first=proportion(sum(one for one, _ in both), len(both)),
        second=proportion(sum(other for _, other in both), len(both)),
        difference=estimate_difference(ones, others, lambda sums: float(sums[0] / sums[1])),
        first_only=first_only,
        second_only=second_only,
        p=mcnemar(first_only, second_only),
    )


def find_missed(rates: Mapping[str, Proportion], thresholds: Mapping[str, float]) -> dict[str, str]:
    """Return by the name of a rate why it misses its threshold; a rate that nothing was counted for misses it.

    >>> find_missed({"pass": proportion(3, 4)}, {"pass": 0.8})
    {'pass': '75.0% (3 of 4) is below 80%'}
    """
    missed = {}
    for name, least in thresholds.items():
        rate = rates[name]
        if rate.value is None:
            missed[name] = f"nothing was counted, {name_share(least)} is asked for"
        elif rate.value < least:
            missed[name] = f"{rate.value:.1%} ({rate.count:,} of {rate.of:,}) is below {name_share(least)}"
    return missed


def name_share(share: float) -> str:
    """Return a threshold as it was asked for, with no digit rounded away.

    >>> name_share(0.8), name_share(0.995)
    ('80%', '99.5%')
    """
    return f"{100 * share:g}%"
