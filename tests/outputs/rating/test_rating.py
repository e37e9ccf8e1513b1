"""Ratings: what is chosen, what a file holds after accidents, and what comes of it."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from agents.csc.flow import Limits
from agents.errors import UsageError
from graphs.cli.rate import rate
from graphs.jobs.calibrate import read_gold
from outputs.rating.items import ALONE, OVERALL, PREFERENCE, choose_items, read_calls
from outputs.rating.ratings import Given, RatingFile, read_all, read_ratings
from outputs.rating.server import MAX_BODY, RatingServer
from outputs.rating.summary import gold_lines, show_summary, summarise_ratings
from outputs.runs.record import NearDuplicate, Record
from outputs.runs.run import Outcome
from quality.gate.rubric import POINT_CODES
from quality.trust.calibration import ALL_POINTS
from tests.support.runs import make_run

MakeRecord = Callable[..., Record]
PASSES = dict.fromkeys(POINT_CODES, 1)


def some(make_record: MakeRecord, first: str, number: int = 6) -> list[Record]:
    return [make_record(id=f"{first}{i:015x}", number=i) for i in range(number)]


def test_calls_of_a_run_that_were_played_to_their_end(tmp_path: Path, make_record: MakeRecord) -> None:
    abandoned = {"turn": 3, "part": "turn", "speaker": "supporter", "check": "repetition", "action": "abandoned"}
    kept, lost = make_record(id="a" * 16), make_record(id="b" * 16, verdict=None)
    given_up = make_record(id="c" * 16, repairs=[abandoned], verdict=None)
    make_run(tmp_path / "run", [kept, lost, given_up]).__exit__(None, None, None)
    calls = read_calls([tmp_path / "run"])
    assert [record.id for record in calls[str(tmp_path / "run")]] == [kept.id, lost.id]


def test_all_raters_get_the_same_calls_in_an_order_of_their_own(make_record: MakeRecord) -> None:
    calls = {"one": some(make_record, "a", 20), "two": some(make_record, "b", 4)}
    ann, bob = (choose_items(calls, 10, rater, in_pairs=False) for rater in ("ann", "bob"))
    assert {item.id for item in ann} == {item.id for item in bob} and [i.id for i in ann] != [i.id for i in bob]
    assert sum(item.id.startswith("b") for item in ann) == 4
    assert choose_items(calls, 10, "ann", in_pairs=False) == ann


def test_pairs_are_of_one_persona_and_topic(make_record: MakeRecord) -> None:
    calls = {"one": some(make_record, "a", 20), "two": some(make_record, "b", 30)}
    pairs = choose_items(calls, 15, "ann", in_pairs=True)
    assert len(pairs) == 15 and all(left.number == right.number for _, (left, right) in pairs)
    # Which run is on the left is left to chance.
    assert 0 < sum(pair.records[0].id.startswith("a") for pair in pairs) < 15
    with pytest.raises(UsageError, match="no persona and topic in common"):
        choose_items({"one": calls["one"][:3], "two": calls["two"][5:]}, 5, "ann", in_pairs=True)
    with pytest.raises(UsageError, match="two runs, not 1"):
        choose_items({"one": calls["one"]}, 5, "ann", in_pairs=True)


def test_a_file_holds_the_last_value_of_each_question(tmp_path: Path) -> None:
    file = RatingFile(tmp_path, "ann")
    assert read_ratings(file.path) == {}
    for value in (4, 2, None, 5):
        file.add("x", OVERALL, value)
    file.add("y", OVERALL, 1)
    file.add("y", OVERALL, None)
    assert read_ratings(file.path) == {"x": {OVERALL: 5}, "y": {}}


def test_a_line_that_was_cut_off_costs_itself_alone(tmp_path: Path) -> None:
    file = RatingFile(tmp_path, "ann")
    file.add("x", OVERALL, 4)
    with file.path.open("a") as raw:
        raw.write('{"item": "y", "question": "over')
    RatingFile(tmp_path, "ann").add("z", OVERALL, 3)
    assert read_all(tmp_path) == {"ann": {"x": {OVERALL: 4}, "z": {OVERALL: 3}}}


def test_a_name_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--rater"):
        RatingFile(tmp_path, "../ann")


def test_a_summary_by_hand(make_record: MakeRecord) -> None:
    one, two = some(make_record, "a", 2), some(make_record, "b", 1)
    first, second, other = one[0].id, one[1].id, two[0].id
    ratings: dict[str, Given] = {
        "ann": {first: {OVERALL: 5, **PASSES}, second: {OVERALL: 1}, f"{first}+{other}": {PREFERENCE: 1}},
        "bob": {first: {OVERALL: 4, "natural_wording": 0}, f"{other}+{first}": {PREFERENCE: 1}, "gone": {OVERALL: 3}},
    }
    summary = summarise_ratings({"one": one, "two": two}, ratings)
    assert summary.raters == {"ann": 3, "bob": 2} and summary.calls == {"one": 2, "two": 0}
    assert summary.means["one"][OVERALL].value == pytest.approx((4.5 + 1) / 2)
    assert summary.means["one"]["natural_wording"].value == 0.5 and summary.means["two"] == {}
    # Ann prefers the call of the first run, Bob that of the second.
    assert summary.pairs == 1 and summary.preferred and summary.preferred.value == 0.5
    assert summary.alpha["natural_wording"] == pytest.approx(0)
    # The gate kept the call, and people disagree on one point of it.
    assert summary.gate and summary.gate[ALL_POINTS].calls == 1
    assert summary.gate["natural_wording"].false_accepts and summary.gate["natural_wording"].false_accepts.value == 1
    console = Console(width=160)
    with console.capture() as capture:
        console.print(show_summary(summary), markup=False)
    assert "2.75 (1.00 to 4.50)" in capture.get() and "Of 1 pairs two is preferred to one in 50%" in capture.get()


def test_the_gold_file_does_not_lie_among_the_ratings(tmp_path: Path, make_record: MakeRecord) -> None:
    make_run(tmp_path / "run", some(make_record, "a", 1)).__exit__(None, None, None)
    RatingFile(tmp_path / "ratings", "ann")
    with pytest.raises(UsageError, match="is a rater's, name another place"):
        rate([tmp_path / "run"], ratings=tmp_path / "ratings", summary=True, gold=tmp_path / "ratings" / "ann.jsonl")


def test_three_runs_are_summed_up_without_their_pairs(make_record: MakeRecord) -> None:
    calls = {run: some(make_record, run[0], 1) for run in ("a", "b", "c")}
    pair = f"{calls['a'][0].id}+{calls['c'][0].id}"
    summary = summarise_ratings(calls, {"ann": {pair: {PREFERENCE: 1}}})
    console = Console(width=160)
    with console.capture() as capture:
        console.print(show_summary(summary), markup=False)
    assert "1 pairs are rated: name two runs to see which is preferred" in capture.get()


def test_a_near_duplicate_is_no_refusal_of_the_gate(make_record: MakeRecord) -> None:
    first, like_it = some(make_record, "a", 2)
    like_it = like_it.model_copy(update={"near_duplicate": NearDuplicate(id=first.id, similarity=0.95)})
    assert like_it.outcome is Outcome.REJECTED
    summary = summarise_ratings({"one": [first, like_it]}, {"ann": {first.id: PASSES, like_it.id: PASSES}})
    assert summary.gate and summary.gate[ALL_POINTS].recall and summary.gate[ALL_POINTS].recall.value == 1


def test_the_gold_file_is_what_calibrate_takes(tmp_path: Path, make_record: MakeRecord) -> None:
    calls = {"one": some(make_record, "a", 3)}
    ratings: dict[str, Given] = {
        "ann": {calls["one"][0].id: dict(PASSES), calls["one"][1].id: {OVERALL: 3}},
        "bob": {calls["one"][0].id: {"no_boilerplate": 0}},
    }
    gold = tmp_path / "gold.jsonl"
    gold.write_text("\n".join(gold_lines(calls, ratings, Limits())))
    (dialogue,), broken = read_gold(gold)
    assert not broken
    assert dialogue.id == calls["one"][0].id and dialogue.turns == calls["one"][0].turns
    assert dialogue.gold == {code: code != "no_boilerplate" for code in POINT_CODES}


def test_raters_at_random_agree_by_chance(make_record: MakeRecord) -> None:
    calls = {"one": some(make_record, "a", 300)}
    chance = np.random.default_rng(1)
    ratings: dict[str, Given] = {
        rater: {
            record.id: {question: int(chance.choice(values)) for question, values in ALONE.items()}
            for record in calls["one"]
        }
        for rater in ("ann", "bob")
    }
    alpha = summarise_ratings(calls, ratings).alpha
    assert set(alpha) == set(ALONE) and all(value is not None and abs(value) < 0.15 for value in alpha.values())


@contextmanager
def running(server: RatingServer) -> Iterator[RatingServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with server:
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server(tmp_path: Path, make_record: MakeRecord) -> Iterator[RatingServer]:
    items = choose_items({"secret-run": some(make_record, "a", 2)}, 5, "ann", in_pairs=False)
    with running(RatingServer(items, RatingFile(tmp_path, "ann"), {}, in_pairs=False)) as started:
        yield started


def ask(server: RatingServer, path: str, body: str | None = None, host: str | None = None) -> tuple[int, str, str]:
    """Return status, body and content security policy."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    headers = {"Host": host or f"127.0.0.1:{server.server_port}"}
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(), answer.headers["Content-Security-Policy"]
    connection.close()
    return found


def test_who_has_no_token_or_another_host_gets_nothing(server: RatingServer) -> None:
    page = f"/{server.token}/"
    rating = json.dumps({"item": 0, "question": OVERALL, "value": 3})
    assert ask(server, page)[0] == 200 and ask(server, page, host=f"localhost:{server.server_port}")[0] == 200
    for path, host in (
        ("/", None),
        ("/wrong/", None),
        (page, "evil.example"),
        (page, f"evil.example:{server.server_port}"),
    ):
        assert ask(server, path, host=host)[:2] == (404, "")
    assert ask(server, "/wrong/rating", rating)[0] == 404
    assert ask(server, f"{page}rating", rating, host="evil.example")[0] == 404
    assert not server.file.path.exists()


def test_the_page_is_blind_and_runs_its_own_script_alone(server: RatingServer) -> None:
    _, page, policy = ask(server, f"/{server.token}/")
    assert "thank you for calling" in page
    for word in ("secret-run", "loopback", server.items[0].id, "Turns 1 and 3 show it"):
        assert word not in page.split('id="data">')[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy


def test_a_rating_is_on_the_disk_when_it_is_answered(server: RatingServer) -> None:
    path, id_ = f"/{server.token}/rating", server.items[1].id
    assert ask(server, path, json.dumps({"item": 1, "question": OVERALL, "value": 4}))[0] == 204
    assert read_ratings(server.file.path) == {id_: {OVERALL: 4}} == server.given
    assert ask(server, path, json.dumps({"item": 1, "question": OVERALL, "value": None}))[0] == 204
    wrong = (
        {"item": 2, "question": OVERALL, "value": 4},
        {"item": -1, "question": OVERALL, "value": 4},
        {"item": 1, "question": OVERALL, "value": 6},
        {"item": 1, "question": PREFERENCE, "value": 1},
        {"item": 1, "question": OVERALL, "value": "4"},
    )
    for sent in wrong:
        assert ask(server, path, json.dumps(sent))[0] == 400
    long = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    long.request("POST", path, headers={"Content-Length": str(MAX_BODY + 1)})
    assert long.getresponse().status == 400
    long.close()
    assert read_ratings(server.file.path) == {id_: {}}
