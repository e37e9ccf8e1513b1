"""`rolecs scorecard`: which dialogues it tells of, and which it writes as rows."""

import time
from pathlib import Path

from typer.testing import CliRunner

from agents.csc.dialogue import Turn
from outputs.scorecards.store import FailedTry, Opened, ScorecardStore
from rolecs import app
from tests.outputs.scorecards.test_scorecards import card_of, change


def test_the_scorecard_is_told(tmp_path: Path, en_turns: tuple[Turn, ...]) -> None:
    with ScorecardStore.open(tmp_path / "serve.sqlite") as store:
        store.write(Opened(card_of(en_turns, stars=5)))
    files = [tmp_path / name for name in ("page.html", "rows.jsonl", "prefs.jsonl")]
    flags = [str(part) for pair in zip(("--html", "--export", "--prefs"), files, strict=True) for part in pair]
    told = CliRunner().invoke(app, ["scorecard", str(tmp_path / "serve.sqlite"), "--days", "1000000", *flags])
    assert told.exit_code == 0, told.output
    assert "<!doctype html>" in files[0].read_text()
    assert len(files[1].read_text().splitlines()) == 1
    assert files[2].read_text() == ""


def test_days_and_stars_choose_among_the_dialogues(tmp_path: Path, en_turns: tuple[Turn, ...]) -> None:
    tried, now = (FailedTry(text="[IV] Name?", check="label-leak"),), time.time()
    with ScorecardStore.open(tmp_path / "serve.sqlite") as store:
        for id_, stars, opened in (("old", 5, now - 2 * 86_400), ("good", 4, now), ("best", 5, now)):
            store.write(Opened(change(card_of(en_turns, id_, stars=stars, opened=opened), 3, failed=tried)))
    rows, pairs = tmp_path / "rows.jsonl", tmp_path / "prefs.jsonl"
    flags = ["--days", "1", "--stars", "5", "--export", str(rows), "--prefs", str(pairs)]
    told = CliRunner().invoke(app, ["scorecard", str(tmp_path / "serve.sqlite"), *flags])
    assert told.exit_code == 0 and "Dialogues: 2; with stars: 2" in told.output, told.output
    for file in (rows, pairs):
        (line,) = file.read_text().splitlines()
        assert '"best' in line
