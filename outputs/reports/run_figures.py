"""What the report on a run draws, worked out of the funnel and the corpus figures: bars, rates, bins, shades."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from agents.csc.emotions import Emotion
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import STRATEGIES, Stage, Strategy, name_of
from outputs.runs.record import BlindLabel, HeardFeeling, RepairKind
from outputs.runs.run import Funnel, Outcome
from quality.trust.canaries import CanaryResult

MAX_BINS = 30
"""A histogram has no more bins than this."""
SUBJECTS = (*(speaker.value for speaker in Speaker), "plan", "direction")
"""What can fail a check, in the order shown."""
SHADES = 9
"""How many shades tell the shares of the stage table apart, beside none for 0."""
BIN_WIDTHS = tuple(factor * 10**power for power in range(7) for factor in (1, 2, 5))
"""Round widths of bins, in the unit of the values."""


class ShareBar(NamedTuple):
    """A bar that shows a part of a whole: its label, how many dialogues or turns it counts, their share from 0 to 1.

    `kind` names the colour: an outcome, a stage, "waiting" or "reason" for a part of the bar above.
    """

    label: str
    size: int
    share: float
    kind: str


class RepairRow(NamedTuple):
    """How often a check failed, by subject: the plan, a direction, or a speaker's turn."""

    check: str
    counts: dict[str, int]

    @property
    def most(self) -> int:
        """The larger of the counts."""
        return max(self.counts.values())


class CatchRate(NamedTuple):
    """How many of the calls with a planted fault the gate rejected."""

    fault: str
    caught: int
    planted: int

    @property
    def share(self) -> float:
        """Caught of planted."""
        return self.caught / self.planted


class FalseRejections(NamedTuple):
    """How many of the sound calls that were sent as canaries the gate rejected."""

    rejected: int
    sent: int


LabelT = TypeVar("LabelT", Strategy, Emotion)


class LabelAgreement(NamedTuple, Generic[LabelT]):
    """How often the blind labeller gave the turns with a label the same, and what it called them most often else.

    A label is a strategy of the supporter's turns, or an emotion of the customer's.
    """

    label: LabelT
    same: int
    turns: int
    confusion: tuple[LabelT, int] | None

    @property
    def share(self) -> float:
        """Turns called the same, of all."""
        return self.same / self.turns


class Bin(NamedTuple):
    """The values from `first` to `last`, how often they occur, and the height as a share of the highest bin."""

    first: int
    last: int
    size: int
    height: float


class Histogram(NamedTuple):
    """Bins of one width, and the mean and median of the values."""

    bins: list[Bin]
    mean: float
    median: int


class StageCell(NamedTuple):
    """How often a stage follows another one, as a share of all that follows it, and its shade from 0 to `SHADES`."""

    stage: Stage
    size: int
    share: float
    shade: int


def funnel_bars(funnel: Funnel) -> list[ShareBar]:
    """Return a bar per step from planned to kept, as shares of the planned; reasons stand under the rejected."""
    outcomes = funnel.outcomes
    waiting = outcomes[Outcome.PLANNED]
    steps = [
        ("planned", funnel.planned, "planned"),
        *([("not played yet", waiting, "waiting")] if waiting else []),
        ("played", funnel.planned - waiting, "planned"),
        ("failed", outcomes[Outcome.FAILED], "failed"),
        ("rejected", outcomes[Outcome.REJECTED], "rejected"),
        *((reason, count, "reason") for reason, count in funnel.reasons.items()),
        ("kept", outcomes[Outcome.KEPT], "kept"),
    ]
    return [ShareBar(label, count, count / max(funnel.planned, 1), kind) for label, count, kind in steps]


def repair_rows(repairs: Mapping[RepairKind, int]) -> list[RepairRow]:
    """Return the repairs by check, the most frequent first."""
    checks: dict[str, dict[str, int]] = {}
    for (subject, check), count in repairs.items():
        checks.setdefault(check, {})[subject] = count
    subjects = [subject for subject in SUBJECTS if any(subject in counts for counts in checks.values())]
    rows = [
        RepairRow(check, {subject: counts.get(subject, 0) for subject in subjects}) for check, counts in checks.items()
    ]
    return sorted(rows, key=lambda row: (-sum(row.counts.values()), row.check))


def catch_rates(canaries: Mapping[CanaryResult, int]) -> list[CatchRate]:
    """Return the rate of each fault, the worst first; what could not be scored is left out."""
    faults = {result.fault for result in canaries if result.fault is not None}
    scored = {fault: [canaries.get(CanaryResult(fault, rejected), 0) for rejected in (True, False)] for fault in faults}
    rates = [CatchRate(fault, caught, caught + missed) for fault, (caught, missed) in scored.items() if caught + missed]
    return sorted(rates, key=lambda rate: (rate.share, rate.fault))


def false_rejections(canaries: Mapping[CanaryResult, int]) -> FalseRejections | None:
    """Return how the sound calls among the canaries fared; None when none was sent and scored."""
    rejected, passed = (canaries.get(CanaryResult(None, rejected), 0) for rejected in (True, False))
    return FalseRejections(rejected, rejected + passed) if rejected + passed else None


class EmotionAgreement(NamedTuple):
    """How often the blind labeller heard what was played in the customer's turns.

    `same` are the turns in which it named the emotion, `as_strong` those in which it gave the intensity as well;
    `by_chance` is the share that two who name emotions this often would agree in without listening.
    """

    same: int
    as_strong: int
    turns: int
    by_chance: float


def label_agreements(labels: Mapping[BlindLabel, int]) -> list[LabelAgreement[Strategy]]:
    """Return the agreement of played and blind labels by strategy, in the order of the strategies."""
    given: dict[Strategy, dict[Strategy, int]] = {}
    for label, count in labels.items():
        given.setdefault(label.played, {})[label.given] = count
    return [_agreement(strategy, given[strategy]) for strategy in Strategy if sum(given.get(strategy, {}).values())]


def emotion_agreements(feelings: Mapping[HeardFeeling, int]) -> list[LabelAgreement[Emotion]]:
    """Return the agreement of played and heard emotions by emotion, in the order of the emotions."""
    given: dict[Emotion, Counter[Emotion]] = {emotion: Counter() for emotion in Emotion}
    for (played, heard), count in feelings.items():
        given[played.name][heard.name] += count
    return [_agreement(emotion, heard) for emotion, heard in given.items() if heard.total()]


def emotion_agreement(feelings: Mapping[HeardFeeling, int]) -> EmotionAgreement | None:
    """Return the agreement of played and heard emotions over all turns; None when none was labelled."""
    turns = sum(feelings.values())
    if not turns:
        return None
    played, heard = Counter[Emotion](), Counter[Emotion]()
    same = as_strong = 0
    for feeling, count in feelings.items():
        played[feeling.played.name] += count
        heard[feeling.given.name] += count
        same += count if feeling.played.name is feeling.given.name else 0
        as_strong += count if feeling.played == feeling.given else 0
    by_chance = sum(played[emotion] * heard[emotion] for emotion in Emotion) / turns**2
    return EmotionAgreement(same, as_strong, turns, by_chance)


def _agreement(played: LabelT, given: Mapping[LabelT, int]) -> LabelAgreement[LabelT]:
    others = [(label, count) for label, count in given.items() if label is not played and count]
    confusion = max(others, key=lambda item: item[1], default=None)
    return LabelAgreement(played, given.get(played, 0), sum(given.values()), confusion)


def strategy_bars(strategies: Mapping[Strategy, int], language: Language) -> list[ShareBar]:
    """Return a bar per strategy, in the order of the strategies, as shares of all supporter turns."""
    turns = max(sum(strategies.values()), 1)
    return [
        ShareBar(f"{strategy} {name_of(strategy, language)}", count, count / turns, STRATEGIES[strategy].stage)
        for strategy in Strategy
        for count in [strategies.get(strategy, 0)]
    ]


def stage_table(transitions: Mapping[Stage, Mapping[Stage, int]]) -> dict[Stage, list[StageCell]]:
    """Return, for each stage that a turn follows, how often each stage comes next."""
    return {
        stage: _stage_cells(transitions.get(stage, {})) for stage in Stage if any(transitions.get(stage, {}).values())
    }


def _stage_cells(following: Mapping[Stage, int]) -> list[StageCell]:
    total = sum(following.values())
    shares = {stage: following.get(stage, 0) / total for stage in Stage}
    return [StageCell(stage, following.get(stage, 0), share, round(SHADES * share)) for stage, share in shares.items()]


def histogram(counts: Mapping[int, int]) -> Histogram | None:
    """Return a histogram of values by how often they occur; None without any.

    The bins have the narrowest round width with which `MAX_BINS` are enough, and begin at a multiple of it.
    """
    values = sorted(value for value, count in counts.items() if count)
    if not values:
        return None
    width = next(width for width in BIN_WIDTHS if values[-1] // width - values[0] // width < MAX_BINS)
    sizes = dict.fromkeys(range(values[0] // width, values[-1] // width + 1), 0)
    for value in values:
        sizes[value // width] += counts[value]
    highest = max(sizes.values())
    bins = [Bin(slot * width, (slot + 1) * width - 1, size, size / highest) for slot, size in sizes.items()]
    total = sum(sizes.values())
    mean = sum(value * counts[value] for value in values) / total
    return Histogram(bins, mean, _median(values, counts, total))


def _median(values: Iterable[int], counts: Mapping[int, int], total: int) -> int:
    """Return the lower median of `values`, which grow."""
    seen = 0
    for value in values:
        seen += counts[value]
        if 2 * seen >= total:
            return value
    raise ValueError("no values")


def growth_line(vocabulary: Iterable[tuple[int, int]]) -> str:
    """Return the growth of the vocabulary as the points of an SVG polyline from (0, 100) up to (100, 0) at most."""
    points = [(0, 0), *vocabulary]
    words, different = points[-1]
    return " ".join(f"{100 * x / max(words, 1):.2f},{100 - 100 * y / max(different, 1):.2f}" for x, y in points)
