"""What `rolecs evaluate` costs the client: CPU a request beside `generate`, CPU of the figures, memory by length.

The same server of fixed answers (`benchmarks.instant_server`) answers both jobs, in turns, with as many dialogues in
flight; CPU is the process's own. The dialogues are calls of the gold set put together, see `benchmarks.turn_checks`.
Then come results, samples and page, without semantic F1, whose cost is the encoder's, and the highest memory of the
command that goes on with a run of which all but the last `PENDING` dialogues are stored, and writes the files.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import process_time

from agents.csc.language import Language
from agents.errors import EngineError
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from benchmarks.client_cpu import Cost, measure, play_jobs, server_process
from benchmarks.memory import peak_of
from benchmarks.turn_checks import make_calls
from graphs.cli.evaluate import write_page
from graphs.config.evaluate import EvaluateSettings
from graphs.config.provenance import evaluations_provenance
from graphs.jobs.evaluate import evaluate, read_evaluation_set
from graphs.jobs.plan import plan_rows
from outputs.evaluation.results import write_results
from outputs.runs.evaluation import EVALUATIONS
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from tests.support.jobs import run

UTTERANCES = 20
PENDING = 64
"""Dialogues that are still to be evaluated, as many as are in flight."""
COLUMNS = ("job", "requests a round", "CPU ms a request", "to generate's")


def write_calls(file: Path, count: int) -> Path:
    """Write so many labelled calls, no two alike."""
    with file.open("w", encoding="utf-8") as lines:
        for number, turns in enumerate(make_calls(Language.EN, count, UTTERANCES)):
            told = [{"speaker": turn.speaker, "text": turn.text, "strategy": turn.strategy} for turn in turns]
            lines.write(json.dumps({"dialogue_id": f"call-{number}", "turns": told}) + "\n")
    return file


async def evaluate_calls(base_url: str, file: Path, folder: Path, in_flight: int) -> int:
    """Evaluate on the calls of a file; return the number of requests.

    Raises:
        EngineError: a dialogue failed.
    """
    settings = EvaluateSettings(run=folder, base_url=(base_url,), concurrency=in_flight)
    done = await run(evaluate, settings, read_evaluation_set([file]))
    if failed := done.funnel.outcomes[Outcome.FAILED]:
        raise EngineError(f"{failed} dialogues failed: what was measured is no whole job")
    return sum(usage.requests for usage in done.funnel.usage.values())


def measure_jobs(base_url: str, dialogues: int, in_flight: int, rounds: int) -> tuple[dict[str, list[Cost]], float]:
    """Return the costs of each round by job, and the CPU seconds of the figures of an evaluation."""
    costs: dict[str, list[Cost]] = {"generate": [], "evaluate": []}
    figures = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            file, evaluated = write_calls(Path(folder) / "calls.jsonl", dialogues), Path(folder) / "run"
            costs["generate"].append(measure(play_jobs([base_url], Language.EN, in_flight, dialogues)))
            costs["evaluate"].append(measure(evaluate_calls(base_url, file, evaluated, in_flight)))
            started = process_time()
            write_page(evaluated, write_results(evaluated, None, None), {})
            figures.append(process_time() - started)
    return costs, median(figures)


def measure_memory(base_url: str, dialogues: int) -> float:
    """Return the highest memory of the command, in MiB; what is stored is one evaluation, under the others' names."""
    with tempfile.TemporaryDirectory() as folder:
        file, evaluated = write_calls(Path(folder) / "calls.jsonl", dialogues), Path(folder) / "run"
        measure(evaluate_calls(base_url, write_calls(Path(folder) / "one.jsonl", 1), Path(folder) / "one", 1))
        with RunStore.read(EVALUATIONS, Path(folder) / "one") as store:
            (one,) = store.records(Outcome.KEPT)
        settings = EvaluateSettings(run=evaluated, base_url=(base_url,), concurrency=PENDING)
        read = read_evaluation_set([file])
        provenance = evaluations_provenance(settings, read, "instant", "instant")
        plan = plan_rows(provenance.digest, [dialogue.id for dialogue in read], settings.seed)
        with RunStore.create(EVALUATIONS, evaluated, provenance) as store:
            store.add_plan(plan)
            store.write(*(one.model_copy(update={"id": it.key, "dialogue": it.dialogue}) for it in plan[:-PENDING]))
        words = ["evaluate", str(file), "--run", str(evaluated), "--base-url", base_url, "--resume", "--quiet"]
        return peak_of([*words, "--concurrency", str(PENDING), "--embedding-model", "none"])


def rows_of(costs: dict[str, list[Cost]]) -> Iterator[tuple[object, ...]]:
    usual = median(cost.cpu_ms for cost in costs["generate"])
    for job, spent in costs.items():
        cpu_ms = median(cost.cpu_ms for cost in spent)
        yield job, spent[0].calls, cpu_ms, cpu_ms / usual


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.evaluation", description="Measure what an evaluation costs.")
    parser.add_argument("--dialogues", type=int, default=200, help="dialogues a round")
    parser.add_argument("--in-flight", type=int, default=64, help="dialogues in flight")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="*", default=[500, 2_000], help="dialogues of the stored runs")
    arguments = parser.parse_args(argv)
    with errors_in_one_line(), server_process(Language.EN) as base_url:
        costs, figures_s = measure_jobs(base_url, arguments.dialogues, arguments.in_flight, arguments.rounds)
        peaks = {dialogues: measure_memory(base_url, dialogues) for dialogues in arguments.memory}
    print_table(f"Client CPU, median of {arguments.rounds} rounds", COLUMNS, list(rows_of(costs)))
    print(f"Results, samples and page: {1000 * figures_s / arguments.dialogues:.1f} ms of CPU a dialogue")
    rows = [(f"{dialogues:,} dialogues", peak) for dialogues, peak in peaks.items()]
    print_table("Highest memory of the command", ("job", "MiB"), rows)
    print(describe_machine("pydantic", "numpy"))


if __name__ == "__main__":
    main()
