"""Pushing an export: private, whole, nothing twice; and what is wrong is said before anything is sent."""

from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest

from agents.errors import UsageError
from outputs.datasets.formats import Format
from outputs.datasets.push import push_export
from outputs.runs.record import Record
from tests.outputs.datasets.test_export import contents, export
from tests.support.hub import Hub, serve_hub
from tests.support.runs import make_run

REPOSITORY = "somebody/calls"

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    # Without Xet, whose storage is more than a loopback can stand in for: then large files go by the LFS protocol.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    with serve_hub() as running:
        yield running


@pytest.fixture
def exported(tmp_path: Path, make_record: Callable[..., Record]) -> Path:
    with make_run(tmp_path / "run", [make_record(id=f"kept-{i}") for i in range(3)]) as store:
        export(store, tmp_path / "shards", Format.MESSAGES)
        export(store, tmp_path / "fewer", Format.MESSAGES, shard_lines=100)
    return tmp_path / "shards"


def test_an_export_is_pushed_as_it_is_and_replaced_by_the_next(hub: Hub, exported: Path) -> None:
    (exported / "notes.txt").write_text("mine")
    page = push_export(exported, REPOSITORY, endpoint=hub.url)
    assert page == f"{hub.url}/datasets/{REPOSITORY}"
    assert hub.repositories[REPOSITORY]["visibility"] == "private" and hub.tokens <= {"Bearer hf_secret", ""}
    wanted = {path: data for path, data in contents(exported).items() if path != "notes.txt"}
    assert hub.files(REPOSITORY) == wanted and "dataset_info.json" in wanted
    push_export(exported.parent / "fewer", REPOSITORY, endpoint=hub.url)
    assert hub.files(REPOSITORY) == contents(exported.parent / "fewer")


def test_a_push_that_broke_off_sends_nothing_twice(hub: Hub, exported: Path) -> None:
    hub.refuse = 403
    with pytest.raises(UsageError, match=r"the hub refuses somebody/calls: .*you may not write here"):
        push_export(exported, REPOSITORY, endpoint=hub.url)
    assert len(hub.uploads) == 2 and hub.files(REPOSITORY) == {}
    hub.refuse = None
    push_export(exported, REPOSITORY, endpoint=hub.url)
    assert len(hub.uploads) == 2 and hub.files(REPOSITORY) == contents(exported)


def test_what_is_wrong_is_said_before_anything_is_sent(
    hub: Hub, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"README\.md names no licence"):
        push_export(exported, REPOSITORY, public=True, endpoint=hub.url)
    card = (exported / "README.md").read_bytes()
    for written in (b"Our calls.\n", b"\xef\xbb\xbf---\r\nlicense: unknown\r\n---\r\n"):
        (exported / "README.md").write_bytes(written)
        with pytest.raises(UsageError, match=r"README\.md names no licence"):
            push_export(exported, REPOSITORY, public=True, endpoint=hub.url)
    (exported / "README.md").write_bytes(card)
    with pytest.raises(UsageError, match="is no name of a repository"):
        push_export(exported, "some body/calls!", endpoint=hub.url)
    (exported / "data/train-00001.jsonl").unlink()
    with pytest.raises(UsageError, match=r"is not whole: data/train-00001\.jsonl: No such file"):
        push_export(exported, REPOSITORY, endpoint=hub.url)
    with pytest.raises(UsageError, match="is no exported folder"):
        push_export(exported / "data", REPOSITORY, endpoint=hub.url)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(UsageError, match="HF_TOKEN is not set"):
        push_export(exported, REPOSITORY, endpoint=hub.url)
    assert hub.repositories == {}


def test_a_hub_out_of_reach_is_said_to_be(exported: Path, hub: Hub) -> None:
    with pytest.raises(ConnectionError, match="the hub cannot be reached"):
        push_export(exported, REPOSITORY, endpoint="http://127.0.0.1:9")


def test_a_licence_opens_an_export_to_the_public(hub: Hub, exported: Path) -> None:
    card = exported / "README.md"
    card.write_text(card.read_text().replace("license: unknown", "license: apache-2.0"))
    push_export(exported, REPOSITORY, public=True, endpoint=hub.url)
    assert hub.repositories[REPOSITORY]["visibility"] != "private"
