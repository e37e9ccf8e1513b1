"""The batch runner: plays the dialogues of a plan side by side, stores each as it ends, and rejects repeats."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from itertools import islice
from typing import NamedTuple

from rich.console import Console

from graphs.header import describe_run
from graphs.interrupts import Interruption, run_in_thread
from graphs.plan import describe_coverage, iterate_plan
from graphs.play import play_dialogue
from graphs.servers import Replica, Servers
from graphs.settings import Secrets, Settings
from graphs.stopping import BARREN, Halt, aim
from graphs.twins import find_twin_model, reject_twins
from graphs.workers import WorkedOff, work_off
from outputs.record import DIALOGUES, NEAR_DUPLICATE, Planned, Record
from outputs.run import Funnel, Outcome
from outputs.store import RunStore
from personas.embedding import EmbeddingModel
from personas.pool import load_pool


class Played(NamedTuple):
    """How a run stands when its job has ended, why not all that is wanted was played, if so, and how long it played."""

    funnel: Funnel
    halt: Halt | None
    seconds: float


async def run_job(
    settings: Settings,
    secrets: Secrets,
    console: Console,
    interruption: Interruption,
    *,
    resume: bool = False,
    retry_failed: bool = False,
) -> Played:
    """Play the dialogues of a run that have not ended yet, or as many as it takes until enough are kept.

    What can be wrong is looked for before the first model call, the cheapest first.

    Args:
        settings: what to play, and on which servers.
        secrets: the servers' keys.
        console: where the progress is shown.
        interruption: asks the job to stop.
        resume: go on with the run in `settings.run` instead of beginning one there.
        retry_failed: play failed dialogues again.

    Raises:
        UsageError: bad pool, settings, server, model, embedding model or run folder.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    pool = load_pool(settings.personas, settings.language)
    personas = {persona.id: persona for persona in pool}

    async def play(planned: Planned, replica: Replica) -> Record:
        return await play_dialogue(planned, personas[planned.persona], replica, settings)

    async with AsyncExitStack() as stack:
        servers = Servers(settings, secrets, stack, settings.judge_base_url, settings.judge_model)
        await servers.connect()
        twin_model = find_twin_model(settings)
        header = describe_run(settings, pool, servers.model, servers.judge_model)
        begin = RunStore.resume if resume else RunStore.create
        store = stack.enter_context(begin(DIALOGUES, settings.run, header))
        plan = iterate_plan(header.digest, pool, settings.topics, settings.seed, balance=settings.balance)

        def extend(dialogues: int) -> Sequence[Planned]:
            more = list(islice(plan, dialogues))
            store.add_plan(more)
            return more

        if settings.target_kept is None:
            planned = list(islice(plan, settings.dialogues))
            store.add_plan(planned[store.planned :])
            console.print(describe_coverage(planned, pool, settings.topics), markup=False)
        else:
            # What is planned already is taken from the store.
            next(islice(plan, store.planned, store.planned), None)
        job = _Job(store, servers, play, twin_model, settings, console, interruption)
        return await job.run(extend, retry_failed=retry_failed)


class _Job:
    """Plays and compares until enough dialogues are kept and none of them is a repeat."""

    def __init__(
        self,
        store: RunStore[Planned, Record],
        servers: Servers,
        play: Callable[[Planned, Replica], Awaitable[Record]],
        twin_model: EmbeddingModel | None,
        settings: Settings,
        console: Console,
        interruption: Interruption,
    ) -> None:
        self._store = store
        self._servers = servers
        self._play = play
        self._twin_model = twin_model
        self._settings = settings
        self._console = console
        self._interruption = interruption

    async def run(self, extend: Callable[[int], Sequence[Planned]], *, retry_failed: bool) -> Played:
        """Play and compare, again for as long as repeats leave fewer dialogues than are wanted."""
        wanted = self._settings.target_kept
        funnel, seconds = self._store.funnel(), 0.0
        gained_at = funnel.ended
        while True:
            before = funnel
            halt, more = await self._play_until(_aim_at(wanted, funnel), extend, retry_failed=retry_failed)
            seconds += more
            if self._interruption.requested:
                return Played(self._store.funnel(), halt, seconds)
            await run_in_thread(
                reject_twins, self._store, self._twin_model, self._settings, self._console, self._interruption
            )
            funnel = self._store.funnel()
            kept, ended = funnel.outcomes[Outcome.KEPT], funnel.ended
            if wanted is None or kept >= wanted:
                return Played(funnel, halt if wanted is None else None, seconds)
            if halt and halt.kind != "reached":
                return Played(funnel, halt, seconds)
            if kept > before.outcomes[Outcome.KEPT]:
                gained_at = ended
            if ended - gained_at >= BARREN:
                reason = (
                    f"The last {ended - gained_at:,} dialogues brought nothing new: {kept:,} of {wanted:,} are kept."
                )
                return Played(funnel, Halt("barren", reason), seconds)
            retry_failed = False

    async def _play_until(
        self, target: int | None, extend: Callable[[int], Sequence[Planned]], *, retry_failed: bool
    ) -> WorkedOff:
        return await work_off(
            self._store,
            self._servers,
            self._play,
            self._console,
            self._interruption,
            goal=self._settings.goal._replace(target_kept=target),
            extend=extend,
            retry_failed=retry_failed,
        )


def _aim_at(wanted: int | None, funnel: Funnel) -> int | None:
    """Return how many dialogues are to pass the gate, for so many to stay that are wanted."""
    if wanted is None:
        return None
    return aim(wanted, funnel.outcomes[Outcome.KEPT], funnel.reasons.get(NEAR_DUPLICATE, 0))
