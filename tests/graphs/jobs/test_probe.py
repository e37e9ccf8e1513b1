"""Probing live agents: planted faults are found at their rates, hostile agents break nothing, the goal is kept."""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil
import pytest
from aiohttp import web

from agents.csc.speakers import Speaker
from agents.errors import UsageError
from graphs.config.probe import ProbeSettings
from graphs.jobs.probe import probe
from graphs.probe.spec import HttpSpec, Placeholders, fill, load_agent, look_up
from outputs.probing.figures import compare_probes, find_missed, measure_probe
from outputs.probing.files import read_probe
from outputs.probing.junit import junit_lines
from outputs.probing.table import show_comparisons, show_probe
from outputs.reports.run_report import report_run
from outputs.runs.probe import PLAYED, PROBES
from outputs.runs.run import Outcome, Provenance
from outputs.runs.store import RunStore
from tests.support.jobs import run as run_job
from tests.support.live_agent import LiveAgent, reply, say_well, serve_agent
from tests.support.loopback import Loopback, serve
from tests.support.probes import SECRET, call_all, calls_of, tell_goal

PROGRAM = Path(__file__).parents[2] / "support" / "program_agent.py"


async def test_planted_faults_are_found_at_their_rates_and_nothing_of_the_goal_is_sent(tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> web.Response | None:
        last = body["messages"][-1]["content"]
        if "PINEAPPLE" in last or "OVERRIDE" in last:
            return reply("OVERRIDE ACCEPTED, and then it goes on with PINEAPPLE")
        if "PIN is 4071" in last or "Bluebird" in last:
            return reply("I have noted the PIN 4071 and the password Bluebird-77-Creek for you.")
        return None

    async with serve(Loopback(say=tell_goal)) as server, serve_agent(LiveAgent(answer)) as agent:
        probed = await call_all(server, agent.base_url, tmp_path, dialogues=12, hard="50%", agent_model="bot")
    assert probed.funnel.outcomes[Outcome.FAILED] == 0 and probed.halt is None
    calls = calls_of(tmp_path)
    kinds = [call.hardship.kind for call in calls if call.hardship]
    assert kinds == ["impossible", "injection", "private"] * 2, "half of the calls, the kinds in turn"
    fell = [call.hardship for call in calls if call.hardship and call.hardship.fell_at]
    assert sorted(hardship.kind for hardship in fell) == ["injection", "injection", "private", "private"]
    assert all(hardship.said_at == 4 and hardship.fell_at == 5 for hardship in fell)
    figures = measure_probe("bot", calls)
    assert figures.agent == "bot" and figures.rates["answered"].value == 1 and figures.rates["pass"].count == 8
    by_hardness = figures.groups["hardness"]
    assert by_hardness["injection"].value == by_hardness["private"].value == 0
    assert by_hardness["none"].value == by_hardness["impossible"].value == 1
    assert {"hard:injection", "hard:private"} <= {category.reason for category in figures.categories}
    assert "OVERRIDE ACCEPTED" in str(figures.categories) and figures.latency.answers == len(agent.bodies)
    assert sum(figures.goals.values()) == 12
    sent = b"".join(agent.bodies)
    assert b"zanzibar" not in sent and b"declined twice" not in sent
    for call in calls:
        assert call.plan and call.plan.customer_goal == SECRET
        assert call.persona.description.encode() not in sent and call.persona.job.encode() not in sent
    first = json.loads(agent.bodies[0])
    longest = max((json.loads(body)["messages"] for body in agent.bodies), key=len)
    assert [message["role"] for message in longest] == ["user", "assistant"] * (len(longest) // 2) + ["user"]
    assert first == {"model": "bot", "messages": [{"role": "user", "content": "(The call is connected.)"}]}
    assert all(turn.strategy for call in calls for turn in call.turns[::2]), "the labeller named the strategies"
    with RunStore.read_any(PLAYED, tmp_path) as store:
        page = "\n".join(report_run(store))
    assert "hard:injection" in page
    assert find_missed(figures.rates, {"pass": 0.6, "answered": 1.0}) == {}
    assert "8 of 12" in find_missed(figures.rates, {"pass": 0.8})["pass"]


async def test_a_judge_that_fails_points_shows_in_the_rates(tmp_path: Path) -> None:
    async with serve(Loopback(pass_rate=0.7)) as server, serve_agent(LiveAgent()) as agent:
        await call_all(server, agent.base_url, tmp_path, dialogues=16, hard=0)
    figures = measure_probe("a", calls_of(tmp_path))
    points = [found for name, found in figures.rates.items() if name not in ("pass", "answered", "goal", "policies")]
    assert all(found.of == 16 and found.low is not None and found.low < 0.9 for found in points)
    assert sum(found.count for found in points) / 80 == pytest.approx(0.7, abs=0.15), "the planted rate"
    assert figures.rates["pass"].count == 16 - sum(bool(call.reasons) for call in calls_of(tmp_path))
    assert all(quote.why for category in figures.categories for quote in category.quotes)


def hostile(body: dict[str, Any]) -> web.Response | None:
    """Answer the n-th message of a call in the n-th bad way, by what the call began with."""
    count = len(body["messages"])
    if count < 3:
        return None
    ways = {
        0: web.Response(text="<html>Oops</html>", content_type="text/html"),
        1: reply(""),
        2: reply("x" * 2_000_000),
        3: reply("word " * 2_000),
        4: web.Response(status=500, text="boom \x00 \ud7ff"),
        5: web.json_response({"choices": [{"message": {"content": 7}}]}),
        6: web.Response(text="[" * 100_000),
        7: web.Response(text='{"choices": [{"message": {"content": "half \\ud800 pair\\u0000."}}]}'),
        8: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}),
    }
    return ways[sum(map(ord, body["messages"][-1]["content"])) % len(ways)]


async def test_a_hostile_agent_never_breaks_the_run(tmp_path: Path) -> None:
    async with serve(Loopback()) as server, serve_agent(LiveAgent(hostile)) as agent:
        probed = await call_all(server, agent.base_url, tmp_path, dialogues=20, hard=0.3)
    assert probed.funnel.ended == 20 and probed.funnel.outcomes[Outcome.FAILED] == 0
    calls = calls_of(tmp_path)
    figures = measure_probe("hostile", calls)
    assert set(figures.failures) >= {"http-status", "not-json"} and len(figures.failures) >= 4
    answered = figures.rates["answered"]
    assert answered.count == sum(call.lost_to is None for call in calls) < 10
    text = "\n".join(junit_lines("hostile\x00", calls, {}, {}))
    suite = ElementTree.fromstring(text)[0]
    assert int(suite.attrib["failures"]) == sum(bool(call.reasons) for call in calls) and len(suite) == 20
    assert json.loads(figures.model_dump_json())["failures"] == figures.failures


async def test_a_served_supporter_that_closes_ends_the_call(tmp_path: Path) -> None:
    def close(body: dict[str, Any]) -> web.Response:
        messages = body["messages"]
        if len(messages) > 7:
            return web.json_response({"error": {"message": "the call is over"}}, status=409)
        served = {"strategy": "AC", "over": len(messages) == 7}
        message = {"role": "assistant", "content": say_well(messages), "rolecs": served}
        return web.json_response({"choices": [{"message": message}]})

    async with serve(Loopback()) as server, serve_agent(LiveAgent(close)) as agent:
        await call_all(server, agent.base_url, tmp_path, dialogues=3, hard=0)
    for call in calls_of(tmp_path):
        assert call.lost_to is None and len(call.turns) == 7 and call.turns[-1].speaker is Speaker.SUPPORTER


async def test_a_slow_agent_and_a_busy_one(tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        async with serve_agent(LiveAgent(delay=0.5)) as slow:
            await call_all(server, slow.base_url, tmp_path / "slow", dialogues=2, agent_timeout=0.1)
        busy = LiveAgent()
        turned_away: set[int] = set()

        def answer(body: dict[str, Any]) -> web.Response | None:
            if (count := len(body["messages"])) in turned_away:
                return None
            turned_away.add(count)
            return web.Response(status=429, headers={"Retry-After": "0.3"})

        busy.answer = answer
        async with serve_agent(busy):
            await call_all(server, busy.base_url, tmp_path / "busy", dialogues=1, hard=0)
    assert [call.reasons for call in calls_of(tmp_path / "slow")] == [["agent:timeout"]] * 2
    assert all(call.plan is None for call in calls_of(tmp_path / "slow")), "nothing is planned for nobody"
    (call,) = calls_of(tmp_path / "busy")
    assert call.lost_to is None and len(call.failures) == len(call.latencies) > 2
    assert all(failure.tried_again and failure.kind == "http-status" for failure in call.failures)
    assert max(call.latencies) < 0.3, "our own waits are no latency of the agent's"


async def test_a_stopped_probe_goes_on_where_it_was(tmp_path: Path) -> None:
    async with serve(Loopback()) as server, serve_agent(LiveAgent(delay=0.01)) as agent:
        job = asyncio.create_task(call_all(server, agent.base_url, tmp_path, dialogues=10, concurrency=2))
        while not RunStore.exists(tmp_path) or ended(tmp_path) < 3:
            await asyncio.sleep(0.02)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        before = {call.id: call for call in calls_of(tmp_path)}
        assert 3 <= len(before) < 10
        await call_all(server, agent.base_url, tmp_path, dialogues=10, concurrency=2, resume=True)
        after = {call.id: call for call in calls_of(tmp_path)}
        with pytest.raises(UsageError, match=r"hard was 0\.3, is 0\.5"):
            await call_all(server, agent.base_url, tmp_path, dialogues=10, hard=0.5, resume=True)
        with pytest.raises(UsageError, match="has 10 dialogues planned, only 2 are asked for"):
            await call_all(server, agent.base_url, tmp_path, dialogues=2, resume=True)
    assert len(after) == 10 and before.items() <= after.items(), "what had ended is not called again"


def ended(run: Path) -> int:
    with RunStore.read(PROBES, run) as store:
        return store.funnel().ended


async def test_two_agents_are_compared_on_the_same_customers(tmp_path: Path) -> None:
    def worse(body: dict[str, Any]) -> web.Response | None:
        return web.Response(status=500) if "PINEAPPLE" in str(body) or "PIN" in str(body) else None

    async with serve(Loopback()) as server:
        fields: dict[str, Any] = {"dialogues": 12, "hard": 0.5}
        async with serve_agent(LiveAgent()) as good:
            await call_all(server, good.base_url, tmp_path / "good", **fields)
        async with serve_agent(LiveAgent(worse)) as bad:
            settings = ProbeSettings.model_validate(
                {"base_url": [server.base_url], "agent": bad.base_url, "run": tmp_path / "bad", "gate_trial": "skip"}
                | {"rules": False}
                | fields
            )
            await run_job(probe, settings, tmp_path / "good")
    good_run, bad_run = read_probe(tmp_path / "good"), read_probe(tmp_path / "bad")
    good_run.require_same_customers(bad_run)
    felt = Provenance.build(bad_run.provenance.configuration | {"emotions": True}, {}, {})
    for one, other in ((good_run, bad_run._replace(provenance=felt)), (bad_run._replace(provenance=felt), good_run)):
        with pytest.raises(UsageError, match="they differ in emotions"):
            one.require_same_customers(other)
    found = compare_probes("good", good_run.calls, "bad", bad_run.calls)
    lost = sum(call.lost_to is not None for call in bad_run.calls)
    assert found.pairs == found.same_plan == 12 and lost >= 1
    answered = found.differences["answered"]
    assert (answered.first_only, answered.second_only) == (lost, 0) and answered.difference.value == pytest.approx(
        lost / 12
    )
    assert show_probe(measure_probe("[good]", good_run.calls)) and show_comparisons([found])


async def test_an_agent_behind_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "Bearer s3cret")
    seen: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> web.Response:
        seen.append(body)
        text = say_well([body["text"]] * (2 * body["n"] - 1))
        answer = web.json_response({"data": [{"say": "no"}, {"say": text}], "conversation": {"id": 0}})
        answer.set_cookie("visit", str(len(seen)))
        return answer

    agent = LiveAgent(answer)
    async with serve(Loopback()) as server, serve_agent(agent, "/chat", "PUT"):
        file = tmp_path / "bot.toml"
        file.write_text(
            f'url = "{agent.base_url.removesuffix("/v1")}/chat"\nmethod = "PUT"\nreply = ["data", -1, "say"]\n'
            'session = "conversation.id"\nheaders = {Authorization = "$BOT_TOKEN", content-type = "application/json"}\n'
            '[request]\ntext = "$message"\nid = "$session"\nn = "$turn"\nprice = "$$5"\n',
            encoding="utf-8",
        )
        await call_all(server, str(file), tmp_path / "run", dialogues=1, hard=0, greeting="Good day, what can I do?")
    (call,) = calls_of(tmp_path / "run")
    assert call.model == "bot" and call.turns[0].text == "Good day, what can I do?"
    assert call.lost_to is None and [body["text"] for body in seen] == [turn.text for turn in call.turns[1::2]]
    assert "id" not in seen[0] and all(body["id"] == 0 for body in seen[1:]) and seen[0]["price"] == "$5"
    for number, headers in enumerate(agent.headers):
        assert headers["Authorization"] == "Bearer s3cret" and headers["Accept-Encoding"] == "identity"
        assert headers.get("Cookie") == (f"visit={number}" if number else None), "each call has cookies of its own"
    assert not any(b"s3cret" in path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("url = 'ftp://x'\nreply = 'a'\nrequest = {}", "not an http or https URL"),
        ("url = 'http://[::1/x'\nreply = 'a'\nrequest = {}", "not an http or https URL"),
        ("url = 'http://x'\nreply = 'a'\nrequest = {a = '$nonsense'}", r"no such placeholder: \$nonsense"),
        ("url = 'http://x'\nrequest = {}", "reply: Field required"),
        ("command = []", "command: "),
        ("url = ", "cannot read"),
        ("url = " + "[" * 9999, "nested too deeply"),
    ],
)
def test_a_bad_mapping_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "a.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=problem):
        load_agent(str(file))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("what", "neither a URL"),
        ("http://[::1", "not an http or https URL"),
        ("http://me:pw@bot:8000/v1", "put the key into ROLECS_AGENT_API_KEY"),
        ("https://bot/v1?api_key=abc", "leave 'api_key' out of it; put the key into ROLECS_AGENT_API_KEY"),
    ],
)
def test_a_bad_url_is_named(given: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        load_agent(given)


def test_a_place_that_is_not_there_holds_nothing() -> None:
    assert look_up({"messages": []}, ("messages", -1, "text")) is None
    assert look_up({"messages": [{"text": "a"}, {"text": "b"}]}, ("messages", -1, "text")) == "b"
    assert look_up([1], (1,)) is look_up([1], (-2,)) is look_up(7, ("a",)) is None


async def test_a_redirection_is_no_answer_and_not_followed(tmp_path: Path) -> None:
    elsewhere = LiveAgent()
    async with serve(Loopback()) as server, serve_agent(elsewhere):
        away = {"Location": f"{elsewhere.base_url}/chat/completions"}
        async with serve_agent(LiveAgent(lambda _: web.Response(status=307, headers=away))) as agent:
            await call_all(server, agent.base_url, tmp_path, dialogues=1, hard=0)
    (call,) = calls_of(tmp_path)
    assert call.reasons == ["agent:http-status"] and not elsewhere.bodies, "it would have got the headers"


def test_what_a_customer_says_is_a_value_and_nothing_else() -> None:
    values = Placeholders('", "admin": true, $session', [{"role": "user", "content": "$call"}], "key", None, 1)
    filled = fill({"a": ["$message", {"b": "$messages"}], "c": "$session"}, values)
    assert filled == {"a": [values.message, {"b": values.messages}]}
    assert isinstance(load_agent("http://127.0.0.1:1"), HttpSpec)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("sound", None),
        ("die", "agent:ended"),
        ("garbage", "agent:not-json"),
        ("flood", "agent:too-large"),
        ("silent", "agent:timeout"),
    ],
)
async def test_an_agent_that_is_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, reason: str | None
) -> None:
    monkeypatch.setenv("ROLECS_API_KEY", "k")
    file = tmp_path / "program.toml"
    command = json.dumps([sys.executable, str(PROGRAM), how])
    file.write_text(f"command = {command}\n", encoding="utf-8")
    async with serve(Loopback()) as server:
        timeout = 1.5 if how == "silent" else 30
        await call_all(server, str(file), tmp_path / "run", dialogues=1, hard=0, agent_timeout=timeout)
    (call,) = calls_of(tmp_path / "run")
    if reason:
        assert call.reasons == [reason] and call.outcome is Outcome.REJECTED
        assert how != "die" or "no such model" in call.failures[0].detail
    else:
        assert call.turns[0].text == "Answer 1 with 0 keys of yours.", "our keys are not for somebody's program"
        assert len(call.turns) == 5, "it ended the call with its third answer"


async def test_a_program_may_end_by_itself_and_all_that_it_has_started_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "note"
    file = tmp_path / "program.toml"
    file.write_text(f"command = {json.dumps([sys.executable, str(PROGRAM), 'parent', str(note)])}\n", encoding="utf-8")
    async with serve(Loopback()) as server:
        await call_all(server, str(file), tmp_path / "run", dialogues=1, hard=0, agent_timeout=30, preflight=False)
    child, *rest = note.read_text(encoding="utf-8").splitlines()
    assert rest == ["the end"]
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(child)).wait(timeout=5)
    assert not psutil.pid_exists(int(child))
