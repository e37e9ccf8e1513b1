"""Scores of a model's answers: the sums of each dialogue, and the metrics that they come to."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from outputs.evaluation.calls import (
    CALL_SUMS,
    broken_by,
    clean_calls,
    closed_calls,
    count_call,
    flawless_calls,
    mean_utterances,
    passed_points,
)
from outputs.evaluation.feelings import (
    FELT_SUMS,
    FeelingFigures,
    count_felt,
    differences_by_feeling,
    figures_by_feeling,
)
from outputs.runs.evaluation import CALL, Answer, EvaluatedTurn, Evaluation
from outputs.runs.judgement import Judgement
from quality.gate.verdict import Verdict
from quality.metrics.intervals import Estimate, Statistic, Sums, estimate_all, estimate_differences
from quality.metrics.labels import Choice, accuracy, count_choices, macro_f1, stage_accuracy, top_accuracy
from quality.metrics.text import (
    SUMS,
    Vectors,
    bleu,
    compare_texts,
    length_ratio,
    mean_rouge_l,
    mean_semantic_f1,
    mean_words,
    semantic_f1,
)
from quality.metrics.variety import ORDERS, Boilerplate, Variety
from quality.text import split_words

Encode = Callable[[Sequence[str]], Sequence[Vectors]]
"""Returns the token embeddings of texts."""

CHOICES = ("free", "constrained")
REPLIES = ("reply", "own_reply")
QUESTIONS: dict[str, str] = {
    "free": "strategy, among all twelve",
    "constrained": "strategy, among those allowed",
    "reply": "reply to the right strategy",
    "own_reply": "reply to the model's own strategy",
    CALL: "calls with the model's own turns",
}
"""What is asked of a model for each turn, and in the end of a whole call, and what people call it."""
REFERENCE = "reference"
"""Stands beside the questions for what was said in the dialogues themselves."""


class Metric(NamedTuple):
    """A metric: its name in files, what people call it, and how it follows from sums.

    Attributes:
        is_share: it is a share of 1, and shown in percent.
        digits: shown behind the point.
    """

    name: str
    title: str
    statistic: Statistic
    is_share: bool = True
    digits: int = 1


CHOICE_METRICS = (
    Metric("acc", "accuracy", accuracy),
    Metric("macro_f1", "macro-F1", macro_f1),
    Metric("stage_acc", "stage accuracy", stage_accuracy),
)
FREE_METRICS = (*CHOICE_METRICS, Metric("top3_acc", "among the first three", top_accuracy))
REPLY_METRICS = (
    Metric("bleu2", "BLEU-2", bleu(2), is_share=False, digits=2),
    Metric("bleu4", "BLEU-4", bleu(4), is_share=False, digits=2),
    Metric("rouge_l", "ROUGE-L", mean_rouge_l),
    Metric("semantic_f1", "semantic F1", mean_semantic_f1),
    Metric("words", "words a reply", mean_words, is_share=False),
    Metric("length_ratio", "length by the reference's", length_ratio),
)
CALL_METRICS = (
    Metric("rules", "no flow rule broken", clean_calls),
    Metric("closed", "closed by the supporter", closed_calls),
    Metric("utterances", "utterances a call", mean_utterances, is_share=False),
    *(Metric(code, f"judge: {code.replace('_', ' ')}", passed) for code, passed in passed_points.items()),
    Metric("flawless", "judge: all five points", flawless_calls),
)
METRICS: dict[str, tuple[Metric, ...]] = {
    "free": FREE_METRICS,
    "constrained": CHOICE_METRICS,
    **dict.fromkeys(REPLIES, REPLY_METRICS),
    CALL: CALL_METRICS,
}
"""The metrics of each question."""

_FELT = "felt"
"""Stands beside the questions for what the customers felt."""
_NOTHING = {
    **{question: count_choices([]) for question in CHOICES},
    **{question: np.zeros(SUMS) for question in REPLIES},
    CALL: np.zeros(CALL_SUMS),
    _FELT: np.zeros(FELT_SUMS),
}
_NOTHING_PASSED = Verdict()
"""The verdict on a call that no judge was shown, because the model cut it off or said nothing in it."""


class TurnScores(NamedTuple):
    """A turn, and the sums of the answers to it, by question."""

    turn: EvaluatedTurn
    sums: dict[str, Sums]


class VarietyFigures(NamedTuple):
    """How varied some replies are: distinct-n by n, see `CorpusFigures`, and the share of boilerplate.

    That is None without any sentence that is long enough to be it.
    """

    distinct: dict[int, float]
    boilerplate: float | None


class Differences(NamedTuple):
    """By how much a model's figures are higher than another's, paired: metrics by question and name, and by feeling.

    A feeling after which there are too few turns is left out.
    """

    metrics: dict[str, dict[str, Estimate]]
    feelings: dict[str, FeelingFigures]


class _Wording:
    """Reads what was said to one question, dialogue by dialogue."""

    def __init__(self) -> None:
        self._variety = Variety()
        self._boilerplate = Boilerplate()

    def read(self, texts: Sequence[str]) -> None:
        for text in texts:
            self._variety.read(split_words(text))
        self._boilerplate.read(texts)

    def figures(self) -> VarietyFigures:
        return VarietyFigures({n: self._variety.distinct(n) for n in ORDERS}, self._boilerplate.share())


class Scores:
    """The sums of a model's answers, by dialogue; read the evaluations one by one.

    Attributes:
        failed: number of dialogues that the server failed on, which are in no metric.
        turns: number of turns in the others.
        unreadable: number of answers that nothing could be made of, by question; they count as wrong.
        unscored: number of calls on which the judge could not be read; they are in no metric of the judge's.
        broken_rules: by flow rule, how many calls broke it.
        languages: of the dialogues.
    """

    def __init__(
        self, encode: Encode | None, limits: Limits | None = None, judgements: Mapping[str, Judgement] | None = None
    ) -> None:
        """Prepare for a model's evaluations.

        Args:
            encode: embeds tokens; without it there is no semantic F1.
            limits: of the length of calls.
            judgements: by the id of the evaluation, of the calls that a judge was shown; None where nobody judged.
        """
        self.failed = 0
        self.turns = 0
        self.unreadable: Counter[str] = Counter()
        self.unscored = 0
        self.broken_rules: Counter[str] = Counter()
        self.languages: set[Language] = set()
        self._limits = limits or Limits()
        self._judgements = judgements
        self._wording: defaultdict[str, _Wording] = defaultdict(_Wording)
        self._encode = encode
        self._seen: Counter[str] = Counter()
        self._dialogues: dict[tuple[str, int], Mapping[str, Sums]] = {}

    def read(self, evaluation: Evaluation) -> list[TurnScores]:
        """Take up the answers on a dialogue, and return the sums of each turn; none where the server failed."""
        name = evaluation.dialogue
        self._seen[name] += 1
        if evaluation.error is not None:
            self.failed += 1
            return []
        semantic = self._semantic(evaluation.turns)
        scored = [
            TurnScores(
                turn,
                {
                    question: count_choices([_choice(turn, question, answer)])
                    if question in CHOICES
                    else compare_texts(answer.text, turn.text, evaluation.language, semantic(answer, turn))
                    for question, answer in turn.answers.items()
                },
            )
            for turn in evaluation.turns
        ]
        self.turns += len(scored)
        self.languages.add(evaluation.language)
        self.unreadable.update(
            question for turn in evaluation.turns for question, answer in turn.answers.items() if answer.problem
        )
        # Files may hold a dialogue twice: the second one is another.
        self._dialogues[name, self._seen[name]] = {
            question: sum((turn.sums[question] for turn in scored if question in turn.sums), nothing)
            for question, nothing in _NOTHING.items()
        } | {CALL: self._read_call(evaluation), _FELT: count_felt(evaluation.turns)}
        for question, texts in _texts(evaluation).items():
            self._wording[question].read(texts)
        return scored

    @property
    def dialogues(self) -> int:
        """Number of dialogues that the metrics are over."""
        return len(self._dialogues)

    @property
    def variety(self) -> dict[str, VarietyFigures]:
        """How varied the replies to each question are, and the references first; what was not said is left out."""
        return {name: self._wording[name].figures() for name in (REFERENCE, *QUESTIONS) if name in self._wording}

    def call_sums(self, evaluation: Evaluation) -> Sums:
        """Return the sums of the call of an evaluation that has been read."""
        return self._dialogues[evaluation.dialogue, self._seen[evaluation.dialogue]][CALL]

    def total(self, question: str) -> Sums:
        """Return the sums of the answers to a question over all dialogues."""
        return sum((sums[question] for sums in self._dialogues.values()), _NOTHING[question])

    def estimates(self) -> dict[str, dict[str, Estimate]]:
        """Return the metrics of each question, by name."""
        return {
            question: _named(metrics, estimate_all(self._matrix(question, list(self._dialogues)), _statistics(metrics)))
            for question, metrics in METRICS.items()
        }

    def differences(self, others: "Scores") -> Differences:
        """Return by how much each metric is higher than another model's, over the dialogues that both answered."""
        both = [key for key in self._dialogues if key in others._dialogues]

        def sums(question: str) -> tuple[Sums, Sums]:
            return self._matrix(question, both), others._matrix(question, both)

        return Differences(
            {
                question: _named(metrics, estimate_differences(*sums(question), _statistics(metrics)))
                for question, metrics in METRICS.items()
            },
            differences_by_feeling(*sums(_FELT)),
        )

    def by_feeling(self) -> dict[str, FeelingFigures]:
        """Return how the model answers feelings; empty where the dialogues have none."""
        return figures_by_feeling(self._matrix(_FELT, list(self._dialogues)))

    def _read_call(self, evaluation: Evaluation) -> Sums:
        if not evaluation.call and not evaluation.cut:
            return _NOTHING[CALL]
        verdict: Verdict | None = None
        if self._judgements is not None:
            judgement = self._judgements.get(evaluation.id)
            verdict = judgement.verdict if judgement else _NOTHING_PASSED
            self.unscored += verdict is None or verdict.unscored is not None
        if evaluation.cut is not None:
            self.unreadable[CALL] += 1
        self.broken_rules.update(broken_by(evaluation.call, self._limits))
        return count_call(evaluation.call, self._limits, verdict)

    def _matrix(self, question: str, dialogues: Sequence[tuple[str, int]]) -> Sums:
        rows = [self._dialogues[key][question] for key in dialogues]
        return np.stack(rows) if rows else np.zeros((0, len(_NOTHING[question])))

    def _semantic(self, turns: Sequence[EvaluatedTurn]) -> Callable[[Answer, EvaluatedTurn], float]:
        """Return what takes the semantic F1 of replies; all texts are embedded together."""
        if self._encode is None:
            return lambda answer, turn: float("nan")
        replies = [answer.text for turn in turns for question, answer in turn.answers.items() if question in REPLIES]
        texts = list(dict.fromkeys([*(turn.text for turn in turns), *replies]))
        vectors = dict(zip(texts, self._encode(texts), strict=True)) if texts else {}
        return lambda answer, turn: semantic_f1(vectors[answer.text], vectors[turn.text])


def _statistics(metrics: Sequence[Metric]) -> list[Statistic]:
    return [metric.statistic for metric in metrics]


def _named(metrics: Sequence[Metric], estimates: Sequence[Estimate]) -> dict[str, Estimate]:
    return {metric.name: found for metric, found in zip(metrics, estimates, strict=True)}


def _choice(turn: EvaluatedTurn, question: str, answer: Answer) -> Choice:
    later = tuple(choice.strategy for choice in turn.later) if question == "free" else None
    return Choice(turn.strategy, answer.strategy, later)


def _texts(evaluation: Evaluation) -> dict[str, list[str]]:
    """Return what was said, by question; a reply that could not be read says nothing."""
    texts: dict[str, list[str]] = {}
    for turn in evaluation.turns:
        texts.setdefault(REFERENCE, []).append(turn.text)
        for question, answer in turn.answers.items():
            if question in REPLIES:
                texts.setdefault(question, []).append(answer.text)
    if evaluation.call and not evaluation.turns:
        texts[CALL] = [turn.text for turn in evaluation.call if turn.speaker is Speaker.SUPPORTER]
    return texts
