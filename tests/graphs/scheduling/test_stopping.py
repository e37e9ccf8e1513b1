"""When no further dialogue is started: the rule alone, and whole jobs against the loopback server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import UsageError
from agents.llm.usage import Role, Usage
from graphs.config.loading import load_settings
from graphs.config.settings import Settings
from graphs.scheduling.counters import Counters
from graphs.scheduling.stopping import BLOCK, NO_YIELD, Goal, Halt, aim, count_needed, find_halt
from graphs.telemetry.progress import describe_counters
from outputs.runs.cost import Budget, Prices
from outputs.runs.evaluation import EVALUATIONS
from outputs.runs.record import DIALOGUES, NearDuplicate, Record
from outputs.runs.run import KEPT_OR_NOT, Funnel, Outcome
from outputs.runs.store import RunStore
from tests.conftest import FAILURE
from tests.graphs.jobs.test_generate import play
from tests.support.loopback import Loopback, serve

PRICES = {"input": 2.0, "cached": 0.5, "output": 8.0}
MakeRecord = Callable[..., Record]


def make_counters(kept: int = 0, rejected: int = 0, waiting: int = 0, failed: int = 0, tokens: int = 0) -> Counters:
    outcomes = {
        Outcome.PLANNED: waiting,
        Outcome.KEPT: kept,
        Outcome.REJECTED: rejected,
        Outcome.FAILED: failed,
    }
    usage = {Role.JUDGE: Usage(completion_tokens=tokens)}
    return Counters(Funnel(outcomes=outcomes, reasons={}, counts={}, repaired=0, usage=usage), Usage)


def make_goal(target: int | None = None, tokens: int | None = None, usd: float | None = None) -> Goal:
    return Goal(target, Budget(tokens, usd), Prices(**PRICES))


def test_nothing_stops_a_run_without_bounds() -> None:
    counters = make_counters(waiting=9, tokens=10**9)
    for _ in range(500):
        assert find_halt(make_goal(), counters) is None
        counters.begin()


def test_a_budget_leaves_room_for_those_in_flight() -> None:
    counters = make_counters(kept=10, tokens=1000)
    while find_halt(make_goal(tokens=1500), counters) is None:
        counters.begin()
    assert counters.in_flight == 5
    assert find_halt(make_goal(tokens=1500), make_counters(kept=10, tokens=1450)) == Halt(
        "budget",
        "1,450 tokens of 1,500 tokens are spent: the budget allows no further one (145 tokens each).",
        " --budget-tokens 3000",
    )
    priced = find_halt(make_goal(usd=8.5), make_counters(kept=10, tokens=1_000_000))
    assert priced and priced.remedy == " --budget-usd 17" and priced.reason.startswith("$8.00 of $8.50 are spent")


def test_before_its_cost_is_known_one_dialogue_goes_alone(make_record: MakeRecord) -> None:
    goal, counters = make_goal(tokens=10**6), make_counters(waiting=99)
    assert find_halt(goal, counters) is None
    counters.begin()
    assert find_halt(goal, counters) is not None
    counters.end(make_record())
    for _ in range(8):
        assert find_halt(goal, counters) is None
        counters.begin()
    assert find_halt(goal, counters) is not None, "one dialogue tells too little to start many"


def test_a_target_expects_of_those_in_flight_what_the_yield_says(make_record: MakeRecord) -> None:
    goal, counters = make_goal(target=52), make_counters(kept=49, rejected=50, waiting=9)
    assert count_needed(goal, counters) == 6
    while find_halt(goal, counters) is None:
        counters.begin()
    assert counters.in_flight == 6
    for _ in range(3):
        counters.end(make_record())
    halt = find_halt(goal, counters)
    assert halt and halt.kind == "reached" and counters.kept == 52


def test_a_run_that_keeps_nothing_ends_and_a_low_yield_is_given_time(make_record: MakeRecord) -> None:
    def no_yield_end(counters: Counters) -> int:
        for number in range(5000):
            if halt := find_halt(make_goal(target=1000), counters):
                assert halt.kind == "no-yield"
                return number
            counters.begin()
            counters.end(make_record(verdict=None))
        raise AssertionError("it never ends")

    assert no_yield_end(make_counters(waiting=5000)) == no_yield_end(make_counters(kept=500, rejected=10)) == NO_YIELD
    assert no_yield_end(make_counters(kept=2, rejected=98)) == 500


@given(st.integers(1, 10**6), st.integers(0, 10**5), st.integers(0, 10**5))
def test_the_need_is_enough_at_the_yield_and_bounded(target: int, kept: int, lost: int) -> None:
    need = count_needed(make_goal(target=target), make_counters(kept=kept, rejected=lost))
    assert (need == 0) == (kept >= target) and need <= BLOCK
    if 0 < need < BLOCK:
        assert need >= target - kept


@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_the_aim_covers_what_is_missing(wanted: int, kept: int, repeated: int) -> None:
    aimed = aim(wanted, kept, repeated)
    assert aimed >= wanted or kept > wanted
    if 0 < kept < wanted:
        assert (aimed - kept) * kept / (kept + repeated) >= wanted - kept - 1e-9


def test_a_tally_counts_failed_items_that_are_tried_again_as_planned(make_record: MakeRecord) -> None:
    failed = {Outcome.PLANNED: 1, Outcome.KEPT: 2, Outcome.REJECTED: 0, Outcome.FAILED: 3}
    before = Funnel(outcomes=failed, reasons={}, counts={}, repaired=0, usage={})
    counters = Counters(before, Usage, retry_failed=True)
    assert (counters.planned, counters.ended, counters.outcomes[Outcome.FAILED]) == (6, 2, 0)
    counters.begin()
    counters.end(make_record(error=FAILURE))
    assert (counters.planned, counters.ended, counters.failed_in_a_row) == (6, 3, 1)


def test_the_progress_line_tells_what_is_spent_and_left(make_record: MakeRecord) -> None:
    spent = [Usage(), Usage(requests=9, completion_tokens=1_000_000)]
    outcomes = {Outcome.PLANNED: 9, Outcome.KEPT: 1, Outcome.REJECTED: 0, Outcome.FAILED: 0}
    before = Funnel(outcomes=outcomes, reasons={}, counts={}, repaired=0, usage={})
    counters = Counters(before, lambda: spent[0])
    spent.pop(0)
    assert describe_counters(counters, make_goal(), KEPT_OR_NOT, "3/4 in flight").endswith(
        "1,000,000 tokens per kept, $8.00, 3/4 in flight | ? left"
    )
    counters.begin()
    counters.end(make_record())
    line = describe_counters(counters, Goal(), KEPT_OR_NOT, "")
    assert "2 kept, 0 rejected" in line and "?" not in line
    line = describe_counters(counters, Goal(), EVALUATIONS.ends, "")
    assert line.startswith("2 answered, 0 failed | ") and "tokens per answered, " in line


@pytest.mark.parametrize("flags", [{"budget_usd": 5.0}, {"budget_usd": 5.0, "prices": {"input": 0.0}}])
def test_a_budget_in_dollars_needs_a_price(flags: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"needs a price: set input, cached or output in the table \[prices\]"):
        load_settings(Settings, None, flags)
    assert load_settings(Settings, None, flags | {"prices": {"output": 1.0}}).goal.budget == Budget(None, 5.0)


@pytest.mark.parametrize("dialogues", [2, 20])
@pytest.mark.parametrize("measure", ["tokens", "usd"])
async def test_a_job_spends_its_budget_and_hardly_more(tmp_path: Path, measure: str, dialogues: int) -> None:
    def spent(found: Funnel) -> float:
        usage = found.total_usage
        return usage.total_tokens if measure == "tokens" else Prices(**PRICES).cost(usage)

    async with serve(Loopback(delay=0.001)) as server:
        one = spent(await play(server, tmp_path / "probe", dialogues=5, prices=PRICES)) / 5
        bounds = {f"budget_{measure}": round(one * dialogues, 4) if measure == "usd" else int(one * dialogues)}
        found = await play(server, tmp_path / "run", dialogues=400, prices=PRICES, **bounds)
        budget = bounds[f"budget_{measure}"]
        assert spent(found) <= max(1.1 * budget, budget + 3 * one), (
            "at most a tenth or one or two long dialogues too much"
        )
        assert spent(found) >= budget - 2.5 * one and found.outcomes[Outcome.PLANNED] > 300
        again = await play(server, tmp_path / "run", resume=True, dialogues=400, prices=PRICES, **bounds)
        assert again == found, "what was spent before counts after a resume"


@pytest.mark.parametrize(("pass_rate", "target"), [(1.0, 7), (0.9, 12)])
async def test_a_job_plays_until_enough_are_kept(tmp_path: Path, pass_rate: float, target: int) -> None:
    async with serve(Loopback(pass_rate=pass_rate)) as server:
        found = await play(server, tmp_path, target_kept=target, dialogues=1, concurrency=8)
        assert target <= found.outcomes[Outcome.KEPT] <= target + 3
        calls = server.calls["all"]
        assert await play(server, tmp_path, resume=True, target_kept=target) == found
        assert server.calls["all"] == calls, "nothing is played when enough are kept"
        more = await play(server, tmp_path, resume=True, target_kept=target + 5, concurrency=8)
    assert target + 5 <= more.outcomes[Outcome.KEPT] <= target + 8
    with RunStore.read(DIALOGUES, tmp_path) as store:
        assert len({record.id for record in store.records(Outcome.KEPT)}) == more.outcomes[Outcome.KEPT]


async def test_repeats_are_made_up_for_and_a_run_of_repeats_alone_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject(share: int) -> Callable[..., None]:
        def reject_near_duplicates(_: Any, store: RunStore[Any, Record], __: Any) -> None:
            for record in list(store.records(Outcome.KEPT)):
                if int(record.id, 16) % 4 < share:
                    store.rewrite(record.model_copy(update={"near_duplicate": NearDuplicate(id="x", similarity=1.0)}))

        return reject_near_duplicates

    async with serve(Loopback()) as server:
        monkeypatch.setattr("graphs.jobs.generate.reject_near_duplicates", reject(2))
        found = await play(server, tmp_path / "half", target_kept=12, concurrency=4)
        assert 12 <= found.outcomes[Outcome.KEPT] <= 20 and found.reasons["near-duplicate"] > 0
        monkeypatch.setattr("graphs.jobs.generate.reject_near_duplicates", reject(4))
        limits = {"min_utterances": 4, "max_utterances": 8}
        found = await play(server, tmp_path / "all", target_kept=40, concurrency=40, limits=limits)
    assert found.outcomes[Outcome.KEPT] == 0 and NO_YIELD <= found.reasons["near-duplicate"] <= NO_YIELD + 60


async def test_a_job_that_keeps_nothing_gives_up(tmp_path: Path) -> None:
    def leak(body: dict[str, Any]) -> str | None:
        return "Well. Customer: hello" if "stop" in body else None

    async with serve(Loopback(say=leak)) as server:
        found = await play(server, tmp_path, target_kept=5, repairs=0)
    assert found.outcomes[Outcome.KEPT] == 0 and NO_YIELD <= found.outcomes[Outcome.REJECTED] <= NO_YIELD + 32
