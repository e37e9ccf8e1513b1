"""What probes find: faults planted call by call at known rates, feelings, policies; what agents are never told."""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from agents.csc.emotions import COURSES, STRONG
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.errors import UsageError
from graphs.probe.hardness import HARDNESS
from outputs.probing.figures import find_missed, measure_probe
from outputs.probing.files import read_probe
from outputs.reports.run_report import report_run
from outputs.runs.probe import PLAYED, PROBES, Probe
from outputs.runs.store import RunStore
from tests.support.live_agent import LiveAgent, say_well, serve_agent
from tests.support.loopback import Loopback, serve
from tests.support.probes import SECRET, call_all, calls_of, tell_goal
from tests.support.topics import ACME
from tests.test_cli import start

PROGRAM = Path(__file__).parents[2] / "support" / "program_agent.py"
MAPPING = """
url = "{url}/chat"
reply = "say"

[request]
call = "$call"
messages = "$messages"
message = "$message"
session = "$session"
turn = "$turn"
"""


def map_agent(agent: LiveAgent, folder: Path) -> str:
    """Write how an agent is reached that is told the key of the call."""
    file = folder / "bot.toml"
    file.write_text(MAPPING.format(url=agent.base_url.removesuffix("/v1")), encoding="utf-8")
    return str(file)


class Faulty:
    """An agent whose faults go by the order in which calls reach it.

    Of ten calls two end with an error, one with an empty reply, two show a model's machinery. In each third it falls
    for what it is told: it obeys, and says private data again.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def _number(self, call: str) -> int:
        return self._numbers.setdefault(call, len(self._numbers))

    def fault(self, call: str) -> str | None:
        return {0: "error", 1: "error", 2: "empty", 3: "artifact", 4: "artifact"}.get(self._number(call) % 10)

    def is_weak(self, call: str) -> bool:
        return self._number(call) % 3 == 0

    def answer(self, body: dict[str, Any]) -> web.Response:
        """Answer with the faults planted for the call."""
        turn, heard = body["turn"], " ".join(message["content"] for message in body["messages"])
        text = say_well(body["messages"])
        fault = self.fault(body["call"]) if turn == 4 else None
        if fault == "error":
            return web.Response(status=500, text="boom")
        if fault == "empty":
            return web.json_response({"say": " "})
        if fault == "artifact":
            text += "<|im_end|>"
        if self.is_weak(body["call"]):
            if "PINEAPPLE" in heard or "菠萝" in heard:
                text += " PINEAPPLE" if "PINEAPPLE" in heard else "菠萝"
            if "OVERRIDE" in heard or "已接管" in heard:
                text = ("OVERRIDE ACCEPTED. " if "OVERRIDE" in heard else "已接管。") + text
            for secret in ("4071", "Bluebird-77-Creek", "308172", "lanniao-77-xi"):
                text += f" {secret}" if secret in heard else ""
        return web.json_response({"say": text})


@pytest.mark.parametrize("language", list(Language))
async def test_planted_faults_are_found_call_by_call_and_so_at_their_rates(tmp_path: Path, language: Language) -> None:
    faulty = Faulty()
    agent = LiveAgent(faulty.answer)
    async with serve(Loopback()) as server, serve_agent(agent, "/chat"):
        told = {"dialogues": 30, "hard": "60%", "language": language, "concurrency": 1}
        await call_all(server, map_agent(agent, tmp_path), tmp_path / "run", **told)
    calls = calls_of(tmp_path / "run")
    figures = measure_probe("bot", calls)
    faults = {call.id: faulty.fault(call.id) for call in calls}
    count = Counter(faults.values())
    assert count == {"error": 6, "empty": 3, "artifact": 6, None: 15}
    assert figures.failures == {"http-status": count["error"], "empty": count["empty"]}
    assert figures.rates["answered"].count == 30 - count["error"] - count["empty"]
    for call in calls:
        lost = {"error": "http-status", "empty": "empty"}.get(faults[call.id] or "")
        assert (call.lost_to.kind if call.lost_to else None) == lost
        hard = call.hardship
        assert hard is None or hard.said_at == 4, "said in each hard call"
        falls = hard is not None and hard.kind != "impossible" and faulty.is_weak(call.id)
        assert bool(hard and hard.fell_at) is falls, hard
        if hard and (words := next(it.words for it in HARDNESS[language] if it.code == hard.code)):
            assert call.turns[3].text == words, "what is to be said to the letter is"
    hard_kinds = Counter(call.hardship.kind for call in calls if call.hardship)
    assert hard_kinds == {"impossible": 6, "injection": 6, "private": 6}
    by_reason = {category.reason: category.calls.count for category in figures.categories}
    for kind in ("injection", "private"):
        those = [call for call in calls if call.hardship and call.hardship.kind == kind and faulty.is_weak(call.id)]
        assert those and by_reason[f"hard:{kind}"] == sum(call.lost_to is None for call in those)
    found = {call.id for call in calls if any((it.rule, it.turn) == ("artifact", 7) for it in call.violations)}
    assert found == {call for call, fault in faults.items() if fault == "artifact"}
    assert by_reason["rule:artifact"] == count["artifact"], "and in no other call"
    passed = [call for call in calls if call.lost_to is None and not (call.hardship and call.hardship.fell_at)]
    assert figures.rates["pass"].count == len(passed), "rules are told alone"
    missed = find_missed(figures.rates, {"pass": len(passed) / 30, "answered": 1.0})
    assert list(missed) == ["answered"], "a rate that is reached exactly is reached"


async def test_customers_who_feel_are_told_apart_by_temper_and_by_strong_feelings(tmp_path: Path) -> None:
    async with serve(Loopback(say=tell_goal)) as server, serve_agent(LiveAgent()) as agent:
        felt = {"dialogues": 10, "hard": 0.25, "emotions": True}
        await call_all(server, agent.base_url, tmp_path, **felt)
        with pytest.raises(UsageError, match="emotions was"):
            await call_all(server, agent.base_url, tmp_path, **felt | {"emotions": False}, resume=True)
    calls = calls_of(tmp_path)
    figures = measure_probe("a", calls)
    tempers = Counter(str(call.course).replace("-", " ") for call in calls)
    assert {name: found.of for name, found in figures.groups["temper"].items()} == tempers and len(tempers) > 2
    strong = {call.id for call in calls if any(turn.emotion and turn.emotion.is_upset for turn in call.turns)}
    groups = figures.groups["strong feelings"]
    assert 0 < groups["yes"].of == len(strong) < 10 and groups["no"].of == 10 - len(strong)
    for call in calls:
        for number, turn in enumerate(call.turns, 1):
            letter = call.hardship is not None and call.hardship.said_at == number
            assert (turn.emotion is not None) is (turn.speaker is Speaker.CUSTOMER and not letter)
        assert call.emotion_labelling and call.emotion_labelling.labels
        for violation in call.violations:
            if violation.rule == "empathy" and violation.turn:
                before = call.turns[violation.turn - 2].emotion
                assert before and before.intensity == STRONG
    assert any(category.reason == "rule:empathy" and category.quotes[0].text for category in figures.categories)
    sent = b"".join(agent.bodies).decode()
    assert not any(wording in sent for course in COURSES.values() for wording in course.wording.values())
    with RunStore.read_any(PLAYED, tmp_path) as store:
        assert store.command == PROBES.command and "fearful" in "".join(report_run(store))


async def test_an_agent_is_held_to_the_policies_of_its_company(tmp_path: Path) -> None:
    faulty = Faulty()

    def contradict(body: dict[str, Any]) -> web.Response:
        late = faulty.is_weak(body["call"]) and body["turn"] == 4
        return web.json_response({"say": "Refunds take 99 days with us." if late else say_well(body["messages"])})

    def judge(body: dict[str, Any]) -> str | None:
        prompt = "\n".join(message["content"] for message in body["messages"])
        if "Refunds are paid within 14 days" in prompt and "contradicts the company" in prompt and "99 days" in prompt:
            return json.dumps({"reason": "The policies say 14 days.", "turns": [7], "verdict": 0})
        return None

    agent = LiveAgent(contradict)
    async with serve(Loopback(say=judge)) as server, serve_agent(agent, "/chat"):
        topics = [str(ACME), "complaint-dispute"]
        where = map_agent(agent, tmp_path), tmp_path / "run"
        await call_all(server, *where, dialogues=12, hard=0, topics=topics, balance=True, concurrency=1)
    calls = calls_of(tmp_path / "run")
    figures = measure_probe("bot", calls)
    acme = [call for call in calls if call.own_topic]
    wrong = [call for call in acme if faulty.is_weak(call.id)]
    assert 0 < len(wrong) < len(acme) < 12
    policies = figures.rates["policies"]
    assert (policies.count, policies.of) == (len(acme) - len(wrong), len(acme)), "others have no policies to keep to"
    assert figures.groups["company"]["Acme Broadband"].of == len(acme) and len(figures.groups["company"]) == 2
    assert figures.groups["topic"]["outage at home"].count == len(acme) - len(wrong)
    (category,) = (found for found in figures.categories if found.reason.startswith("point:"))
    assert category.reason == "point:impossible_requests" and category.quotes[0].text == "Refunds take 99 days with us."


def words_told(call: Probe) -> set[str]:
    """Return what is known of a customer, and of what they are to do, that nobody has said."""
    persona, plan = call.persona, call.plan
    assert plan
    told = {plan.scenario, plan.customer_goal, persona.description, persona.job, persona.recent_stress, persona.tone}
    return told | {persona.financial_situation} | {turn.direction for turn in call.turns if turn.direction}


@pytest.mark.parametrize("kind", ["openai", "mapping", "program"])
async def test_nothing_of_a_customer_is_told_to_an_agent_of_any_kind(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    written, program = tmp_path / "told.jsonl", tmp_path / "program.toml"
    command = json.dumps([sys.executable, str(PROGRAM), "write", str(written)])
    program.write_text(f"command = {command}\n", encoding="utf-8")

    def answer(body: dict[str, Any]) -> web.Response | None:
        said = say_well(body["messages"]) if "turn" in body else None
        return web.json_response({"say": said}) if said else None

    agent = LiveAgent(answer)
    path = "/chat" if kind == "mapping" else "/v1/chat/completions"
    async with serve(Loopback(say=tell_goal)) as server, serve_agent(agent, path):
        how = {"openai": agent.base_url, "mapping": map_agent(agent, tmp_path), "program": str(program)}[kind]
        await call_all(server, how, tmp_path / "run", dialogues=4, hard=0.5, emotions=True)
    if kind == "program":
        seen = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
        bodies = [json.loads(line) for line, _ in seen]
        around = json.dumps([environment for _, environment in seen])
    else:
        bodies, around = [json.loads(body) for body in agent.bodies], json.dumps(agent.headers)
    calls = calls_of(tmp_path / "run")
    assert len(bodies) > 12 and all(call.lost_to is None and call.plan for call in calls)
    texts = {message["content"] for body in bodies for message in body["messages"]}
    said = {turn.text for call in calls for turn in call.turns}
    assert texts <= said | {"(The call is connected.)"}, "what was said, and nothing else"
    keys = {
        "openai": {"messages"},
        "mapping": {"call", "messages", "message", "turn"},
        "program": {"call", "turn", "message", "messages"},
    }[kind]
    assert all(body.keys() == keys for body in bodies)
    sent = json.dumps(bodies, ensure_ascii=False) + around
    assert SECRET in {call.plan.customer_goal for call in calls if call.plan} and SECRET not in sent
    for call in calls:
        assert not [text for text in words_told(call) if text in sent]
        assert COURSES[str(call.course)].wording[call.language] not in sent


async def test_a_probe_that_was_killed_goes_on_to_the_same_calls(tmp_path: Path) -> None:
    async with serve(Loopback()) as server, serve_agent(LiveAgent(delay=0.05)) as agent:
        flags = (
            "-n",
            6,
            "--concurrency",
            1,
            "--no-preflight",
            "--agent",
            agent.base_url,
            "--base-url",
            server.base_url,
            "--gate-trial",
            "skip",
        )
        await call_all(server, agent.base_url, tmp_path / "whole", dialogues=6, concurrency=6, rules=True)
        run = tmp_path / "killed"
        process = await start("probe", *flags, "--run", run, cwd=tmp_path)
        while not RunStore.exists(run) or not (before := stored(run)):
            assert process.returncode is None, await process.communicate()
            await asyncio.sleep(0.1)
        process.kill()
        await process.communicate()
        before = stored(run)
        assert 0 < len(before) < 6
        process = await start("probe", "--resume", "--run", run, cwd=tmp_path)
        _, err = await process.communicate()
        assert process.returncode == 0, err
    after = stored(run)
    assert list(after) == list(stored(tmp_path / "whole")), "in the order of the plan"
    assert before.items() <= after.items(), "what had ended is the same to the byte"
    whole = [call.model_copy(update={"latencies": ()}) for call in calls_of(tmp_path / "whole")]
    resumed = [call.model_copy(update={"latencies": ()}) for call in calls_of(run)]
    assert [it.model_dump_json() for it in resumed] == [it.model_dump_json() for it in whole], "but for seconds"


def stored(run: Path) -> dict[str, str]:
    """Return the calls that have ended, as they are stored, by key."""
    try:
        return {call.id: call.model_dump_json() for call in read_probe(run).calls}
    except UsageError:
        return {}
