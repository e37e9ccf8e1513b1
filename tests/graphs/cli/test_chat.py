"""`rolecs chat` from outside: a call by lines on standard input, in both directions, and what is saved of it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from outputs.datasets.dialogues import Labelled
from outputs.datasets.reader import read_dialogues
from tests.support.loopback import Loopback, serve
from tests.support.topics import ACME


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with serve(Loopback()) as running:
        yield running


async def start(server: Loopback, cwd: Path, *arguments: str) -> asyncio.subprocess.Process:
    flags = ("--base-url", server.base_url, "--seed", "3", "--save", "calls.jsonl", "--min-agreement", "0")
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rolecs", "chat", *flags, *arguments),
        cwd=cwd,
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


async def chat(server: Loopback, cwd: Path, typed: str, *arguments: str) -> tuple[int | None, str, str]:
    process = await start(server, cwd, *arguments)
    out, err = await process.communicate(typed.encode())
    return process.returncode, out.decode(), err.decode()


def saved(folder: Path) -> list[Labelled]:
    return list(read_dialogues(folder / "calls.jsonl"))


async def test_a_person_calls_to_the_end(server: Loopback, tmp_path: Path) -> None:
    typed = "My card [bold]was[/bold] declined.\n\n/what now\n/bye Then I will ask the bank. Bye.\nNo, that is all.\n"
    code, out, err = await chat(server, tmp_path, typed)
    assert code == 0, err
    assert out.startswith("Supporter [GT Greeting, Connecting]: ")
    assert "Not said: there is no /what" in err and "A customer calls" in err
    (call,) = saved(tmp_path)
    assert out.count("Supporter [") == sum(turn.speaker is Speaker.SUPPORTER for turn in call.turns)
    assert [turn.text for turn in call.turns if turn.speaker is Speaker.CUSTOMER][:2] == [
        "My card [bold]was[/bold] declined.",
        "Then I will ask the bank. Bye.",
    ]
    assert call.turns[-1].strategy is Strategy.AC and call.turns[3].ends_call
    assert (call.topic, call.scenario) == ("product consultation", "A customer calls; what it is about, they will say.")


async def test_a_call_to_a_users_own_company(server: Loopback, tmp_path: Path) -> None:
    code, out, err = await chat(server, tmp_path, "/quit\n", "--topics", str(ACME))
    assert code == 0, err
    assert out.count("Supporter [") == 1
    told = server.requests[-1]["messages"][0]["content"]
    assert "of Acme Broadband and" in told and "outage at home" in told
    (call,) = saved(tmp_path)
    assert call.own_topic and call.own_topic.company.name == "Acme Broadband"


async def test_a_person_takes_a_call_and_is_told_how_it_was(server: Loopback, tmp_path: Path) -> None:
    typed = "/gt Good morning, what can I do for you?\nI do see.\n/ps Shall I block the card?\n/ac Goodbye.\n"
    flags = ("--as", "supporter", "--persona", "en-003", "--topic", "risk-security")
    code, out, err = await chat(server, tmp_path, typed, *flags)
    assert code == 0, err
    (call,) = saved(tmp_path)
    assert [turn.strategy for turn in call.turns if turn.strategy][::2] == [Strategy.GT, Strategy.PS]
    assert (call.persona_id, call.topic) == ("en-003", "risk management and security")
    assert f"The customer wanted: {call.goal}" in out and call.goal not in err
    assert "turn 5: identity-before-action: PS: IV comes before any PS or RI" in out
    assert "the call: length: 7 utterances" in out
    assert out.count("passed: ") == 5, "the judge is asked although rules are broken"
    assert out.count("Customer") - out.count("Customer ") >= 3
    # The words that were not labelled are shown with the label that they were given.
    assert out.count("Supporter [") == 1 and f"[{call.turns[2].strategy} " in out


async def test_a_chinese_call_left_early_is_saved(server: Loopback, tmp_path: Path) -> None:
    code, out, err = await chat(server, tmp_path, "我的卡被锁了。\n/quit\n", "--language", "zh")
    assert code == 0, err
    assert "礼貌问候" in out
    (call,) = saved(tmp_path)
    assert len(call.turns) == 3 and call.turns[1].text == "我的卡被锁了。"


async def test_an_interruption_ends_and_saves_the_call(server: Loopback, tmp_path: Path) -> None:
    process = await start(server, tmp_path)
    assert process.stdout and process.stdin
    assert (await process.stdout.readline()).startswith(b"Supporter [GT")
    process.stdin.write(b"Hello there.\n")
    assert (await process.stdout.readline()).startswith(b"Supporter [")
    process.send_signal(signal.SIGINT)
    # Standard input stays open: a thread that waits for a line must not be in the way of the end.
    code = await asyncio.wait_for(process.wait(), 20)
    assert process.stderr
    err = (await process.stderr.read()).decode()
    assert code == 130 and "Traceback" not in err and "The call is in calls.jsonl" in err
    (call,) = saved(tmp_path)
    assert len(call.turns) == 3
    process.stdin.close()


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (("--topic", "weather"), "unknown topic 'weather'"),
        (("--persona", "en-001"), "--persona for --as supporter"),
        (("--as", "supporter", "--persona", "xx"), "no persona 'xx' in the pool"),
    ],
)
async def test_wrong_use_is_told(server: Loopback, tmp_path: Path, flags: tuple[str, ...], problem: str) -> None:
    code, _, err = await chat(server, tmp_path, "", *flags)
    assert code == 2 and problem in err
    assert server.calls["all"] == 0


async def test_a_model_that_fails_loses_no_word(server: Loopback, tmp_path: Path) -> None:
    process = await start(server, tmp_path)
    assert process.stdout and process.stdin and process.stderr
    await process.stdout.readline()
    server.manners.refused = {"messages": "no"}
    process.stdin.write(b"Hello there.\n")
    while b"Not said" not in (line := await process.stderr.readline()):
        assert line
    server.manners.refused = {}
    process.stdin.write(b"Hello again.\n/quit\n")
    await process.communicate()
    assert [turn.text for turn in saved(tmp_path)[0].turns if turn.speaker is Speaker.CUSTOMER] == ["Hello again."]
