"""The page on an evaluation, also in a browser: figures, filters, keyboard; nothing in a text becomes markup."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from agents.csc.strategies import Strategy
from outputs.evaluation.page import render_evaluation
from outputs.files import write_whole
from outputs.runs.judgement import Judgement
from quality.gate.rubric import POINT_CODES
from quality.gate.verdict import Labelling, PointVerdict, Verdict
from tests.conftest import EN_CALL, FAILURE, make_turns
from tests.outputs.evaluation.samples import GOOD, POOR, evaluation, result, scores_of
from tests.support.browser import chromium, watch

HOSTILE = "<img src=x onerror=alert(1)></script><!--"
"""No encoder knows its words: here is no semantic F1."""
EVALUATIONS = [
    evaluation("first", *GOOD),
    evaluation("second", *POOR),
    evaluation("lost", error=FAILURE),
    *(evaluation(f"more-{number}", *GOOD) for number in range(10)),
    evaluation("last", ("GT", HOSTILE, HOSTILE), ("OT", HOSTILE, HOSTILE)),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page; afterwards, fail for all that it wrote to the console, threw, or asked for."""
    complaints: list[str] = []
    made = await browser.new_page()
    watch(made, complaints)
    yield made
    await made.close()
    assert complaints == []


def write_page(folder: Path) -> Path:
    scores = scores_of(*EVALUATIONS, encode=None)
    differences = {HOSTILE: scores.differences(scores_of(*EVALUATIONS, encode=None))}
    page = folder / "report.html"
    write_whole(page, render_evaluation(f"mine {HOSTILE}", result(scores), differences, EVALUATIONS))
    return page


def test_the_page_holds_the_figures_and_lets_nothing_else_run(tmp_path: Path) -> None:
    page = write_page(tmp_path).read_text(encoding="utf-8")
    assert re.search(r"default-src 'none'; script-src 'sha256-[\w+/=]+' 'sha256-[\w+/=]+'; style-src 'sha256-", page)
    # 26 turns, one without a strategy and one with a wrong one.
    assert "92.3 (" in page and "+0.0 (+0.0 to +0.0)" in page and "42.96" in page
    assert "1 (strategy, among all twelve)" in page and "dialogues that the server failed on, in no figure: 1" in page
    assert "<img" not in page and page.count("</script>") == 4


@pytest.mark.asyncio(loop_scope="module")
async def test_turns_can_be_filtered_and_read_by_keyboard(page: Page, tmp_path: Path) -> None:
    await page.goto(write_page(tmp_path).as_uri())
    cards, counted = page.locator(".answer"), page.locator("#count")
    await expect(counted).to_have_text("26 turns")
    await expect(cards).to_have_count(20)
    await expect(cards.nth(1)).to_contain_text("free: IV ✓")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.locator(".answer[aria-current]")).to_contain_text("IV")
    await page.get_by_role("button", name="Later").click()
    await expect(cards).to_have_count(6)
    # What a model said stands there as it said it.
    await expect(cards.last.locator(".bubble").nth(1)).to_have_text(HOSTILE)
    await expect(page.locator("#place")).to_have_text("21 to 26")

    await page.locator("#filter-answers").select_option("problem")
    await expect(counted).to_have_text("1 of 26 turns")
    await expect(cards.first).to_contain_text("second")
    await expect(cards.first.locator(".sides .violation")).to_have_text("the answer holds no words")
    await expect(cards.first.locator(":scope > .violation")).to_have_text("free: the answer was cut off")
    await page.locator("#filter-answers").select_option("wrong")
    await expect(counted).to_have_text("2 of 26 turns")
    await page.locator("#filter-chosen").select_option(Strategy.OT)
    await expect(counted).to_have_text("1 of 26 turns")
    await expect(cards.first.locator(".heard")).to_have_text("My card was declined.")
    await page.keyboard.press("Escape")
    await expect(counted).to_have_text("26 turns")
    await page.keyboard.press("/")
    await page.keyboard.type("CARD was declined")
    await expect(counted).to_have_text("13 of 26 turns")
    await page.locator("#search").fill("more-3")
    await expect(counted).to_have_text("2 of 26 turns")
    await page.keyboard.press("Escape")
    await expect(counted).to_have_text("26 turns")
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"


def judgement(id_: str, **failed: str) -> Judgement:
    """Make the judgement of a call that passes all points but some, which fail for a reason that rests on turn 2."""
    points = {
        code: PointVerdict(reason=failed.get(code, "Fine."), turns=(2,), verdict=0 if code in failed else 1, votes=(1,))
        for code in POINT_CODES
    }
    labelling = Labelling(labels={1: Strategy.GT}, agreement=1, required=0.5)
    return Judgement(id=id_, dialogue=id_, verdict=Verdict(points=points, labelling=labelling))


@pytest.mark.asyncio(loop_scope="module")
async def test_generated_calls_stand_beside_the_turns_with_what_was_found_of_them(page: Page, tmp_path: Path) -> None:
    call = make_turns(EN_CALL)
    short = (*call[:2], call[-1])
    judged = {one.id: one for one in (judgement("first"), judgement("second", natural_wording=HOSTILE))}
    answered = [evaluation("first", *GOOD, call=call), evaluation("second", *POOR, call=short)]
    file = tmp_path / "report.html"
    told = result(scores_of(*answered, encode=None))._replace(calls=judged)
    write_whole(file, render_evaluation("calls", told, {}, answered))
    assert "<img" not in file.read_text(encoding="utf-8")
    await page.goto(file.as_uri())
    cards, counted = page.locator(".answer"), page.locator("#count")
    await expect(counted).to_have_text("4 turns")
    await expect(page.locator("#filter-found")).to_be_hidden()
    await page.locator("#filter-kind").select_option("call")
    await expect(counted).to_have_text("2 calls")
    await expect(page.locator("#filter-right")).to_be_hidden()
    await expect(cards.first.locator(".points .kept")).to_have_count(len(POINT_CODES))
    await page.locator("#filter-found").select_option("nothing")
    await expect(counted).to_have_text("1 of 2 calls")
    await page.locator("#filter-found").select_option("point:natural_wording")
    await expect(cards).to_have_count(1)
    await expect(cards.locator(".points .rejected .reason")).to_have_text(HOSTILE)
    await expect(cards.locator(".turn .violation").first).to_contain_text("closure")
    await cards.locator(".points .rejected .cited button").click()
    await expect(cards.locator(".turn.cited")).to_contain_text(call[1].text)
    await page.keyboard.press("Escape")
    await page.locator("#search").fill("onerror")
    await expect(counted).to_have_text("1 of 2 calls")


@pytest.mark.asyncio(loop_scope="module")
async def test_calls_with_played_customers_stand_as_a_whole(page: Page, tmp_path: Path) -> None:
    call = make_turns(EN_CALL)
    played = [
        evaluation("played", call=call, turns=()),
        evaluation("cut", call=call[:2], cut="the answer was cut off", turns=()),
    ]
    file = tmp_path / "report.html"
    write_whole(file, render_evaluation("calls", result(scores_of(*played, encode=None)), {}, played))
    assert "no flow rule broken" in file.read_text(encoding="utf-8")
    await page.goto(file.as_uri())
    cards, counted = page.locator(".answer"), page.locator("#count")
    await expect(counted).to_have_text("2 calls")
    await expect(cards.first.locator(".bubble")).to_have_count(len(call))
    await expect(cards.first.locator(".turn").first).to_contain_text("GT Greeting")
    await expect(page.locator("#filter-kind")).to_be_hidden()
    await page.locator("#filter-found").select_option("cut off")
    await expect(cards.locator(".cut")).to_have_text("the answer was cut off")
