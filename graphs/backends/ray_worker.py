"""What plays dialogues on a node of a cluster: servers of its own, and what crosses the wire between it and the driver.

It gets a planned dialogue and returns its record. JSON alone crosses the wire, and no key: each node takes the servers'
keys from its own environment.
"""

import asyncio
import json
import os
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from agents.llm.client import Clients
from agents.llm.usage import Usage
from graphs.backends.local import LocalBackend, shared_log
from graphs.config.provenance import dialogues_provenance
from graphs.config.settings import Secrets, Settings
from graphs.dialogue.gate_trial import try_gate
from graphs.dialogue.play import dialogue_kinds, play_dialogue
from graphs.scheduling.adaptive_concurrency import START
from graphs.scheduling.dispatcher import Dispatcher
from outputs.runs.record import Planned, Record
from personas.persona import Persona
from quality.trust.calibration import GateStamp

ResultT = TypeVar("ResultT")


class Report(BaseModel):
    """How a worker stands: its seats, the seconds since a server last answered it, and what it has spent."""

    limit: int = START
    silent_s: float = 0.0
    usage: Usage = Usage()


class Identity(NamedTuple):
    """What all workers must agree on: the models, and the digest of the configuration as each of them works it out.

    The digest covers prompts and rubric too, so that a node with another version of rolecs is found.
    """

    model: str
    judge_model: str
    digest: str


class Assignment(NamedTuple):
    """A dialogue to be played, and the share of its labels that the gate asks for."""

    planned: Planned
    required: float


class RemoteWorker:
    """What runs on a node: opens servers of its own, and plays what it is given, as many at once as these carry.

    Its methods are called by a `Worker` over Ray.
    """

    def __init__(self, settings: str, pool: str, has_others: bool) -> None:
        # Read later: an error here would reach the driver as the end of the actor.
        self._texts = (settings, pool)
        self._has_others = has_others
        self._stack = AsyncExitStack()

    async def connect(self) -> tuple[str, str, str]:
        """Connect to the servers that the settings name, and return the fields of the `Identity`.

        Raises:
            UsageError: see `LocalBackend.connect`.
        """
        settings, pool = self._texts
        self._settings = Settings.model_validate_json(settings)
        personas = [Persona.model_validate_json(line) for line in pool.split("\n")]
        by_id = {persona.id: persona for persona in personas}

        async def play(assignment: Assignment, clients: Clients) -> Record:
            planned, required = assignment
            gate = self._settings.gate(required)
            return await play_dialogue(planned, by_id[planned.persona], clients, self._settings, gate)

        self._backend = LocalBackend(
            self._settings,
            Secrets(),
            play,
            self._stack,
            kinds=dialogue_kinds(self._settings),
            has_others=self._has_others,
        )
        await self._backend.connect()
        model, judge_model = self._backend.model, self._backend.judge_model
        provenance = dialogues_provenance(self._settings, personas, model, judge_model)
        return Identity(model, judge_model, provenance.digest)

    async def start(self) -> list[str]:
        """Start the managed engine, unless the settings name a server; return the endpoints as JSON.

        Raises:
            UsageError, EngineError: the engine cannot be started, or the server cannot do what is asked.
        """
        if os.environ.get("OMP_NUM_THREADS") == "1":
            # Set by Ray, for an actor with one core; an engine on the CPU would compute on one.
            del os.environ["OMP_NUM_THREADS"]
        await self._backend.start(shared_log(), lambda seconds, line: None)
        self._dispatcher: Dispatcher[Assignment, Record] = await self._stack.enter_async_context(
            Dispatcher(self._backend.places, self._backend.concurrency)
        )
        self._death = asyncio.create_task(self._backend.watch())
        return [endpoint.model_dump_json() for endpoint in self._backend.endpoints]

    async def play(self, planned: str, required: float) -> tuple[str, str]:
        """Play a dialogue, and return record and `report`.

        Args:
            planned: the dialogue.
            required: the share of its labels that the gate asks for.

        Raises:
            EngineError: the engine is gone; the dialogue has not ended.
        """
        assignment = Assignment(Planned(*json.loads(planned)), required)
        async with self._dispatcher.seat() as replica:
            record = await self._while_engine_lives(replica.run(assignment))
            return record.model_dump_json(), self.report()

    async def try_gate(self, stamp: str) -> str:
        """Try the gate with this stamp, and return the `GateTrial`.

        Raises:
            EngineError: the judge's server is gone.
        """
        judge = self._backend.places[0].clients.judge
        trial = try_gate(GateStamp.model_validate_json(stamp), judge, self._settings)
        return (await self._while_engine_lives(trial)).model_dump_json()

    async def _while_engine_lives(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Carry work out; an engine that has ended answers nothing more, and nobody need be patient with it."""
        working = asyncio.create_task(work)
        await asyncio.wait({working, self._death}, return_when="FIRST_COMPLETED")
        if not working.done():
            working.cancel()
            self._death.result()
        return await working

    async def look(self) -> str:
        """Return the `report`."""
        return self.report()

    def report(self) -> str:
        """Return a `Report` on how the worker stands."""
        last_answer = max(replica.last_answer for replica in self._backend.places)
        return Report(
            limit=self._dispatcher.limit, silent_s=time.monotonic() - last_answer, usage=self._backend.usage
        ).model_dump_json()

    async def stop(self) -> None:
        """End the managed engine and close all connections."""
        self._death.cancel()
        await self._stack.aclose()
