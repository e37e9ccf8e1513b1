"""The page of a rater in a browser: keys, what they save, resuming, pairs."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Page, expect

from outputs.rating.items import OVERALL, PREFERENCE, choose_items
from outputs.rating.ratings import RatingFile, read_ratings
from outputs.rating.server import RatingServer
from outputs.runs.record import Record
from quality.gate.rubric import POINT_CODES
from tests.outputs.rating.test_rating import running, some
from tests.support.browser import chromium, watch

MakeRecord = Callable[..., Record]


@pytest_asyncio.fixture
async def page() -> AsyncIterator[Page]:
    """A page; afterwards, fail for all that it wrote to the console or threw."""
    complaints: list[str] = []
    async with chromium() as browser:
        made = await browser.new_page()
        watch(made, complaints, is_file=False)
        yield made
    assert complaints == []


async def test_keys_rate_save_and_resume(page: Page, tmp_path: Path, make_record: MakeRecord) -> None:
    items = choose_items({"run": some(make_record, "a", 3)}, 5, "ann", in_pairs=False)
    file = RatingFile(tmp_path, "ann")
    with running(RatingServer(items, file, {}, in_pairs=False)) as server:
        await page.goto(server.address)
        await expect(page.locator(".turn")).to_have_count(len(items[0].records[0].turns))
        await expect(page.locator(".turn .bubble").first).to_have_text(items[0].records[0].turns[0].text)
        await page.keyboard.press("2")
        await page.keyboard.press("4")
        for key in "qwer":
            await page.keyboard.press(key)
        await page.keyboard.press("Shift+T")
        await expect(page.locator("#saved")).to_have_text("saved")
        await expect(page.locator("#progress")).to_have_text("1 of 3, 1 rated in full")
        await expect(page.locator(f"input[name={OVERALL}]:checked")).to_have_value("4")
        points = dict.fromkeys(POINT_CODES, 1) | {POINT_CODES[4]: 0}
        assert read_ratings(file.path) == {items[0].id: {OVERALL: 4, **points}}
        await page.keyboard.press("j")
        await expect(page.locator("input:checked")).to_have_count(0)
        await page.locator(f"input[name={OVERALL}]").nth(2).click()
        await expect(page.locator("#saved")).to_have_text("saved")
        await page.keyboard.press("k")
        await expect(page.locator(f"input[name={OVERALL}]:checked")).to_have_value("4")
        assert read_ratings(file.path)[items[1].id] == {OVERALL: 3}
    with running(RatingServer(items, file, read_ratings(file.path), in_pairs=False)) as server:
        await page.goto(server.address)
        # At the first that is not rated in full.
        await expect(page.locator("#progress")).to_have_text("2 of 3, 1 rated in full")
        await expect(page.locator("input:checked")).to_have_value("3")
        await page.keyboard.press("u")
        await expect(page.locator("#progress")).to_have_text("3 of 3, 1 rated in full")


async def test_pairs_stand_side_by_side(page: Page, tmp_path: Path, make_record: MakeRecord) -> None:
    hostile = "<script>document.title = 'hacked'</script><img src=x>"
    calls = {"one": some(make_record, "a", 1), "two": some(make_record, "b", 1)}
    turns = [turn.model_copy(update={"text": hostile}) for turn in calls["two"][0].turns]
    calls["two"][0] = calls["two"][0].model_copy(update={"turns": tuple(turns)})
    items = choose_items(calls, 5, "ann", in_pairs=True)
    file = RatingFile(tmp_path, "ann")
    with running(RatingServer(items, file, {}, in_pairs=True)) as server:
        await page.goto(server.address)
        boxes = [await page.locator(".call").nth(i).bounding_box() for i in range(2)]
        assert boxes[0] and boxes[1] and boxes[0]["x"] < boxes[1]["x"] and boxes[0]["y"] == boxes[1]["y"]
        await expect(page.get_by_text(hostile).first).to_be_visible()
        assert await page.title() == "Rate calls · rolecs" and await page.locator("img").count() == 0
        await page.keyboard.press("5")
        await page.keyboard.press("3")
        await expect(page.locator("#progress")).to_have_text("1 of 1, 1 rated in full")
        await expect(page.locator("#saved")).to_have_text("saved")
    assert read_ratings(file.path) == {items[0].id: {PREFERENCE: 3}}
