"""The command `topics`: what ships, and whether a file of one's own is right."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.csc.topics import TOPICS
from agents.errors import UsageError
from rolecs import app
from tests.support.topics import ACME


def shown(*words: object) -> str:
    result = CliRunner().invoke(app, ["topics", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_all_that_ship_are_listed() -> None:
    lines = shown()
    assert all(code in lines for code in TOPICS) and "网购订单" in shown("retail", "--language", "zh")


def test_a_file_is_shown_as_it_was_read() -> None:
    text = shown(ACME, "technical-support", "--show")
    assert "acme-outage (acme): outage at home" in text and "technical-support (finance)" in text
    assert "  - Refunds are paid within 14 days to the account that was charged." in text


def test_a_mistake_is_wrong_use(tmp_path: Path) -> None:
    for name, problem in (("weather", "unknown topic 'weather'"), (tmp_path / "no.toml", "cannot read the table of")):
        with pytest.raises(UsageError, match=problem):
            shown(name)
