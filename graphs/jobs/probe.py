"""Has customers of ours call a live agent, several at a time; each call is stored as it ends."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from agents.errors import UsageError
from agents.llm.client import Clients
from agents.llm.preflight import Kinds
from agents.llm.usage import Role
from agents.roles.kinds import played_kinds
from graphs.backends.local import local_backend
from graphs.config.probe import ProbeSettings
from graphs.config.provenance import probes_provenance
from graphs.jobs.gate_trial import GateCheck
from graphs.jobs.plan import describe_coverage, iterate_plan, require_whole_plan
from graphs.probe.agent import Agent, AgentError
from graphs.probe.call import Plans, agents_messages, probe_call
from graphs.probe.command import CommandAgent
from graphs.probe.hardness import hardness_digest
from graphs.probe.http import http_agent
from graphs.probe.spec import CommandSpec, HttpSpec, load_agent
from graphs.scheduling.job import Job
from graphs.scheduling.runner import run_once
from graphs.scheduling.stopping import Halt
from outputs.runs.probe import PROBES, Probe
from outputs.runs.record import Planned
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from personas.pool import load_pool
from quality.gate.gate import gate_kinds


class Probed(NamedTuple):
    """How the run stands, and why not all calls were made, if so."""

    funnel: Funnel
    halt: Halt | None


async def probe(job: Job[ProbeSettings], like: Path | None = None) -> Probed:
    """Make the calls of a run that have not ended yet.

    Args:
        job: its settings name the agent.
        like: a run whose customers call here with what they called about there.

    Raises:
        UsageError: bad agent, pool, settings, server, model or run folder.
        EngineError: a server of ours did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    settings = job.settings
    pool = load_pool(settings.personas, settings.language)
    by_id = {persona.id: persona for persona in pool}
    if not settings.agent:
        raise UsageError("name the agent by --agent: the base URL of an OpenAI-compatible endpoint, or a .toml file")
    spec = load_agent(settings.agent, settings.agent_model)
    plans = read_plans(like) if like else {}
    gate_check = GateCheck(job, settings.gate_trial)
    # The two speakers' requests are of one kind; the strategies are nobody's to choose here.
    played = played_kinds(settings.language, settings.sampling, emotions=settings.emotions)
    kinds = [kind for kind in played if kind.role is not Role.SUPPORTER_ASSISTANT]
    # A file names its own headers; the key is for an endpoint that is named by its URL.
    key = None if settings.agent.endswith(".toml") else job.secrets.agent_api_key
    async with open_agent(spec, settings.agent_timeout, key) as agent:

        async def call(planned: Planned, clients: Clients) -> Probe:
            await gate_check.required_by(clients.judge)
            return await probe_call(planned, by_id[planned.persona], agent, clients, settings, plans)

        async with local_backend(job, call, Kinds(kinds, gate_kinds(settings.judge_sampling))) as backend:

            async def try_out() -> None:
                if settings.preflight:
                    await _ring(agent, settings)
                await backend.try_out()

            asked, hardness = spec.model_dump(mode="json"), hardness_digest(settings.language)
            provenance = probes_provenance(settings, pool, asked, hardness, backend.model, backend.judge_model)
            await job.before_run(try_out)
            with job.open_run(PROBES, provenance) as store:
                topics = tuple(settings.played_topics)
                plan = iterate_plan(provenance.digest, pool, topics, settings.seed, balance=settings.balance)
                require_whole_plan(store.planned, settings.dialogues, settings.run)
                planned = list(islice(plan, settings.dialogues))
                store.add_plan(planned[store.planned :])
                job.console.print(describe_coverage(planned, pool, topics))
                halt = await run_once(job, store, backend)
                return Probed(store.funnel(), halt)


def open_agent(
    spec: HttpSpec | CommandSpec, timeout_s: float, key: SecretStr | None = None
) -> AbstractAsyncContextManager[Agent]:
    """Return what yields an agent for the length of its context.

    Args:
        spec: how it is reached.
        timeout_s: that it has for each answer.
        key: of one that is reached by HTTP.
    """
    return http_agent(spec, timeout_s, key) if isinstance(spec, HttpSpec) else _command_agent(spec, timeout_s)


@asynccontextmanager
async def _command_agent(spec: CommandSpec, timeout_s: float) -> AsyncIterator[Agent]:
    yield CommandAgent(spec, timeout_s)


async def _ring(agent: Agent, settings: ProbeSettings) -> None:
    """Let the agent answer once before anything is spent.

    Raises:
        UsageError: it does not; says how.
    """
    try:
        async with agent.call("preflight") as conversation:
            await conversation.send(agents_messages((), settings.language))
    except AgentError as error:
        raise UsageError(
            f"the agent {agent.name} does not answer as is expected ({error}); --no-preflight calls it all the same"
        ) from None


def read_plans(run: Path) -> Plans:
    """Return what the calls of a probe were about, by persona, topic and number.

    Raises:
        UsageError: the folder holds no probe.
    """
    with RunStore.read(PROBES, run) as store:
        records = store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED)
        return {(it.persona.id, it.topic, it.number): it.plan for it in records if it.plan}
