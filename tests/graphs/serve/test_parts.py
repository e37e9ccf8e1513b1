"""The pure parts of the service: sites, keys, replicas, settings."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, cast

import pytest

from agents.csc.language import Language
from agents.csc.topics import TOPICS
from agents.engine.adapter import CONFIG
from agents.errors import EngineError, StoreError, UsageError
from agents.llm.client import ChatClient
from graphs.config.loading import load_settings
from graphs.config.serving import ServeSettings
from graphs.serve.dialogues.commits import GroupCommit
from graphs.serve.dialogues.replicas import Replicas
from graphs.serve.dialogues.service import read_keys
from graphs.serve.protection.audit import Audit, Pseudonyms
from graphs.serve.protection.limits import ALL
from graphs.serve.protection.sites import parse_origin, read_sites
from graphs.serve.refusal import Refusal
from graphs.serve.server import WEIGHTS, adapter_digest, listen
from outputs.scorecards.store import Spent
from tests.support.topics import ACME


@pytest.mark.parametrize(
    "origin", ["*", "https://*.example", "shop.example", "https://a.example/x", "ftp://a", "https://u@a", "null", ""]
)
def test_what_is_no_origin(origin: str) -> None:
    with pytest.raises(ValueError, match=r"no origin|netloc|port"):
        parse_origin(origin)


def test_origins_are_as_browsers_write_them() -> None:
    assert parse_origin("HTTPS://Shop.Example:443/") == "https://shop.example"
    assert parse_origin("http://localhost:3000") == "http://localhost:3000"


def test_sites_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sites.toml"
    path.write_text('[sites.shop]\norigins = ["https://shop.example"]\nlanguages = ["zh"]\ntopic = "risk-security"\n')
    sites = read_sites(path, TOPICS)
    site = sites.get("shop")
    assert site
    assert (site.languages, site.topic, sites.get("x")) == ((Language.ZH,), "risk-security", None)
    assert sites.origins == {"https://shop.example"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "one at least"),
        ("[sites.a]", "origins"),
        ('[sites.a]\norigins = ["*"]', "no origin"),
        ('[sites.a]\norigins = ["https://a.example"]\ncolour = 1', "colour"),
        ('[sites.a]\norigins = ["https://a.example"]\ntopic = "weather"', "no 'weather' in en"),
        ('[sites.a]\norigins = ["https://a.example"]\nlanguages = ["en", "zh"]\ntopic = "acme"', "no 'acme' in zh"),
        ('[sites."a/b"]\norigins = ["https://a.example"]', "an id has"),
        ("[sites", "cannot read"),
        ("sites = " + "[" * 9999, "nested too deeply"),
        ("host = 1\n[sites.a]\n", "nothing else"),
    ],
)
def test_wrong_sites_are_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "sites.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=problem):
        read_sites(path, TOPICS | {"acme": {Language.EN}})


def test_a_site_is_served_in_all_its_languages_also_by_the_topic_that_all_share(tmp_path: Path) -> None:
    path = tmp_path / "sites.toml"
    path.write_text('[sites.a]\norigins = ["https://a.example"]\nlanguages = ["en", "zh"]\n')
    acme = {"acme": {Language.EN}}
    assert read_sites(path, TOPICS | acme, "risk-security").get("a")
    with pytest.raises(UsageError, match="topic: no 'acme' in zh"):
        read_sites(path, TOPICS | acme, "acme")
    with pytest.raises(UsageError, match="languages: no topic has words in zh; the topics are acme"):
        read_sites(path, acme)


def test_the_audit_log_is_its_owners_alone_and_never_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with Audit(path) as audit:
        audit.note("one")
        path.rename(tmp_path / "rotated")
        audit.note("two")
        assert path.stat().st_mode & 0o777 == 0o600 and '"two"' in path.read_text()
        path.rename(tmp_path / "rotated-too")
        path.mkdir()
        audit.note("three")


def test_an_audit_log_on_a_full_disk_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Audit(Path("/dev/full")) as audit:
        audit.note("one")
    assert capsys.readouterr() == ("", "")


def test_a_service_takes_no_setting_that_it_would_not_heed(tmp_path: Path) -> None:
    for fields, told in (
        ({"budget_tokens": 5}, "give it as daily_tokens"),
        ({"trace": True}, "/metrics"),
        ({"metrics": "m"}, "/metrics"),
    ):
        with pytest.raises(UsageError, match=told):
            load_settings(ServeSettings, None, fields)


def test_keys_are_long_and_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# of ours\nshort\n")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="24 characters"):
        read_keys(path)
    path.write_text("a" * 24 + "\n")
    assert len(read_keys(path)) == 1
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        read_keys(path)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "chat.example"])
def test_others_are_let_in_with_keys_or_sites_alone(host: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a key_file"):
        load_settings(ServeSettings, None, {"host": host})
    assert not load_settings(ServeSettings, None, {"host": host, "key_file": tmp_path / "keys"}).is_local
    assert load_settings(ServeSettings, None, {"host": "::1"}).is_local


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_where_nothing_can_listen(host: str) -> None:
    with pytest.raises(UsageError, match=f"cannot listen at {host}, port 0: "):
        listen(host, 0)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"topics": ("weather",)}, "unknown topic 'weather'"),
        ({"topics": ("none.toml",)}, "none.toml"),
        ({"topics": (str(ACME), str(ACME))}, "each topic once"),
        (
            {"topics": (str(ACME),), "topic": "risk-security"},
            "no topic 'risk-security' in en; the topics are acme-outage",
        ),
    ],
)
def test_wrong_topics_are_told(told: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        load_settings(ServeSettings, None, told)


def test_visitors_have_other_names_each_day() -> None:
    now = 0.0
    names = Pseudonyms(lambda: now)
    first = names.of("192.0.2.1")
    assert names.of("192.0.2.1") == first != names.of("192.0.2.2")
    now += 86_400
    assert names.of("192.0.2.1") != first


class _Client:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.is_back = False

    async def check(self) -> None:
        if not self.is_back:
            raise UsageError("no model server")


async def test_a_dialogue_stays_on_its_server_and_moves_when_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = [_Client(f"http://{number}") for number in range(3)]
    replicas = Replicas(10)
    replicas.clients = cast("list[ChatClient]", clients)
    gone: set[str] = set()

    async def work(client: ChatClient) -> str:
        if client.base_url in gone:
            raise EngineError("gone")
        return client.base_url

    first = {key: await replicas.ask(key, work) for key in map(str, range(30))}
    assert set(first.values()) == {client.base_url for client in clients}
    gone.add("http://1")
    for key, server in first.items():
        now = await replicas.ask(key, work)
        assert now == server or server == "http://1"
        assert now != "http://1"
    assert replicas.down == 1
    gone |= set(first.values())
    with pytest.raises(Refusal):
        await replicas.ask("0", work)
    assert not await replicas.look()
    monkeypatch.setattr(replicas, "_down_until", dict.fromkeys(replicas.clients, 0.0))
    assert not await replicas.look(), "time alone brings no server back"
    monkeypatch.setattr(replicas, "_down_until", dict.fromkeys(replicas.clients, 0.0))
    clients[2].is_back = True
    assert await replicas.look()
    assert replicas.down == 2


async def test_who_finds_no_seat_waits_for_one() -> None:
    replicas, here, most = Replicas(2), 0, 0
    replicas.clients = cast("list[ChatClient]", [_Client("http://0")])

    async def work(client: ChatClient) -> None:
        nonlocal here, most
        here += 1
        most = max(most, here)
        await asyncio.sleep(0)
        here -= 1

    await asyncio.gather(*(replicas.ask(str(number), work) for number in range(6)))
    assert most == 2


def test_an_adapter_is_told_by_its_weights(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(b"weights")
    assert adapter_digest(str(tmp_path)) == adapter_digest(None) == "", "no adapter without its configuration"
    (tmp_path / CONFIG).write_text('{"base_model_name_or_path": "base", "r": 8}')
    assert adapter_digest(str(tmp_path)) == hashlib.sha256(b"weights").hexdigest()


async def test_writes_of_a_moment_share_a_transaction_and_its_failure() -> None:
    class Store:
        def __init__(self) -> None:
            self.batches: list[int] = []

        def write(self, *writes: Any) -> None:
            self.batches.append(len(writes))
            if any(write.tokens < 0 for write in writes):
                raise StoreError("full")
            if any(write.tokens > 99 for write in writes):
                raise OverflowError("too large")

    store = Store()
    async with GroupCommit(cast("Any", store)) as commits:
        await asyncio.gather(*(commits.write(Spent("d", ALL, 1)) for _ in range(20)))
        assert sum(store.batches) == 20
        assert len(store.batches) <= 2
        for tokens in (-1, 100):
            async with asyncio.timeout(5):
                with pytest.raises(StoreError):
                    await commits.write(Spent("d", ALL, tokens))
                await commits.write(Spent("d", ALL, 1))
