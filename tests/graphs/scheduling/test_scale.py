"""What grows with a run: the memory of a job must hardly do so."""

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import graphs.jobs.generate
import graphs.jobs.near_duplicates
from agents.csc.language import Language
from agents.llm.client import Clients
from graphs.config.settings import Settings
from outputs.runs.record import Planned, Record
from outputs.runs.run import Outcome
from personas.dedup.embedding import EmbeddingModel
from personas.persona import Persona
from tests.conftest import EN_CALL, flawless, make_turns
from tests.support.jobs import run_quietly
from tests.support.loopback import Loopback, serve

FEW, MANY = 1_000, 8_000
TEXT = "He said that the card had been declined twice, and that he needed it today. " * 4
BYTES_AN_ITEM = 2_000
"""What an item may leave behind, such as its row in the plan; its record has 8,000."""


async def play_job(run: Path, dialogues: int) -> dict[str, int]:
    """Run a whole job but for the requests: each dialogue ends at once with a record of the usual size.

    They are compared for near-duplicates by vectors that are drawn.

    Returns:
        The kept dialogues, and the process's highest memory in bytes.
    """
    turns = tuple(turn.model_copy(update={"text": turn.text + TEXT}) for turn in make_turns(EN_CALL))

    async def play_dialogue(planned: Planned, persona: Persona, clients: Clients, *_: object) -> Record:
        await asyncio.sleep(0)
        return Record(
            id=planned.key,
            language=Language.EN,
            topic=planned.topic,
            persona=persona,
            seed=planned.seed,
            model=clients.play.model,
            judge_model=clients.judge.model,
            # Each record has its own texts, as those of a server have.
            turns=tuple(turn.model_copy(update={"text": f"{planned.key} {turn.text}"}) for turn in turns),
            verdict=flawless(),
        )

    def embed(texts: Sequence[str], *_: Any) -> Any:
        vectors = np.random.default_rng(1).standard_normal((sum(1 for _ in texts), 16)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    setattr(graphs.jobs.generate, "play_dialogue", play_dialogue)  # noqa: B010
    setattr(graphs.jobs.near_duplicates, "embed", embed)  # noqa: B010
    setattr(graphs.jobs.near_duplicates, "find_model", lambda *_: EmbeddingModel("drawn", run))  # noqa: B010
    fields: dict[str, Any] = {
        "run": run,
        "dialogues": dialogues,
        "canaries": 0,
        "gate_trial": "skip",
        "max_similarity": 0.999,
        "concurrency": 256,
    }
    async with serve(Loopback()) as server:
        settings = Settings(base_url=(server.base_url,), **fields)
        funnel = await run_quietly(settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"kept": funnel.outcomes[Outcome.KEPT], "peak": peak}


def test_memory_does_not_grow_with_the_records(tmp_path: Path) -> None:
    peaks = []
    for dialogues in (FEW, MANY):
        command = (
            sys.executable,
            "-m",
            "tests.graphs.scheduling.test_scale",
            str(tmp_path / str(dialogues)),
            str(dialogues),
        )
        played = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        assert played["kept"] == dialogues
        peaks.append(played["peak"])
    few, many = peaks
    assert many < 1.3 * few
    assert many - few < BYTES_AN_ITEM * (MANY - FEW), f"{(many - few) / (MANY - FEW):.0f} bytes an item"


if __name__ == "__main__":
    print(json.dumps(asyncio.run(play_job(Path(sys.argv[1]), int(sys.argv[2])))))
