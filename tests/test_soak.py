"""The short version of the soak: jobs that are stopped now and then make the same, byte for byte."""

from pathlib import Path

import pytest

from tests.soak import Job, distillation, generation, soak
from tests.test_cli import STAR


@pytest.mark.parametrize("job", [distillation([str(STAR)]), generation(40)], ids=["distill", "generate"])
async def test_a_job_survives_being_stopped(tmp_path: Path, job: Job) -> None:
    lines = await soak(tmp_path, job, 5, delay=0.1, seed=5)
    assert len(lines) == 5
