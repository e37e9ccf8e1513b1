"""The short version of the soak: jobs that are stopped, and whose engine is killed, make the same, byte for byte."""

from pathlib import Path

import pytest

from tests.support import DATA
from tests.support.soak import Job, Stop, distillation, generation, soak

CALLS = 24


@pytest.mark.parametrize(
    ("kind", "stops", "delay"),
    [("distill", (Stop.KILL, Stop.GONE), 0.2), ("generate", (Stop.KILL, Stop.TERM, Stop.AWAY), 0.03)],
)
async def test_what_a_job_makes_does_not_depend_on_stops(
    tmp_path: Path, kind: str, stops: tuple[Stop, ...], delay: float
) -> None:
    lines = await soak(tmp_path, make_job(kind, tmp_path), stops, delay=delay, seed=5)
    assert sum("too late" not in line for line in lines) == len(stops)


def make_job(kind: str, folder: Path) -> Job:
    if kind == "generate":
        return generation(20)
    calls = (DATA / "star-60.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:CALLS]
    (folder / "calls.jsonl").write_text("".join(calls), encoding="utf-8")
    return distillation([str(folder / "calls.jsonl")])
