"""Pages of reports in a browser, which is started once for all files of this folder."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from agents.csc.language import Language
from outputs.files import write_whole
from outputs.reports.run_page import RunReport, render_report
from tests.outputs.reports.samples import (
    HOSTILE,
    felt,
    gold_records,
    hostile,
    make_report,
    many,
    never_seen,
    rewritten,
    varied_records,
)
from tests.support.browser import chromium, watch

OpenPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write a page when a test first asks for it: one in each language, and others of special dialogues."""
    folder = tmp_path_factory.mktemp("report")
    en = gold_records(Language.EN)
    reports: dict[str, Callable[[], RunReport]] = {
        "en": lambda: make_report(Language.EN, varied_records(Language.EN)),
        "zh": lambda: make_report(Language.ZH, varied_records(Language.ZH)),
        "hostile": lambda: make_report(
            Language.EN, [hostile(en[0])], title=HOSTILE, gate=[HOSTILE], versions={HOSTILE: HOSTILE}
        ),
        "felt": lambda: make_report(Language.ZH, [felt(gold_records(Language.ZH)[0])]),
        "rewritten": lambda: make_report(Language.EN, [rewritten(en[0]), en[1], never_seen(en[2])]),
        "none": lambda: make_report(Language.EN, []),
        "many": lambda: make_report(Language.EN, en)._replace(records=many(en)),
    }

    @cache
    def write(name: str) -> Path:
        path = folder / f"{name}.html"
        write_whole(path, render_report(reports[name]()))
        return path

    return write


@pytest_asyncio.fixture(loop_scope="package")
async def open_page(browser: Browser, written: Callable[[str], Path]) -> AsyncIterator[OpenPage]:
    """Open a page; afterwards, fail for all that it wrote to the console, threw, or asked for."""
    complaints: list[str] = []
    context = await browser.new_context(viewport={"width": 1360, "height": 900})

    async def open_page(name: str, fragment: str = "", width: int = 1360) -> Page:
        page = await context.new_page()
        watch(page, complaints)
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(f"{written(name).as_uri()}{fragment}")
        return page

    yield open_page
    await context.close()
    assert complaints == []
