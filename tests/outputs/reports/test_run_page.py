import base64
import hashlib
import html
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import outputs.reports.run_report
from agents.csc.emotions import FEELINGS, Emotion
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Stage, Strategy, name_of
from outputs.files import write_whole
from outputs.reports import run_figures
from outputs.reports.run_page import CHUNK, RunReport, pack, render_report, script_json
from outputs.reports.run_report import report_run
from outputs.runs.record import DIALOGUES, BlindLabel, HeardFeeling, Planned, Record, RepairKind
from outputs.runs.run import CountKey, Provenance
from outputs.runs.store import RunStore
from quality.metrics.corpus import compare, measure_corpus
from quality.trust.canaries import CanaryResult
from tests.conftest import FAILURE
from tests.outputs.reports.samples import HOSTILE, make_report, varied_records


def page_of(report: RunReport) -> str:
    return "\n".join(render_report(report))


def unpacked(page: str) -> list[list[dict[str, Any]]]:
    chunks = re.findall(r'<script type="text/plain" class="dialogues">([^<]*)</script>', page)
    return [json.loads(zlib.decompress(base64.b64decode(chunk))) for chunk in chunks]


def index_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="index">([^<]*)</script>', page)
    index: dict[str, Any] = json.loads(text)
    return index


values = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from([HOSTILE, "</SCRIPT>", "<!--", "]]>"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(values)
def test_script_json_is_the_same_value_and_cannot_end_its_element(value: object) -> None:
    text = script_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>\u2028\u2029")


@pytest.mark.parametrize(
    "counts",
    [
        {},
        {"repairs": {("supporter", "cut-off"): 1}},
        {"canaries": {("wrong-label", True): 1}},
        {"canaries": {(None, None): 2}},
        {"labels": {("EM", "PS"): 1}},
    ],
)
@pytest.mark.parametrize("kept", [0, 1])
def test_a_page_of_whatever_was_counted(
    make_record: Callable[..., Record], counts: dict[str, dict[CountKey, int]], kept: int
) -> None:
    failed = make_record(id="f" * 16, verdict=None, plan=None, error=FAILURE)
    report = make_report(Language.EN, [make_record(), failed][1 - kept :])
    funnel = report.funnel.model_copy(update={"counts": counts, "repaired": 0})
    page = page_of(report._replace(funnel=funnel, figures=report.figures if kept else None))
    assert len(index_of(page)["rows"]) == 1 + kept and "rolecs" in page


def test_the_page_holds_every_dialogue_in_the_order_of_the_plan(make_record: Callable[..., Record]) -> None:
    records = [make_record(id=f"{number:016x}") for number in range(2 * CHUNK + 1)]
    page = page_of(make_report(Language.EN, records))
    chunks = unpacked(page)
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, 1]
    ids = [record.id for record in records]
    assert [fields["id"] for chunk in chunks for fields in chunk] == ids
    assert [row[0] for row in index_of(page)["rows"]] == ids


def test_the_records_are_read_once_and_as_the_page_is_written(make_record: Callable[..., Record]) -> None:
    taken = 0

    def records() -> Iterator[Record]:
        nonlocal taken
        for number in range(3 * CHUNK):
            taken += 1
            yield make_record(id=f"{number:016x}")

    pieces = render_report(make_report(Language.EN, [])._replace(records=records()))
    assert "<h1>run-en</h1>" in next(pieces) and taken == 0
    next(pieces)
    assert taken == CHUNK


def test_a_row_of_the_index_says_what_the_list_and_the_filters_need() -> None:
    record = varied_records(Language.EN)[1]
    assert record.plan
    index = index_of(page_of(make_report(Language.EN, [record])))
    used = [code for code in Strategy if any(turn.strategy is code for turn in record.turns)]
    assert index["rows"] == [
        [
            record.id,
            "rejected",
            record.topic,
            ["rule:greeting", "rule:length"],
            used,
            len(record.turns),
            record.plan.scenario[:160],
        ]
    ]


def test_packed_records_are_whole_but_for_costs_and_provenance() -> None:
    record = varied_records(Language.ZH)[0]
    (fields,) = json.loads(zlib.decompress(base64.b64decode(pack([record]))))
    assert "usage" not in fields and "sources" not in fields["persona"]
    assert Record.model_validate(fields) == record


def test_the_policy_allows_nothing_but_the_script_and_style_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_whole(path, render_report(make_report(Language.EN, varied_records(Language.EN))))
    page = path.read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (*scripts, style)]
    assert policy.startswith(
        f"default-src 'none'; script-src 'sha256-{hashes[0]}' 'sha256-{hashes[1]}'; style-src 'sha256-{hashes[2]}'; "
    )
    assert "unsafe" not in policy
    assert not re.search(r"""\s(?:src|style|on\w+)=["']|https?://|@import|url\(""", page)


def test_texts_of_the_run_are_escaped() -> None:
    report = make_report(Language.EN, [], title=HOSTILE, gate=[HOSTILE], versions={HOSTILE: HOSTILE})
    assert "window.hacked=1</script>" not in page_of(report)
    assert "&lt;script&gt;window.hacked=1" in page_of(report)


@pytest.mark.parametrize("language", Language)
def test_the_figures_of_the_funnel_are_told(language: Language) -> None:
    records = varied_records(language)
    page = re.sub(r"<[^>]+>", " ", page_of(make_report(language, records)))
    said = " ".join(page.split())
    for text in (
        f"planned {len(records) + 2} 100%",
        f"played {len(records)} 97%",
        "point: strategy adherence",
        "swapped label 75% 9 of 12",
        "sound calls rejected falsely 8% 1 of 12",
        f"EM {name_of(Strategy.EM, language)} 66% 21 of 32 else RP, 9",
        "went back by an exchange 3 times",
        "distinct-2 0.564",
        "self-BLEU 31.4",
        "Uncalibrated:",
    ):
        assert text in said


def test_the_bars_of_the_funnel_are_shares_of_the_planned() -> None:
    funnel = make_report(Language.EN, varied_records(Language.EN)).funnel
    bars = {bar.label: bar for bar in run_figures.funnel_bars(funnel)}
    assert list(bars)[:4] == ["planned", "not played yet", "played", "failed"] and list(bars)[-1] == "kept"
    assert bars["planned"].size == bars["played"].size + bars["not played yet"].size
    assert bars["played"].size == bars["failed"].size + bars["rejected"].size + bars["kept"].size
    assert all(bar.share == bar.size / funnel.planned for bar in bars.values())


def test_repairs_are_told_by_check_and_speaker() -> None:
    rows = run_figures.repair_rows(
        {
            RepairKind(Speaker.SUPPORTER, "cut-off"): 4,
            RepairKind(Speaker.CUSTOMER, "cut-off"): 5,
            RepairKind(Speaker.CUSTOMER, "empty-turn"): 1,
        }
    )
    assert rows == [
        run_figures.RepairRow("cut-off", {Speaker.SUPPORTER: 4, Speaker.CUSTOMER: 5}),
        run_figures.RepairRow("empty-turn", {Speaker.SUPPORTER: 0, Speaker.CUSTOMER: 1}),
    ]


def test_canaries_are_told_by_fault_the_worst_first() -> None:
    canaries = {
        CanaryResult("a", True): 3,
        CanaryResult("a", False): 1,
        CanaryResult("b", False): 2,
        CanaryResult("c", True): 1,
        CanaryResult("d", None): 1,
        CanaryResult(None, False): 4,
        CanaryResult(None, True): 1,
        CanaryResult(None, None): 1,
    }
    assert run_figures.catch_rates(canaries) == [("b", 0, 2), ("a", 3, 4), ("c", 1, 1)]
    assert run_figures.false_rejections(canaries) == (1, 5)
    assert run_figures.false_rejections({CanaryResult("a", True): 3}) is None


def test_label_agreement_names_the_commonest_confusion() -> None:
    counts = {("PS", "ID"): 2, ("EM", "EM"): 5, ("EM", "PS"): 1, ("EM", "RP"): 2, ("PS", "PS"): 0}
    labels = {BlindLabel(Strategy(played), Strategy(given)): count for (played, given), count in counts.items()}
    rows = run_figures.label_agreements(labels)
    assert rows == [(Strategy.EM, 5, 8, (Strategy.RP, 2)), (Strategy.PS, 0, 2, (Strategy.ID, 2))]
    assert [row.share for row in rows] == [0.625, 0.0]


def test_emotion_agreement_counts_names_and_intensities_beside_chance() -> None:
    counts = {
        ("fearful 2", "fearful 2"): 3,
        ("fearful 1", "fearful 2"): 1,
        ("neutral", "neutral"): 4,
        ("fearful 2", "neutral"): 2,
    }
    feelings = {HeardFeeling(FEELINGS[played], FEELINGS[given]): count for (played, given), count in counts.items()}
    assert run_figures.emotion_agreement(feelings) == (8, 7, 10, (6 * 4 + 4 * 6) / 100)
    assert run_figures.emotion_agreements(feelings) == [
        (Emotion.NEUTRAL, 4, 4, None),
        (Emotion.FEARFUL, 4, 6, (Emotion.NEUTRAL, 2)),
    ]
    assert run_figures.emotion_agreement({}) is None and run_figures.emotion_agreements({}) == []


def test_the_stage_table_gives_shares_of_each_row() -> None:
    table = run_figures.stage_table(
        {Stage.EXPLORING: {Stage.EXPLORING: 1, Stage.RESOLVING: 3}, Stage.ANY: {Stage.ANY: 0}}
    )
    assert list(table) == [Stage.EXPLORING]
    cells = {cell.stage: cell for cell in table[Stage.EXPLORING]}
    assert list(cells) == list(Stage)
    assert cells[Stage.RESOLVING] == (Stage.RESOLVING, 3, 0.75, 7)
    assert sum(cell.share for cell in cells.values()) == 1.0


@given(st.dictionaries(st.integers(0, 5_000), st.integers(0, 50), max_size=80))
def test_a_histogram_counts_every_value_in_its_bin(counts: dict[int, int]) -> None:
    drawn = run_figures.histogram(counts)
    values = sorted(value for value, count in counts.items() for _ in range(count))
    if drawn is None:
        assert not values
        return
    assert len(drawn.bins) <= run_figures.MAX_BINS
    assert [bin.size for bin in drawn.bins] == [
        sum(bin.first <= value <= bin.last for value in values) for bin in drawn.bins
    ]
    assert sum(bin.size for bin in drawn.bins) == len(values)
    assert drawn.bins[0].count and drawn.bins[-1].count and max(bin.height for bin in drawn.bins) == 1.0
    assert drawn.median == values[(len(values) - 1) // 2]
    assert drawn.mean == pytest.approx(sum(values) / len(values))


def test_the_vocabulary_grows_to_the_right_and_up() -> None:
    assert run_figures.growth_line([(50, 20), (100, 25)]) == "0.00,100.00 50.00,20.00 100.00,0.00"


def test_the_runs_figures_stand_beside_the_published_ones(make_record: Callable[..., Record]) -> None:
    records = [make_record()]
    figures = measure_corpus([record.turns for record in records], Language.EN)
    page = page_of(make_report(Language.EN, records)._replace(figures=figures))
    for figure, value, published in compare(figures):
        assert figure in html.unescape(page) and value in page and published in page
    assert "CSConv: 27 on average, 10 to 50" in page and "<td>13.0 on average, 13 to 13</td>" in page


def test_a_report_on_a_run_that_is_played_on_is_of_one_moment(
    tmp_path: Path, make_record: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = make_report(Language.EN, []).configuration
    gate = {"rubric": "abc", "judge_votes": 1, "min_agreement": 0.5}
    provenance = Provenance.build(configuration | gate, {}, {})
    late = iter("bcd")

    def play_on(*arguments: Any) -> Any:
        store.write(make_record(id=next(late)))
        return measure_corpus(*arguments)

    monkeypatch.setattr(outputs.reports.run_report, "measure_corpus", play_on)
    with RunStore.create(DIALOGUES, tmp_path / "run", provenance) as store:
        store.add_plan(Planned(i, key, "en-001", "technical-support", 1, i) for i, key in enumerate("abcd"))
        store.write(make_record(id="a"))
        with RunStore.read(DIALOGUES, tmp_path / "run") as reader:
            pages = ["\n".join(report_run(reader)) for _ in range(2)]
            left_off = report_run(reader)
            next(left_off)
        left_off.close()
    for page, ended in zip(pages, (["a"], ["a", "b"]), strict=True):
        assert [row[0] for row in index_of(page)["rows"]] == ended
        assert f"Kept <dd>{len(ended)}" in page.replace("</dt>", " ")
