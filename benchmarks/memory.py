"""How much memory a whole job takes, by its length: the highest that each command had, calls over HTTP included.

A server of fixed answers (`benchmarks.instant_server`) runs in a process of its own, each job is a `rolecs generate`
in another: its highest memory is what the system says of it when it has ended.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from agents.csc.language import Language
from agents.errors import EngineError
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from benchmarks.client_cpu import server_process


def peak_of(words: Sequence[str]) -> float:
    """Carry out `rolecs` with these words; return the highest memory of the command, in MiB.

    Raises:
        EngineError: the command failed.
    """
    process = subprocess.Popen([sys.executable, "-m", "rolecs", *words], stdout=subprocess.DEVNULL)
    # Not by `wait`, which keeps the usage to itself.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise EngineError(f"the job ended with {process.returncode}")
    return usage.ru_maxrss / 1024


def play(base_url: str, dialogues: int, in_flight: int) -> float:
    """Play so many dialogues; return the highest memory of the command, in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["generate", "--run", f"{folder}/run", "--base-url", base_url, "-n", str(dialogues)]
        words += ["--concurrency", str(in_flight), "--canaries", "0", "--max-similarity", "1", "--gate-trial", "skip"]
        return peak_of(words)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.memory", description="Measure the memory of jobs by length.")
    parser.add_argument("--dialogues", type=int, nargs="+", default=[200, 2_000], help="20,000 take about an hour")
    parser.add_argument("--in-flight", type=int, default=64, help="dialogues in flight")
    arguments = parser.parse_args(argv)
    peaks: list[float] = []
    with errors_in_one_line(), server_process(Language.EN) as base_url:
        for dialogues in arguments.dialogues:
            peaks.append(play(base_url, dialogues, arguments.in_flight))
    rows = [
        (f"{dialogues:,} dialogues", arguments.in_flight, peak, peak / peaks[0])
        for dialogues, peak in zip(arguments.dialogues, peaks, strict=True)
    ]
    print_table("Highest memory of a job", ("job", "in flight", "MiB", "to the first"), rows)
    print(describe_machine("pydantic"))


if __name__ == "__main__":
    main()
