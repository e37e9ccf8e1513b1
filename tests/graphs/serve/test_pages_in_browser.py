"""The widget on a page of another origin, and the page at /, in a browser, on a stand-in for the service."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Frame, Page, async_playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from graphs.serve.pages import page_routes
from tests.outputs.reports.test_run_page_in_browser import ARGUMENTS

pytestmark = pytest.mark.asyncio(loop_scope="module")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
HOSTILE = "<img src=x onerror='window.hacked = 1'>"


class StandIn:
    """Answers as the service does; a call is closed by `ends_call`."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.feedback: list[dict[str, Any]] = []
        self.key = ""
        self.refusal: int | None = None
        self.said: list[str] = []

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/sessions", self._open, methods=["POST"]),
            Route("/v1/sessions/{id}", self._show, methods=["GET"]),
            Route("/v1/sessions/{id}", self._erase, methods=["DELETE"]),
            Route("/v1/sessions/{id}/turns", self._say, methods=["POST"]),
            Route("/v1/sessions/{id}/feedback", self._rate, methods=["POST"]),
        ]

    def _turn(self, session: dict[str, Any], text: str, strategy: str, stage: str) -> dict[str, Any]:
        labels = {"strategy": None, "stage": None} if session["site"] else {"strategy": strategy, "stage": stage}
        turn = {"number": len(session["turns"]) + 1, "speaker": "supporter", "text": text, "at": "2026-01-01", **labels}
        session["turns"].append(turn)
        return turn

    async def _open(self, request: Request) -> Response:
        body = await request.json()
        if not body["site"] and self.key not in request.headers.get("authorization", ""):
            return JSONResponse({"error": {}}, 401)
        number = f"s{len(self.sessions)}"
        session = {"id": number, "turns": [], "over": False, "rated": None, "site": body["site"], **body}
        self.sessions[number] = session
        self._turn(session, "您好，请问有什么可以帮您？" if body["language"] == "zh" else "Hello!", "GT", "Connecting")
        return JSONResponse(session | {"token": f"t-{number}"}, 201)

    def _find(self, request: Request) -> dict[str, Any] | None:
        number = request.path_params["id"]
        return self.sessions.get(number) if request.headers.get("authorization") == f"Bearer t-{number}" else None

    async def _show(self, request: Request) -> Response:
        session = self._find(request)
        return JSONResponse(session) if session else JSONResponse({"error": {}}, 401)

    async def _erase(self, request: Request) -> Response:
        del self.sessions[request.path_params["id"]]
        return Response(status_code=204)

    async def _say(self, request: Request) -> Response:
        if self.refusal:
            return JSONResponse({"error": {}}, self.refusal, {"Retry-After": "7"})
        session, body = self._find(request), await request.json()
        if session is None:
            return JSONResponse({"error": {}}, 401)
        self.said.append(body["text"])
        if body["text"]:
            session["turns"].append({"number": len(session["turns"]) + 1, "speaker": "customer", "text": body["text"]})
        session["over"] = body["ends_call"]
        strategy = ("AC", "Maintaining") if session["over"] else ("PS", "Exploring")
        turn = self._turn(session, f"I heard: {body['text']}", *strategy)
        return JSONResponse({"turn": turn, "over": session["over"]}, 201)

    async def _rate(self, request: Request) -> Response:
        session, body = self._find(request), await request.json()
        assert session
        self.feedback.append(body)
        session["rated"] = body.get("stars", session["rated"])
        return Response(status_code=204)


@asynccontextmanager
async def serving(routes: list[BaseRoute], listener: socket.socket) -> AsyncIterator[str]:
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield address(listener)
    finally:
        server.should_exit = server.force_exit = True
        with suppress(asyncio.CancelledError):
            await task


def address(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield started
        await started.close()


class World(SimpleNamespace):
    """A stand-in, its origin, a page of another origin that shows its widget, and what the browser complained of."""

    service: StandIn
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
async def world(browser: Browser) -> AsyncIterator[World]:
    service, attributes = StandIn(), {"data-site": "shop"}
    own, other = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    origin, shop = address(own), address(other)

    async def page(request: Request) -> Response:
        told = " ".join(f'{name}="{value}"' for name, value in attributes.items())
        html = f"""<!doctype html><html lang=en><title>Shop</title><main><h1>Shop</h1></main>
            <script src="{origin}/widget.js" {told} async></script></html>"""
        policy = f"default-src 'none'; script-src {origin}; frame-src {origin}"
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    async def icon(request: Request) -> Response:
        return Response(status_code=204)

    sites = {"shop": SimpleNamespace(origins=(shop,))}
    shop_routes: list[BaseRoute] = [Route("/", page), Route("/favicon.ico", icon)]
    async with serving([*service.routes(), *page_routes(sites)], own), serving(shop_routes, other):
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
    await expect(frame.locator(".supporter .bubble").nth(1)).to_have_text(f"I heard: {HOSTILE}")
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
    thumb, stars = world.service.feedback
    assert thumb == {"number": 3, "thumb": "up"} and stars == {"stars": 4, "comment": "Quick."}
    assert len(world.service.sessions) == 1 and world.complaints == []


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
    world.service.refusal = 429
    await frame.locator("#say").fill("还有一件事。")
    await page.keyboard.press("Enter")
    await expect(frame.get_by_role("alert")).to_contain_text("请 7 秒后再试")
    await expect(frame.locator("#say")).to_have_value("还有一件事。")
    world.service.refusal = None
    await frame.get_by_role("button", name="重试").click()
    await expect(frame.locator(".supporter")).to_have_count(3)
    await expect(frame.get_by_role("alert")).to_be_empty()
    await frame.get_by_role("button", name="结束通话").click()
    await frame.get_by_role("button", name="删除这次对话").click()
    await expect(frame.locator(".ended")).to_have_text("对话已删除。")
    assert world.service.sessions == {} and world.service.said == ["我的卡被锁了。", "还有一件事。", ""]
    await frame.get_by_role("button", name="关闭").click()
    await expect(page.locator("iframe")).to_be_hidden()
    # A refused request is all that the browser has to tell.
    assert all("429" in complaint for complaint in world.complaints)


async def test_the_talk_page_shows_strategies_and_asks_for_a_key(world: World) -> None:
    world.service.key = "secret"
    page = await world.open(world.origin)
    await check_accessible(page)
    await page.get_by_label("Topic").select_option("risk-security")
    await page.get_by_role("button", name="Begin a call").click()
    await page.get_by_label("Key").fill("secret")
    await page.keyboard.press("Enter")
    await expect(page.locator(".strategy")).to_have_text("GT Greeting · Connecting")
    await page.locator("#say").fill("Hello")
    await page.keyboard.press("Enter")
    await expect(page.locator(".strategy").last).to_have_text("PS Providing Suggestions · Exploring")
    await check_accessible(page)
    (session,) = world.service.sessions.values()
    assert (session["topic"], session["language"]) == ("risk-security", "en")
    await page.reload()
    await page.get_by_label("Language").select_option("zh")
    await expect(page.get_by_label("Topic").locator("option").first).to_have_text("产品咨询")


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
        for name in ("embed.html", "..%2Fpages.py", "nothing.js"):
            assert (await client.get(f"/assets/{name}")).status_code == 404
