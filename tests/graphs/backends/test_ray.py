"""Whole jobs over Ray: what they store does not depend on where it was played, nor on the end of a node."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import typer

import graphs.backends.local
import graphs.config.provenance
from agents.errors import EngineError, UsageError
from graphs.backends.ray_cluster import RayBackend
from graphs.backends.ray_worker import RemoteWorker, Report
from graphs.config.provenance import dialogues_provenance
from graphs.config.settings import Settings
from graphs.jobs.plan import iterate_plan
from graphs.scheduling.dispatcher import DEFAULT_TIMINGS, Timings
from outputs.runs.record import DIALOGUES
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from personas.pool import load_pool
from rolecs import app
from tests.support.jobs import run_quietly
from tests.support.loopback import Loopback, serve
from tests.test_cli import start

SHORT = {"min_utterances": 4, "max_utterances": 8}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of one node with one core; room for one worker."""
    # As for a Ray that rolecs starts: it stays on the loopback interface. Ray reads this when it is imported.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    for tries_left in (2, 1, 0):
        try:
            cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
            break
        except Exception:  # Ray gives its own processes 15 s to start, and ends where a busy machine takes longer
            if not tries_left:
                raise
    yield cluster
    cluster.shutdown()


@pytest.fixture
def second_node(cluster: Any) -> Iterator[Any]:
    """One more node, with room for one more worker."""
    node = cluster.add_node(num_cpus=1)
    yield node
    if node in cluster.list_all_nodes():
        cluster.remove_node(node)
    # It takes its time to notice; until then a job would be given a worker there.
    cluster.wait_for_nodes()


QUICK = Timings(look_s=0.1, probe_s=0.1)


def make_settings(servers: list[Loopback], run: Path, **fields: Any) -> Settings:
    known = {"base_url": [server.base_url for server in servers], "run": run, "limits": SHORT, "max_similarity": 1}
    return Settings.model_validate(known | {"retry_policy": {"outage_s": 8.0}, "canaries": 0.3} | fields)


async def play(
    servers: list[Loopback], run: Path, *, resume: bool = False, timings: Timings = DEFAULT_TIMINGS, **fields: Any
) -> Funnel:
    return await run_quietly(make_settings(servers, run, **fields), resume=resume, timings=timings)


def stored(run: Path) -> dict[str, str]:
    """Return every ended dialogue by its key."""
    with RunStore.read(DIALOGUES, run) as store:
        ended = store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED)
        return {record.id: record.model_dump_json() for record in ended}


def provenance(run: Path) -> Any:
    with RunStore.read(DIALOGUES, run) as store:
        return store.provenance


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_worker_stores_what_is_stored_without_ray(cluster: Any, tmp_path: Path) -> None:
    async with serve(Loopback(pass_rate=0.97)) as server:
        await play([server], tmp_path / "here", dialogues=20)
        funnel = await play([server], tmp_path / "there", dialogues=20, ray=cluster.address)
    assert stored(tmp_path / "here") == stored(tmp_path / "there") and funnel.ended == 20
    here, there = provenance(tmp_path / "here"), provenance(tmp_path / "there")
    assert here.model_copy(update={"settings": {}}) == there.model_copy(update={"settings": {}})
    assert "ray" not in there.settings


async def test_dialogues_stay_on_their_server_and_are_spread(second_node: Any, cluster: Any, tmp_path: Path) -> None:
    servers = [Loopback(delay=0.005), Loopback(delay=0.005)]
    async with serve(servers[0]), serve(servers[1]):
        funnel = await play(servers, tmp_path, dialogues=24, concurrency=6, ray=cluster.address)
    one, two = (set(server.sessions) for server in servers)
    assert funnel.ended == 24 and one | two == set(stored(tmp_path)) and not one & two
    assert min(len(one), len(two)) >= 6 and sum(server.most_in_flight for server in servers) <= 6
    assert funnel.total_usage.requests == sum(server.calls["all"] for server in servers)


async def test_the_dialogues_of_a_node_that_dies_are_played_by_others(
    second_node: Any, cluster: Any, tmp_path: Path
) -> None:
    servers = [Loopback(delay=0.02), Loopback(delay=0.02)]
    async with serve(servers[0]), serve(servers[1]):
        job = asyncio.create_task(
            play(servers, tmp_path / "lost", timings=QUICK, dialogues=60, concurrency=12, ray=cluster.address)
        )
        await until(lambda: min(len(set(server.sessions)) for server in servers) >= 12)
        await asyncio.to_thread(cluster.remove_node, second_node, allow_graceful=False)
        funnel = await job
        moved = set(servers[0].sessions) & set(servers[1].sessions)
        await play(servers, tmp_path / "sound", dialogues=60)
    assert funnel.ended == 60 == funnel.planned and moved
    assert stored(tmp_path / "lost") == stored(tmp_path / "sound")


async def test_a_worker_that_is_killed_is_started_anew(second_node: Any, cluster: Any, tmp_path: Path) -> None:
    servers = [Loopback(delay=0.02), Loopback(delay=0.02)]
    async with serve(servers[0]), serve(servers[1]):
        job = asyncio.create_task(
            play(servers, tmp_path, timings=QUICK, dialogues=80, concurrency=8, ray=cluster.address)
        )
        await until(lambda: min(len(set(server.sessions)) for server in servers) >= 4)
        raylet = psutil.Process(second_node.all_processes["raylet"][0].process.pid)
        (worker,) = (child for child in raylet.children() if "RemoteWorker" in "".join(child.cmdline()))
        worker.kill()
        for server in servers:
            server.delay = 0.3
        await until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
        await asyncio.sleep(0.5)
        before = [len(server.sessions) for server in servers]
        await until(lambda: all(len(server.sessions) > count for server, count in zip(servers, before, strict=True)))
        for server in servers:
            server.delay = 0.0
        funnel = await job
    assert funnel.ended == 80 and set(servers[0].sessions) | set(servers[1].sessions) == set(stored(tmp_path))


async def test_a_worker_tries_the_gate_before_anything_is_played(cluster: Any, tmp_path: Path) -> None:
    async with serve(Loopback(pass_rate=0.0)) as server:
        with pytest.raises(UsageError, match=r"^no call can pass this gate: judge loopback refuses all 4 sound calls"):
            await play([server], tmp_path / "none", dialogues=4, ray=cluster.address, gate_trial="stop")
        assert not any("scenario" in str(body.get("response_format")) for body in server.requests), (
            "nothing was planned"
        )
    async with serve(Loopback(model="other")) as server:
        flags: dict[str, Any] = {"dialogues": 4, "min_agreement": "50%", "gate_trial": "stop"}
        await play([server], tmp_path / "there", ray=cluster.address, **flags)
        tried = server.calls["all"]
        await play([server], tmp_path / "here", **flags)
        assert server.calls["all"] - tried < tried - 40, "the trial is remembered here as well"
    assert stored(tmp_path / "here") == stored(tmp_path / "there")
    verdicts = [json.loads(record)["verdict"] for record in stored(tmp_path / "there").values()]
    assert {verdict["labelling"]["required"] for verdict in verdicts if verdict} == {0.5}


async def test_an_engine_that_is_gone_ends_the_job_with_its_own_message(cluster: Any, tmp_path: Path) -> None:
    async with serve(Loopback(delay=0.02)) as server:
        job = asyncio.create_task(
            play([server], tmp_path, dialogues=60, ray=cluster.address, retry_policy={"outage_s": 0.5})
        )
        await until(lambda: len(server.sessions) > 30)
    with pytest.raises(EngineError, match=r"^Ray worker for http://127\S+: http://127\S+ gave no answer for [^\n]*$"):
        await job


async def test_wrong_use_is_found_in_the_worker_before_any_call(cluster: Any, tmp_path: Path) -> None:
    async with serve(Loopback()) as server:
        with pytest.raises(
            UsageError, match=r"^Ray worker for \S+: \S+ has no model 'gpt'; it has: loopback \(asked for a word"
        ):
            await play([server], tmp_path / "run", model="gpt", ray=cluster.address)
    assert not server.calls and not (tmp_path / "run").exists()


async def test_without_a_server_each_node_is_to_start_its_own_engine(cluster: Any, tmp_path: Path) -> None:
    message = r"^Ray worker on \S+: (the engine to be started serves smollm2 alone|no vLLM is installed)"
    with pytest.raises(UsageError, match=message):
        await play([], tmp_path / "run", judge_model="gpt", ray=cluster.address)


async def test_a_node_with_other_prompts_is_refused(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The worker is another process: it has the prompts that ship.
    monkeypatch.setattr(graphs.config.provenance, "prompt_sources", lambda *_: "other")
    async with serve(Loopback()) as server:
        with pytest.raises(UsageError, match=r"^Ray worker for \S+ would play otherwise: it has Identity\("):
            await play([server], tmp_path / "run", ray=cluster.address)
    assert not server.calls


@pytest.mark.parametrize(
    ("address", "message"),
    [("127.0.0.1:9", r"no Ray cluster at '127.0.0.1:9': .*refused$"), ("nowhere", "no Ray cluster at 'nowhere': ")],
)
async def test_a_cluster_that_is_not_there_is_one_line(tmp_path: Path, address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        await play([], tmp_path / "run", ray=address)


@pytest.mark.parametrize(
    ("flags", "ray"),
    [
        (["--ray"], "local"),
        (["--ray", "-n", "3"], "local"),
        (["-n", "3", "--ray", "auto"], "auto"),
        (["--ray=node1:6379", "--resume"], "node1:6379"),
        (["-n", "3"], None),
    ],
)
def test_the_flag_may_stand_without_a_value(flags: list[str], ray: str | None) -> None:
    command: Any = typer.main.get_command(app)
    assert command.commands["generate"].make_context("generate", flags).params["ray"] == ray


async def test_a_missing_ray_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"^Ray is not installed: pip install 'rolecs\[ray\]', here and on all nodes$"):
        await play([], tmp_path / "run", ray="local")


def test_a_node_gets_no_paths_of_the_driver(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    files = {"log": tmp_path / "logs" / "x.jsonl", "log_texts": True, "metrics": tmp_path / "logs" / "x.prom"}
    settings = make_settings([], tmp_path / "run", personas=tmp_path / "pool.jsonl", **files)
    (tmp_path / "logs").rmdir()
    there = Settings.model_validate_json(settings.for_node())
    pool = load_pool(None, settings.language)
    assert there.log is there.metrics is None and not there.log_texts and str(tmp_path) not in settings.for_node()
    assert dialogues_provenance(there, pool, "m", "m").digest == dialogues_provenance(settings, pool, "m", "m").digest


@pytest.mark.parametrize("comes_back", [True, False])
async def test_a_single_worker_that_was_lost_is_started_anew_or_ends_the_job(tmp_path: Path, comes_back: bool) -> None:
    probes = []

    async def start() -> None: ...

    async def probe() -> bool:
        probes.append(True)
        return comes_back

    worker: Any = SimpleNamespace(name="Ray worker on a", is_there=True, start=start, probe=probe)
    backend = RayBackend([worker], make_settings([], tmp_path), [])
    await backend.start(tmp_path / "engine.log", lambda *_: None)
    await backend.start(tmp_path / "engine.log", lambda *_: None)
    assert not probes
    worker.is_there = False
    with nullcontext() if comes_back else pytest.raises(EngineError, match="could not be started again"):
        await backend.start(tmp_path / "engine.log", lambda *_: None)
    assert len(probes) == 1


async def test_an_engine_that_ends_in_a_worker_ends_its_dialogues_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = asyncio.Event()

    async def watch() -> None:
        await ends.wait()
        raise EngineError("the engine ended (exit code 1)")

    async with serve(Loopback(delay=5.0)) as server:

        @asynccontextmanager
        async def managed_engine(*_: Any, **__: Any) -> AsyncIterator[Any]:
            yield SimpleNamespace(base_url=server.base_url, watch=watch)

        monkeypatch.setattr(graphs.backends.local, "managed_engine", managed_engine)
        monkeypatch.setattr(graphs.backends.local, "require_engine", lambda: None)
        settings, pool = make_settings([], tmp_path, model="loopback"), load_pool(None, Settings().language)
        worker = RemoteWorker(settings.for_node(), "\n".join(persona.model_dump_json() for persona in pool), True)
        model, judge_model, digest = await worker.connect()
        await worker.start()
        assert model == judge_model == "loopback" and Report.model_validate_json(worker.report()).limit == 32
        planned = next(iterate_plan(digest, pool, settings.topics, settings.seed))
        playing = asyncio.create_task(worker.play(json.dumps(planned), 0.6))
        await until(lambda: server.sessions)
        ends.set()
        async with asyncio.timeout(2):
            with pytest.raises(EngineError, match="the engine ended"):
                await playing
        await worker.stop()


def listeners(process: psutil.Process) -> list[str]:
    """Return the addresses at which a process and all its children listen."""
    return [
        connection.laddr.ip
        for each in [process, *process.children(recursive=True)]
        for connection in each.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]


async def test_a_local_ray_stays_on_loopback_and_sigterm_ends_the_job_politely(tmp_path: Path) -> None:
    async with serve(Loopback(delay=0.05)) as server:
        flags = ("-n", 200, "--max-similarity", 1, "--concurrency", 8, "--base-url", server.base_url, "--ray")
        # Ray writes a token into the home folder.
        process = await start("generate", *flags, cwd=tmp_path, HOME=str(tmp_path))
        await until(lambda: len(set(server.sessions)) >= 12)
        addresses = listeners(psutil.Process(process.pid))
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
        server.delay = 0.0
        funnel = await play([server], tmp_path / "plain", dialogues=40, canaries=0.05, limits={})
    assert process.returncode == 143
    plan, trial, stopping, interrupted = (line for line in err.decode().splitlines() if "in flight |" not in line)
    assert (
        plan.startswith("200 dialogues")
        and trial.startswith("Gate, tried on")
        and stopping.startswith("Stopping: what is in flight has 30 s")
    )
    assert interrupted.endswith("go on with: rolecs generate --resume --run rolecs-run --ray local")
    assert addresses and set(addresses) <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    ended = stored(tmp_path / "rolecs-run")
    assert 4 <= len(ended) <= 25 and funnel.ended == 40 and ended.items() <= stored(tmp_path / "plain").items()
