"""Scorecards: what is stored, what it sums up to, and the rows that are made of it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.errors import UsageError
from outputs.datasets.reader import read_dialogues
from outputs.scorecards.export import preference_rows, rated_rows
from outputs.scorecards.page import render_scorecards
from outputs.scorecards.store import (
    Erased,
    FailedTry,
    Opened,
    Said,
    Scorecard,
    ScorecardStore,
    ServedTurn,
    Spent,
    Starred,
    Thumbed,
)
from outputs.scorecards.summary import summarise
from outputs.training.examples import read_examples
from tests.support.read_only import heed_modes
from tests.support.topics import acme_topic


def card_of(turns: tuple[Turn, ...], id_: str = "a", **fields: Any) -> Scorecard:
    """Return a scorecard of a call."""
    served = tuple(
        ServedTurn(number=number, speaker=turn.speaker, text=turn.text, strategy=turn.strategy, at=float(number))
        for number, turn in enumerate(turns, start=1)
    )
    known = {"id": id_, "token": "t", "site": None, "language": Language.EN, "topic": "risk-security", "opened": 0.0}
    told = {"scenario": "A card was declined.", "model": "m", "expires": 9.0, "over": True, "turns": served}
    return Scorecard.model_validate(known | told | fields)


def change(card: Scorecard, number: int, **fields: Any) -> Scorecard:
    """Return a card with one turn changed."""
    turns = [turn.model_copy(update=fields) if turn.number == number else turn for turn in card.turns]
    return card.model_copy(update={"turns": tuple(turns)})


def test_scorecards_are_read_where_nothing_can_be_written(tmp_path: Path, en_turns: tuple[Turn, ...]) -> None:
    ended, torn = tmp_path / "ended [1]#", tmp_path / "torn"
    for folder in (ended, torn):
        folder.mkdir()
    with ScorecardStore.open(ended / "serve.sqlite") as store:
        store.write(Opened(card_of(en_turns, stars=5)))
        # As of a service that was killed: what was written last stands in the log alone.
        for name in ("serve.sqlite", "serve.sqlite-wal"):
            shutil.copyfile(ended / name, torn / name)
    for folder in (ended, torn):
        folder.chmod(0o555)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "rolecs", "scorecard", folder / "serve.sqlite"],
                preexec_fn=heed_modes,
                capture_output=True,
                text=True,
                env=os.environ | {"COLUMNS": "100"},
            )
        finally:
            folder.chmod(0o755)
        assert done.returncode == 0 and "Dialogues: 1; with stars: 1" in done.stdout, done.stdout + done.stderr


def test_a_store_of_the_first_version_is_read_and_gone_on_with(tmp_path: Path, en_turns: tuple[Turn, ...]) -> None:
    path = tmp_path / "serve.sqlite"
    card = card_of(en_turns)
    with ScorecardStore.open(path) as store:
        store.write(Opened(card))
    old = sqlite3.connect(path)
    old.execute("ALTER TABLE dialogues DROP COLUMN told")
    old.execute("PRAGMA user_version=1")
    old.close()
    with ScorecardStore.read(path) as store:
        assert store.find("a") == card
    own = card_of(en_turns, "b", topic="acme-outage", told=acme_topic(Language.EN))
    with ScorecardStore.open(path) as store:
        store.write(Opened(own))
        assert [store.find("a"), store.find("b")] == [card, own]


def test_what_is_written_is_read(tmp_path: Path, en_turns: tuple[Turn, ...]) -> None:
    path = tmp_path / "serve.sqlite"
    card = card_of(en_turns)
    opened = card.model_copy(update={"turns": card.turns[:1], "over": False})
    failed = (FailedTry(text="[GT] Hello.", check="label-leak"),)
    with ScorecardStore.open(path) as store:
        store.write(Opened(opened))
        store.write(Said("a", tuple(turn.model_copy(update={"failed": failed}) for turn in card.turns[1:]), True))
        store.write(Starred("a", 2, "slow"), Starred("a", 4, "good"), Thumbed("a", 3, -1), Spent("d", "", 3))
        store.write(Spent("d", "", 4), Spent("d", "shop", 1))
    assert path.stat().st_mode & 0o077 == 0
    with ScorecardStore.read(path) as store:
        (found,) = store.cards()
        assert (found.stars, found.comment, found.over) == (4, "good", True)
        assert [turn.text for turn in found.turns] == [turn.text for turn in en_turns]
        assert (found.turns[2].thumb, found.turns[2].failed) == (-1, failed)
        assert store.spent("d") == {"": 7, "shop": 1}
        assert not list(store.cards(since=1.0))
    with ScorecardStore.open(path) as store:
        store.write(Erased("a"), Said("a", card.turns[:1], False))
        assert store.find("a") is None
    with ScorecardStore.read(path) as store:
        assert not list(store.cards())


def test_what_is_erased_while_cards_are_read_is_left_out(tmp_path: Path, en_turns: tuple[Turn, ...]) -> None:
    with ScorecardStore.open(tmp_path / "serve.sqlite") as store:
        store.write(*(Opened(card_of(en_turns, id_)) for id_ in "abc"))
        cards = store.cards()
        assert next(cards).id == "a"
        store.write(Erased("b"))
        assert [card.id for card in cards] == ["c"]


def test_what_is_erased_is_erased_though_the_log_cannot_be_folded(
    tmp_path: Path, en_turns: tuple[Turn, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sick(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if "wal_checkpoint" in statement:
                raise sqlite3.DatabaseError("disk image is malformed")
            return super().execute(statement, *values)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Sick))
    with ScorecardStore.open(tmp_path / "serve.sqlite") as store:
        store.write(Opened(card_of(en_turns, "a")), Opened(card_of(en_turns, "b")))
        store.write(Erased("a"))
        assert store.forget_before(1.0) == ["b"]


@pytest.mark.parametrize("content", [b"", b"no database", None])
def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError):
        ScorecardStore.read(path)


def test_means_by_strategy_topic_week_and_model(en_turns: tuple[Turn, ...]) -> None:
    cards = [
        card_of(en_turns, "a", stars=5),
        card_of(en_turns[:3], "b", stars=1, topic="", opened=86_400.0 * 7, model="n", comment="<b>no</b>"),
        card_of(en_turns[:3], "c"),
    ]
    cards[0] = change(change(cards[0], 3, thumb=1), 5, thumb=-1)
    summary = summarise(cards)
    assert (summary.total.dialogues, summary.total.rated, summary.total.stars.value) == (3, 2, 3.0)
    assert (summary.total.thumbs, summary.total.up.value) == (2, 0.5)
    figures = {part: {figure.name: figure for figure in of} for part, of in summary.parts.items()}
    assert figures["strategy"]["IV"].stars.value == 3.0
    assert figures["strategy"]["IV"].up.value == 1.0
    assert figures["strategy"]["AC"].stars.value == 5.0
    assert set(figures["topic"]) == {"risk-security", "not told"}
    assert set(figures["week"]) == {"1970-W01", "1970-W02"}
    assert figures["model"]["n"].stars.value == 1.0
    assert [card.id for card in summary.low] == ["b"]
    page = render_scorecards("t", summary)
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "<b>no</b>" not in page


def test_poor_dialogues_come_latest_first_and_turns_that_passed_no_check_are_counted(
    en_turns: tuple[Turn, ...],
) -> None:
    cards = [card_of(en_turns, id_, stars=stars) for id_, stars in (("a", 2), ("b", 3), ("c", 1))]
    cards[1] = change(change(cards[1], 3, given="best"), 5, given="fixed")
    summary = summarise(cards)
    assert [card.id for card in summary.low] == ["c", "a"]
    assert summary.unsound == 2
    assert "2 stars or fewer, the latest first</h2>" in render_scorecards("t", summary)
    many = summarise([card_of(en_turns[:1], str(number), stars=1) for number in range(23)])
    assert "2 stars or fewer, the latest first: 20 of 23</h2>" in render_scorecards("t", many)


def test_nothing_sums_up_to_nothing() -> None:
    assert summarise([]).total.stars.value is None
    assert "None." in render_scorecards("t", summarise([]))


def test_liked_dialogues_become_rows_to_train_on(tmp_path: Path, en_turns: tuple[Turn, ...]) -> None:
    liked = change(change(card_of(en_turns, "a", stars=5), 5, thumb=-1), 7, given="fixed")
    others = [
        card_of(en_turns, "b", stars=3),
        card_of(en_turns, "c"),
        card_of(en_turns, "d", stars=5, over=False),
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(row.model_dump_json() + "\n" for row in rated_rows([liked, *others])))
    (dialogue,) = read_dialogues(path)
    assert [turn.text for turn in dialogue.turns] == [turn.text for turn in en_turns]
    rows, _ = read_examples([path], ())
    assert {row.role for row in rows} == {"supporter", "supporter_assistant"}
    answers = [row.answer for row in rows]
    assert en_turns[2].text in answers
    assert en_turns[4].text not in answers, "its thumb was down"
    assert en_turns[6].text not in answers, "it passed no check"


def test_preference_pairs(en_turns: tuple[Turn, ...]) -> None:
    tried = (FailedTry(text="[IV] Name?", check="label-leak"),)
    liked = change(card_of(en_turns, "a", stars=5), 3, failed=tried)
    greeting = en_turns[0].model_copy(update={"text": "Yes?"})
    disliked = change(card_of((greeting, *en_turns[1:]), "b", stars=1), 1, thumb=-1, failed=tried)
    pairs = list(preference_rows([change(liked, 1, thumb=1), disliked]))
    assert {(pair.check, pair.chosen[0].content, pair.rejected[0].content) for pair in pairs} == {
        ("label-leak", en_turns[2].text, "[IV] Name?"),
        ("thumbs", en_turns[0].text, "Yes?"),
    }
    assert len({pair.id for pair in pairs}) == 2
    assert pairs[0].prompt[0].role == "system"
    assert json.loads(pairs[0].model_dump_json())["dialogue"] == "a"


def test_each_pair_has_an_id_of_its_own(en_turns: tuple[Turn, ...]) -> None:
    liked = change(change(card_of(en_turns, "a"), 1, thumb=1), 3, thumb=1)
    disliked = [change(card_of(en_turns, f"b{number}"), number, text="Yes?", thumb=-1) for number in (1, 3)]
    assert [pair.id for pair in preference_rows([liked, *disliked])] == ["a-thumbs-00", "a-thumbs-01"]


def test_a_customers_turn_has_no_strategy(en_turns: tuple[Turn, ...]) -> None:
    card = card_of(en_turns)
    assert [turn.turn.strategy for turn in card.turns if turn.speaker is Speaker.CUSTOMER] == [None] * 6
    assert card.turns[0].turn.strategy is Strategy.GT
