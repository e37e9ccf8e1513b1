"""Sessions over HTTP: a call from the greeting to its end, ratings, what is stored, and what comes after a restart."""

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.csc.topics import GROUPS, usual_company
from agents.csc.topics.topic import Topic
from agents.llm.retry import RetryPolicy
from agents.roles.supporter import supporter_messages
from graphs.serve.dialogues import grounds, replicas, sessions
from outputs.scorecards.export import rated_rows, supporter_view
from outputs.scorecards.store import Opened, ScorecardStore
from quality.privacy.cedict import load_cedict
from quality.privacy.lexicon import load_lexicon
from tests.outputs.scorecards.test_scorecards import card_of
from tests.support.loopback import Faults, Loopback
from tests.support.service import SHOP, bearer, client_of, open_session, service_on
from tests.support.topics import ACME, acme_topic


async def test_a_call_is_held_to_its_end_and_rated(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        answer = await client.post("/v1/sessions", json={"language": "en", "topic": "technical-support"})
        opened = answer.json()
        assert answer.status_code == 201
        assert set(opened) == {"id", "token", "expires_at", "language", "turns"}
        (greeting,) = opened["turns"]
        assert (greeting["number"], greeting["speaker"], greeting["strategy"], greeting["stage"]) == (
            *(1, "supporter", "GT", "Connecting"),
        )
        path, token = f"/v1/sessions/{opened['id']}", bearer(opened["token"])
        said = await client.post(f"{path}/turns", json={"text": "The app does not start."}, headers=token)
        assert said.status_code == 201
        assert said.json()["turn"]["number"] == 3
        assert said.json()["over"] is False
        while not said.json()["over"]:
            said = await client.post(f"{path}/turns", json={"text": "", "ends_call": True}, headers=token)
            assert said.status_code == 201, said.text
        assert said.json()["turn"]["strategy"] == "AC"
        late = await client.post(f"{path}/turns", json={"text": "Wait!"}, headers=token)
        assert (late.status_code, late.json()["error"]["code"]) == (409, "over")
        rated = await client.post(f"{path}/feedback", json={"stars": 5, "comment": "Kind."}, headers=token)
        thumbed = await client.post(f"{path}/feedback", json={"number": 3, "thumb": "up"}, headers=token)
        assert (rated.status_code, thumbed.status_code) == (204, 204)
        shown = (await client.get(path, headers=token)).json()
        assert (shown["over"], shown["rated"]) == (True, 5)
        assert [turn["number"] for turn in shown["turns"]] == list(range(1, len(shown["turns"]) + 1))
    with ScorecardStore.read(tmp_path / "serve.sqlite") as store:
        (card,) = store.cards()
    assert (card.stars, card.comment, card.topic, card.model) == (5, "Kind.", "technical-support", "loopback")
    assert card.turns[2].thumb == 1
    assert card.turns[-1].strategy is Strategy.AC


async def test_a_session_goes_on_after_a_restart(tmp_path: Path) -> None:
    late = {"text": "My parcel is late."}
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        named = token | {"Idempotency-Key": "turn-1"}
        first = await client.post(f"{path}/turns", json=late, headers=named)
        before = (await client.get(path, headers=token)).json()
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        again = await client.post(f"{path}/turns", json=late, headers=named)
        assert again.json() == first.json(), "one that is sent once more is not said twice"
        assert (await client.get(path, headers=token)).json() == before
        said = await client.post(f"{path}/turns", json={"text": "It was to come on Friday."}, headers=token)
        assert said.json()["turn"]["number"] == 5


async def test_a_request_that_is_sent_twice_is_answered_once(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        headers = token | {"Idempotency-Key": "turn-1"}
        first = await client.post(f"{path}/turns", json={"text": "Hello there."}, headers=headers)
        calls = loopback.calls["all"]
        again = await client.post(f"{path}/turns", json={"text": "Hello there."}, headers=headers)
        assert again.json() == first.json()
        assert loopback.calls["all"] == calls
        assert len((await client.get(path, headers=token)).json()["turns"]) == 3


async def test_one_turn_of_a_session_is_answered_at_a_time(tmp_path: Path) -> None:
    async with service_on(Loopback(delay=0.05), tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)

        async def say() -> Any:
            return await client.post(f"{path}/turns", json={"text": "Hello?"}, headers=token)

        answers = await asyncio.gather(*(say() for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 429, 429, 429]


async def begin_turn(
    loopback: Loopback, client: httpx2.AsyncClient, path: str, token: dict[str, str]
) -> asyncio.Task[httpx2.Response]:
    """Say something in a session, and return while the model has not answered yet."""
    loopback.delay = 0.2
    saying = asyncio.create_task(client.post(f"{path}/turns", json={"text": "Hello."}, headers=token))
    while not loopback.in_flight:
        await asyncio.sleep(0.01)
    return saying


async def test_stars_that_are_given_while_a_turn_is_answered_stay(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        saying = await begin_turn(loopback, client, path, token)
        rated = await client.post(f"{path}/feedback", json={"stars": 5}, headers=token)
        assert rated.status_code == 204 and not saying.done()
        assert (await saying).status_code == 201
        assert (await client.get(path, headers=token)).json()["rated"] == 5


async def test_what_is_erased_is_gone(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        await client.post(f"{path}/turns", json={"text": "Forget the zebra, please."}, headers=token)
        assert (await client.delete(path, headers=token)).status_code == 204
        assert (await client.get(path, headers=token)).status_code == 401
        for file in tmp_path.iterdir():
            assert b"zebra" not in file.read_bytes(), file


async def test_what_is_erased_while_a_turn_is_answered_stays_erased(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        saying = await begin_turn(loopback, client, path, token)
        assert (await client.delete(path, headers=token)).status_code == 204 and not saying.done()
        refused = await saying
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "unknown")
        assert list(service.store.cards()) == []


async def test_a_session_that_is_no_longer_in_memory_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_REMEMBERED", 2)
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        opened = [await open_session(client) for _ in range(4)]
        assert len(service.sessions) == 2
        for path, token in opened:
            assert (await client.get(path, headers=token)).status_code == 200
        assert len(service.sessions) == 2


async def test_dialogues_are_erased_when_their_days_are_over(tmp_path: Path, en_turns: tuple[Turn, ...]) -> None:
    with ScorecardStore.open(tmp_path / "serve.sqlite") as store:
        for days in (29, 31):
            store.write(Opened(card_of(en_turns, f"{days} days", opened=time.time() - 86_400 * days)))
    async with service_on(Loopback(), tmp_path) as service, asyncio.timeout(10):
        while len(left := list(service.store.cards())) > 1:
            await asyncio.sleep(0.01)
    assert [card.id for card in left] == ["29 days"]


async def test_old_dialogues_are_erased(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
    with ScorecardStore.open(tmp_path / "serve.sqlite") as store:
        assert store.forget_before(0.0) == []
        (card,) = store.cards()
        assert store.forget_before(card.opened + 1) == [card.id]
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        assert (await client.get(path, headers=token)).status_code == 401


async def test_visitors_of_a_site_see_no_strategies_and_its_about_is_the_situation(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path, SHOP) as service, client_of(service) as client:
        path, token = await open_session(client, site="shop", language="zh")
        await client.post(f"{path}/turns", json={"text": "我的鞋子坏了。"}, headers=token)
        shown = (await client.get(path, headers=token)).json()
        assert shown["language"] == "zh"
        assert {turn["strategy"] for turn in shown["turns"]} == {None}
        assert "The company sells shoes." in loopback.requests[0]["messages"][0]["content"]


async def test_no_visitor_waits_for_word_lists(tmp_path: Path) -> None:
    load_lexicon.cache_clear()
    load_cedict.cache_clear()
    async with service_on(Loopback(), tmp_path):
        assert load_lexicon.cache_info().currsize == load_cedict.cache_info().currsize == 1


async def test_the_supporter_knows_the_topics_company(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        for topic in GROUPS["retail"][0], None:
            await open_session(client, topic=topic)
    shop, unknown = loopback.requests[0], loopback.requests[-1]
    assert "of an online shop and" in shop["messages"][0]["content"]
    assert f"of {usual_company(Language.EN).name} and" in unknown["messages"][0]["content"]
    with ScorecardStore.read(tmp_path / "serve.sqlite") as store:
        (card, _) = sorted(store.cards(), key=lambda card: card.opened)
    view = supporter_view(card, [])
    assert supporter_messages(view, "")[0] == shop["messages"][0], "what is learned from is what was asked"


async def test_a_users_own_company_grounds_the_supporter(tmp_path: Path) -> None:
    loopback = Loopback()
    about = "The line of a customer is down."
    async with (
        service_on(loopback, tmp_path, topics=(str(ACME),), about=about) as service,
        client_of(service) as client,
    ):
        await open_session(client, topic="acme-outage")
        await open_session(client)
        await open_session(client, language="zh")
        told = [request["messages"][0]["content"] for request in loopback.requests[-3:]]
        answer = await client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "Hello."}]})
        assert answer.status_code == 200
        assert (await client.post("/v1/sessions", json={"topic": "risk-security"})).status_code == 400
    for english in (*told[:2], loopback.requests[-1]["messages"][0]["content"]):
        assert "of Acme Broadband and" in english and "no jargon" in english and about in english
        assert acme_topic(Language.EN).company.paragraphs[0] in english
    assert "outage at home" in told[0] and "outage at home" not in told[1]
    assert "极光宽带" in told[2]
    with ScorecardStore.read(tmp_path / "serve.sqlite") as store:
        cards = list(store.cards())
    assert [supporter_messages(supporter_view(card, []), "")[0]["content"] for card in cards] == told
    (row,) = rated_rows([cards[1].model_copy(update={"over": True, "stars": 5})])
    assert json.loads(row.metadata)["topic"]["company"]["name"] == "Acme Broadband", "rows say who was called"


async def test_who_is_called_where_no_topic_says_it(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path, SHOP) as service, client_of(service) as client:
        await open_session(client, site="shop")
    assert "of a company and" in loopback.requests[0]["messages"][0]["content"], "not a bank: it sells shoes"


async def test_policies_are_chosen_once_for_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[str] = []

    def fit(topic: Topic, scenario: str, language: Language) -> Topic:
        fitted.append(scenario)
        return topic

    monkeypatch.setattr(grounds, "fit_to_call", fit)
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client, topic="online-order")
        for text in ("My parcel is late.", "It was to come on Friday."):
            assert (await client.post(f"{path}/turns", json={"text": text}, headers=token)).status_code == 201
    assert len(fitted) == 1


async def test_a_visitors_turns_end_with_a_closing(tmp_path: Path) -> None:
    def go_on(body: dict[str, Any]) -> str | None:
        """Close no call that may go on."""
        return next((code for code in body.get("structured_outputs", {}).get("choice", ()) if code != "AC"), None)

    short = SHOP.model_copy(update={"turns": 4})
    async with service_on(Loopback(say=go_on), tmp_path, short) as service, client_of(service) as client:
        path, token = await open_session(client, site="shop")
        over = []
        for number in range(4):
            said = await client.post(f"{path}/turns", json={"text": f"Number {number} is broken."}, headers=token)
            over.append(said.json()["over"])
        assert over[-1] is True


async def test_when_the_model_fails_nothing_is_stored_and_the_turn_can_be_said_again(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        loopback.faults = Faults(error_500=1.0)
        failed = await client.post(f"{path}/turns", json={"text": "Hello."}, headers=token)
        assert (failed.status_code, failed.json()["error"]["code"]) == (503, "engine")
        loopback.faults = Faults()
        said = await client.post(f"{path}/turns", json={"text": "Hello."}, headers=token)
        assert said.json()["turn"]["number"] == 3


async def test_a_dialogue_that_the_model_refuses_is_not_to_be_tried_again(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        loopback.manners.refused = {"messages": "This model's maximum context length is 2048 tokens."}
        failed = await client.post(f"{path}/turns", json={"text": "Hello."}, headers=token)
        assert (failed.status_code, failed.json()["error"]["code"]) == (413, "too_long")
        assert "2048" not in failed.text
        assert '"error": "400"' in service.settings.audit_file.read_text()


async def test_an_engine_that_is_gone_in_the_middle_of_a_turn_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "HOLD_S", 0.05)
    loopback = Loopback()
    policy = RetryPolicy(outage_s=0.2, attempts=1)
    async with service_on(loopback, tmp_path, retry_policy=policy) as service, client_of(service) as client:
        path, token = await open_session(client)
        loopback.faults, loopback.manners.models = Faults(drop=1.0), 503
        failed = await client.post(f"{path}/turns", json={"text": "Hello."}, headers=token)
        assert (failed.status_code, failed.json()["error"]["code"]) == (503, "no_engine")
        for _ in range(3):
            health = await client.get("/health")
            assert (health.status_code, health.json()) == (503, {"status": "no engine"})
            await asyncio.sleep(0.03)
        loopback.faults, loopback.manners.models = Faults(), None
        async with asyncio.timeout(10):
            while (await client.get("/health")).status_code == 503:
                await asyncio.sleep(0.03)
        said = await client.post(f"{path}/turns", json={"text": "Hello."}, headers=token)
        assert said.json()["turn"]["number"] == 3


async def test_a_store_that_is_locked_or_full_stops_nobody_but_who_writes(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        service.store._db.execute("PRAGMA busy_timeout=500")
        other = sqlite3.connect(service.settings.db, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        saying = asyncio.create_task(client.post(f"{path}/turns", json={"text": "Hello."}, headers=token))
        while not service.store._using.locked():
            await asyncio.sleep(0.01)
        # One that is not in memory is looked for in the store.
        assert (await client.get("/v1/sessions/nobodys", headers=token)).status_code == 401
        assert not saying.done(), "that waited for no lock"
        refused = await saying
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "store")
        other.execute("ROLLBACK")
        other.close()
        (pages,) = service.store._db.execute("PRAGMA page_count").fetchone()
        service.store._db.execute(f"PRAGMA max_page_count={pages}")
        long = {"text": "Hello, " + "the parcel is late " * 50}
        answers = [await client.post(f"{path}/turns", json=long, headers=token) for _ in range(8)]
        assert answers[-1].status_code == 503
        service.store._db.execute("PRAGMA max_page_count=100000")
        shown = (await client.get(path, headers=token)).json()["turns"]
        assert len(shown) == 1 + 2 * sum(answer.status_code == 201 for answer in answers), "what failed was not said"
        assert (await client.post(f"{path}/turns", json=long, headers=token)).status_code == 201


async def test_health_and_metrics(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        await open_session(client)
        assert (await client.get("/health")).json() == {"status": "ok"}
        metrics = (await client.get("/metrics")).text
        assert 'rolecs_serve_turns_total{given="sound",strategy="GT"} 1.0' in metrics
        assert 'rolecs_serve_requests_total{route="open_session",status="201"} 1.0' in metrics
        assert "rolecs_tokens_total" in metrics
        service.pause.path.touch()
        assert (await client.get("/health")).status_code == 503
        refused = await client.post("/v1/sessions", json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "paused")


async def test_the_api_is_told(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path) as service, client_of(service) as client:
        page, told = await client.get("/docs"), (await client.get("/openapi.json")).json()
        assert "/v1/sessions/{id}/turns" in page.text
        assert "<script" not in page.text
        assert told["paths"]["/v1/sessions"]["post"]["responses"]["201"]["content"]
