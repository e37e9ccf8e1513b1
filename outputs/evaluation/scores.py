"""Scores of a model's answers: the sums of each dialogue, and the metrics that they come to."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from agents.csc.language import Language
from outputs.runs.evaluation import Answer, EvaluatedTurn, Evaluation
from quality.metrics.intervals import Estimate, Statistic, Sums, estimate, estimate_difference
from quality.metrics.labels import accuracy, count_choices, macro_f1, stage_accuracy
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

Encode = Callable[[Sequence[str]], Sequence[Vectors]]
"""Returns the token embeddings of texts."""

CHOICES = ("free", "constrained")
REPLIES = ("reply", "own_reply")
QUESTIONS: dict[str, str] = {
    "free": "strategy, among all twelve",
    "constrained": "strategy, among those allowed",
    "reply": "reply to the right strategy",
    "own_reply": "reply to the model's own strategy",
}
"""What is asked of a model for each turn, and what people call it."""


class Metric(NamedTuple):
    """A metric: its name in files, what people call it, how it follows from sums, and whether it is a share of 1."""

    name: str
    title: str
    statistic: Statistic
    is_share: bool = True


CHOICE_METRICS = (
    Metric("acc", "accuracy", accuracy),
    Metric("macro_f1", "macro-F1", macro_f1),
    Metric("stage_acc", "stage accuracy", stage_accuracy),
)
REPLY_METRICS = (
    Metric("bleu2", "BLEU-2", bleu(2), is_share=False),
    Metric("bleu4", "BLEU-4", bleu(4), is_share=False),
    Metric("rouge_l", "ROUGE-L", mean_rouge_l),
    Metric("semantic_f1", "semantic F1", mean_semantic_f1),
    Metric("words", "words a reply", mean_words, is_share=False),
    Metric("length_ratio", "length by the reference's", length_ratio),
)
METRICS: dict[str, tuple[Metric, ...]] = dict.fromkeys(CHOICES, CHOICE_METRICS) | dict.fromkeys(REPLIES, REPLY_METRICS)
"""The metrics of each question."""

_NOTHING = {
    **{question: count_choices([]) for question in CHOICES},
    **{question: np.zeros(SUMS) for question in REPLIES},
}


class TurnScores(NamedTuple):
    """A turn, and the sums of the answers to it, by question."""

    turn: EvaluatedTurn
    sums: dict[str, Sums]


class Scores:
    """The sums of a model's answers, by dialogue; read the evaluations one by one.

    Attributes:
        failed: number of dialogues that the server failed on, which are in no metric.
        turns: number of turns in the others.
        unreadable: number of answers that nothing could be made of, by question; they count as wrong.
        languages: of the dialogues.
    """

    def __init__(self, encode: Encode | None) -> None:
        """Prepare for a model's evaluations; without `encode` there is no semantic F1."""
        self.failed = 0
        self.turns = 0
        self.unreadable: Counter[str] = Counter()
        self.languages: set[Language] = set()
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
                    question: count_choices([(turn.strategy, answer.strategy)])
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
        }
        return scored

    @property
    def dialogues(self) -> int:
        """Number of dialogues that the metrics are over."""
        return len(self._dialogues)

    def total(self, question: str) -> Sums:
        """Return the sums of the answers to a question over all dialogues."""
        return sum((sums[question] for sums in self._dialogues.values()), _NOTHING[question])

    def estimates(self) -> dict[str, dict[str, Estimate]]:
        """Return the metrics of each question, by name."""
        return {
            question: {
                metric.name: estimate(self._matrix(question, list(self._dialogues)), metric.statistic)
                for metric in metrics
            }
            for question, metrics in METRICS.items()
        }

    def differences(self, others: "Scores") -> dict[str, dict[str, Estimate]]:
        """Return by how much each metric is higher than another model's, over the dialogues that both answered."""
        both = [key for key in self._dialogues if key in others._dialogues]
        return {
            question: {
                metric.name: estimate_difference(
                    self._matrix(question, both), others._matrix(question, both), metric.statistic
                )
                for metric in metrics
            }
            for question, metrics in METRICS.items()
        }

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
