"""Run the benchmarks: `python -m benchmarks`, with `--engine` those too that need a model server.

Each one can be run alone and takes arguments then: `python -m benchmarks.client_cpu --help`.
"""

import argparse

from benchmarks import (
    client_cpu,
    cluster,
    dedup,
    embedding,
    engine_cache,
    evaluation,
    memory,
    prefix_cache,
    private_data,
    resume,
    training,
    turn_checks,
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Run the benchmarks with their defaults.")
    parser.add_argument("--tokenizer", help="a model's folder to count tokens with; the demo model's by default")
    parser.add_argument("--engine", action="store_true", help="play some dialogues on a real engine too")
    parser.add_argument("--base-url", help="a running vLLM for --engine; started by default")
    arguments = parser.parse_args()

    private_data.main([])
    turn_checks.main([])
    dedup.main([])
    embedding.main([])
    client_cpu.main([])
    cluster.main([])
    memory.main([])
    evaluation.main([])
    resume.main([])
    prefix_cache.main(["--tokenizer", arguments.tokenizer] if arguments.tokenizer else [])
    training.main([])
    if arguments.engine:
        engine_cache.main(["--base-url", arguments.base_url] if arguments.base_url else [])


if __name__ == "__main__":
    main()
