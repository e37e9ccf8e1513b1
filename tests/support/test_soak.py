"""The short version of the soak: jobs that are stopped, and whose engine is killed, make the same, byte for byte."""

from pathlib import Path

import pytest

from tests.support.soak import Job, Stop, distillation, generation, soak
from tests.test_cli import STAR

DISTILL = (Stop.KILL, Stop.GONE)
GENERATE = (Stop.KILL, Stop.TERM, Stop.AWAY)


@pytest.mark.parametrize(
    ("job", "stops", "delay"),
    [(distillation([str(STAR)]), DISTILL, 0.2), (generation(20), GENERATE, 0.03)],
    ids=["distill", "generate"],
)
async def test_what_a_job_makes_does_not_depend_on_stops(
    tmp_path: Path, job: Job, stops: tuple[Stop, ...], delay: float
) -> None:
    lines = await soak(tmp_path, job, stops, delay=delay, seed=5)
    assert sum("too late" not in line for line in lines) == len(stops)
