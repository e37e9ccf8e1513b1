"""Practice over HTTP: a call as the supporter to its findings, who may, what is told when, what it costs and keeps."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agents.csc.language import Language
from agents.csc.topics import TOPICS
from agents.llm.client import ChatClient
from agents.llm.usage import Role
from graphs.config.loading import load_settings
from graphs.config.serving import ServeSettings
from graphs.serve.dialogues import practice
from graphs.serve.protection.limits import FIRST_GUESS
from graphs.serve.refusal import Refusal
from graphs.serve.server import asked_kinds
from personas.pool import load_pool
from quality.gate.rubric import POINT_CODES
from tests.support.loopback import Faults, Loopback, serve
from tests.support.service import KEY, SHOP, bearer, client_of, open_session, service_on
from tests.support.topics import ACME


async def open_practice(client: Any, **body: Any) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Have somebody call; return the call's path, the header with its token, and what was answered."""
    answer = await client.post("/v1/practice", json=body)
    assert answer.status_code == 201, answer.text
    opened = answer.json()
    return f"/v1/practice/{opened['id']}", bearer(opened["token"]), opened


async def test_a_call_is_taken_to_its_end_and_the_person_is_told_how_it_was(tmp_path: Path) -> None:
    loopback = Loopback(end_rate=0)
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token, opened = await open_practice(client, topic="risk-security", persona="en-003")
        assert (opened["topic"], opened["language"], opened["turns"]) == ("risk management and security", "en", [])
        call = service.practice.find(opened["id"], token["Authorization"].split()[1]).call
        assert call.persona.id == "en-003" and opened["scenario"] == call.plan.scenario
        told = [str(opened)]
        for text, strategy in (("Good morning.", "GT"), ("I do see.", None), ("Shall I block the card?", "PS")):
            said = await client.post(f"{path}/turns", json={"text": text, "strategy": strategy}, headers=token)
            assert said.status_code == 201, said.text
            told.append(said.text)
            answered = said.json()
            assert answered["said"]["strategy"] == (strategy or call.turns[2].strategy)
            assert (answered["turn"]["speaker"], answered["over"]) == ("customer", False)
        closed = await client.post(f"{path}/turns", json={"text": "Goodbye.", "strategy": "AC"}, headers=token)
        assert (closed.json()["turn"], closed.json()["over"]) == (None, True)
        shown = await client.get(path, headers=token)
        told += [closed.text, shown.text]
        assert shown.json()["findings"] is None and len(shown.json()["turns"]) == 7
        secrets = [call.plan.customer_goal, call.persona.description, *(turn.direction for turn in call.turns)]
        assert not [secret for secret in secrets if secret and any(secret in text for text in told)]
        late = await client.post(f"{path}/turns", json={"text": "Wait!"}, headers=token)
        assert (late.status_code, late.json()["error"]["code"]) == (409, "over")
        ended = await client.post(f"{path}/end", headers=token)
        assert ended.status_code == 200
        found = ended.json()
        assert (found["goal"], found["persona"]) == (call.plan.customer_goal, call.persona.portrait)
        assert ("identity-before-action", 5) in [(one["rule"], one["turn"]) for one in found["violations"]]
        assert [point["code"] for point in found["points"]] == list(POINT_CODES), "judged although rules are broken"
        assert {one["turn"] for one in found["labels"]} <= {1, 5, 7}, "a turn that was not named is not compared"
        asked = loopback.calls["all"]
        assert (await client.post(f"{path}/end", headers=token)).json() == found
        assert (await client.get(path, headers=token)).json()["findings"] == found
        assert loopback.calls["all"] == asked, "what was found once is not paid twice"
        assert list(service.store.cards()) == [] and service.store.spent(service.budgets.day)[""] > 0
    for file in tmp_path.iterdir():
        assert b"block the card" not in file.read_bytes(), file


async def test_a_turn_that_has_been_said_is_answered_although_its_bill_cannot_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*writes: Any) -> None:
        raise Refusal(503, "store", "it could not be stored")

    async with service_on(Loopback(end_rate=0), tmp_path) as service, client_of(service) as client:
        path, token, _ = await open_practice(client)
        monkeypatch.setattr(service.practice.meter, "store", full)
        said = await client.post(f"{path}/turns", json={"text": "Good morning.", "strategy": "GT"}, headers=token)
        assert (said.status_code, said.json()["turn"]["number"]) == (201, 2)


@pytest.mark.parametrize("language", Language)
async def test_who_calls_and_what_about_is_drawn_where_it_is_not_named(language: Language, tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        listed = (await client.get("/v1/practice/personas")).json()["personas"]
        assert {code: [one["id"] for one in callers] for code, callers in listed.items()} == {
            code: [persona.id for persona in load_pool(None, code)] for code in Language
        }
        assert set(listed["en"][0]) == {"id", "age", "job"}
        made = [(await open_practice(client, language=language))[2] for _ in range(6)]
        assert len({call.call.persona.id for call in service.practice._sessions.values()}) > 1
        assert {call["topic"] for call in made} <= {row[language].name for row in TOPICS.values() if language in row}
        assert len({call["topic"] for call in made}) > 1


async def test_a_pool_and_topics_of_ones_own(tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl"
    pool.write_text(load_pool(None, Language.ZH)[0].model_copy(update={"id": "me"}).model_dump_json())
    async with (
        service_on(Loopback(), tmp_path, personas=pool, topics=(str(ACME),)) as service,
        client_of(service) as client,
    ):
        _, _, opened = await open_practice(client, language="zh")
        (session,) = service.practice._sessions.values()
        assert session.call.persona.id == "me" and session.call.topic.company.name == "极光宽带"
        assert opened["language"] == "zh"
        missing = await client.post("/v1/practice", json={"language": "en"})
        assert (missing.status_code, missing.json()["error"]["code"]) == (400, "unknown_persona")


async def test_a_request_that_is_sent_twice_is_said_once(tmp_path: Path) -> None:
    loopback = Loopback(end_rate=0)
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token, _ = await open_practice(client)
        headers, body = token | {"Idempotency-Key": "one"}, {"text": "Good morning.", "strategy": "GT"}
        first = await client.post(f"{path}/turns", json=body, headers=headers)
        asked = loopback.calls["all"]
        assert (await client.post(f"{path}/turns", json=body, headers=headers)).json() == first.json()
        assert loopback.calls["all"] == asked and len((await client.get(path, headers=token)).json()["turns"]) == 2


async def test_one_turn_is_answered_at_a_time(tmp_path: Path) -> None:
    async with service_on(Loopback(delay=0.05), tmp_path) as service, client_of(service) as client:
        path, token, _ = await open_practice(client)
        body = {"text": "Good morning.", "strategy": "GT"}
        saying = [client.post(f"{path}/turns", json=body, headers=token) for _ in range(3)]
        answers = await asyncio.gather(*saying, client.post(f"{path}/end", headers=token))
        assert sorted(answer.status_code for answer in answers) in ([200, 429, 429, 429], [201, 429, 429, 429])


async def test_a_model_that_fails_leaves_the_call_as_it_was(tmp_path: Path) -> None:
    loopback = Loopback(end_rate=0)
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token, _ = await open_practice(client)
        for body in ({"text": "Good morning.", "strategy": "GT"}, {"text": "Good morning."}):
            loopback.faults = Faults(error_500=1.0)
            failed = await client.post(f"{path}/turns", json=body, headers=token)
            assert (failed.status_code, failed.json()["error"]["code"]) == (503, "engine")
            loopback.faults = Faults()
        said = await client.post(f"{path}/turns", json=body, headers=token)
        assert said.json()["said"]["number"] == 1
        loopback.faults = Faults(error_500=1.0)
        assert (await client.post(f"{path}/end", headers=token)).status_code == 503
        loopback.faults = Faults()
        again = await client.post(f"{path}/turns", json=body, headers=token)
        assert again.json()["error"]["code"] == "over", "an end that was not judged is an end"
        assert len((await client.post(f"{path}/end", headers=token)).json()["points"]) == len(POINT_CODES)


async def test_a_judge_of_its_own_is_asked_and_its_loss_is_no_loss_of_the_supporter(tmp_path: Path) -> None:
    judging = Loopback(model="judge")
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client, serve(judging):
        judge = ChatClient(judging.base_url, "judge", retry_policy=service.settings.retry_policy, away_s=0.0)
        async with judge:
            service.judges.clients = [judge]
            path, token, _ = await open_practice(client)
            assert judging.calls["all"] == 0
            await client.post(f"{path}/turns", json={"text": "Good morning."}, headers=token)
            assert judging.calls["all"] == 1, "the labeller is the judge's model"
            judging.faults = Faults(drop=1.0)
            gone = await client.post(f"{path}/end", headers=token)
            assert gone.status_code == 503 and int(gone.headers["retry-after"]) >= 1
            assert service.judges.down == 1 and service.replicas.down == 0
            await open_session(client)


async def test_it_is_paid_from_the_budget_of_the_day_and_paused_with_the_rest(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path, daily_tokens=2_500) as service, client_of(service) as client:
        path, token, _ = await open_practice(client)
        service.pause.path.touch()
        for url, body in (("/v1/practice", {}), (f"{path}/turns", {"text": "Hello."}), (f"{path}/end", None)):
            answer = await client.post(url, json=body, headers=token)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "paused")
        service.pause.path.unlink()
        spent = service.budgets.spent()
        assert spent > 0
    # Before a service has asked for anything, it reckons with FIRST_GUESS.
    left = {"daily_tokens": spent + FIRST_GUESS - 1}
    async with service_on(Loopback(), tmp_path, **left) as service, client_of(service) as client:
        answer = await client.post("/v1/practice", json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "budget")


async def test_private_data_is_kept_from_the_model_on_request(tmp_path: Path) -> None:
    loopback = Loopback(end_rate=0)
    async with service_on(loopback, tmp_path, scrub_model=True) as service, client_of(service) as client:
        path, token, _ = await open_practice(client)
        await client.post(f"{path}/turns", json={"text": "My name is Dana Whitfield."}, headers=token)
    assert "Whitfield" not in str(loopback.requests) and "My name is [UserName]." in str(loopback.requests)


async def test_calls_in_memory_are_bounded_and_run_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "MOST_PRACTISED", 2)
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        calls = [await open_practice(client) for _ in range(3)]
        statuses = [(await client.get(path, headers=token)).status_code for path, token, _ in calls]
        assert statuses == [401, 200, 200]
        service.practice._sessions[calls[1][2]["id"]].expires = 0.0
        assert (await client.get(calls[1][0], headers=calls[1][1])).status_code == 401
        await open_practice(client)
        assert calls[1][2]["id"] not in service.practice._sessions


async def test_where_it_is_not_offered(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path, SHOP, keys=(KEY,)) as service, client_of(service) as client:
        service.practice.personas = {}
        answer = await client.post("/v1/practice", json={}, headers=bearer(KEY))
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_practice")


def test_requests_of_practice_are_tried_out_where_operators_may_practise(tmp_path: Path) -> None:
    told = {"sites": tmp_path / "sites.toml", "host": "192.0.2.1"}
    offered = [{}, {"key_file": tmp_path / "keys"}, told | {"key_file": tmp_path / "keys"}]
    for settings in offered:
        kinds = asked_kinds(load_settings(ServeSettings, None, settings))
        assert {kind.role for kind in kinds.play} > {Role.PLANNER, Role.CUSTOMER_ASSISTANT} and kinds.judge
    for settings in ({"practice": False}, told):
        kinds = asked_kinds(load_settings(ServeSettings, None, settings))
        assert {kind.role for kind in kinds.play} == {Role.SUPPORTER_ASSISTANT, Role.SUPPORTER} and not kinds.judge
