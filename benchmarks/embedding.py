"""How many persona descriptions a second are embedded, by the batches that a job makes of them."""

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from agents.csc.language import Language
from benchmarks._common import describe_machine, errors_in_one_line, print_table
from personas.dedup.embedding import embed, find_model
from tests.support.made_up import persona


def main(argv: Sequence[str] | None = None) -> None:
    """Embed made-up descriptions with a cold cache, then with a warm one, and print both rates."""
    parser = argparse.ArgumentParser(prog="benchmarks.embedding", description="Measure the embedding of personas.")
    parser.add_argument("--personas", type=int, default=1000)
    parser.add_argument("--embedding-model", help="a hub name or a folder; the default for English by default")
    arguments = parser.parse_args(argv)
    chance = random.Random(1)
    # Three descriptions in a row are about as long as one that a model writes.
    texts = [" ".join(persona(chance, chinese=False) for _ in range(3)) for _ in range(arguments.personas)]
    rows = []
    with errors_in_one_line(), tempfile.TemporaryDirectory() as folder:
        model = find_model(arguments.embedding_model, Language.EN)
        embed(texts[:1], model, Path(folder) / "warm-up", lambda done: None)
        for name in ("nothing on disk", "all on disk"):
            started = time.perf_counter()
            embed(texts, model, Path(folder) / "vectors", lambda done: None)
            seconds = time.perf_counter() - started
            rows.append((name, seconds, len(texts) / seconds))
    words = sum(len(text.split()) for text in texts) / len(texts)
    print_table(
        f"Embedding {len(texts):,} descriptions of {words:.0f} words with {model.name}, loading included "
        f"({describe_machine('sentence-transformers', 'torch')})",
        ("vectors", "seconds", "personas/s"),
        rows,
    )


if __name__ == "__main__":
    main()
