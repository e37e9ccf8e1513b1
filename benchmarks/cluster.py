"""How near two local Ray workers come to the rate that their servers allow, beside one process on the same servers.

As the second table of `benchmarks.client_cpu`, with two servers. On few cores the workers, the driver and the servers
contend for them: compare the servers' share, and do not take the figures for those of a cluster.
"""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack

from agents.csc.language import Language
from benchmarks._common import describe_machine, errors_in_one_line
from benchmarks.client_cpu import DELAY_S, IN_FLIGHT, measure_rate, play_jobs, print_rates, server_process

WORKERS = 2


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.cluster", description="Measure the rate of two Ray workers.")
    parser.add_argument("--dialogues-each", type=int, default=3, help="dialogues, for each one in flight")
    arguments = parser.parse_args(argv)

    dialogues = arguments.dialogues_each * IN_FLIGHT
    with errors_in_one_line(), ExitStack() as stack:
        urls = [stack.enter_context(server_process(Language.EN, DELAY_S)) for _ in range(WORKERS)]
        rates = {
            name: measure_rate(urls, play_jobs(urls, Language.EN, IN_FLIGHT, dialogues, ray))
            for name, ray in (("one process", None), (f"{WORKERS} Ray workers", "local"))
        }
    print_rates(rates)
    print(describe_machine("ray"))


if __name__ == "__main__":
    main()
