"""Run the benchmarks: `python -m benchmarks`, with `--engine` those too that need a model server.

Each one can be run alone and takes arguments then: `python -m benchmarks.client_cpu --help`. What each measures is the
first line of its module, which `--help` lists.
"""

import argparse
from types import ModuleType

from benchmarks import (
    client_cpu,
    cluster,
    dedup,
    embedding,
    engine_cache,
    evaluation,
    layouts,
    memory,
    prefix_cache,
    private_data,
    resume,
    serve,
    training,
    turn_checks,
)

BENCHMARKS = (
    private_data,
    turn_checks,
    dedup,
    embedding,
    client_cpu,
    cluster,
    memory,
    evaluation,
    resume,
    serve,
    prefix_cache,
    training,
    engine_cache,
)
ALONE = (layouts,)
"""Those that are not run with the others."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks",
        description="Run the benchmarks with their defaults.",
        epilog="\n".join([*map(_describe, BENCHMARKS), "", "run alone only:", *map(_describe, ALONE)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tokenizer", help="a model's folder to count tokens with; the demo model's by default")
    parser.add_argument("--engine", action="store_true", help="play some dialogues on a real engine too")
    parser.add_argument("--base-url", help="a running vLLM for --engine; started by default")
    arguments = parser.parse_args()

    given = {
        prefix_cache: ["--tokenizer", arguments.tokenizer] if arguments.tokenizer else [],
        engine_cache: ["--base-url", arguments.base_url] if arguments.base_url else [],
    }
    for module in BENCHMARKS:
        if module is not engine_cache or arguments.engine:
            module.main(given.get(module, []))


def _describe(module: ModuleType) -> str:
    return f"{module.__name__.removeprefix('benchmarks.'):<14}{(module.__doc__ or '').splitlines()[0]}"


if __name__ == "__main__":
    main()
