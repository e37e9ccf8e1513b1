"""The files of an evaluation, laid out as lm-evaluation-harness does: results, and a sample for each answer.

Shares are given from 0 to 1, BLEU from 0 to 100. Nothing in them depends on time or on the order in which dialogues
ended: a run that was stopped and went on gives the same files.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agents.csc.flow import Limits
from agents.digests import digest
from outputs.evaluation.contamination import Contamination
from outputs.evaluation.feelings import FeelingFigures
from outputs.evaluation.judging import Wins
from outputs.evaluation.scores import CHOICES, METRICS, QUESTIONS, Encode, Metric, Scores
from outputs.files import write_whole
from outputs.runs.evaluation import CALL, EVALUATIONS, Answer, EvaluatedTurn, Evaluation
from outputs.runs.judgement import Judgement
from outputs.runs.run import Outcome, Provenance
from outputs.runs.store import RunStore
from quality.metrics.intervals import COVERAGE, RESAMPLES, Estimate
from quality.metrics.labels import LABELS, by_label, confusion
from quality.metrics.text import signatures

TASK = "rolecs"
VERSION = 1
"""Of the task: raise it when the figures of the same answers would change."""
_PLAIN = ("words", "length_ratio", "utterances")
"""Metrics that are not the better the higher they are."""


class Judged(NamedTuple):
    """What a judge said of a model: its name, of generated calls by the id of the evaluation, and against others.

    `calls` is None where no call was judged.
    """

    judge: str
    calls: Mapping[str, Judgement] | None
    wins: Mapping[str, Wins]


class Result(NamedTuple):
    """What a model's evaluation came to: what the run was, the scores, the metrics, and the files that were written.

    Attributes:
        wins: by the names of other models, how often its answers were better.
        calls: what a judge said of generated calls, by the id of the evaluation.
        feelings: how the model answers them, by what was felt; empty where the dialogues have none.
        contamination: which dialogues the model may have seen; None where nobody has looked.
        judge: the name of the judge; empty where none was named.
    """

    provenance: Provenance
    scores: Scores
    estimates: dict[str, dict[str, Estimate]]
    files: tuple[Path, Path]
    wins: Mapping[str, Wins] = {}
    calls: Mapping[str, Judgement] = {}
    feelings: Mapping[str, FeelingFigures] = {}
    contamination: Contamination | None = None
    judge: str = ""

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.provenance.configuration["model"])


def write_results(
    run: Path,
    encode: Encode | None,
    encoder: str | None,
    contamination: Contamination | None = None,
    judged: Judged | None = None,
) -> Result:
    """Score the answers that a run holds, and write results and samples into its folder.

    Args:
        run: a run of `rolecs evaluate`.
        encode: embeds tokens, for semantic F1; None to go without.
        encoder: its name.
        contamination: which dialogues the model may have seen, where somebody has looked.
        judged: what a judge said, where one was named.

    Raises:
        UsageError: the folder holds no such run.
    """
    with RunStore.read(EVALUATIONS, run) as store, store.snapshot():
        provenance = store.provenance
        limits = Limits.model_validate(provenance.configuration["limits"])
        scores = Scores(encode, limits, judged.calls if judged else None)
        name = f"{TASK}_{provenance.digest}"
        samples, results = run / f"samples_{name}.jsonl", run / f"results_{name}.json"
        write_whole(samples, _samples(store.records(Outcome.KEPT, Outcome.FAILED), scores))
        planned = store.planned
    estimates = scores.estimates()
    own = _own_figures(scores, estimates, encoder) | {
        "versions": provenance.versions,
        "contamination": contamination and contamination.figures(),
        "judge": judged and _judge_figures(judged, scores),
    }
    if feelings := scores.by_feeling():
        own["by_feeling"] = {name: _feeling_figures(figures) for name, figures in feelings.items()}
    content = _results(provenance, scores, estimates, planned) | {"rolecs": own}
    write_whole(results, [json.dumps(content, ensure_ascii=False, indent=2)])
    wins, calls, judge = (judged.wins, judged.calls or {}, judged.judge) if judged else ({}, {}, "")
    return Result(provenance, scores, estimates, (results, samples), wins, calls, feelings, contamination, judge)


def _judge_figures(judged: Judged, scores: Scores) -> dict[str, Any]:
    return {
        "model": judged.judge,
        "unscored_calls": scores.unscored,
        "wins": {
            name: wins._asdict() | {"net": wins.net.value, "net_interval": [wins.net.low, wins.net.high]}
            for name, wins in judged.wins.items()
        },
    }


def _feeling_figures(figures: FeelingFigures) -> dict[str, Any]:
    return {
        "turns": figures.turns,
        "acc": figures.accuracy.value,
        "acc_interval": [figures.accuracy.low, figures.accuracy.high],
        "em": figures.empathy.value,
        "em_interval": [figures.empathy.low, figures.empathy.high],
        "em_in_dialogues": figures.reference,
    }


def _results(
    provenance: Provenance,
    scores: Scores,
    estimates: Mapping[str, Mapping[str, Estimate]],
    planned: int,
) -> dict[str, Any]:
    """Return the results with the keys of lm-evaluation-harness."""
    figures: dict[str, Any] = {"alias": TASK}
    for question, metrics in estimates.items():
        for name, found in metrics.items():
            if found.value is not None:
                figures[f"{name},{question}"] = found.value
                figures[f"{name}_stderr,{question}"] = "N/A" if found.error is None else found.error
    names = dict.fromkeys(metric.name for metrics in METRICS.values() for metric in metrics)
    return {
        "results": {TASK: figures},
        "group_subtasks": {TASK: []},
        "configs": {
            TASK: {
                "task": TASK,
                "output_type": "generate_until",
                "filter_list": [{"name": name, "description": title} for name, title in QUESTIONS.items()],
                "metadata": {"version": VERSION},
            }
        },
        "versions": {TASK: VERSION},
        "n-shot": {TASK: 0},
        "higher_is_better": {TASK: {name: None if name in _PLAIN else True for name in names}},
        "n-samples": {TASK: {"original": planned, "effective": scores.dialogues}},
        "config": {
            "model": provenance.configuration["model"],
            "bootstrap_iters": RESAMPLES,
            "interval_coverage": COVERAGE,
            **provenance.configuration,
        },
        "model_name": provenance.configuration["model"],
    }


def _own_figures(
    scores: Scores, estimates: Mapping[str, Mapping[str, Estimate]], encoder: str | None
) -> dict[str, Any]:
    """Return what lm-evaluation-harness has no key for: intervals, variety, broken rules, figures by strategy."""
    return {
        "turns": scores.turns,
        "failed_dialogues": scores.failed,
        "unreadable": {question: scores.unreadable[question] for question in QUESTIONS},
        "intervals": {
            question: {name: [found.low, found.high] for name, found in metrics.items()}
            for question, metrics in estimates.items()
        },
        "variety": {
            name: {f"distinct_{n}": share for n, share in found.distinct.items()} | {"boilerplate": found.boilerplate}
            for name, found in scores.variety.items()
        },
        "broken_rules": dict(sorted(scores.broken_rules.items())),
        "signatures": signatures(scores.languages, encoder),
        "by_strategy": {
            question: {code: figures.model_dump() for code, figures in by_label(scores.total(question)).items()}
            for question in CHOICES
        },
        "confusion": {
            "rows": "the right strategy",
            "columns": [*LABELS, None],
            **{question: confusion(scores.total(question)).astype(int).tolist() for question in CHOICES},
        },
    }


def _samples(evaluations: Iterable[Evaluation], scores: Scores) -> Iterator[str]:
    """Yield a line for each answer, and for each call that was played; `scores` take up what is read."""
    number = 0
    for evaluation in evaluations:
        for scored in scores.read(evaluation):
            for question, answer in scored.turn.answers.items():
                metrics = {
                    metric.name: _finite(metric.statistic(scored.sums[question])) for metric in _of_a_turn(question)
                }
                yield json.dumps(
                    _sample(number, evaluation, scored.turn, question, answer, metrics), ensure_ascii=False
                )
            number += 1
        if evaluation.error is None and (evaluation.call or evaluation.cut):
            yield json.dumps(_call_sample(number, evaluation, scores), ensure_ascii=False)
            number += 1


def _call_sample(number: int, evaluation: Evaluation, scores: Scores) -> dict[str, Any]:
    sums = scores.call_sums(evaluation)
    metrics = {metric.name: _finite(metric.statistic(sums)) for metric in METRICS[CALL]}
    doc = {"dialogue": evaluation.dialogue}
    said = "\n".join(f"{turn.speaker}: {turn.text}" for turn in evaluation.call)
    return _filled(number, doc, "", said, CALL, metrics, evaluation.cut)


def _of_a_turn(question: str) -> tuple[Metric, ...]:
    """Return the metrics that say something of a single answer."""
    return tuple(metric for metric in METRICS[question] if metric.name != "macro_f1")


def _sample(
    number: int,
    evaluation: Evaluation,
    turn: EvaluatedTurn,
    question: str,
    answer: Answer,
    metrics: Mapping[str, float | None],
) -> dict[str, Any]:
    doc: dict[str, Any] = {
        "dialogue": evaluation.dialogue,
        "turn": turn.number,
        "strategy": turn.strategy,
        "text": turn.text,
        "heard": turn.heard,
        "allowed": turn.allowed,
    }
    if turn.felt:
        doc["felt"] = turn.felt.code
    target = turn.strategy.value if question in CHOICES else turn.text
    return _filled(number, doc, target, answer.text, question, metrics, answer.problem)


def _filled(
    number: int,
    doc: dict[str, Any],
    target: str,
    said: str,
    question: str,
    metrics: Mapping[str, float | None],
    problem: str | None,
) -> dict[str, Any]:
    """Return a sample with the keys of lm-evaluation-harness, and the problem of the answer."""
    return {
        "doc_id": number,
        "doc": doc,
        "target": target,
        "arguments": {},
        "resps": [[said]],
        "filtered_resps": [said],
        "filter": question,
        "metrics": list(metrics),
        "doc_hash": digest(doc),
        "target_hash": digest(target),
        "problem": problem,
        **metrics,
    }


def _finite(value: float) -> float | None:
    # JSON has no such number.
    return None if value != value else value
