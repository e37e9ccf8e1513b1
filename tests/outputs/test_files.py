"""Files appear whole or not at all, and whether they can is known before any work."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agents.errors import UsageError
from outputs.files import require_apart, require_file, require_folder, write_whole


def test_what_cannot_be_written_is_told_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for wrong, problem in (
        (tmp_path / "none" / "out.jsonl", "there is no folder"),
        (tmp_path / "file" / "out.jsonl", "there is no folder"),
        (tmp_path, "is a folder: name a file"),
    ):
        with pytest.raises(UsageError, match=problem):
            require_file(wrong)
    (tmp_path / "loop").symlink_to("loop")
    for wrong, problem in (
        (tmp_path / "loop", "Too many levels of symbolic links"),
        (tmp_path / ("x" * 300), "File name too long"),
    ):
        for require in (require_file, require_folder):
            with pytest.raises(UsageError, match=f"cannot write .*: {problem}") as caught:
                require(wrong)
            assert len(str(caught.value)) < 400
    with pytest.raises(UsageError, match="File name too long"):
        require_file(tmp_path / ("x" * 253))  # the one under which it is written is longer
    with pytest.raises(UsageError, match="is a file, so there cannot be a folder"):
        require_folder(tmp_path / "file" / "shards")
    for right in (tmp_path / "file", tmp_path / "new", Path("/dev/stdout")):
        require_file(right)
    require_folder(tmp_path / "new" / "shards")
    assert not (tmp_path / "new").exists(), "asking makes nothing"
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="is read-only"):
        require_file(tmp_path / "new")


def test_a_full_disk_is_told_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = os.statvfs_result((4096, 4096, 1000, 0, 0, 100, 100, 100, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    with pytest.raises(UsageError, match="is full"):
        require_folder(tmp_path / "shards")


def test_a_link_stays_one_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old", encoding="utf-8")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", ["new"])
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text(encoding="utf-8") == "new\n"
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text(encoding="utf-8")))
    reader.start()
    write_whole(tmp_path / "pipe", ["one", "two"])
    reader.join(10)
    assert read == ["one\ntwo\n"] and (tmp_path / "pipe").is_fifo()


def test_what_is_read_is_not_written_over(tmp_path: Path) -> None:
    shard, link = tmp_path / "export" / "data" / "train.jsonl", tmp_path / "link"
    link.symlink_to(shard)
    require_apart([shard], tmp_path / "out", None, Path("/dev/null"), Path("/dev/null"))
    for written in (shard, link, tmp_path / "export", tmp_path / "export" / "." / "data" / "train.jsonl"):
        with pytest.raises(UsageError, match=r"train\.jsonl is read, and would be written over"):
            require_apart([shard], tmp_path / "out", written)
    with pytest.raises(UsageError, match="out is to hold two things"):
        require_apart([], tmp_path / "out", tmp_path / "export" / ".." / "out")


def test_two_who_write_a_file_at_once_leave_it_whole(tmp_path: Path) -> None:
    def write(name: str) -> None:
        for _ in range(10):
            write_whole(tmp_path / "out.jsonl", (name for _ in range(500)))

    with ThreadPoolExecutor(4) as pool:
        for written in [pool.submit(write, name) for name in "abcd"]:
            written.result(30)
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 500 and len(set(lines)) == 1 and os.listdir(tmp_path) == ["out.jsonl"]


def test_what_goes_wrong_on_the_way_leaves_the_old_file_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "out.jsonl", ["old"])
    with pytest.raises(ZeroDivisionError):
        write_whole(tmp_path / "out.jsonl", (str(1 // n) for n in (1, 0)))
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "old\n" and os.listdir(tmp_path) == ["out.jsonl"]


def test_no_character_costs_a_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "out.jsonl", ['"\ud83d"', "好"])
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == '"\\ud83d"\n好\n'
