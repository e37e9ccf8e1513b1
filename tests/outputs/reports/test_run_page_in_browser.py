"""The page on a run in a browser: the list of dialogues with filters, search, keys and links, and the whole page."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from agents.csc.language import Language
from outputs.runs.record import Record
from tests.outputs.reports.conftest import OpenPage
from tests.outputs.reports.samples import LONG, MANY, gold_records, varied_records

pytestmark = pytest.mark.asyncio(loop_scope="package")
DIALOGUES = len(gold_records(Language.EN))
"""On a page of one language."""


@pytest.mark.parametrize("language", Language)
async def test_opens_with_list_and_first_dialogue(open_page: OpenPage, language: Language) -> None:
    page = await open_page(language)
    first = gold_records(language)[0]
    await expect(page.locator("#count")).to_have_text(f"{DIALOGUES} dialogues")
    await expect(page.locator(".turn")).to_have_count(len(first.turns))
    for number in (1, 2):
        bubble = page.locator(f"#turn-{number} .bubble")
        await expect(bubble).to_have_text(first.turns[number - 1].text)
        await expect(bubble).to_have_attribute("lang", language.value)
    left, right = (
        await page.locator("#turn-1 .bubble").bounding_box(),
        await page.locator("#turn-2 .bubble").bounding_box(),
    )
    assert left and right and left["x"] < right["x"]
    assert "#" not in page.url


@pytest.mark.parametrize(
    ("facet", "value", "belongs"),
    [
        ("outcome", "kept", lambda record: record.outcome == "kept"),
        ("topic", "risk-security", lambda record: record.topic == "risk-security"),
        ("strategy", "RC", lambda record: any(turn.strategy == "RC" for turn in record.turns)),
        ("reason", "point:natural_wording", lambda record: "point:natural_wording" in record.reasons),
        ("reason", "unscored", lambda record: "unscored" in record.reasons),
    ],
)
async def test_a_filter_narrows_the_list(
    open_page: OpenPage, facet: str, value: str, belongs: Callable[[Record], bool]
) -> None:
    expected = [record.id for record in varied_records(Language.EN) if belongs(record)]
    assert 0 < len(expected) < DIALOGUES
    page = await open_page("en")
    await page.locator(f"#filter-{facet}").select_option(value)
    await expect(page.locator("#count")).to_have_text(f"{len(expected)} of {DIALOGUES} dialogues")
    drawn = await page.locator(".row code").all_inner_texts()
    assert drawn == expected[: len(drawn)] and drawn
    await page.locator("#clear").click()
    await expect(page.locator("#count")).to_have_text(f"{DIALOGUES} dialogues")


async def test_filters_are_combined(open_page: OpenPage) -> None:
    page = await open_page("en")
    await page.locator("#filter-outcome").select_option("failed")
    await page.locator("#filter-reason").select_option("unscored")
    await expect(page.locator("#count")).to_have_text(f"0 of {DIALOGUES} dialogues")
    await expect(page.locator(".row")).to_have_count(0)


@pytest.mark.parametrize("language", Language)
async def test_search_finds_a_turn_a_scenario_and_an_id(open_page: OpenPage, language: Language) -> None:
    record = gold_records(language)[20]
    assert record.plan
    page = await open_page(language)
    for words in (record.turns[3].text, record.plan.scenario.upper()[:40], record.id.upper()):
        await page.locator("#search").fill(words)
        await expect(page.locator("#count")).to_have_text(f"1 of {DIALOGUES} dialogues")
        await expect(page.locator(".row code")).to_have_text(record.id)
    await page.locator("#search").fill(record.turns[3].text[2:9])
    await page.locator(".row", has_text=record.id).click()
    await expect(page.locator("#turn-4 mark").first).to_have_text(record.turns[3].text[2:9])
    await page.locator("#search").fill("qqzzqq")
    await expect(page.locator("#count")).to_have_text(f"0 of {DIALOGUES} dialogues")


async def test_keys_move_search_and_clear(open_page: OpenPage) -> None:
    page = await open_page("en")
    chosen, search = page.locator(".row[aria-selected=true] code"), page.locator("#search")
    ids = [record.id for record in gold_records(Language.EN)]
    await expect(chosen).to_have_text(ids[0])
    for key, place in (("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        await page.keyboard.press(key)
        await expect(chosen).to_have_text(ids[place])
    await page.locator("#list").focus()
    await page.keyboard.press("ArrowDown")
    await expect(chosen).to_have_text(ids[1])
    assert page.url.endswith(f"#{ids[1]}")
    await expect(page.locator("#list")).to_have_attribute("aria-activedescendant", "row-1")
    await page.keyboard.press("/")
    await expect(search).to_be_focused()
    await page.keyboard.type("jk/")
    await expect(search).to_have_value("jk/")
    await expect(page.locator("#count")).to_have_text(f"0 of {DIALOGUES} dialogues")
    await page.keyboard.press("Escape")
    await expect(search).to_have_value("")
    await expect(search).not_to_be_focused()
    await expect(page.locator("#count")).to_have_text(f"{DIALOGUES} dialogues")


async def test_the_tab_key_goes_from_search_by_filters_to_the_list(open_page: OpenPage) -> None:
    page = await open_page("en")
    await expect(page.locator(".turn").first).to_be_visible()
    await page.keyboard.press("/")
    for name in ("filter-outcome", "filter-topic", "filter-strategy", "filter-reason", "list"):
        await page.keyboard.press("Tab")
        await expect(page.locator(f"#{name}")).to_be_focused()
    assert await page.locator("#list").evaluate("list => getComputedStyle(list).outlineStyle") == "solid"


async def test_a_link_opens_a_dialogue_and_its_twin(open_page: OpenPage) -> None:
    ids = [record.id for record in varied_records(Language.EN)]
    page = await open_page("en", f"#{ids[3]}")
    await expect(page.locator("#reader .meta code")).to_have_text(ids[3])
    await expect(page.locator("#reader")).to_be_in_viewport()
    await page.locator(".alert a").click()
    await expect(page.locator("#reader .meta code")).to_have_text(ids[0])
    await page.go_back()
    await expect(page.locator("#reader .meta code")).to_have_text(ids[3])


async def test_the_policy_stops_scripts_styles_and_connections(
    browser: Browser, written: Callable[[str], Path]
) -> None:
    page = await browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    await page.goto(written("en").as_uri())
    attack = """() => {
        const script = document.createElement("script");
        script.textContent = "window.hacked = 1";
        document.body.append(script);
        return fetch("http://127.0.0.1:9/").then(() => "sent", () => "refused");
    }"""
    assert await page.evaluate(attack) == "refused"
    assert await page.evaluate("window.hacked") is None
    assert len([text for text in refused if "Content Security Policy" in text]) >= 2
    await page.close()


async def test_a_dark_scheme_changes_the_colours(open_page: OpenPage) -> None:
    page = await open_page("en")
    colours = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for name in ("body", ".viewer", ".row"):
            style = await page.locator(name).first.evaluate(
                "part => [getComputedStyle(part).backgroundColor, getComputedStyle(part).color]"
            )
            colours.append((scheme, name, *style))
    light, dark = ([row[2:] for row in colours if row[0] == scheme] for scheme in ("light", "dark"))
    assert all(one[1] != other[1] for one, other in zip(light, dark, strict=True))
    assert light[0][0] != dark[0][0]


async def test_a_phone_shows_the_list_or_the_dialogue(open_page: OpenPage) -> None:
    page = await open_page("zh", width=390)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await expect(page.locator("#reader")).to_be_hidden()
    await page.locator(".row").first.click()
    await expect(page.locator("#turn-1")).to_be_visible()
    await expect(page.locator("#list")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.get_by_role("button", name="All dialogues").click()
    await expect(page.locator("#list")).to_be_focused()


async def test_a_run_without_dialogues_opens(open_page: OpenPage) -> None:
    page = await open_page("none")
    await expect(page.locator("#count")).to_have_text("0 dialogues")
    await expect(page.locator("#part-corpus")).to_contain_text("None was kept")


async def test_ten_thousand_dialogues_keep_a_short_document(open_page: OpenPage) -> None:
    page = await open_page("many")
    await expect(page.locator("#count")).to_have_text("10,000 dialogues")
    await expect(page.locator(".turn")).to_have_count(LONG)
    assert 0 < await page.locator("[role=option]").count() < 60
    assert await page.evaluate("document.querySelectorAll('*').length") < 2_000
    await page.locator("#list").evaluate("list => { list.scrollTop = list.scrollHeight; }")
    last = page.locator("[role=option]").last
    await expect(last).to_have_attribute("aria-posinset", "10000")
    assert await page.locator("[role=option]").count() < 60
    await last.click()
    await expect(page.locator("#reader .meta code")).to_have_text(f"{MANY - 1:016x}")
    await page.locator("#search").fill(f"{1234:016x}")
    await expect(page.locator("#count")).to_have_text("1 of 10,000 dialogues", timeout=60_000)
