"""Joins a Ray cluster and has its nodes play dialogues, by a worker for each server or node there.

Plan, store and dispatcher stay here, on the driver. Ray is imported late, as it is an extra of its own.
"""

import asyncio
import functools
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from agents.engine.managed import OnWait
from agents.errors import EngineError, UsageError, first_error, shorten
from agents.llm.endpoint import Endpoint
from agents.llm.usage import Usage
from graphs.backends.ray_place import Settle, Worker
from graphs.backends.ray_worker import Identity, RemoteWorker
from graphs.config.provenance import dialogues_provenance
from graphs.config.settings import Settings
from graphs.scheduling.adaptive_concurrency import CEILING
from graphs.scheduling.job import Job
from personas.persona import Persona

LOCAL = "local"
"""Stands for a Ray that is started here, unless RAY_ADDRESS names a cluster."""
CONNECT_S = 5.0
TELL_S = 1.0
"""Seconds between two lines on how many workers are ready."""


class RayBackend:
    """Has dialogues played by the workers on the nodes of a Ray cluster, all of one configuration."""

    def __init__(self, workers: Sequence[Worker], settings: Settings, pool: Sequence[Persona]) -> None:
        self.places = workers
        self.concurrency = settings.concurrency
        self._settings = settings
        self._pool = pool
        self._has_started = False

    @property
    def model(self) -> str:
        """The name of the playing model."""
        return self._identity.model

    @property
    def judge_model(self) -> str:
        """The name of the judging model."""
        return self._identity.judge_model

    @property
    def usage(self) -> Usage:
        """What all workers have spent so far."""
        return sum((worker.usage for worker in self.places), Usage())

    @property
    def endpoints(self) -> list[Endpoint]:
        """The models and where they are served, as the workers have found them."""
        return [endpoint for worker in self.places for endpoint in worker.endpoints]

    @property
    def _identity(self) -> Identity:
        identity = self.places[0].identity
        assert identity
        return identity

    async def connect(self) -> None:
        """Connect all workers to their servers.

        Raises:
            UsageError: see `Worker.connect`, or a worker has another model or version than the others or this process.
            EngineError: a worker is gone.
        """
        await _all(worker.connect() for worker in self.places)
        provenance = dialogues_provenance(self._settings, self._pool, self.model, self.judge_model)
        expected = self._identity._replace(digest=provenance.digest)
        for worker in self.places:
            if worker.identity != expected:
                raise UsageError(
                    f"{worker.name} would play otherwise: it has {worker.identity}, expected is {expected}; give all "
                    "nodes the same rolecs, and all servers the same model"
                )

    async def try_out(self) -> None:
        """Leave that to the workers: each tries its servers out when it is started."""

    async def start(self, log: Path, on_wait: OnWait) -> None:
        """Have all workers start their engines; each writes to a log on its own node, not to `log`.

        Later calls start a single worker anew that was lost; of several, the dispatcher probes those that are down.

        Raises:
            UsageError, EngineError: an engine cannot be started.
        """
        if self._has_started:
            (first, *others) = self.places
            if not (others or first.is_there) and not await first.probe():
                raise EngineError(f"{first.name} could not be started again")
            return
        began = time.monotonic()

        async def tell() -> None:
            while True:
                await asyncio.sleep(TELL_S)
                ready = sum(worker.is_there for worker in self.places)
                on_wait(time.monotonic() - began, f"{ready} of {len(self.places)} Ray workers are ready")

        telling = asyncio.create_task(tell())
        try:
            await _all(worker.start() for worker in self.places)
        finally:
            telling.cancel()
        self._has_started = True

    async def watch(self) -> None:
        """Wait for ever: the workers mind their engines themselves."""
        await asyncio.Event().wait()


@asynccontextmanager
async def ray_backend(job: Job[Settings], pool: Sequence[Persona], settle: Settle) -> AsyncIterator[RayBackend]:
    """Join the cluster that the settings name, or start one, and connect a worker for each server or node there.

    With `base_url` there is a worker for each server, spread over the nodes; else one on each node that starts an
    engine there: on those with GPUs, where any has some. `settle` stands before the first dialogue of each.

    Raises:
        UsageError: Ray is not installed, there is no such cluster, or see `RayBackend.connect`.
        EngineError: a worker is gone.
    """
    loop, settings = asyncio.get_running_loop(), job.settings
    # Ray's processes end with the thread that started them, so it lives as long as they.
    with ThreadPoolExecutor(1, "ray") as thread:
        try:
            await asyncio.shield(loop.run_in_executor(thread, _init_ray, settings))
            _take_sigterm_back()
            cluster = RayBackend(_create_workers(job, pool, settle), settings, pool)
            await cluster.connect()
            try:
                yield cluster
            finally:
                await asyncio.gather(*(worker.stop() for worker in cluster.places if worker.is_there))
        finally:
            thread.submit(_shut_ray_down).result()


def _init_ray(settings: Settings) -> None:
    address = settings.ray or LOCAL
    if address == LOCAL:
        address = os.environ.get("RAY_ADDRESS", LOCAL)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    options: dict[str, Any] = {}
    if address == LOCAL:
        # Ray replaces a loopback address by the machine's own and listens there, unless it is told as on a laptop that
        # there is no cluster.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        cores = max(os.cpu_count() or 1, len(settings.base_url))
        options = {"_node_ip_address": "127.0.0.1", "include_dashboard": False, "num_cpus": cores}
    elif address != "auto":
        _require_listener(address)
    try:
        import ray
    except ImportError:
        raise UsageError("Ray is not installed: pip install 'rolecs[ray]', here and on all nodes") from None
    # What it tells would tear the progress apart; what matters comes as an error.
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    try:
        ray.init(address, log_to_driver=False, configure_logging=False, **options)
    except Exception as error:  # a boundary: Ray raises bare exceptions where it cannot start
        hint = "if it asks for a token, set RAY_AUTH_MODE=token here too"
        raise UsageError(f"no Ray cluster at {address!r}: {shorten(str(error))} ({hint})") from None


def _take_sigterm_back() -> None:
    """Have SIGTERM handled again as before: beneath Python's handler, Ray has put one that aborts the process."""
    with suppress(ValueError):  # not the main thread: no signal is handled here
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


def _require_listener(address: str) -> None:
    """Find a wrong address at once: Ray would try it for a minute and end the process."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(f"no Ray cluster at {address!r}: {error}") from None


def _shut_ray_down() -> None:
    with suppress(ImportError):
        import ray

        ray.shutdown()


def _create_workers(job: Job[Settings], pool: Sequence[Persona], settle: Settle) -> list[Worker]:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    settings = job.settings

    def spread() -> Iterator[tuple[str, Settings, dict[str, Any]]]:
        for url in settings.base_url:
            told = settings.model_copy(update={"base_url": (url,)})
            yield f"Ray worker for {url}", told, {"scheduling_strategy": "SPREAD"}

    def pin() -> Iterator[tuple[str, Settings, dict[str, Any]]]:
        alive: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        nodes = [node for node in alive if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        most = max((node["Resources"].get("GPU", 0) for node in nodes), default=0)
        for node in nodes:
            gpus = node["Resources"].get("GPU", 0)
            if gpus or not most:
                # Without GPUs nothing would keep a second engine off a node that has one.
                where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=bool(gpus))
                name = f"Ray worker on {node['NodeManagerHostname']}"
                yield name, settings, {"scheduling_strategy": where, "num_gpus": gpus}

    wanted = list(spread() if settings.base_url else pin())
    if not wanted:
        raise UsageError("the Ray cluster has no node with a CPU for a worker")
    several = len(wanted) > 1
    outage_s = settings.retry_policy.outage_s
    away_s = min(job.timings.away_s, outage_s)
    personas = "\n".join(persona.model_dump_json() for persona in pool)
    actor = ray.remote(RemoteWorker)
    return [
        Worker(
            name,
            functools.partial(
                actor.options(num_cpus=1, max_concurrency=2 * CEILING, **options).remote,
                told.for_node(),
                personas,
                several,
            ),
            outage_s - away_s,
            settle,
        )
        for name, told, options in wanted
    ]


async def _all(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Take steps side by side; the first that fails ends the others."""
    with first_error():
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
