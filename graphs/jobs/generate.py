"""The batch runner: plays the dialogues of a plan side by side, stores each as it ends, and rejects repeats."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from itertools import islice
from typing import NamedTuple

from rich.console import Console

from graphs.backends.local import Replica, Servers
from graphs.backends.ray_cluster import Worker, join_cluster
from graphs.config.provenance import dialogues_provenance
from graphs.config.settings import Secrets, Settings
from graphs.dialogue.play import play_dialogue
from graphs.jobs.near_duplicates import find_similarity_model, reject_near_duplicates
from graphs.jobs.plan import describe_coverage, iterate_plan
from graphs.scheduling.dispatcher import PlaceT
from graphs.scheduling.interrupts import Interruption, run_in_thread
from graphs.scheduling.runner import Fleet, PendingRun, run_pending
from graphs.scheduling.stopping import NO_YIELD, Goal, Halt, aim
from graphs.telemetry.telemetry import Telemetry, open_telemetry
from outputs.runs.record import DIALOGUES, NEAR_DUPLICATE, Planned, Record
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from personas.persona import Persona
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

    async with AsyncExitStack() as stack:
        watch = await stack.enter_async_context(open_telemetry(settings))

        async def play(planned: Planned, replica: Replica) -> Record:
            work = play_dialogue(planned, personas[planned.persona], replica, settings)
            return await watch.carry_out(work, planned.key, planned.topic)

        async def play_there(planned: Planned, worker: Worker) -> Record:
            return await watch.carry_out(worker.play(planned), planned.key, planned.topic)

        how = {"resume": resume, "retry_failed": retry_failed}
        if settings.ray is not None:
            cluster = await stack.enter_async_context(join_cluster(settings, pool))
            return await _play_run(cluster, play_there, pool, settings, console, interruption, watch, **how)
        servers = Servers(settings, secrets, stack, settings.judge_base_url, settings.judge_model, watch.observer)
        await servers.connect()
        return await _play_run(servers, play, pool, settings, console, interruption, watch, **how)


async def _play_run(
    fleet: Fleet[PlaceT],
    play: Callable[[Planned, PlaceT], Awaitable[Record]],
    pool: Sequence[Persona],
    settings: Settings,
    console: Console,
    interruption: Interruption,
    watch: Telemetry,
    *,
    resume: bool,
    retry_failed: bool,
) -> Played:
    """Open the run, plan what is lacking, and play it in the places of a fleet."""
    similarity_model = find_similarity_model(settings)
    provenance = dialogues_provenance(settings, pool, fleet.model, fleet.judge_model)
    begin = RunStore.resume if resume else RunStore.create
    with begin(DIALOGUES, settings.run, provenance) as store:
        plan = iterate_plan(provenance.digest, pool, settings.topics, settings.seed, balance=settings.balance)

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
        work = partial(run_pending, store, fleet, play, console, interruption, watch=watch, extend=extend)
        compare = partial(
            run_in_thread, reject_near_duplicates, store, similarity_model, settings, console, interruption
        )
        with watch.job(store, interruption, retry_failed=retry_failed):
            played = await _play_and_compare(
                store, settings.goal, work, compare, interruption, retry_failed=retry_failed
            )
            watch.halted(played.halt)
        return played


async def _play_and_compare(
    store: RunStore[Planned, Record],
    goal: Goal,
    work: Callable[..., Awaitable[PendingRun]],
    compare: Callable[[], Awaitable[None]],
    interruption: Interruption,
    *,
    retry_failed: bool,
) -> Played:
    """Play and compare, again for as long as repeats leave fewer dialogues than are wanted."""
    wanted = goal.target_kept
    funnel, seconds = store.funnel(), 0.0
    kept, gained_at = funnel.outcomes[Outcome.KEPT], funnel.ended
    while True:
        before = kept
        halt, more = await work(goal=goal._replace(target_kept=_aim_at(wanted, funnel)), retry_failed=retry_failed)
        seconds += more
        if interruption.requested:
            return Played(store.funnel(), halt, seconds)
        await compare()
        funnel = store.funnel()
        kept = funnel.outcomes[Outcome.KEPT]
        if wanted is not None and kept >= wanted:
            return Played(funnel, None, seconds)
        if wanted is None or (halt and halt.kind != "reached"):
            return Played(funnel, halt, seconds)
        gained_at = funnel.ended if kept > before else gained_at
        if (vain := funnel.ended - gained_at) >= NO_YIELD:
            reason = f"The last {vain:,} dialogues brought nothing new: {kept:,} of {wanted:,} are kept."
            return Played(funnel, Halt("no-yield", reason), seconds)
        retry_failed = False


def _aim_at(wanted: int | None, funnel: Funnel) -> int | None:
    """Return how many dialogues are to pass the gate, for so many to stay that are wanted."""
    if wanted is None:
        return None
    return aim(wanted, funnel.outcomes[Outcome.KEPT], funnel.reasons.get(NEAR_DUPLICATE, 0))
