"""Whole jobs against a server at which many kinds of things go wrong: nothing is lost, and nobody storms it."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from graphs.config.settings import Settings
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from tests.support.jobs import run_quietly
from tests.support.loopback import Faults, Loopback, serve

SHARE = 0.05
ON_THE_WAY = ("error_500", "busy_429", "error_503", "reset", "stall", "garbage")
"""Kinds after which a request is sent again as it was."""
UNREADABLE = ("wrong_schema",)
"""Kinds after which another answer is asked for."""
ATTEMPTS = 3
"""Few, so that some dialogues do fail."""


async def play(server: Loopback, run: Path, *, dialogues: int, attempts: int = ATTEMPTS, **fields: Any) -> Funnel:
    settings = Settings.model_validate(
        {
            "base_url": [server.base_url],
            "run": run,
            "dialogues": dialogues,
            "retry_policy": {"request_timeout_s": 3.0, "attempts": attempts, "outage_s": 30.0},
            "limits": {"min_utterances": 4, "max_utterances": 8},
            "canaries": 0,
            "gate_trial": "skip",
            "max_similarity": 1,
            "concurrency": 64,
        }
        | fields
    )
    return await run_quietly(settings)


def stored(run: Path) -> dict[str, str]:
    """Return the dump of every ended dialogue by its key, what it cost included."""
    with RunStore.read(DIALOGUES, run) as store:
        outcomes = (Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED)
        return {record.id: record.model_dump_json() for record in store.records(*outcomes)}


def share_lost(calls: float, counted: float, unreadable: float, answered: float) -> float:
    """Return the share of dialogues of so many calls in which a call is lost.

    Args:
        calls: calls of a dialogue.
        counted: share of the requests that fail on the way, of the kinds that count as an attempt.
        unreadable: share whose answer cannot be read.
        answered: share that is answered well; what is left only has to be sent again.
    """

    @cache
    def lost(readable_left: int, failures_left: int) -> float:
        """A call is lost by too many unreadable answers, or by too many failures in a row between them."""
        if not readable_left or not failures_left:
            return 1.0
        after = unreadable * lost(readable_left - 1, ATTEMPTS) + counted * lost(readable_left, failures_left - 1)
        return after / (unreadable + counted + answered)

    return float(1 - (1 - lost(ATTEMPTS, ATTEMPTS)) ** calls)


async def test_all_dialogues_end_whatever_goes_wrong(tmp_path: Path) -> None:
    """Eight kinds of faults hit 5 % of the requests each.

    A slow answer (drip) is still a good one, so 35 % of the requests have to be sent again: perfect retrying would need
    the calls of a job on a sound server, divided by 0.65. That is the ideal of which no more than 1.3 times may come.
    """
    dialogues, compared = 160, 60
    kinds = (*ON_THE_WAY, "drip", *UNREADABLE)
    async with serve(Loopback(end_rate=1.0)) as sound:
        await play(sound, tmp_path / "sound", dialogues=compared)
    async with serve(Loopback(end_rate=1.0, faults=Faults(**dict.fromkeys(kinds, SHARE)))) as server:
        funnel = await play(server, tmp_path / "troubled", dialogues=dialogues)
    calls = sound.calls["all"] / compared
    resent = SHARE * len(ON_THE_WAY + UNREADABLE)

    assert funnel.planned == dialogues and funnel.outcomes[Outcome.PLANNED] == 0
    ended = stored(tmp_path / "troubled")
    assert len(ended) == dialogues and set(server.sessions) == ended.keys()
    assert min(server.calls[kind] for kind in kinds) > 0.8 * SHARE * server.calls["all"]

    ideal = calls * dialogues / (1 - resent)
    assert server.calls["all"] <= 1.3 * ideal, f"{server.calls['all'] / ideal:.2f} times the ideal"

    # A judge or labeller whose answers cannot be read loses the dialogue too, but leaves it unscored. Whether a reset
    # counts as an attempt depends on whether others were answered meanwhile.
    lost = (funnel.outcomes[Outcome.FAILED] + funnel.reasons.get("unscored", 0)) / dialogues
    fewest, most = (share_lost(calls, SHARE * counted, SHARE * len(UNREADABLE), 1 - resent) for counted in (3, 4))
    deviation = (most * (1 - most) / dialogues) ** 0.5
    assert fewest - 4 * deviation < lost < most + 4 * deviation, f"{lost:.3f} lost, {fewest:.3f} to {most:.3f} expected"

    played_alike = stored(tmp_path / "sound").keys() - server.struck["wrong_schema"]
    with RunStore.read(DIALOGUES, tmp_path / "troubled") as store:
        played_alike -= {record.id for record in store.records(Outcome.FAILED)}
    assert len(played_alike) > 3
    assert all(ended[key] == dump for key, dump in stored(tmp_path / "sound").items() if key in played_alike)


async def test_faults_on_the_way_leave_no_trace(tmp_path: Path) -> None:
    kinds = (*ON_THE_WAY, "drip", "drop")
    async with serve(Loopback(end_rate=1.0)) as sound:
        await play(sound, tmp_path / "sound", dialogues=40)
    async with serve(Loopback(end_rate=1.0, faults=Faults(**dict.fromkeys(kinds, SHARE)))) as server:
        funnel = await play(server, tmp_path / "troubled", dialogues=40, attempts=12)
    assert funnel.outcomes[Outcome.FAILED] == 0 and min(server.calls[kind] for kind in kinds) > 5
    assert stored(tmp_path / "sound") == stored(tmp_path / "troubled")


@pytest.mark.parametrize(("kind", "most"), [("busy_429", 5), ("error_503", 8)])
async def test_a_busy_server_is_not_stormed(tmp_path: Path, kind: str, most: int) -> None:
    """A server that turns everybody away for two seconds gets few requests from each dialogue.

    With Retry-After that is one every half a second. Without it the waits are drawn from 0 to 0.25, 0.5, 1, 2 s and so
    on: on average five requests in the time, and rarely more than eight.
    """
    server = Loopback(end_rate=1.0, faults=Faults(**{kind: 1.0}), retry_after=0.5)
    async with serve(server):
        job = asyncio.create_task(play(server, tmp_path, dialogues=40))
        while not server.calls["all"]:
            await asyncio.sleep(0.01)
        await asyncio.sleep(2.0)
        turned_away, server.faults = server.calls[kind], Faults()
        funnel = await job
    assert 40 < turned_away <= 40 * most, f"{turned_away} requests"
    assert funnel.outcomes[Outcome.PLANNED] == funnel.outcomes[Outcome.FAILED] == 0
