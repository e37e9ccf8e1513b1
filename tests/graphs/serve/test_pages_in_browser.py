"""The widget on a page of another origin, and the page at /, in a browser, with the service on the loopback engine."""

import asyncio
import json
import math
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Frame, Page, expect
from playwright.async_api import Route as PlaywrightRoute
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import STAGE_NAMES, name_of
from graphs.serve.dialogues.service import Service
from graphs.serve.http.pages import page_routes
from graphs.serve.protection.limits import Rates
from graphs.serve.protection.sites import Site
from graphs.serve.server import listen, make_server
from outputs.scorecards.summary import summarise
from personas.pool import load_pool
from tests.support.browser import chromium
from tests.support.loopback import Loopback
from tests.support.service import KEY, service_on

pytestmark = pytest.mark.asyncio(loop_scope="module")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
expect.set_options(timeout=20_000)
VISITS = 18
"""Requests of a visitor in a minute: a third of them at once."""
HOSTILE = "<img src=x onerror='window.hacked = 1'>"


def choose(body: dict[str, Any]) -> str | None:
    """Close a call as soon as its customer has ended it, without a courtesy before."""
    options = set(body.get("structured_outputs", {}).get("choice", ()))
    return "AC" if "AC" in options <= {"AC", "FR", "RC"} else None


@asynccontextmanager
async def serving(server: uvicorn.Server, listener: socket.socket) -> AsyncIterator[str]:
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield address(listener)
    finally:
        server.should_exit = server.force_exit = True
        with suppress(asyncio.CancelledError):
            await task


def shop_server(routes: list[BaseRoute]) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False, lifespan="off", ws="none")
    )


def address(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


class World(SimpleNamespace):
    """A service, its origin, a page of another origin that shows its widget, and what the browser complained of."""

    service: Service
    origin: str
    shop: str
    attributes: dict[str, str]
    complaints: list[str]
    context: BrowserContext

    async def open(self, url: str) -> Page:
        page = await self.context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(url)
        return page

    async def open_widget(self, page: Page) -> Frame:
        """Open the widget by the keyboard alone, and return its frame once the supporter has spoken."""
        button = page.locator("button")  # not by its role: on a phone the open frame hides it
        await expect(button).to_have_attribute("aria-expanded", "false")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(button).to_have_attribute("aria-expanded", "true")
        frame = await wait_for_frame(page, f"{self.origin}/embed")
        await expect(frame.locator(".turn").first).to_be_visible()
        await expect(frame.locator("#say")).to_be_focused()
        return frame


async def wait_for_frame(page: Page, start: str) -> Frame:
    for _ in range(200):
        if found := next((frame for frame in page.frames if frame.url.startswith(start)), None):
            return found
        await page.wait_for_timeout(25)
    raise AssertionError(f"no frame at {start}")


@pytest_asyncio.fixture(loop_scope="module")
async def world(browser: Browser, tmp_path: Path) -> AsyncIterator[World]:
    attributes = {"data-site": "shop"}
    own, other = (listen("127.0.0.1", 0) for _ in range(2))
    origin, shop = address(own), address(other)

    async def page(request: Request) -> Response:
        told = " ".join(f'{name}="{value}"' for name, value in attributes.items())
        html = f"""<!doctype html><html lang=en><title>Shop</title><main><h1>Shop</h1></main>
            <script src="{origin}/widget.js" {told} async></script></html>"""
        policy = f"default-src 'none'; script-src {origin}; frame-src {origin}"
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    async def icon(request: Request) -> Response:
        return Response(status_code=204)

    site = Site(id="shop", origins=(shop,), languages=(Language.EN, Language.ZH))
    async with (
        service_on(Loopback(say=choose), tmp_path, site, keys=(KEY,), requests_per_minute=VISITS) as service,
        serving(make_server(service, page_routes(service)), own),
        serving(shop_server([Route("/", page), Route("/favicon.ico", icon)]), other),
    ):
        context = await browser.new_context(viewport={"width": 1100, "height": 800})
        context.set_default_timeout(20_000)
        made = World(service=service, origin=origin, shop=shop, attributes=attributes, complaints=[], context=context)
        yield made
        await context.close()


async def check_accessible(frame: Frame | Page) -> None:
    """Fail for what axe-core finds."""
    await frame.evaluate(AXE)
    found = await frame.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    told = [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert told == []


async def test_a_call_to_its_end_by_keyboard_on_a_strict_page(world: World) -> None:
    page = await world.open(world.shop)
    frame = await world.open_widget(page)
    await page.keyboard.type(HOSTILE)
    await page.keyboard.press("Enter")
    await expect(frame.locator(".customer .bubble")).to_have_text(HOSTILE)
    await expect(frame.locator(".supporter")).to_have_count(2)
    assert await frame.locator("img").count() == 0 and await frame.evaluate("window.hacked") is None
    await expect(frame.locator(".strategy")).to_have_count(0)
    await frame.locator(".thumbs").last.get_by_role("button").first.focus()
    await page.keyboard.press("Enter")
    await expect(frame.locator("[aria-pressed=true]")).to_have_count(1)
    await check_accessible(frame)
    # Escape closes and gives the focus back; a reload takes the call up again.
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button")).to_be_focused()
    await expect(page.locator("iframe")).to_be_hidden()
    await page.reload()
    frame = await world.open_widget(page)
    await expect(frame.locator(".turn")).to_have_count(3)
    await page.keyboard.type("Bye.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(frame.locator(".ended")).to_be_focused()
    await check_accessible(frame)
    for key in ("Tab", "ArrowRight", "ArrowRight", "ArrowRight", "Tab"):
        await page.keyboard.press(key)
    await page.keyboard.type("Quick.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(frame.locator(".thanks")).to_be_visible()
    (card,) = world.service.store.cards()
    assert (card.site, card.over, card.stars, card.comment) == ("shop", True, 4, "Quick.")
    assert [turn.thumb for turn in card.turns] == [None, None, 1, None, None]
    total = summarise([card]).total
    assert (total.rated, total.stars.value, total.thumbs, total.up.value) == (1, 4.0, 1, 1.0)
    assert world.complaints == []


async def test_a_chinese_call_on_a_phone_in_the_dark(world: World) -> None:
    world.attributes |= {
        "data-lang": "zh",
        "data-theme": "dark",
        "data-title": HOSTILE.replace('"', ""),
        "data-colour": "#ffd400",
    }
    page = await world.open(world.shop)
    await page.set_viewport_size({"width": 360, "height": 640})
    frame = await world.open_widget(page)
    await expect(frame.locator("h1")).to_have_text(HOSTILE)
    assert await page.locator("iframe").evaluate("it => [innerWidth, it.clientWidth]") == [360, 360]
    assert await frame.evaluate("document.documentElement.scrollWidth") == 360
    await frame.locator("#say").fill("我的卡被锁了。")
    await frame.get_by_role("button", name="发送").click()
    await expect(frame.locator(".supporter")).to_have_count(2)
    await check_accessible(frame)
    # What is refused is told in plain words, and nothing typed is lost.
    visitor = f"visitor/{world.service.pseudonyms.of('127.0.0.1')}"
    world.service.rates = Rates(clock=lambda: 0.0)
    for _ in range(VISITS // 3):
        world.service.rates.take(visitor, VISITS)
    await frame.locator("#say").fill("还有一件事。")
    await page.keyboard.press("Enter")
    await expect(frame.get_by_role("alert")).to_contain_text(f"请 {math.ceil(60 / VISITS)} 秒后再试")
    await expect(frame.locator("#say")).to_have_value("还有一件事。")
    world.service.rates = Rates()
    await frame.get_by_role("button", name="重试").click()
    await expect(frame.locator(".supporter")).to_have_count(3)
    await expect(frame.get_by_role("alert")).to_be_empty()
    await frame.get_by_role("button", name="结束通话").click()
    await expect(frame.locator(".ended")).to_be_visible()
    (card,) = world.service.store.cards()
    said = [turn.text for turn in card.turns if turn.speaker is Speaker.CUSTOMER]
    assert said[:-1] == ["我的卡被锁了。", "还有一件事。"] and card.turns[-2].ends_call
    await frame.get_by_role("button", name="删除这次对话").click()
    await expect(frame.locator(".ended")).to_have_text("对话已删除。")
    assert list(world.service.store.cards()) == []
    await frame.get_by_role("button", name="关闭").click()
    await expect(page.locator("iframe")).to_be_hidden()
    # A refused request is all that the browser has to tell.
    assert all("429" in complaint for complaint in world.complaints)


async def test_what_is_typed_while_a_message_comes_to_nothing_is_kept_with_it(world: World) -> None:
    page = await world.open(world.shop)
    frame = await world.open_widget(page)
    has_typed = asyncio.Event()

    async def refuse(route: PlaywrightRoute) -> None:
        await has_typed.wait()
        await route.fulfill(status=503)

    await page.route("**/turns", refuse)
    await page.keyboard.type("My shoe is torn.")
    await page.keyboard.press("Enter")
    await expect(frame.locator("#say")).to_have_value("")
    await page.keyboard.type("It is the left one.")
    has_typed.set()
    await expect(frame.get_by_role("alert")).to_contain_text("not available")
    await expect(frame.locator("#say")).to_have_value("My shoe is torn.\nIt is the left one.")


async def test_the_talk_page_shows_strategies_and_asks_for_a_key(world: World) -> None:
    page = await world.open(world.origin)
    await check_accessible(page)
    await page.get_by_label("Topic").select_option("risk-security")
    await page.get_by_role("button", name="Begin a call").click()
    await page.get_by_label("Key").fill(KEY)
    await page.keyboard.press("Enter")
    await expect(page.locator(".strategy")).to_have_text("GT Greeting · Connecting")
    await page.locator("#say").fill("Hello")
    await page.keyboard.press("Enter")
    await expect(page.locator(".strategy")).to_have_count(2)
    (card,) = world.service.store.cards()
    answer = card.turns[-1]
    assert answer.strategy and answer.turn.stage
    named = f"{answer.strategy} {name_of(answer.strategy, Language.EN)} · {STAGE_NAMES[answer.turn.stage][Language.EN]}"
    await expect(page.locator(".strategy").last).to_have_text(named)
    await check_accessible(page)
    assert (card.topic, card.language, card.site) == ("risk-security", "en", None)
    await page.reload()
    await page.get_by_label("Language").select_option("zh")
    await expect(page.get_by_label("主题").locator("option").first).to_have_text("产品咨询")
    await expect(page.locator("h1")).to_have_text("与客服对话")
    await check_accessible(page)


async def test_practice_by_keyboard_to_its_findings(world: World) -> None:
    page = await world.open(world.origin)
    await page.get_by_label("You are").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("h1")).to_have_text("Be the supporter")
    # Who may call is no stranger's to know.
    await expect(page.get_by_label("Who calls").locator("option")).to_have_count(1)
    await page.get_by_label("Key").fill(KEY)
    await page.keyboard.press("Enter")
    await expect(page.locator(".scenario")).to_be_visible()
    await expect(page.get_by_label("Who calls").locator("option")).to_have_count(len(load_pool(None, Language.EN)) + 1)
    await expect(page.locator("#say")).to_be_focused()
    (session,) = world.service.practice._sessions.values()
    goal = session.call.plan.customer_goal
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("G")
    await page.keyboard.press("Tab")
    await page.keyboard.type(HOSTILE)
    await page.keyboard.press("Enter")
    await expect(page.locator(".strategy")).to_have_text("GT Greeting · Connecting")
    await expect(page.locator(".customer .bubble")).to_have_count(1)
    await expect(page.locator("#strategy")).to_have_value("")
    assert await page.locator("img").count() == 0 and await page.evaluate("window.hacked") is None
    await expect(page.locator(".thumbs")).to_have_count(0)
    await check_accessible(page)
    # What is not named is named by the labeller.
    await page.locator("#say").fill("Shall I block the card?")
    await page.keyboard.press("Enter")
    await expect(page.locator(".strategy")).to_have_count(2)
    heard = session.call.turns[2].strategy
    assert heard
    await expect(page.locator(".strategy").last).to_contain_text(f"{heard} {name_of(heard, Language.EN)}")
    assert goal not in await page.content()
    await page.get_by_role("button", name="End the call").press("Enter")
    await expect(page.locator(".ended")).to_be_focused()
    after = page.locator(".after")
    await expect(after).to_contain_text(goal)
    await expect(after).to_contain_text(session.call.persona.portrait)
    await expect(after.locator("li", has_text="cut-off").locator("blockquote")).to_contain_text("Turn 1, You: ‹img")
    await expect(after.locator(".passed")).to_have_count(5)
    await expect(after.locator("blockquote").first).to_contain_text("Turn")
    assert await page.locator("img").count() == 0 and await page.evaluate("window.hacked") is None
    await check_accessible(page)
    assert list(world.service.store.cards()) == []
    await page.get_by_role("button", name="New call").press("Enter")
    await expect(page.locator(".scenario")).to_be_visible()
    assert len(world.service.practice._sessions) == 2
    assert all("401" in complaint for complaint in world.complaints)


async def test_chinese_practice_on_a_phone_with_a_judge_that_is_away(world: World) -> None:
    page = await world.open(world.origin)
    await page.set_viewport_size({"width": 360, "height": 640})
    await page.get_by_label("Language").select_option("zh")
    await page.get_by_label("您是").select_option("supporter")
    await page.get_by_label("密钥").fill(KEY)
    await page.keyboard.press("Tab")
    await page.get_by_label("来电的人").select_option("zh-002")
    await page.get_by_label("主题").select_option("risk-security")
    await page.get_by_role("button", name="开始通话").click()
    await page.get_by_label("这句话的策略").select_option("GT")
    await page.get_by_label("您说的话").fill("您好，请问有什么可以帮您？")
    await page.keyboard.press("Enter")
    await expect(page.locator(".strategy")).to_have_text("GT 礼貌问候 · 接通")
    await page.get_by_label("这句话的策略").select_option("AC")
    await page.get_by_label("您说的话").fill("再见。")
    judges, world.service.judges.clients = world.service.judges.clients, ()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("模型暂时不可用")
    await expect(page.get_by_role("button", name="重试")).to_be_focused()
    world.service.judges.clients = judges
    await page.keyboard.press("Enter")
    await expect(page.locator(".ended")).to_be_focused()
    await expect(page.locator(".after")).to_contain_text("评审")
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await check_accessible(page)
    (session,) = world.service.practice._sessions.values()
    assert (session.call.persona.id, session.call.topic.code) == ("zh-002", "risk-security")
    assert [turn.strategy for turn in session.call.turns][::2] == ["GT", "AC"]


async def test_who_may_frame_and_load_what(world: World) -> None:
    async with httpx2.AsyncClient(base_url=world.origin) as client:
        embed = await client.get("/embed", params={"site": "shop"})
        policy = embed.headers["Content-Security-Policy"]
        assert policy.endswith(f"frame-ancestors {world.shop}")
        assert "unsafe" not in policy and "<script>" not in embed.text and "<style" not in embed.text
        other = await client.get("/embed", params={"site": "<b>"})
        assert other.status_code == 404 and "<b>" not in other.text
        assert other.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
        talk = await client.get("/")
        assert talk.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
        vocabulary = json.loads(talk.text.partition('id="vocabulary">')[2].partition("</script>")[0])
        assert set(vocabulary) == {"en", "zh"}
        widget = await client.get("/widget.js")
        assert widget.headers["Cross-Origin-Resource-Policy"] == "cross-origin" and len(widget.content) < 4_200
        for name, status in (("embed.html", 404), ("..%2Fpages.py", 400), ("nothing.js", 404)):
            assert (await client.get(f"/assets/{name}")).status_code == status
