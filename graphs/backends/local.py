"""The servers of a job: those that the settings name, or a managed engine that lives as long as the job."""

import os
import resource
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import platformdirs
from pydantic import SecretStr
from rich.console import Console

from agents.engine.demo_model import DEMO_MODEL
from agents.engine.managed import Engine, OnWait, managed_engine, require_engine
from agents.errors import UsageError
from agents.llm.client import ChatClient
from agents.llm.observer import Observer
from agents.llm.usage import Usage
from graphs.config.settings import Secrets, ServerSettings
from graphs.scheduling.adaptive_concurrency import CEILING, AdaptiveConcurrency, EngineLoad, Reading, parse_load
from graphs.telemetry.progress import LoadingDisplay

AWAY_S = 5.0
"""So long one of several servers may answer nobody before its items go to another."""
REPORT_TIMEOUT_S = 5.0
OPEN_FILES = 65_535
"""As vLLM allows itself; a connection is a file."""


class Replica:
    """The client that plays a dialogue and the one that judges it; the same one where the settings name no judge.

    With `reports`, which asks the server for its load, it is a place whose limit is steered; see `AdaptiveConcurrency`.
    """

    def __init__(self, play: ChatClient, judge: ChatClient, reports: httpx2.AsyncClient | None = None) -> None:
        self.play = play
        self.judge = judge
        self._clients = list(dict.fromkeys((play, judge)))
        self._adaptive = AdaptiveConcurrency()
        self._reports = reports
        # Prometheus' text lies beside the API, at the root of the server.
        self._report_url = f"{play.base_url.removesuffix('/v1')}/metrics"

    @property
    def name(self) -> str:
        """The playing server's base URL."""
        return self.play.base_url

    @property
    def limit(self) -> int:
        """So many items the server is to have in flight."""
        return self._adaptive.limit

    @property
    def last_answer(self) -> float:
        """When the playing server last answered, on the monotonic clock."""
        return self.play.last_answer

    @property
    def outage_left_s(self) -> float:
        """Seconds that the job may wait when the replica is gone; its client has waited already."""
        return self.play.retry_policy.outage_s - self.play.away_s

    async def look(self, in_flight: int) -> None:
        """Read the server's load, and let the limit follow."""
        load = await self._read_load()
        self._adaptive.look(Reading(in_flight, sum(client.busy_answers for client in self._clients), load))

    async def probe(self) -> bool:
        """Tell whether the replica's servers are there again and have their models."""
        try:
            for client in self._clients:
                await client.check()
        except UsageError:
            return False
        return True

    async def _read_load(self) -> EngineLoad | None:
        if self._reports is None:
            return None
        try:
            response = await self._reports.get(self._report_url)
        except httpx2.HTTPError:
            return None
        if response.is_client_error and response.status_code != 429:
            # There is no such page, or not for us: do not ask again.
            self._reports = None
        return parse_load(response.text) if response.is_success else None


class Servers:
    """Opens what a job talks to, in the order in which mistakes are cheapest; `stack` closes it all.

    First the servers that the settings name (`connect`), each checked; after that `model` and `judge_model` are known.
    Then, when no server was named, the managed engine (`start_engine`), which takes its time. Where no judge is named,
    the players' server and model judge too.
    """

    def __init__(
        self,
        settings: ServerSettings,
        secrets: Secrets,
        stack: AsyncExitStack,
        judge_base_url: str | None = None,
        judge_model: str | None = None,
        observer: Observer | None = None,
        *,
        has_others: bool = False,
    ) -> None:
        """Prepare for the servers of a job.

        Args:
            settings: which servers.
            secrets: their keys.
            stack: closes what is opened.
            judge_base_url: the judge's server, if it is another one.
            judge_model: the judge's model, if it is another one.
            observer: watches the requests.
            has_others: dialogues can also go to servers that others than these `Servers` have opened.
        """
        self.replicas: list[Replica] = []
        self.engine: Engine | None = None
        self.concurrency = settings.concurrency
        self._settings = settings
        self._judge_base_url = judge_base_url
        self._judge_model = judge_model
        self._secrets = secrets
        self._stack = stack
        self._observer = observer
        # A dialogue can go to another of several replicas, but not to another judge.
        self._replica_away_s = AWAY_S if has_others or len(settings.base_url) > 1 else None
        self._reports: httpx2.AsyncClient | None = None
        self._judge: ChatClient | None = None

    async def connect(self) -> None:
        """Connect to the servers that the settings name.

        Raises:
            UsageError: a server is unreachable, is no model server or lacks the model; or an engine has to be started
                and none is installed, or it would have to serve two models.
        """
        _allow_open_files()
        if self.concurrency is None:
            # Limits are steered by what servers report.
            self._reports = await self._stack.enter_async_context(httpx2.AsyncClient(timeout=REPORT_TIMEOUT_S))
        if self._judge_base_url:
            # The players' key is not for another server.
            key = self._secrets.judge_api_key
            self._judge = await self._client(self._judge_base_url, self._judge_model, key)
        for url in self._settings.base_url:
            await self._add_replica(url)
        if not self.replicas:
            require_engine()
            if self.judge_model != self.model and self._judge is None:
                raise UsageError(
                    f"the engine to be started serves {self.model} alone: name {self.judge_model}'s by --judge-base-url"
                )

    async def start_engine(self, log: Path, on_wait: OnWait) -> None:
        """Start the managed engine, its output going to `log`, unless the settings name a server or it runs already."""
        if self.engine and self.engine.has_ended:
            self.replicas.clear()
        if self.replicas:
            return
        self.engine = await self._stack.enter_async_context(
            managed_engine(self.model, log, extra_args=self._settings.engine_args, on_wait=on_wait)
        )
        await self._add_replica(self.engine.base_url)

    @property
    def model(self) -> str:
        """The name of the playing model."""
        return self.replicas[0].play.model if self.replicas else self._settings.model or DEMO_MODEL

    @property
    def judge_model(self) -> str:
        """The name of the judging model."""
        return self._judge.model if self._judge else self._judge_model or self.model

    @property
    def clients(self) -> list[ChatClient]:
        """All clients, each once."""
        return list(dict.fromkeys(client for replica in self.replicas for client in (replica.play, replica.judge)))

    @property
    def usage(self) -> Usage:
        """What all clients have spent so far."""
        return sum((client.usage for client in self.clients), Usage())

    async def _add_replica(self, url: str) -> None:
        model = self.model if self.replicas else self._settings.model
        play = await self._client(url, model, self._secrets.api_key, self._replica_away_s)
        judge = self._judge
        if judge is None and self._judge_model not in (None, play.model):
            judge = await self._client(url, self._judge_model, self._secrets.api_key, self._replica_away_s)
        self.replicas.append(Replica(play, judge or play, self._reports))

    async def _client(
        self, url: str, model: str | None, key: SecretStr | None, away_s: float | None = None
    ) -> ChatClient:
        client = ChatClient(
            url,
            model,
            api_key=key,
            retry_policy=self._settings.retry_policy,
            connections=self.concurrency or CEILING,
            away_s=away_s,
            observer=self._observer,
        )
        await self._stack.enter_async_context(client)
        await client.check()
        return client


def _allow_open_files() -> None:
    """Raise the limit on open files as far as it goes: as a rule it is 1,024, fewer than connections may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def shared_log() -> Path:
    """Return where an engine that belongs to no run writes its output."""
    return platformdirs.user_log_path("rolecs") / f"engine-{os.getpid()}.log"


async def serve(
    settings: ServerSettings, port: int | None, console: Console, on_ready: Callable[[str, str], None]
) -> None:
    """Serve the settings' model until the engine ends or this is cancelled; `on_ready` gets base URL and model.

    Raises:
        UsageError, EngineError: the engine cannot be started, or ended.
    """
    model, log = settings.model or DEMO_MODEL, shared_log()
    async with AsyncExitStack() as stack:
        with LoadingDisplay(console, model) as loading:
            engine = await stack.enter_async_context(
                managed_engine(model, log, port=port, extra_args=settings.engine_args, on_wait=loading)
            )
        console.print(f"The engine writes to {log}")
        on_ready(engine.base_url, model)
        await engine.watch()
