"""The service as a process: what was answered survives a kill, and SIGTERM lets what is in flight end."""

import asyncio
import re
import signal
import sqlite3
from pathlib import Path

import httpx2

from outputs.scorecards.store import ScorecardStore
from tests.support.loopback import Loopback, serve
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
    async with serve(loopback):
        process = await start("serve", "--base-url", loopback.base_url, *FLAGS, cwd=tmp_path)
        turns: list[tuple[str, str]] = []
        stars: list[str] = []
        async with httpx2.AsyncClient(base_url=await address_of(process)) as client:

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

            talking = [asyncio.create_task(talk(number)) for number in range(8)]
            while len(turns) < 40:
                await asyncio.sleep(0.01)
            process.kill()
            await asyncio.gather(*talking, return_exceptions=True)
        await process.communicate()
    with ScorecardStore.open(tmp_path / "serve.sqlite") as store:
        cards = {card.id: card for card in store.cards()}
        assert all(any(turn.text == text for turn in cards[id_].turns) for id_, text in turns)
        assert all(cards[id_].stars == 5 for id_ in stars)
    with sqlite3.connect(tmp_path / "serve.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


async def test_sigterm_lets_what_is_in_flight_end_and_the_scorecard_is_told(tmp_path: Path) -> None:
    loopback = Loopback()
    async with serve(loopback):
        process = await start("serve", "--base-url", loopback.base_url, *FLAGS, cwd=tmp_path)
        async with httpx2.AsyncClient(base_url=await address_of(process)) as client:
            path, token = await open_session(client)
            loopback.delay = 0.3
            saying = asyncio.create_task(client.post(f"{path}/turns", json={"text": "Hello."}, headers=token))
            while not loopback.in_flight:
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            assert (await saying).status_code == 201
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130, err.decode()
    assert "The service is stopped." in err.decode()
    files = ("--html", "page.html", "--export", "rows.jsonl", "--prefs", "prefs.jsonl")
    told = await start("scorecard", "serve.sqlite", *files, cwd=tmp_path)
    out, err = await told.communicate()
    assert (told.returncode, err) == (0, b"")
    assert "1 dialogues" in out.decode()
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "rows.jsonl").read_text() == ""
