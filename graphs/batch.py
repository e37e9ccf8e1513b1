"""The batch runner: plays the dialogues of a plan side by side and stores each as it ends."""

from contextlib import AsyncExitStack

from rich.console import Console

from graphs.header import describe_run
from graphs.plan import describe_coverage, make_plan
from graphs.play import play_dialogue
from graphs.servers import Replica, Servers
from graphs.settings import Secrets, Settings
from graphs.workers import work_off
from outputs.record import DIALOGUES, Planned, Record
from outputs.run import Funnel
from outputs.store import RunStore
from personas.pool import load_pool


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
    personas = {persona.id: persona for persona in pool}

    async def play(planned: Planned, replica: Replica) -> Record:
        return await play_dialogue(planned, personas[planned.persona], replica, settings)

    async with AsyncExitStack() as stack:
        servers = Servers(settings, secrets, stack, settings.judge_base_url, settings.judge_model)
        await servers.connect()
        header = describe_run(settings, pool, servers.model, servers.judge_model)
        begin = RunStore.resume if resume else RunStore.create
        store = stack.enter_context(begin(DIALOGUES, settings.run, header))
        plan = make_plan(
            header.digest, pool, settings.topics, settings.seed, settings.dialogues, balance=settings.balance
        )
        store.add_plan(plan)
        console.print(describe_coverage(plan, pool, settings.topics), markup=False)
        return await work_off(store, servers, play, console, retry_failed=retry_failed)
