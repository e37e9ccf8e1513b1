"""Where the page on a run goes."""

from pathlib import Path

import pytest

from agents.errors import UsageError
from graphs.cli.report import find_page


def test_a_read_only_run_asks_for_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_page(tmp_path, None) == tmp_path / "report.html"
    monkeypatch.setattr("outputs.files.os.access", lambda folder, mode: False)
    with pytest.raises(
        UsageError, match="is read-only, or belongs to somebody else; to write the page elsewhere: --out"
    ):
        find_page(tmp_path, None)
    with pytest.raises(UsageError) as caught:
        find_page(tmp_path, tmp_path / "page.html")
    assert "--out" not in str(caught.value)
