"""What was answered survives a kill, and SIGTERM lets what is in flight end."""

import asyncio
import io
import json
import os
import re
import signal
import sqlite3
from pathlib import Path

import httpx2
from rich.console import Console

from graphs.config.serving import ServeSettings
from graphs.scheduling.interrupts import Interruption
from graphs.serve.server import serve
from outputs.scorecards.store import ScorecardStore
from tests.support.loopback import Loopback
from tests.support.loopback import serve as running
from tests.support.service import open_session
from tests.test_cli import start

FLAGS = ("--port", "0", "--db", "serve.sqlite", "--no-preflight")


async def address_of(process: asyncio.subprocess.Process) -> str:
    """Return where a service answers, which it says on its first line."""
    assert process.stdout
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    found = re.search(rb"at (http://[\d.:]+),", line)
    assert found, line
    return found[1].decode()


async def test_every_answered_turn_and_star_survives_a_kill(tmp_path: Path) -> None:
    loopback = Loopback()
    async with running(loopback):
        process = await start("serve", "--base-url", loopback.base_url, *FLAGS, cwd=tmp_path)
        turns: list[tuple[str, str]] = []
        stars: list[str] = []
        async with httpx2.AsyncClient(base_url=await address_of(process), timeout=60) as client:

            async def talk(number: int) -> None:
                path, token = await open_session(client)
                id_ = path.rpartition("/")[2]
                for count in range(1000):
                    body = {"text": f"Thing {number} of {count} is broken."}
                    said = await client.post(f"{path}/turns", json=body, headers=token)
                    if said.status_code == 201:
                        turns.append((id_, said.json()["turn"]["text"]))
                    rated = await client.post(f"{path}/feedback", json={"stars": 5}, headers=token)
                    stars.extend([id_] * (rated.status_code == 204))

            talking = [asyncio.create_task(talk(number)) for number in range(4)]
            while len(turns) < 20 and not any(task.done() for task in talking):
                await asyncio.sleep(0.01)
            process.kill()
            await asyncio.gather(*talking, return_exceptions=True)
            assert len(turns) >= 20
        await process.communicate()
    with ScorecardStore.open(tmp_path / "serve.sqlite") as store:
        cards = {card.id: card for card in store.cards()}
        assert all(any(turn.text == text for turn in cards[id_].turns) for id_, text in turns)
        assert all(cards[id_].stars == 5 for id_ in stars)
    with sqlite3.connect(tmp_path / "serve.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


async def test_a_service_manager_sees_a_service_that_ended_well(tmp_path: Path) -> None:
    loopback = Loopback()
    async with running(loopback):
        process = await start("serve", "--base-url", loopback.base_url, *FLAGS, cwd=tmp_path)
        await address_of(process)
        process.terminate()
        _, err = await process.communicate()
    assert process.returncode == 0 and err.decode().endswith("Interrupted. The service is stopped.\n")


async def test_sigterm_lets_what_is_in_flight_end(tmp_path: Path) -> None:
    loopback = Loopback()
    addresses: asyncio.Queue[str] = asyncio.Queue()
    console = Console(file=io.StringIO())
    interruption = Interruption(console, 10.0)
    async with running(loopback):
        told = ServeSettings(base_url=(loopback.base_url,), port=0, db=tmp_path / "serve.sqlite", preflight=False)
        work = serve(told, console, interruption, lambda _, address: addresses.put_nowait(address))
        serving = asyncio.create_task(interruption.guard(work))
        async with httpx2.AsyncClient(base_url=await asyncio.wait_for(addresses.get(), 60), timeout=60) as client:
            path, token = await open_session(client)
            loopback.delay = 0.3
            saying = asyncio.create_task(client.post(f"{path}/turns", json={"text": "Hello."}, headers=token))
            while not loopback.in_flight:
                await asyncio.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)
            assert (await saying).status_code == 201
        await asyncio.wait_for(serving, 30)
    events = [json.loads(line)["event"] for line in told.audit_file.read_text().splitlines()]
    assert events == ["started", "opened", "answered", "stopped"]
