"""Figures of a whole set of dialogues: lengths, variety of the wording, use of the strategies; and published ones.

A set is read once and not kept: memory grows with the vocabulary alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from random import Random
from statistics import fmean
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from sacrebleu.metrics.bleu import BLEU

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Stage, Strategy
from quality.metrics.text import TOKENIZERS
from quality.metrics.variety import ORDERS, Variety
from quality.text import split_words

SELF_BLEU_SAMPLE = 20
"""How many dialogues self-BLEU is taken of: its time grows with the square, and this takes one to two seconds."""
SHOWN_STRATEGIES = 3
"""How many of the most used strategies are compared."""

_SEED = 1


class CorpusFigures(BaseModel):
    """The figures of a set of dialogues. A word is a run of letters or of digits, or one Chinese character.

    Attributes:
        dialogues: how many there are.
        utterances: utterances of a dialogue -> how many dialogues.
        words: by speaker, words of a turn -> how many turns.
        distinct: n -> distinct-n (Li et al. 2016, arXiv 1510.03055): different n-grams by all n-grams, over all turns
            of both speakers, in small letters, none across two turns. 0 where no turn is that long. It falls as a set
            grows, so only sets of about one size compare. Estimated for large sets, see `MOST_NGRAMS`.
        self_bleu: 0 (nothing alike) to 100 (all the same), after Zhu et al. 2018 (Texygen, arXiv 1802.01886): the mean
            BLEU of what the supporter of one dialogue says, with the other dialogues as references. Taken of a random
            sample of `SELF_BLEU_SAMPLE` dialogues; it rises with their number, so a smaller set does not compare. A
            dialogue whose supporter says nothing is left out; None for fewer than two others.
        vocabulary: words read so far -> different words among them, at most `MOST_POINTS` points, the last one at the
            end of the set.
        strategies: supporter turns by strategy, all twelve; a turn without one is not counted.
        transitions: from stage -> to stage -> how often, of all stages, over each two of a dialogue's supporter turns
            with a strategy that follow each other.
        positions: the mean place in the call of a stage's supporter turns, 0 (first turn) to 1 (last); a stage that
            never occurs is left out.
    """

    model_config = ConfigDict(frozen=True)

    dialogues: int
    utterances: dict[int, int]
    words: dict[Speaker, dict[int, int]]
    distinct: dict[int, float]
    self_bleu: float | None
    vocabulary: list[tuple[int, int]]
    strategies: dict[Strategy, int]
    transitions: dict[Stage, dict[Stage, int]]
    positions: dict[Stage, float]


class Reference(NamedTuple):
    """A published figure: the data set, the figure as `compare` names it, and its value."""

    name: str
    figure: str
    value: str


_DIALOGUES = "dialogues"
_UTTERANCES = "utterances a dialogue"
_WORDS = {speaker: f"{speaker}'s words a turn (Chinese: characters)" for speaker in Speaker}
_LABELLED = "supporter turns with a strategy other than OT"
_MOST_USED = "most used strategies"

REFERENCES: tuple[Reference, ...] = (
    Reference("CSConv", _DIALOGUES, "1,855"),
    Reference("RoleCS", _DIALOGUES, "11,232 kept of 13,636 (82%), with 1,948 personas"),
    Reference("CSConv", _UTTERANCES, "27 on average, 10 to 50"),
    Reference("CSConv", _WORDS[Speaker.SUPPORTER], "41 to 49"),
    Reference("CSConv", _LABELLED, "55% to 98%"),
    Reference("CSConv", _MOST_USED, "ID 14.9%, EM 11.9%, PS 10.0%"),
)
"""What the authors of the framework report of their data sets (arXiv 2508.04423)."""


def measure_corpus(dialogues: Iterable[Sequence[Turn]], language: Language) -> CorpusFigures:
    """Measure a set of dialogues in one pass; of an empty one all counts are 0.

    The order of the dialogues tells in the curve of the vocabulary alone, and in which of them self-BLEU samples.

    Args:
        dialogues: the turns of each, in one language.
        language: that they are in.
    """
    utterances: Counter[int] = Counter()
    words: dict[Speaker, Counter[int]] = {speaker: Counter() for speaker in Speaker}
    variety, flow, sample = Variety(), _Flow(), _Sample()
    for turns in dialogues:
        utterances[len(turns)] += 1
        for turn in turns:
            said = split_words(turn.text)
            words[turn.speaker][len(said)] += 1
            variety.read(said)
        variety.mark()
        flow.read(turns)
        sample.offer(" ".join(turn.text for turn in turns if turn.speaker is Speaker.SUPPORTER).strip())
    return CorpusFigures(
        dialogues=utterances.total(),
        utterances=dict(sorted(utterances.items())),
        words={speaker: dict(sorted(counts.items())) for speaker, counts in words.items()},
        distinct={n: variety.distinct(n) for n in ORDERS},
        self_bleu=_self_bleu(sample.texts, language),
        vocabulary=variety.curve(),
        strategies=flow.strategies,
        transitions=flow.transitions,
        positions=flow.positions(),
    )


def compare(figures: CorpusFigures) -> list[tuple[str, str, str]]:
    """Return rows of a figure's name, its value in this set and what is published of others; "-" is no value."""
    supporter_turns = sum(figures.words[Speaker.SUPPORTER].values())
    most_used = sorted(figures.strategies, key=lambda strategy: -figures.strategies[strategy])[:SHOWN_STRATEGIES]
    labelled = sum(figures.strategies.values()) - figures.strategies[Strategy.OT]
    lengths = figures.utterances
    read, different = figures.vocabulary[-1] if figures.vocabulary else (0, 0)
    values = {
        _DIALOGUES: f"{figures.dialogues:,}",
        _UTTERANCES: f"{_mean(lengths)} on average, {min(lengths)} to {max(lengths)}" if lengths else "",
        **{
            name: f"{_mean(figures.words[speaker])} on average" if figures.words[speaker] else ""
            for speaker, name in _WORDS.items()
        },
        _LABELLED: f"{labelled / supporter_turns:.0%}" if supporter_turns else "",
        _MOST_USED: ", ".join(
            f"{strategy} {figures.strategies[strategy] / supporter_turns:.1%}"
            for strategy in most_used
            if figures.strategies[strategy]
        ),
        **{f"distinct-{n}": f"{share:.3f}" if share else "" for n, share in figures.distinct.items()},
        "self-BLEU": "" if figures.self_bleu is None else f"{figures.self_bleu:.1f}",
        "different words": f"{different:,} of {read:,}",
    }
    return [(name, value or "-", _published(name)) for name, value in values.items()]


def _published(figure: str) -> str:
    return "; ".join(f"{name}: {value}" for name, of, value in REFERENCES if of == figure)


def _mean(counts: Mapping[int, int]) -> str:
    return f"{sum(value * count for value, count in counts.items()) / sum(counts.values()):.1f}"


def _self_bleu(texts: Sequence[str], language: Language) -> float | None:
    if len(texts) < 2:
        return None
    bleu = BLEU(effective_order=True, tokenize=TOKENIZERS[language])
    return fmean(bleu.sentence_score(text, [*texts[:i], *texts[i + 1 :]]).score for i, text in enumerate(texts))


class _Flow:
    """Which strategies the supporter uses, in which order, and where in the call."""

    def __init__(self) -> None:
        self.strategies = dict.fromkeys(Strategy, 0)
        self.transitions = {stage: dict.fromkeys(Stage, 0) for stage in Stage}
        self._places: dict[Stage, Counter[float]] = {stage: Counter() for stage in Stage}

    def read(self, turns: Sequence[Turn]) -> None:
        """Count the supporter turns of a dialogue."""
        before: Stage | None = None
        for index, turn in enumerate(turns):
            if turn.speaker is not Speaker.SUPPORTER or turn.strategy is None or turn.stage is None:
                continue
            self.strategies[turn.strategy] += 1
            self._places[turn.stage][index / max(1, len(turns) - 1)] += 1
            if before:
                self.transitions[before][turn.stage] += 1
            before = turn.stage

    def positions(self) -> dict[Stage, float]:
        """Return the mean place of each stage that occurs."""
        # An exact sum: it depends on no order.
        return {
            stage: fsum(place * count for place, count in places.items()) / places.total()
            for stage, places in self._places.items()
            if places
        }


class _Sample:
    """A random sample of texts that are not empty, each as likely as any other (Vitter 1985, algorithm R)."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._chance = Random(_SEED)
        self._offered = 0

    def offer(self, text: str) -> None:
        """Take a text into the sample, or not."""
        if not text:
            return
        self._offered += 1
        if len(self.texts) < SELF_BLEU_SAMPLE:
            self.texts.append(text)
        elif (slot := self._chance.randrange(self._offered)) < SELF_BLEU_SAMPLE:
            self.texts[slot] = text
