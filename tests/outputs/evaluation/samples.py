"""Evaluations that are small enough to be scored by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.csc.language import Language
from agents.csc.strategies import Strategy
from outputs.evaluation.results import Result
from outputs.evaluation.scores import Encode, Scores
from outputs.runs.evaluation import Answer, EvaluatedTurn, Evaluation
from outputs.runs.run import Provenance

PROVENANCE = Provenance.build(
    {"model": "mine", "history": "reference", "seed": 0, "temperature": 0.0, "limits": {}}, {}, {"rolecs": "0"}
)
VOCABULARY = ["Good", "morning", "Your", "name", "?"]


def encode(texts: Sequence[str]) -> list[Any]:
    """Give each word of the vocabulary a direction of its own."""
    return [
        np.eye(len(VOCABULARY), dtype=np.float32)[[VOCABULARY.index(word) for word in text.split()]] for text in texts
    ]


def evaluation(dialogue: str, *answers: tuple[str, str, str], **fields: Any) -> Evaluation:
    """Make the evaluation of a dialogue; an answer is the strategy chosen, the reply to the right one, and to it."""
    references = (("GT", "Good morning"), ("IV", "Your name ?"))
    turns = tuple(
        EvaluatedTurn(
            number=2 * number + 1,
            strategy=Strategy(code),
            text=text,
            heard="" if code == "GT" else "My card was declined.",
            allowed=(Strategy.GT,) if code == "GT" else (Strategy.IV, Strategy.EM),
            free=Answer(text=free) if free else Answer(problem="the answer was cut off"),
            constrained=None if code == "GT" else Answer(text=free or "EM"),
            reply=Answer(text=reply),
            own_reply=Answer(text=own) if own else Answer(problem="the answer holds no words"),
        )
        for number, ((code, text), (free, reply, own)) in enumerate(zip(references, answers, strict=False))
    )
    known = {"id": dialogue, "dialogue": dialogue, "language": Language.EN, "topic": "", "turns": turns}
    return Evaluation.model_validate(known | fields)


GOOD = [("GT", "Good morning", "Good morning"), ("IV", "Your name ?", "Your name ?")]
POOR = [("GT", "Good morning", "Good morning"), ("", "name ?", "")]


def scores_of(*evaluations: Evaluation, encode: Encode | None = encode) -> Scores:
    """Score the answers of a model."""
    scores = Scores(encode)
    for one in evaluations:
        scores.read(one)
    return scores


def result(scores: Scores) -> Result:
    """Return what a model named "mine" came to."""
    return Result(PROVENANCE, scores, scores.estimates(), (Path("results.json"), Path("samples.jsonl")))
