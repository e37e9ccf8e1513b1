"""The batch runner: plays the dialogues of a plan side by side and stores each as it ends."""

from contextlib import AsyncExitStack
from typing import NamedTuple

from rich.console import Console

from graphs.header import describe_run
from graphs.plan import describe_coverage, make_plan
from graphs.play import play_dialogue
from graphs.servers import Replica, Servers
from graphs.settings import Secrets, Settings
from graphs.twins import find_twin_model
from graphs.workers import work_off
from outputs.record import DIALOGUES, Planned, Record
from outputs.run import Funnel
from outputs.store import RunStore
from personas.embedding import EmbeddingModel
from personas.pool import load_pool


class Played(NamedTuple):
    """How a run stands when all has been played, and the model by which its dialogues are to be compared, if any is."""

    funnel: Funnel
    twin_model: EmbeddingModel | None


async def run_job(
    settings: Settings, secrets: Secrets, console: Console, *, resume: bool = False, retry_failed: bool = False
) -> Played:
    """Play the dialogues of a run that have not ended yet.

    What can be wrong is looked for before the first model call, the cheapest first.

    Args:
        settings: what to play, and on which servers.
        secrets: the servers' keys.
        console: where the progress is shown.
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
        plan = make_plan(
            header.digest, pool, settings.topics, settings.seed, settings.dialogues, balance=settings.balance
        )
        store.add_plan(plan)
        console.print(describe_coverage(plan, pool, settings.topics), markup=False)
        funnel = await work_off(store, servers, play, console, retry_failed=retry_failed)
    return Played(funnel, twin_model)
