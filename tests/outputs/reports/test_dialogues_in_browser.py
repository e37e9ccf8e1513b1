"""A dialogue on the page on a run, in a browser: turns and what befell them, feelings, a rewrite, what is cited."""

import re

import pytest
from playwright.async_api import expect

from agents.csc.emotions import COURSES
from agents.csc.language import Language
from tests.outputs.reports.conftest import OpenPage
from tests.outputs.reports.samples import HOSTILE, gold_records

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_turn_shows_its_labels_and_what_befell_it(open_page: OpenPage) -> None:
    page = await open_page("en")
    await page.locator("#row-0").click()
    await expect(page.locator("#turn-1 .who")).to_have_text("1GT GreetingConnecting")
    await expect(page.locator("#turn-2 .direction")).to_have_text("say what is still open")
    await expect(page.locator("#turn-5 .repair")).to_have_text("Repair repetition: asked for again, 2 times")
    await expect(page.locator("#turn-6 .repair")).to_have_text("Repair cut-off: went back by an exchange")
    await expect(page.locator(".canaries li")).to_have_text(
        ["swapped label caught (point: strategy adherence)", "granted request missed", "sound call passed"]
    )
    await page.locator("#row-1").click()
    await expect(page.locator(".call > .violation")).to_have_text("length 8 utterances, 10 to 50 are asked for")
    await expect(page.locator("#turn-5 .violation")).to_contain_text("greeting")
    await page.locator("#row-2").click()
    await expect(page.locator(".alert.failed")).to_contain_text("Failed: RequestError: no answer: timed out")
    await expect(page.locator(".alert pre")).to_be_hidden()
    await page.locator(".alert summary").click()
    await expect(page.locator(".alert pre")).to_have_text("Traceback\n  in line 7\n")
    await page.locator("#row-4").click()
    await expect(page.locator(".unsaid")).to_contain_text("the call was given up")
    await expect(page.locator(".unsaid details p")).to_be_hidden()
    await page.locator(".unsaid summary").click()
    await expect(page.locator(".unsaid details p")).to_have_text("I need to")
    await expect(page.locator(".call > .repair")).to_contain_text("Repair plan, person: asked for again")
    await page.locator(".call > .repair summary").click()
    await expect(page.locator(".call > .repair p")).to_have_text(HOSTILE)
    await page.locator("#row-5").click()
    await expect(page.locator(".findings")).to_contain_text("Unscored: the answer was cut off")


async def test_a_differing_blind_label_is_shown(open_page: OpenPage) -> None:
    played = gold_records(Language.EN)[6:]
    record = next(record for record in played if any(turn.strategy == "EM" for turn in record.turns))
    emotional = [number for number, turn in enumerate(record.turns, start=1) if turn.strategy == "EM"]
    page = await open_page("en", f"#{record.id}")
    await expect(page.locator(".differs")).to_have_text(["labelled blind RP"] * len(emotional))
    await expect(page.locator(f"#turn-{emotional[0]} .differs")).to_be_visible()


async def test_feelings_are_drawn_over_the_call_and_told_at_their_turns(open_page: OpenPage) -> None:
    page = await open_page("felt")
    await expect(page.locator(".feelings circle")).to_have_count(3)
    heights = [float(await dot.get_attribute("cy") or 0) for dot in await page.locator(".feelings circle").all()]
    assert heights == [35, 45, 15], "a strong bad feeling is the lowest, a pleasant one above the line"
    box = await page.locator(".feelings polyline").bounding_box()
    assert box and box["width"] > 50
    await expect(page.locator(".course p")).to_have_text(COURSES["flares-up"].wording[Language.ZH])
    await expect(page.locator(".chip[class*=felt]")).to_have_text(
        ["fearful 害怕 1", "abusive 辱骂 2", "satisfied 满意 1"]
    )
    await expect(page.locator(".differs", has_text="heard as")).to_have_text(["heard as neutral 平静"])


async def test_a_rewrite_stands_beside_its_original(open_page: OpenPage) -> None:
    page = await open_page("rewritten")
    beside = page.locator(".beside")
    await expect(beside.locator("summary")).to_have_text(f"Original {HOSTILE} beside its rewrite")
    cells = [await row.locator("td").all_inner_texts() for row in await beside.locator("tbody tr").all()]
    assert [(line, turn) for line, _, turn, _ in cells] == [
        *(("", "1"), ("", "2"), ("1", "3"), ("2", "4"), ("3", "5"), ("", "6"), ("", "7"), ("4", "8"), ("", "")),
    ], "each line beside the turn that says it first, in the order of the rewrite"
    originals = ["added", "added", "OT It is 40 dollars.", f"customer Since Monday. {HOSTILE}"]
    originals += ["ID Then 40 dollars it is.", "added", "line 3 goes on", "customer Fine.", "added"]
    assert [text for _, text, _, _ in cells] == originals
    assert [text for *_, text in cells][2:4] == ["ID It is 41 dollars.", f"customer {HOSTILE}"]
    assert cells[-1][-1] == "never said"
    boxes = [await cell.bounding_box() for cell in await beside.locator("tbody tr").nth(2).locator("td").all()]
    assert all(box and box["y"] == boxes[0]["y"] for box in boxes if boxes[0]) and boxes[1] and boxes[3]
    assert boxes[1]["x"] + boxes[1]["width"] <= boxes[3]["x"]

    marks = beside.locator("mark.differs")
    await expect(marks).to_have_text(["40 dollars", "41 dollars", "Monday"])
    assert [await mark.get_attribute("title") for mark in await marks.all()] == ["changed", "changed", "lost"]
    plain = await page.locator(".beside tbody td").nth(3).evaluate("cell => getComputedStyle(cell).backgroundColor")
    assert await marks.first.evaluate("mark => getComputedStyle(mark).backgroundColor") != plain
    await expect(page.locator(".findings .canaries li").first).to_have_text("changed 40 dollars → 41 dollars")

    assert await page.evaluate("window.hacked") is None
    assert await page.locator("img").count() == 0


async def test_a_rewrite_is_read_by_the_keyboard_alone(open_page: OpenPage) -> None:
    page = await open_page("rewritten")
    table, summary = page.locator(".beside table"), page.locator(".beside summary")
    await expect(table).to_be_visible()
    await page.locator("#list").focus()
    for _ in range(4):
        await page.keyboard.press("Tab")
        if await summary.evaluate("element => element === document.activeElement"):
            break
    await expect(summary).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(table).to_be_hidden()
    await page.keyboard.press("Enter")
    await expect(table).to_be_visible()
    for key, number in (("j", 0), ("j", 0), ("k", 0), ("k", 1)):
        await page.keyboard.press(key)
        await expect(page.locator(".beside")).to_have_count(number)


async def test_the_turn_that_ends_the_call_says_so(open_page: OpenPage) -> None:
    played = gold_records(Language.ZH)[6:]
    record = next(record for record in played if any(turn.ends_call for turn in record.turns))
    ending = [number for number, turn in enumerate(record.turns, start=1) if turn.ends_call]
    page = await open_page("zh", f"#{record.id}")
    await expect(page.locator(".who", has_text="ends the call")).to_have_count(len(ending))
    await expect(page.locator(f"#turn-{ending[0]} .who")).to_contain_text("ends the call")


async def test_a_cited_turn_is_highlighted_and_brought_into_view(open_page: OpenPage) -> None:
    page = await open_page("en")
    turn = page.locator("#turn-3")
    await expect(page.locator(".points li")).to_have_count(5)
    await page.locator("#reader").evaluate("box => box.scrollTo(0, 1e6)")
    await expect(turn).not_to_be_in_viewport()
    await page.get_by_role("button", name="Show turn 3").first.click()
    await expect(turn).to_have_class(re.compile(r"\bcited\b"))
    await expect(turn).to_be_focused()
    await expect(turn).to_be_in_viewport()
    await page.get_by_role("button", name="Show turn 1").first.click()
    await expect(page.locator(".cited.turn")).to_have_attribute("id", "turn-1")


async def test_hostile_texts_are_shown_and_never_run(open_page: OpenPage) -> None:
    page = await open_page("hostile")
    await expect(page.locator("h1")).to_have_text(HOSTILE)
    await expect(page.locator("#turn-1 .bubble")).to_have_text(HOSTILE)
    await expect(page.locator(".alert.failed")).to_contain_text("</script>")
    await page.locator("#search").fill(HOSTILE[:20])
    await expect(page.locator("#turn-1 .bubble")).to_have_text(HOSTILE)
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("img").count() == 0
