"""The status of a run: rates and time left from the times of its dialogues, and who works on it."""

import os
import platform
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.errors import UsageError
from agents.llm.usage import Role, Usage
from outputs.runs.lock import Owner, acquire, find_owner
from outputs.runs.record import DIALOGUES, Planned, Record
from outputs.runs.run import Funnel, Outcome, Provenance
from outputs.runs.status import Status, build_status, describe_status
from outputs.runs.store import RunStore
from tests.conftest import FAILURE

OWNER = Owner(7, "h")
TIMES = [100.0 * number for number in range(31)]
"""One dialogue each 100 s, for 50 minutes."""


def status(
    kept: int, rejected: int, planned: int, now: float = 3000.0, owner: Owner | None = OWNER, **fields: Any
) -> Status:
    outcomes = {Outcome.PLANNED: planned, Outcome.KEPT: kept, Outcome.REJECTED: rejected, Outcome.FAILED: 0}
    usage = {Role.JUDGE: Usage(completion_tokens=1_000_000)}
    funnel = Funnel(outcomes=outcomes, reasons={}, counts={}, repaired=0, usage=usage)
    return build_status(Provenance.build({}, fields, {}), funnel, TIMES[: kept + rejected], owner, now)


def test_rates_and_the_time_left() -> None:
    found = status(21, 10, 12)
    assert found.per_minute == found.per_minute_recently == pytest.approx(0.6)
    assert found.seconds_left == pytest.approx(1200) and (found.ended, found.planned) == (31, 43)
    assert "0.6 over the last 10 minutes, 0.6 since the first; 0:20:00 left." in list(describe_status(found))[-1]


def test_a_target_takes_what_it_takes_at_the_yield() -> None:
    found = status(15, 15, 2, now=2900.0, target_kept=20)
    assert found.seconds_left == pytest.approx(10 * 100) and "15 are kept of 20" in " ".join(describe_status(found))
    assert status(15, 15, 2, target_kept=15).seconds_left == 0
    assert status(0, 30, 2, target_kept=15).seconds_left is None


def test_a_dead_job_has_no_time_left_and_an_idle_one_a_falling_rate() -> None:
    dead = status(21, 10, 12, now=90_000.0, owner=None)
    assert (dead.working, dead.process, dead.seconds_left) == (False, None, None)
    assert dead.per_minute == pytest.approx(0.6) and dead.per_minute_recently is None
    stuck = status(21, 10, 12, now=6000.0)
    assert stuck.per_minute == pytest.approx(0.3) and stuck.seconds_left is None
    assert next(describe_status(dead)) == "No job works on it."
    assert next(describe_status(stuck)) == "A job works on it: process 7 on h."


def test_a_run_without_an_ended_dialogue_has_no_rates() -> None:
    found = status(0, 0, 5)
    assert found.per_minute is found.per_minute_recently is found.seconds_left is found.tokens_per_kept is None
    assert len(list(describe_status(found))) == 2
    assert status(1, 0, 5, now=0.0).per_minute is None, "a first dialogue is no rate"


def test_the_cost_is_told_at_the_prices_of_the_run() -> None:
    assert status(4, 1, 0).usd is None
    priced = status(4, 1, 0, prices={"input": 1.0, "cached": 0.0, "output": 8.0})
    assert (priced.usd, priced.usd_per_kept) == (8.0, 2.0)
    assert status(0, 1, 0, prices={"output": 8.0}).usd_per_kept is None


def test_the_owner_and_the_times_come_from_the_run(tmp_path: Path, make_record: Callable[..., Record]) -> None:
    provenance = Provenance.build({}, {}, {})
    with RunStore.create(DIALOGUES, tmp_path, provenance) as store:
        store.add_plan(Planned(i, f"key-{i}", "en-001", "technical-support", 1, i) for i in range(3))
        for key in ("key-2", "key-0"):
            store.write(make_record(id=key))
        with RunStore.read(DIALOGUES, tmp_path) as reader:
            times = reader.ended_times()
        assert find_owner(tmp_path) == Owner(os.getpid(), platform.node())
        store.rewrite(make_record(id="key-0", error=FAILURE))
        assert times == store.ended_times() == sorted(times) and len(times) == 2
    assert find_owner(tmp_path) is None
    (tmp_path / "run.lock").unlink()
    assert find_owner(tmp_path) is None


def test_who_looks_never_stands_in_the_way_of_a_job_that_starts(tmp_path: Path) -> None:
    os.close(acquire(tmp_path))
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            find_owner(tmp_path)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(700):
            os.close(acquire(tmp_path))
    finally:
        ended.set()
        for looker in lookers:
            looker.join()


def test_a_lock_stays_when_its_own_job_looks_at_it(tmp_path: Path) -> None:
    lock = acquire(tmp_path)
    assert find_owner(tmp_path) == find_owner(tmp_path) == Owner(os.getpid(), platform.node())
    with pytest.raises(UsageError, match="another job"):
        acquire(tmp_path)
    os.close(lock)
    assert find_owner(tmp_path) is None
