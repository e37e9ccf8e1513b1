"""The short version of the soak: a distillation that is killed now and then makes the same pool, byte for byte."""

from pathlib import Path

from tests.soak import soak
from tests.test_cli import STAR


async def test_a_distillation_survives_being_killed(tmp_path: Path) -> None:
    lines = await soak(tmp_path, [str(STAR)], 4, delay=0.2, seed=5)
    assert len(lines) == 4
