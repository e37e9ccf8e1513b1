"""A worker on a node of a Ray cluster as the driver sees it: one more kind of place for the dispatcher."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from agents.errors import EngineError, RolecsError, UsageError, describe_invalid, shorten
from agents.llm.endpoint import Endpoint
from agents.llm.usage import Usage
from graphs.backends.ray_worker import Identity, Report
from outputs.runs.record import Planned, Record
from quality.trust.calibration import GateStamp
from quality.trust.gate_trial import GateTrial

JOIN_S = 120.0
"""Seconds that a cluster may take to start a worker."""
LOOK_TIMEOUT_S = 10.0
STOP_S = 40.0
"""Seconds that a worker may take to end its engine."""

Settle = Callable[[str, Callable[[GateStamp], Awaitable[GateTrial]]], Awaitable[float]]
"""Gets the judge's name and what tries the gate, and returns the share of labels that the gate asks for."""


class Worker:
    """A worker on a node, as the driver sees it: a place for the dispatcher.

    Ray ends what is in flight in an actor when its process or its node ends. A worker that was lost is started anew by
    `probe`, on another node where its own is gone.
    """

    def __init__(self, name: str, create: Callable[[], Any], outage_left_s: float, settle: Settle) -> None:
        """Ask Ray for the actor.

        Args:
            name: says in messages which worker it is.
            create: makes the actor, a `RemoteWorker`.
            outage_left_s: see `Place`.
            settle: stands before the first dialogue.
        """
        self.name = name
        self.is_there = False
        self.last_answer = time.monotonic()
        self.outage_left_s = outage_left_s
        self.identity: Identity | None = None
        self.endpoints: list[Endpoint] = []
        self._create = create
        self._settle = settle
        self._actor = create()
        self._report = Report()
        self._usage_before = Usage()

    @property
    def limit(self) -> int:
        """A few more than the worker has seats, so that the next ones lie there when seats become free."""
        return self._report.limit + self._report.limit // 8 + 1

    @property
    def usage(self) -> Usage:
        """What the worker has spent, as far as it has told."""
        return self._usage_before + self._report.usage

    async def connect(self) -> None:
        """Have the worker connect to its servers; its `identity` is known then.

        Raises:
            UsageError: no node has room for it, or can play; a server or model is not there.
            EngineError: its process or node is gone.
        """
        try:
            async with asyncio.timeout(JOIN_S):
                identity = Identity(*await self._call("connect"))
        except ValidationError as error:
            raise UsageError(f"{self.name} has another version of rolecs: {describe_invalid(error)}") from None
        except TimeoutError:
            raise UsageError(
                f"{self.name}: in {JOIN_S:.0f} s no node of the Ray cluster had a free CPU for it"
            ) from None
        if identity != (self.identity or identity):
            raise UsageError(f"{self.name} was {self.identity} and came back as {identity}")
        self.identity = identity

    async def start(self) -> None:
        """Have the worker start its engine, if it manages one. From then on it can play.

        Raises:
            UsageError, EngineError: the engine cannot be started.
        """
        self.endpoints = [Endpoint.model_validate_json(endpoint) for endpoint in await self._call("start")]
        self.is_there = True

    async def run(self, planned: Planned) -> Record:
        """Have a dialogue played.

        Raises:
            EngineError: the worker or its engine is gone; the dialogue has not ended.
            UsageError: the gate lets nothing pass.
        """
        assert self.identity
        if not self.is_there:
            # What Ray has not started yet, it would let wait.
            raise EngineError(f"{self.name} is gone")
        try:
            required = await self._settle(self.identity.judge_model, self._try_gate)
            record, report = await self._call("play", json.dumps(planned), required)
        except EngineError:
            self.is_there = False
            raise
        self._note(report)
        return Record.model_validate_json(record)

    async def _try_gate(self, stamp: GateStamp) -> GateTrial:
        return GateTrial.model_validate_json(await self._call("try_gate", stamp.model_dump_json()))

    async def look(self, in_flight: int) -> None:
        """Ask the worker how it stands; that it is gone is found out by what is in flight there."""
        with suppress(EngineError, TimeoutError):
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                self._note(await self._call("look"))

    async def probe(self) -> bool:
        """Start the worker anew, and tell whether it can play. While no node has room for it, this waits."""
        import ray

        self.is_there = False
        self._usage_before, self._report = self.usage, Report()
        ray.kill(self._actor)
        self._actor = self._create()
        try:
            await self.connect()
            await self.start()
        except (UsageError, EngineError):
            return False
        return True

    async def stop(self) -> None:
        """Have the worker end its engine, and wait for it."""
        with suppress(RolecsError, TimeoutError):
            async with asyncio.timeout(STOP_S):
                await self._call("stop")

    def _note(self, report: str) -> None:
        self._report = Report.model_validate_json(report)
        self.last_answer = time.monotonic() - self._report.silent_s

    async def _call(self, method: str, *arguments: str | float) -> Any:
        """Call a method of the actor; what it raises comes out here, with the worker's name."""
        from ray.exceptions import RayError, RayTaskError

        try:
            return await getattr(self._actor, method).remote(*arguments)
        except RayTaskError as error:
            if isinstance(error.cause, RolecsError):
                raise type(error.cause)(f"{self.name}: {error.cause}") from None
            raise error.cause from None
        except RayError as error:
            raise EngineError(f"{self.name} is gone: {shorten(str(error).strip().splitlines()[-1])}") from None
