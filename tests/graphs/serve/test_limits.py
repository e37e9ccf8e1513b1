"""Limits: what keeps one visitor, one site or one bad day from using the service up."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import EngineError
from agents.llm.chat import Chat
from agents.llm.client import ChatClient
from agents.llm.request import Sampling
from agents.llm.usage import Role, Usage
from graphs.serve.dialogues.metering import Meter, Wanted
from graphs.serve.dialogues.replicas import Replicas
from graphs.serve.metrics import ServiceMetrics
from graphs.serve.protection.audit import Audit
from graphs.serve.protection.limits import ALL, Budgets, Rates
from graphs.serve.refusal import Refusal
from outputs.scorecards.store import Spent
from tests.support.loopback import Loopback
from tests.support.service import SHOP, client_of, on_socket, open_session, service_on


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 120))
def test_a_rate_is_never_exceeded(waits: list[float], per_minute: int) -> None:
    now = 0.0
    rates = Rates(lambda: now)
    taken = []
    for wait in waits:
        now += wait
        try:
            rates.take("a", per_minute)
            taken.append(now)
        except Refusal as refusal:
            assert refusal.retry_after_s
    burst = max(1.0, per_minute / 3)
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            assert end - start + 1 <= burst + (taken[end] - taken[start]) * per_minute / 60 + 1e-6


def test_one_who_waits_as_told_is_let_in() -> None:
    now = 0.0
    rates = Rates(lambda: now)
    rates.take("a", 1)
    with pytest.raises(Refusal) as caught:
        rates.take("a", 1)
    now += caught.value.retry_after_s or 0
    rates.take("a", 1)


def test_a_budget_counts_what_is_in_flight_and_begins_anew_each_day() -> None:
    day = "2026-01-01"
    stored = {"2026-01-01": {"shop": 500}, "2026-01-02": {}}
    budgets = Budgets(lambda day: stored[day], lambda: day)
    budgets.spend((ALL,), 1_000)
    with budgets.reserving({ALL: 2_500}), pytest.raises(Refusal), budgets.reserving({ALL: 2_500}):
        pass
    with pytest.raises(Refusal), budgets.reserving({"shop": 600}):
        pass
    with budgets.reserving({ALL: None}):
        pass
    day = "2026-01-02"
    assert budgets.spent("shop") == budgets.spent(ALL) == 0
    day = "2026-01-01"
    assert budgets.spent("shop") == 500, "a clock that is set back gives nothing away"


def test_what_costs_nothing_does_not_make_turns_look_cheap() -> None:
    budgets = Budgets(lambda day: {}, lambda: "2026-01-01")
    budgets.spend((ALL,), 5_000)
    for _ in range(1_000):
        budgets.spend((ALL,), 0)
    with budgets.reserving({ALL: 11_000}), pytest.raises(Refusal), budgets.reserving({ALL: 11_000}):
        pass


async def test_what_comes_to_nothing_is_paid_for_and_remembered(tmp_path: Path) -> None:
    kept: list[Spent] = []

    async def store(*writes: Spent) -> None:
        kept.extend(writes)

    async def work(chat: Chat) -> None:
        chat.usage[Role.SUPPORTER] = Usage(requests=1, prompt_tokens=40, completion_tokens=2)
        raise EngineError("gone")

    class OneServer:
        async def ask(self, key: str, ask: Callable[[ChatClient], Awaitable[None]]) -> None:
            await ask(cast(ChatClient, None))

    budgets = Budgets(lambda day: {}, lambda: "2026-01-01")
    wanted = Wanted("key", Sampling(0.0, 1.0), 7, work, 60.0)
    with Audit(tmp_path / "audit.jsonl") as audit:
        meter = Meter(budgets, ServiceMetrics(lambda: 0, lambda: 0), audit, store)
        with pytest.raises(Refusal, match="could not answer"):
            await meter.ask(cast(Replicas, OneServer()), wanted, dict.fromkeys((ALL, "shop", "visitor/x")))
    assert kept == [Spent("2026-01-01", ALL, 42), Spent("2026-01-01", "shop", 42)]


async def test_a_visitor_is_slowed_down_and_others_are_not(tmp_path: Path) -> None:
    async with (
        service_on(Loopback(), tmp_path, SHOP, requests_per_minute=6) as service,
        client_of(service, "192.0.2.1") as greedy,
        client_of(service, "192.0.2.2") as other,
    ):
        answers = [await greedy.post("/v1/sessions", json={"site": "shop"}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 429, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert (await other.post("/v1/sessions", json={"site": "shop"})).status_code == 201


async def test_a_site_is_slowed_down(tmp_path: Path) -> None:
    slow = SHOP.model_copy(update={"requests_per_minute": 6})
    async with service_on(Loopback(), tmp_path, slow) as service:
        statuses = []
        for number in range(4):
            async with client_of(service, f"192.0.2.{number}") as client:
                statuses.append((await client.post("/v1/sessions", json={"site": "shop"})).status_code)
        assert statuses == [201, 201, 429, 429]


async def test_turns_and_ratings_count_like_openings(tmp_path: Path) -> None:
    asked: list[tuple[str, dict[str, object]]] = [
        ("turns", {"text": "Hello."}),
        ("feedback", {"stars": 5}),
        ("feedback", {"number": 1, "thumb": "up"}),
    ]
    async with service_on(Loopback(), tmp_path, SHOP, requests_per_minute=6) as service:
        for number, (name, body) in enumerate(asked):
            async with client_of(service, f"192.0.2.{number}") as client:
                path, token = await open_session(client, site="shop")
                answers = [await client.post(f"{path}/{name}", json=body, headers=token) for _ in range(2)]
                assert [answer.status_code for answer in answers][1] == 429, body
                assert answers[0].is_success, body


@pytest.mark.parametrize(("proxy", "status"), [((), 429), (("127.0.0.1",), 201)])
async def test_a_proxy_that_is_named_says_who_a_visitor_is(tmp_path: Path, proxy: tuple[str, ...], status: int) -> None:
    async with (
        service_on(Loopback(), tmp_path, SHOP, requests_per_minute=6, proxy=proxy) as service,
        on_socket(service) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        statuses = []
        for address in ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"):
            answer = await client.post("/v1/sessions", json={"site": "shop"}, headers={"X-Forwarded-For": address})
            statuses.append(answer.status_code)
    assert statuses == [201, 201, 429, status]


async def test_what_is_paused_asks_no_model(tmp_path: Path) -> None:
    loopback = Loopback()
    async with service_on(loopback, tmp_path) as service, client_of(service) as client:
        path, token = await open_session(client)
        asked = loopback.calls["all"]
        service.pause.path.touch()
        refused = [
            await client.post(f"{path}/turns", json={"text": "Hello."}, headers=token),
            await client.post("/v1/chat/completions", json={"messages": []}),
            await client.post("/v1/practice", json={}),
        ]
        assert [answer.json()["error"]["code"] for answer in refused] == ["paused"] * 3
        assert loopback.calls["all"] == asked
        service.pause.path.unlink()
        assert (await client.post(f"{path}/turns", json={"text": "Hello."}, headers=token)).status_code == 201


async def test_an_answer_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    async with service_on(Loopback(delay=0.5), tmp_path, turn_timeout_s=0.1) as service, client_of(service) as client:
        late = await client.post("/v1/sessions", json={})
        assert (late.status_code, late.json()["error"]["code"], late.headers["retry-after"]) == (503, "late", "1")


async def test_the_budgets_of_a_site_and_of_a_visitor_stop_nobody_else(tmp_path: Path) -> None:
    small, large = SHOP.model_copy(update={"daily_tokens": 2_000}), SHOP.model_copy(update={"id": "large"})

    async def open_all(client: httpx2.AsyncClient, site: str) -> str:
        """Open sessions until one is refused; return why."""
        for _ in range(12):
            answer = await client.post("/v1/sessions", json={"site": site})
            if answer.status_code != 201:
                return str(answer.json()["error"]["code"])
        return ""

    told: dict[str, Any] = {"visitor_daily_tokens": 4_000, "requests_per_minute": 60}
    async with (
        service_on(Loopback(), tmp_path, small, large, **told) as service,
        client_of(service, "192.0.2.1") as one,
        client_of(service, "192.0.2.2") as other,
    ):
        assert await open_all(one, "shop") == "budget"
        assert 1_000 < service.budgets.spent("shop") <= 2_000
        assert (await one.post("/v1/sessions", json={"site": "large"})).status_code == 201
        assert await open_all(one, "large") == "budget"
        assert service.budgets.spent() <= 4_000
        assert (await other.post("/v1/sessions", json={"site": "large"})).status_code == 201


async def test_a_budget_holds_over_a_restart(tmp_path: Path) -> None:
    async with service_on(Loopback(), tmp_path, daily_tokens=2_500) as service, client_of(service) as client:
        path, token = await open_session(client)
        spent = service.budgets.spent()
        assert spent > 0
    async with service_on(Loopback(), tmp_path, daily_tokens=spent) as service, client_of(service) as client:
        answer = await client.post(f"{path}/turns", json={"text": "Hello."}, headers=token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "budget")
        assert int(answer.headers["retry-after"]) > 0
