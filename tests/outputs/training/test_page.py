"""Report and card of a training: they hold its figures, draw its loss, and let nothing in a name become markup."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from outputs.training.adapter import render_card
from outputs.training.page import HEIGHT, WIDTH, draw_loss, render_training
from outputs.training.result import Counted, Dropped, Held, Source, Step, Training

COUNTED = Counted(rows=1200, dialogues=60, row_tokens=900_000, packed_tokens=180_000, answer_tokens=20_000)


def make_training(**changes: Any) -> Training:
    curve = [Step(number=n, loss=3 / n, learning_rate=1e-4, gradient=1.0) for n in range(1, 41)]
    losses = [{"all": 3.0, "supporter": 3.5}, {"all": 1.5, "supporter": 1.25}]
    fields: dict[str, Any] = {
        "base": "some/base",
        "settings": {
            "rank": 8,
            "alpha": 16,
            "target": "all-linear",
            "epochs": 1,
            "batch": 32,
            "learning_rate": 2e-4,
            "seed": 7,
            "license": "unknown",
        },
        "versions": {"rolecs": "0.1.0", "torch": "2.13.0"},
        "sources": (Source(name="<b>shards</b>", rows=1300, sha256="ab" * 32),),
        "dropped": Dropped(limit=2048, count=2, ids=("long-1", "long-2")),
        "train": COUNTED,
        "held_out_rows": COUNTED,
        "roles": {"supporter": 1200},
        "packed": True,
        "device": "cpu",
        "precision": "bfloat16",
        "parameters": 2_400_000,
        "steps": 40,
        "seconds": 660.0,
        "curve": tuple(curve),
        "held_out": tuple(
            Held(step=step, loss=loss, choices=200, accuracy=right)
            for step, loss, right in zip((0, 40), losses, (0.125, 0.5), strict=True)
        ),
    }
    return Training.model_validate(fields | changes)


def test_the_page_shows_what_was_learnt_and_of_what() -> None:
    page = render_training("my-adapter", make_training())
    for told in ("12.5% → 50.0%", "<td>1.250</td>", "2,400,000", "180,000", "long-1, long-2", "11 min for 40 steps"):
        assert told in page
    assert "&lt;b&gt;shards" in page and "<b>shards" not in page and "<script" not in page
    assert re.search(r"default-src 'none'; style-src 'sha256-[\w+/=]+'", page)


def test_the_loss_lies_within_its_picture() -> None:
    chart = draw_loss(make_training())
    for points in (chart.steps, chart.smooth):
        places = [tuple(map(float, point.split(","))) for point in points.split()]
        assert len(places) == 40 and all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
        assert places[0][1] < places[-1][1], "the less, the lower"
    assert [point.x for point in chart.held] == [chart.left, WIDTH]


def test_a_training_without_held_out_rows_has_a_page_too() -> None:
    page = render_training("a", make_training(held_out=()))
    assert "None was held out" in page
    asked = Held(step=40, loss={"all": 1.0}, choices=0, accuracy=None)
    assert "none asked" in render_training("a", make_training(held_out=(asked, asked)))


@pytest.mark.parametrize("license_", ["unknown", "apache-2.0"])
def test_the_card_has_a_header_that_hubs_read(license_: str) -> None:
    training = make_training()
    card = render_card("a", training.model_copy(update={"settings": training.settings | {"license": license_}}))
    header = yaml.safe_load(card.split("---")[1])
    assert header["base_model"] == "some/base" and header["license"] == license_ and header["library_name"] == "peft"
    assert ("Set the licence" in card) is (license_ == "unknown")
    assert "| left out | 2 requests longer than 2,048 tokens |" in card
    assert f"`{'ab' * 32}`" in card and "| supporter | 3.500 | 1.250 |" in card and "12.5% were right before" in card


def test_a_training_is_read_as_it_was_written(tmp_path: Path) -> None:
    training = make_training()
    assert Training.model_validate_json(training.model_dump_json(indent=1)) == training
