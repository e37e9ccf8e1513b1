"""The servers of a job: those that the settings name, or a managed engine that lives as long as the job."""

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Generic
from urllib.parse import urlsplit

import httpx2
import platformdirs
from pydantic import SecretStr

from agents.engine.demo_model import DEMO_MODEL
from agents.engine.managed import Engine, OnWait, managed_engine, require_engine
from agents.errors import UsageError, first_error
from agents.llm.chat import Kind
from agents.llm.client import ChatClient, Clients
from agents.llm.dialect import Dialect
from agents.llm.endpoint import Endpoint
from agents.llm.observer import Observer
from agents.llm.preflight import Kinds, find_dialect
from agents.llm.transport import http_client
from agents.llm.usage import Usage
from graphs.config.settings import Secrets, ServerSettings
from graphs.scheduling.adaptive_concurrency import CEILING, AdaptiveConcurrency, EngineLoad, Reading, parse_load
from graphs.scheduling.dispatcher import DEFAULT_TIMINGS, Timings
from graphs.scheduling.job import Job
from outputs.runs.run import PlannedT, RecordT

REPORT_TIMEOUT_S = 5.0
NOTHING = Kinds()
OPEN_FILES = 65_535
"""As vLLM allows itself; a connection is a file."""


CarryOut = Callable[[PlannedT, Clients], Awaitable[RecordT]]
"""Turns a planned item into its record with the models at hand; what goes wrong with the item is in its record."""


class Replica(Generic[PlannedT, RecordT]):
    """A playing server, and the judge for what is played there: a place that this process talks to.

    With `reports`, which asks the server for its load, its limit follows the load; see `AdaptiveConcurrency`.
    """

    def __init__(
        self,
        clients: Clients,
        carry_out: CarryOut[PlannedT, RecordT],
        reports: httpx2.AsyncClient | None = None,
    ) -> None:
        self.play = clients.play
        self.clients = clients
        self._each_client = list(dict.fromkeys(clients))
        self._carry_out = carry_out
        self._adaptive = AdaptiveConcurrency()
        self._reports = reports
        # Prometheus' text lies beside the API, at the root of the server.
        api = urlsplit(self.play.base_url)
        self._report_url = api._replace(path=f"{api.path.removesuffix('/v1')}/metrics").geturl()

    @property
    def name(self) -> str:
        """The playing server's base URL."""
        return self.play.base_url

    @property
    def limit(self) -> int:
        """How many items the server is to have in flight."""
        return self._adaptive.limit

    @property
    def last_answer(self) -> float:
        """When the playing server last answered, on the monotonic clock."""
        return self.play.last_answer

    @property
    def outage_left_s(self) -> float:
        """Seconds that the job may wait when the replica is gone; its client has waited already."""
        return self.play.retry_policy.outage_s - self.play.away_s

    async def run(self, planned: PlannedT) -> RecordT:
        """Carry an item out with the replica's models."""
        return await self._carry_out(planned, self.clients)

    async def look(self, in_flight: int) -> None:
        """Read the server's load, and let the limit follow."""
        load = await self._read_load()
        self._adaptive.look(Reading(in_flight, sum(client.busy_answers for client in self._each_client), load))

    async def probe(self) -> bool:
        """Tell whether the replica's servers are there again and have their models."""
        try:
            for client in self._each_client:
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


class LocalBackend(Generic[PlannedT, RecordT]):
    """Has items carried out by this process: on the servers that the settings name, or on an engine of its own.

    It opens what it talks to in the order in which mistakes are cheapest: first the servers that are named (`connect`),
    each checked; after that `model` and `judge_model` are known. They are tried out (`try_out`) when nothing else can
    be wrong any more. Then, when no server was named, the managed engine (`start`), which takes its time. Where no
    judge is named, the players' server and model judge too.
    """

    def __init__(
        self,
        settings: ServerSettings,
        secrets: Secrets,
        carry_out: CarryOut[PlannedT, RecordT],
        stack: AsyncExitStack,
        observer: Observer | None = None,
        timings: Timings = DEFAULT_TIMINGS,
        *,
        kinds: Kinds = NOTHING,
        has_others: bool = False,
    ) -> None:
        """Prepare for the servers of a job.

        Args:
            settings: which servers.
            secrets: their keys.
            carry_out: carries an item out.
            stack: closes what is opened.
            observer: watches the requests.
            timings: how long a server may be away.
            kinds: of requests that are made; the servers that are named are tried out with them.
            has_others: items can also go to servers that others than this backend have opened.
        """
        self.places: list[Replica[PlannedT, RecordT]] = []
        self.concurrency = settings.concurrency
        self._engine: Engine | None = None
        self._settings = settings
        self._judging = settings.judge_server
        self._secrets = secrets
        self._carry_out = carry_out
        self._stack = stack
        self._observer = observer
        # An item can go to another of several replicas, but not to another judge.
        self._replica_away_s = timings.away_s if has_others or len(settings.base_url) > 1 else None
        self._kinds = kinds
        self._untried: dict[ChatClient, list[Kind]] = {}
        """The named servers that have not been tried out, with the kinds of requests that they get."""
        self._judge: ChatClient | None = None
        self._usage_of_ended = Usage()
        """What was spent on engines that have ended."""

    async def connect(self) -> None:
        """Connect to the servers that the settings name.

        Raises:
            UsageError: a server is unreachable, is no model server or lacks the model; or an engine has to be started
                and none is installed, or it would have to serve two models.
        """
        _allow_open_files()
        if (url := self._judging.base_url) is not None:
            # The players' key is not for another server.
            _, model, headers, held = self._judging
            self._judge = await self._client(url, model, self._secrets.judge_api_key, headers, held)
            self._untried[self._judge] = [*self._kinds.judge]
        for url in self._settings.base_url:
            play, judge = await self._add_replica(url)
            self._untried[play] = [*self._kinds.play]
            if judge is not self._judge:
                self._untried.setdefault(judge, []).extend(self._kinds.judge)
        if not self.places:
            require_engine()
            if self.judge_model != self.model and self._judge is None:
                raise UsageError(
                    f"the engine to be started serves {self.model} alone: name {self.judge_model}'s by --judge-base-url"
                )

    async def start(self, log: Path, on_wait: OnWait) -> None:
        """Start the managed engine, its output going to `log`, unless the settings name a server or it runs already.

        Raises:
            UsageError, EngineError: it cannot be started; or see `try_out`.
        """
        await self.try_out()
        if self._engine and self._engine.has_ended:
            self._usage_of_ended = self.usage
            self.places.clear()
        if self.places:
            return
        self._engine = await self._stack.enter_async_context(
            managed_engine(self.model, log, extra_args=self._settings.engine_args, on_wait=on_wait)
        )
        await self._add_replica(self._engine.base_url)

    async def watch(self) -> None:
        """Wait until the managed engine ends by itself; for ever where there is none.

        Raises:
            EngineEndedError: it ended.
        """
        if self._engine:
            await self._engine.watch()
        await asyncio.Event().wait()

    @property
    def model(self) -> str:
        """The name of the playing model."""
        return self.places[0].play.model if self.places else self._settings.model or DEMO_MODEL

    @property
    def judge_model(self) -> str:
        """The name of the judging model."""
        return self._judge.model if self._judge else self._judging.model or self.model

    @property
    def usage(self) -> Usage:
        """What all clients have spent so far, those of engines that have ended included."""
        return sum((client.usage for client in self._clients), self._usage_of_ended)

    @property
    def endpoints(self) -> list[Endpoint]:
        """The models and where they are served, each with what has been found out about the server."""
        return [client.endpoint for client in self._clients]

    @property
    def _clients(self) -> list[ChatClient]:
        return list(dict.fromkeys(client for replica in self.places for client in replica.clients))

    async def try_out(self) -> None:
        """Find out how the servers that are named want their requests, all at once, unless that is known.

        Raises:
            UsageError: a server cannot do what is asked.
            EngineError: a server is gone.
        """
        if not self._settings.preflight:
            return
        with first_error():
            async with asyncio.TaskGroup() as group:
                for client, kinds in self._untried.items():
                    group.create_task(find_dialect(client, kinds))
        self._untried.clear()

    async def _add_replica(self, url: str) -> Clients:
        model = self.model if self.places else self._settings.model
        key, held = self._secrets.api_key, self._settings.dialect
        headers: Mapping[str, str] = self._settings.headers
        play = await self._client(url, model, key, headers, held, self._replica_away_s)
        judge = self._judge
        if judge is None and self._judging.model not in (None, play.model):
            headers, held = self._judging.headers or headers, self._judging.held or held
            judge = await self._client(url, self._judging.model, key, headers, held, self._replica_away_s)
        reports = None
        if self.concurrency is None:
            # Limits follow what servers report.
            reports = await self._stack.enter_async_context(http_client(url, REPORT_TIMEOUT_S))
        clients = Clients(play, judge or play)
        self.places.append(Replica(clients, self._carry_out, reports))
        return clients

    async def _client(
        self,
        url: str,
        model: str | None,
        key: SecretStr | None,
        headers: Mapping[str, str] | None,
        held: Dialect | None,
        away_s: float | None = None,
    ) -> ChatClient:
        client = ChatClient(
            url,
            model,
            api_key=key,
            headers=headers,
            held=held,
            retry_policy=self._settings.retry_policy,
            connections=self.concurrency or CEILING,
            away_s=away_s,
            observer=self._observer,
        )
        await self._stack.enter_async_context(client)
        await client.check()
        return client


@asynccontextmanager
async def local_backend(
    job: Job[ServerSettings], carry_out: CarryOut[PlannedT, RecordT], kinds: Kinds
) -> AsyncIterator[LocalBackend[PlannedT, RecordT]]:
    """Connect to the servers of a job for the length of the context, and end the engine that was started for it.

    Raises:
        UsageError: see `LocalBackend.connect`.
    """
    async with AsyncExitStack() as stack:
        observer, timings = job.telemetry.observer, job.timings
        backend = LocalBackend(
            job.settings,
            job.secrets,
            carry_out,
            stack,
            observer,
            timings,
            kinds=kinds,
        )
        await backend.connect()
        yield backend


def _allow_open_files() -> None:
    """Raise the limit on open files as far as it goes: as a rule it is 1,024, fewer than connections may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def shared_log() -> Path:
    """Return where an engine that belongs to no run writes its output."""
    return platformdirs.user_log_path("rolecs") / f"engine-{os.getpid()}.log"
