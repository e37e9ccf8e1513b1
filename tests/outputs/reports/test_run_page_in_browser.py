"""The page of the report in a browser."""

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from agents.csc.dialogue import Plan, Turn
from agents.csc.emotions import COURSES, FEELINGS
from agents.csc.language import Language
from agents.csc.outline import Step
from agents.csc.speakers import Speaker
from agents.errors import Failure
from outputs.files import write_whole
from outputs.reports.run_page import render_report
from outputs.runs.record import Record
from outputs.runs.rewriting import Rewriting
from quality.fidelity.fact import Fact, FactKind
from quality.fidelity.findings import Change, Difference, Fidelity
from quality.fidelity.limits import FidelityLimits
from quality.gate.verdict import EmotionLabelling
from tests.outputs.reports.samples import HOSTILE, changed, gold_records, make_report, varied_records

pytestmark = pytest.mark.asyncio(loop_scope="module")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OpenPage = Callable[..., Awaitable[Page]]
DIALOGUES = len(gold_records(Language.EN))
"""On a page of one language."""
MANY = 10_000
LONG = 25


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield started
        await started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page in each language, one with hostile texts everywhere, and one of many dialogues."""
    folder = tmp_path_factory.mktemp("report")
    en = gold_records(Language.EN)
    reports = {
        "en": make_report(Language.EN, varied_records(Language.EN)),
        "zh": make_report(Language.ZH, varied_records(Language.ZH)),
        "hostile": make_report(
            Language.EN, [_hostile(en[0])], title=HOSTILE, gate=[HOSTILE], versions={HOSTILE: HOSTILE}
        ),
        "felt": make_report(Language.ZH, [_felt(gold_records(Language.ZH)[0])]),
        "rewritten": make_report(Language.EN, [_rewritten(en[0]), en[1], _never_seen(en[2])]),
        "none": make_report(Language.EN, []),
        "many": make_report(Language.EN, en)._replace(records=_many(en)),
    }
    return {name: _write(folder / f"{name}.html", report) for name, report in reports.items()}


def _write(path: Path, report: Any) -> Path:
    write_whole(path, render_report(report))
    return path


def _hostile(record: Record) -> Record:
    return changed(
        record,
        id=HOSTILE,
        plan=Plan(scenario=HOSTILE, customer_goal=HOSTILE),
        turns=[turn.model_copy(update={"text": HOSTILE}) for turn in record.turns],
        error=Failure(kind=HOSTILE, message=HOSTILE, traceback=HOSTILE),
    )


def _felt(record: Record) -> Record:
    """Return a record whose customer goes through three feelings, of which the labeller takes the second for none."""
    feelings = [FEELINGS[code] for code in ("fearful 1", "abusive 2", "satisfied 1")]
    customers = [number for number, turn in enumerate(record.turns, start=1) if not turn.strategy][:3]
    felt = dict(zip(customers, feelings, strict=True))
    heard = EmotionLabelling(labels=felt | {customers[1]: FEELINGS["neutral"]})
    turns = [turn.model_copy(update={"emotion": felt.get(n)}) for n, turn in enumerate(record.turns, start=1)]
    return record.model_copy(update={"turns": tuple(turns), "emotion_labelling": heard, "course": "flares-up"})


ORIGINAL = ("It is 40 dollars.", f"Since Monday. {HOSTILE}", "Then 40 dollars it is.", "Fine.")
STEPS = (("GT", None), (None, None), ("ID", 1), (None, 2), ("EM", 3), (None, None), ("RI", 3), (None, 4), ("AC", None))


def _rewritten(record: Record) -> Rewriting:
    """Return a call that was rewritten and not said to its end: an amount became another one, and a day was lost."""
    sides = (Speaker.SUPPORTER, Speaker.CUSTOMER)
    texts = ("Hello.", "Hi.", "It is 41 dollars.", HOSTILE, "I see.", "Thanks.", "Then 40 dollars it is.", "Fine.")
    of = [
        Fact(kind=FactKind.AMOUNT, value=f"{value}", text=f"{value} dollars", turn=turn)
        for value, turn in ((40, 1), (41, 3))
    ]
    day = Fact(kind=FactKind.WEEKDAY, value="1", text="Monday", turn=2)
    fields = {
        "source_id": HOSTILE,
        "original": [Turn(speaker=sides[number % 2], text=text) for number, text in enumerate(ORIGINAL)],
        "before": {1: "OT", 3: "ID"},
        "steps": [Step(speaker=sides[n % 2], strategy=code, line=line) for n, (code, line) in enumerate(STEPS)],
        "turns": [
            Turn(speaker=sides[n % 2], strategy=code, text=text)
            for n, ((code, _), text) in enumerate(zip(STEPS, texts, strict=False))
        ],
        "fidelity": Fidelity(
            limits=FidelityLimits(),
            differences=(
                Difference(change=Change.CHANGED, before=of[0], after=of[1]),
                Difference(change=Change.LOST, before=day),
            ),
        ),
    }
    return Rewriting.model_validate(record.model_dump() | fields)


def _never_seen(record: Record) -> Rewriting:
    """Return a call whose lines could not be scrubbed as was asked for, so that the record holds none of them."""
    error = Failure(kind="RequestError", message="no answer", traceback="")
    fields = {"source_id": "call-9", "original": (), "turns": (), "plan": None, "verdict": None, "error": error}
    return Rewriting.model_validate(record.model_dump() | fields)


def _many(records: list[Record]) -> Iterator[Record]:
    for number in range(MANY):
        record = records[number % len(records)]
        turns = (record.turns * 3)[:LONG]
        yield record.model_copy(update={"id": f"{number:016x}", "turns": turns})


@pytest_asyncio.fixture(loop_scope="module")
async def open_page(browser: Browser, pages: dict[str, Path]) -> AsyncIterator[OpenPage]:
    """Open a page; afterwards, fail for all that it wrote to the console, threw, or asked for."""
    complaints: list[str] = []
    context = await browser.new_context(viewport={"width": 1360, "height": 900})

    async def open_page(name: str, fragment: str = "", width: int = 1360) -> Page:
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if request.is_navigation_request() else complaints.append(request.url))
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(f"{pages[name].as_uri()}{fragment}")
        return page

    yield open_page
    await context.close()
    assert complaints == []


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


async def test_a_turn_shows_its_labels_and_what_befell_it(open_page: OpenPage) -> None:
    page = await open_page("en")
    await page.locator("#row-0").click()
    await expect(page.locator("#turn-1 .who")).to_have_text("1GT GreetingConnecting")
    await expect(page.locator("#turn-2 .direction")).to_have_text("say what is still open")
    await expect(page.locator("#turn-5 .repair")).to_have_text("Repair repetition: said again, 2 times")
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


async def test_hostile_texts_are_shown_and_never_run(open_page: OpenPage) -> None:
    page = await open_page("hostile")
    await expect(page.locator("h1")).to_have_text(HOSTILE)
    await expect(page.locator("#turn-1 .bubble")).to_have_text(HOSTILE)
    await expect(page.locator(".alert.failed")).to_contain_text("</script>")
    await page.locator("#search").fill(HOSTILE[:20])
    await expect(page.locator("#turn-1 .bubble")).to_have_text(HOSTILE)
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("img").count() == 0


async def test_the_policy_stops_scripts_styles_and_connections(browser: Browser, pages: dict[str, Path]) -> None:
    page = await browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    await page.goto(pages["en"].as_uri())
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
