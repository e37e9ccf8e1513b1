"""Plays the dialogues of a plan side by side, stores each as it ends, and rejects those that repeat another."""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from agents.llm.client import Clients
from graphs.backends.local import local_backend
from graphs.backends.ray_cluster import ray_backend
from graphs.config.provenance import dialogues_provenance
from graphs.config.settings import Goal, Settings
from graphs.dialogue.play import dialogue_kinds, play_dialogue
from graphs.jobs.gate_trial import GateCheck
from graphs.jobs.near_duplicates import find_similarity_model, reject_near_duplicates
from graphs.jobs.plan import describe_coverage, iterate_plan, require_whole_plan
from graphs.scheduling.counters import Counters
from graphs.scheduling.interrupts import run_in_thread
from graphs.scheduling.job import Job
from graphs.scheduling.runner import Backend, run_pending
from graphs.scheduling.stopping import NO_YIELD, Halt, aim
from graphs.scheduling.supply import Supply
from outputs.runs.record import DIALOGUES, NEAR_DUPLICATE, Planned, Record
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from personas.dedup.embedding import EmbeddingModel
from personas.persona import Persona
from personas.pool import load_pool


class Generated(NamedTuple):
    """How a run stands when its job has ended, why not all that is wanted was played, if so, and how long it played."""

    funnel: Funnel
    halt: Halt | None
    seconds: float


async def generate(job: Job[Settings]) -> Generated:
    """Play the dialogues of a run that have not ended yet, or as many as it takes until enough are kept.

    What can be wrong is looked for before the first request, the cheapest first.

    Raises:
        UsageError: bad pool, settings, server, model, embedding model or run folder.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    settings = job.settings
    pool = load_pool(settings.personas, settings.language)
    by_id = {persona.id: persona for persona in pool}
    gate_check = GateCheck(job, settings.gate_trial)

    async def play(planned: Planned, clients: Clients) -> Record:
        required = await gate_check.required_by(clients.judge)
        return await play_dialogue(planned, by_id[planned.persona], clients, settings, settings.gate(required))

    if settings.ray is not None:
        async with ray_backend(job, pool, gate_check.settle) as cluster:
            return await _generate(job, pool, cluster)
    async with local_backend(job, play, dialogue_kinds(settings)) as servers:
        return await _generate(job, pool, servers)


async def _generate(job: Job[Settings], pool: Sequence[Persona], backend: Backend[Planned, Record]) -> Generated:
    """Open the run, plan what is lacking, and play it."""
    settings = job.settings
    similarity_model = find_similarity_model(settings)
    provenance = dialogues_provenance(settings, pool, backend.model, backend.judge_model)
    await job.before_run(backend.try_out)
    with job.open_run(DIALOGUES, provenance) as store:
        topics = tuple(settings.played_topics)
        plan = iterate_plan(provenance.digest, pool, topics, settings.seed, balance=settings.balance)

        def extend(dialogues: int) -> Sequence[Planned]:
            more = list(islice(plan, dialogues))
            store.add_plan(more)
            return more

        if settings.target_kept is None:
            require_whole_plan(store.planned, settings.dialogues, settings.run)
            planned = list(islice(plan, settings.dialogues))
            store.add_plan(planned[store.planned :])
            job.console.print(describe_coverage(planned, pool, topics))
        else:
            # What is planned already is taken from the store.
            next(islice(plan, store.planned, store.planned), None)
        counters = Counters(store.funnel(), lambda: backend.usage, retry_failed=job.retry_failed)

        async def play(goal: Goal, *, retry_failed: bool) -> Halt | None:
            supply = Supply(store.pending(retry_failed=retry_failed), goal, counters, extend)
            await run_pending(job, store, backend, supply, counters, goal)
            return supply.halt

        with job.telemetry.running(store, job.interruption, retry_failed=job.retry_failed):
            halt = await _play_and_compare(job, store, similarity_model, counters, play)
            job.telemetry.halted(halt)
        return Generated(store.funnel(), halt, counters.seconds)


class _Play(Protocol):
    """Plays what is pending, and plans more as the goal asks; returns why not all was played, if so."""

    async def __call__(self, goal: Goal, *, retry_failed: bool) -> Halt | None: ...


async def _play_and_compare(
    job: Job[Settings],
    store: RunStore[Planned, Record],
    similarity_model: EmbeddingModel | None,
    counters: Counters,
    play: _Play,
) -> Halt | None:
    """Play and compare, again for as long as repeats leave fewer dialogues than are wanted.

    Returns why not all that is wanted was played, if so.
    """
    goal, retry_failed = job.settings.goal, job.retry_failed
    wanted = goal.target_kept
    funnel = store.funnel()
    kept, gained_at = funnel.outcomes[Outcome.KEPT], funnel.ended
    while True:
        before = kept
        halt = await play(goal._replace(target_kept=_aim_at(wanted, funnel)), retry_failed=retry_failed)
        if job.interruption.requested:
            return halt
        await run_in_thread(reject_near_duplicates, job, store, similarity_model)
        funnel = store.funnel()
        kept = funnel.outcomes[Outcome.KEPT]
        counters.reject(counters.kept - kept)
        if wanted is not None and kept >= wanted:
            return None
        if wanted is None or (halt and halt.kind != "reached"):
            return halt
        gained_at = funnel.ended if kept > before else gained_at
        if (vain := funnel.ended - gained_at) >= NO_YIELD:
            reason = f"The last {vain:,} dialogues brought nothing new: {kept:,} of {wanted:,} are kept."
            return Halt("no-yield", reason)
        retry_failed = False


def _aim_at(wanted: int | None, funnel: Funnel) -> int | None:
    """Return the number of dialogues that are to pass the gate for `wanted` of them to stay."""
    if wanted is None:
        return None
    return aim(wanted, funnel.outcomes[Outcome.KEPT], funnel.reasons.get(NEAR_DUPLICATE, 0))
