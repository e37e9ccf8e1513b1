"""Transcripts can be opened before a server is asked for anything, and nothing that is made of them replaces one."""

import os
from collections import Counter
from pathlib import Path

import pytest

from agents.errors import UsageError
from graphs.config.settings import DistillSettings
from graphs.jobs.read_calls import _describe_third, require_no_transcript, require_transcripts
from personas.distill.transcripts import NOBODY


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none.txt", "No such file or directory"),
        ("loop", "Too many levels of symbolic links"),
        ("x" * 300, "File name too long"),
        (".", "it is a folder; name files in it"),
    ],
)
def test_transcripts_that_cannot_be_opened_are_told_first(
    name: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    os.mkfifo("pipe")
    require_transcripts(DistillSettings(transcripts=("-", "pipe")))
    with pytest.raises(UsageError, match=problem):
        require_transcripts(DistillSettings(transcripts=("-", name)))


def test_no_transcript_is_written_over(tmp_path: Path) -> None:
    call, link, pool = tmp_path / "call.txt", tmp_path / "link", tmp_path / "pool.jsonl"
    call.touch()
    link.symlink_to(call)
    settings = DistillSettings(transcripts=("-", str(call)))
    require_no_transcript(settings, pool, None)
    require_no_transcript(settings, Path("/dev/null"), Path("/dev/null"))
    for written in ((call, None), (pool, tmp_path / "." / "call.txt"), (link, None)):
        with pytest.raises(UsageError, match=r"call\.txt is read, and would be written over"):
            require_no_transcript(settings, *written)
    with pytest.raises(UsageError, match="is to hold two things"):
        require_no_transcript(settings, pool, pool)


def test_who_has_a_name_is_put_on_a_side() -> None:
    assert _describe_third(Counter({NOBODY: 9, "Supervisor": 1})).endswith("--speaker Supervisor=agent")
    assert _describe_third(Counter({NOBODY: 9})).endswith(f"--speaker '{NOBODY}=none'")
