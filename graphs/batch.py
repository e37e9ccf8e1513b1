"""The batch runner: plays the dialogues of a plan side by side and stores each as it ends."""

import asyncio
import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack

from rich.console import Console

from agents.errors import EngineError, StoreError
from graphs.header import describe_run
from graphs.plan import make_plan
from graphs.play import play_dialogue
from graphs.progress import LoadingDisplay, Tally, show_progress
from graphs.servers import Servers
from graphs.settings import Secrets, Settings
from outputs.record import Outcome
from outputs.store import Funnel, Planned, RunStore
from personas.persona import Persona
from personas.pool import load_pool

FAILURES_IN_A_ROW = 20
"""So many failed dialogues, one after the other, mean that something is wrong with all of them: the job stops."""


async def run_job(
    settings: Settings, secrets: Secrets, console: Console, *, resume: bool = False, retry_failed: bool = False
) -> Funnel:
    """Play the dialogues of a run that have not ended yet, and return how the run stands then.

    What can be wrong is looked for before the first model call, the cheapest first.

    Args:
        settings: what to play, and on which servers.
        secrets: the servers' keys.
        console: where the progress is shown.
        resume: go on with the run in `settings.run` instead of beginning one there.
        retry_failed: play failed dialogues again.

    Raises:
        UsageError: bad pool, settings, server, model or run folder.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    pool = load_pool(settings.personas, settings.language)
    async with AsyncExitStack() as stack:
        servers = Servers(settings, secrets, stack)
        await servers.connect()
        header = describe_run(settings, pool, servers.model, servers.judge_model)
        store = stack.enter_context((RunStore.resume if resume else RunStore.create)(settings.run, header))
        store.add_plan(make_plan(header.digest, pool, settings.topics, settings.seed, settings.dialogues))
        pending = store.pending(retry_failed=retry_failed)
        if pending:
            with LoadingDisplay(console, servers.model) as loading:
                await servers.start_engine(settings.run / "engine.log", loading)
            planned = store.funnel().planned
            tally = Tally(planned, planned - len(pending), servers.clients)
            async with show_progress(tally, console):
                await _Batch(settings, servers, store, pool, tally).play(pending)
        return store.funnel()


class _Batch:
    """Workers that take dialogues from one shared list until it is empty or the engine is gone."""

    def __init__(
        self, settings: Settings, servers: Servers, store: RunStore, pool: Sequence[Persona], tally: Tally
    ) -> None:
        self._settings = settings
        self._servers = servers
        self._store = store
        self._pool: Mapping[str, Persona] = {persona.id: persona for persona in pool}
        self._tally = tally
        self._failures = 0

    async def play(self, pending: Sequence[Planned]) -> None:
        """Play and store `pending`.

        Raises:
            EngineError: the engine is gone, or every dialogue fails.
            StoreError: the store cannot be written.
        """
        # The modules loaded by now live as long as the job: take them out of each later garbage collection.
        gc.freeze()
        todo = iter(pending)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._servers.engine.watch()) if self._servers.engine else None
                workers = [group.create_task(self._work(todo)) for _ in range(self._settings.concurrency)]
                await asyncio.wait(workers)
                if watch:
                    watch.cancel()
        except* (EngineError, StoreError) as errors:
            raise errors.exceptions[0] from None
        finally:
            gc.unfreeze()

    async def _work(self, todo: Iterator[Planned]) -> None:
        replicas = self._servers.replicas
        for planned in todo:
            # A dialogue stays on one replica, whose prefix cache then knows it.
            replica = replicas[planned.position % len(replicas)]
            record = await play_dialogue(planned, self._pool[planned.persona], replica, self._settings)
            self._store.write(record)
            self._tally.outcomes[record.outcome] += 1
            self._failures = self._failures + 1 if record.outcome is Outcome.FAILED else 0
            if self._failures >= FAILURES_IN_A_ROW:
                raise EngineError(f"{self._failures} dialogues in a row failed; the last one: {record.error}")
