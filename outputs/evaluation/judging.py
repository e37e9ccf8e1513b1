"""What a judge is shown of evaluations, and what comes of it: generated calls, pairs of two models' answers, wins."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agents.csc.dialogue import Turn
from agents.csc.speakers import Speaker
from outputs.datasets.dialogues import Labelled
from outputs.runs.evaluation import EVALUATIONS, EvaluatedTurn, Evaluation
from outputs.runs.pairs import JudgedPairs
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from quality.gate.preference import Winner
from quality.metrics.intervals import Estimate, Sums, estimate


class Pair(NamedTuple):
    """The answers of two models: what each said at a turn (number from 1), or two whole calls (0); empty: nothing."""

    number: int
    first: tuple[Turn, ...]
    second: tuple[Turn, ...]


class Contest(NamedTuple):
    """A dialogue, and the pairs of answers to it; those of a turn go on from what was said before it."""

    dialogue: Labelled
    pairs: tuple[Pair, ...]


class Wins(NamedTuple):
    """How often a model's answer was better than another's.

    `net` is the share that it won less the share that it lost, with its interval over dialogues.
    """

    won: int
    tied: int
    lost: int
    unread: int
    net: Estimate


def read_calls(run: Path, dialogues: Sequence[Labelled]) -> dict[str, Labelled]:
    """Return the calls of an evaluation that a judge can judge, by the ids of their records.

    One that the model cut off is not among them.

    Args:
        run: a run of `rolecs evaluate` all of whose dialogues have ended.
        dialogues: those that it evaluated on.
    """
    return {
        evaluation.id: dialogue._replace(turns=evaluation.call)
        for evaluation, dialogue in zip(_ended(run), dialogues, strict=True)
        if evaluation.cut is None and any(turn.speaker is Speaker.SUPPORTER for turn in evaluation.call)
    }


def pair_answers(run: Path, other: Path, dialogues: Sequence[Labelled]) -> list[Contest]:
    """Return what two models answered, dialogue by dialogue; those that a server failed on are left out.

    Where they were shown the dialogues as they were, that is a pair a turn: what each said to its own strategy. Else it
    is a pair of calls.
    """
    contests = []
    for one, two, dialogue in zip(_ended(run), _ended(other), dialogues, strict=True):
        if one.error is None and two.error is None:
            pairs = _turns(one, two) if one.turns and not one.call else [Pair(0, _said(one), _said(two))]
            contests.append(Contest(dialogue, tuple(pairs)))
    return contests


def _ended(run: Path) -> Iterator[Evaluation]:
    with RunStore.read(EVALUATIONS, run) as store, store.snapshot():
        yield from store.records(Outcome.KEPT, Outcome.FAILED)


def _said(evaluation: Evaluation) -> tuple[Turn, ...]:
    """Return a call; one that was cut off is none."""
    return () if evaluation.cut else evaluation.call


def _turns(one: Evaluation, other: Evaluation) -> Iterator[Pair]:
    for turn, same in zip(one.turns, other.turns, strict=True):
        yield Pair(turn.number, _reply(turn), _reply(same))


def _reply(turn: EvaluatedTurn) -> tuple[Turn, ...]:
    reply = turn.own_reply
    return () if reply.problem else (Turn(speaker=Speaker.SUPPORTER, text=reply.text),)


def count_wins(judged: Iterable[JudgedPairs]) -> Wins:
    """Sum up which answers were better; a pair on which the judge could not be read is in no share."""
    counts = [Counter(pair.winner for pair in dialogue.pairs) for dialogue in judged]
    total: Counter[Winner | None] = sum(counts, Counter())
    rows = [[of["first"], of["tie"], of["second"]] for of in counts if of.total() > of[None]]
    return Wins(
        total["first"],
        total["tie"],
        total["second"],
        total[None],
        estimate(np.array(rows, np.float64).reshape(-1, 3), _net),
    )


def _net(sums: Sums) -> float:
    return float((sums[0] - sums[2]) / sums.sum()) if sums.any() else float("nan")
