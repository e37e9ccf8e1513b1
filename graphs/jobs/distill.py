"""The distillation job: reads real calls and lets a model describe their customers, one call at a time, each stored."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from rich.console import Console

from agents.csc.strategies import Language
from agents.errors import EngineError, UsageError
from agents.llm.chat import Chat, derive_seed
from graphs.backends.local import Replica, Servers
from graphs.config.provenance import extractions_provenance
from graphs.config.settings import DistillSettings, Secrets
from graphs.jobs.build_pool import find_models
from graphs.scheduling.interrupts import Interruption
from graphs.scheduling.runner import run_pending
from graphs.scheduling.stopping import Halt
from graphs.telemetry.telemetry import open_telemetry
from outputs.reports.pool_summary import Stage
from outputs.runs.extraction import EXTRACTIONS, Call, Extraction
from outputs.runs.run import Funnel, Outcome
from outputs.runs.store import RunStore
from personas.dedup.embedding import EmbeddingModel
from personas.distill.extraction import extract_persona
from personas.distill.ingest import Ingested, ingest
from personas.distill.transcripts import Transcript
from personas.persona import Persona

SHOWN_BROKEN = 5
"""So many broken lines are shown one by one."""
BREATH = 50
"""After so many calls read, an interrupt is heeded."""


class Distilled(NamedTuple):
    """The personas of a distillation, in the order of the calls, the embedding models for them, and how it went.

    `halt` says why not all calls were distilled, if so.
    """

    personas: list[Persona]
    models: dict[Language, EmbeddingModel]
    stages: list[Stage]
    funnel: Funnel
    halt: Halt | None


async def distill_job(
    settings: DistillSettings,
    secrets: Secrets,
    console: Console,
    interruption: Interruption,
    *,
    resume: bool = False,
    retry_failed: bool = False,
) -> Distilled:
    """Extract the personas of real calls, those that are not in the run yet, and return all of the run.

    Args:
        settings: which files, which calls of them, and on which servers.
        secrets: the servers' keys.
        console: where the progress is shown.
        interruption: asks the job to stop.
        resume: go on with the run in `settings.run` instead of beginning one there.
        retry_failed: try failed extractions again.

    Raises:
        UsageError: bad files, settings, server, model or run folder.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    if not settings.transcripts:
        raise UsageError("no transcripts: name at least one file, or - for standard input")
    async with AsyncExitStack() as stack:
        watch = await stack.enter_async_context(open_telemetry(settings))
        servers = Servers(settings, secrets, stack, observer=watch.observer)
        await servers.connect()
        ingested = Ingested()
        calls = await _read(settings, ingested, console)
        models = find_models(settings, {call.language for call in calls}, console)
        provenance = extractions_provenance(settings, calls, servers.model)
        begin = RunStore.resume if resume else RunStore.create
        store = stack.enter_context(begin(EXTRACTIONS, settings.run, provenance))
        store.add_plan(_plan(provenance.digest, calls, settings.seed))

        async def distill(planned: Call, replica: Replica) -> Extraction:
            work = _distill_call(planned, calls[planned.position], replica, settings)
            return await watch.carry_out(work, planned.key)

        with watch.job(store, interruption, retry_failed=retry_failed):
            worked = await run_pending(
                store,
                servers,
                distill,
                console,
                interruption,
                goal=settings.goal,
                watch=watch,
                retry_failed=retry_failed,
            )
            watch.halted(worked.halt)
        funnel = store.funnel()
        personas = [extraction.persona for extraction in store.records(Outcome.KEPT) if extraction.persona]
    return Distilled(personas, models, _stages(ingested, funnel), funnel, worked.halt)


async def _read(settings: DistillSettings, ingested: Ingested, console: Console) -> list[Transcript]:
    calls = []
    with console.status("reading"):
        for call in ingest(settings.transcripts, settings.filters, ingested, strict=settings.strict):
            calls.append(call)
            if len(calls) % BREATH == 0:
                await asyncio.sleep(0)
    for broken in ingested.broken[:SHOWN_BROKEN]:
        console.print(f"skipped {broken}", markup=False)
    if (more := len(ingested.broken) - SHOWN_BROKEN) > 0:
        console.print(f"skipped {more} more broken lines; --strict stops at the first")
    if not calls:
        raise UsageError(f"none of the {ingested.read} calls read can be distilled: {_describe_filtered(ingested)}")
    return calls


def _describe_filtered(ingested: Ingested) -> str:
    counts = [f"{rule} {count}" for rule, count in ingested.filtered.most_common()]
    if ingested.broken:
        counts.append(f"broken lines {len(ingested.broken)}")
    return ", ".join(counts) or "the files are empty"


def _plan(digest: str, calls: Sequence[Transcript], seed: int) -> list[Call]:
    plan = []
    for position, call in enumerate(calls):
        key = hashlib.sha256(f"{digest}\0{call!r}".encode()).hexdigest()[:16]
        plan.append(Call(position, key, call.id, derive_seed(seed, key)))
    return plan


async def _distill_call(planned: Call, call: Transcript, replica: Replica, settings: DistillSettings) -> Extraction:
    """Extract one persona. Whatever goes wrong with it is in its record.

    Raises:
        EngineError: the engine is gone; the extraction has not ended.
    """
    chat = Chat(replica.play, settings.sampling, planned.seed, planned.key)
    fields: dict[str, object] = {}
    try:
        drafted = await extract_persona(chat, call, f"{call.language}-{planned.key}")
        fields = drafted._asdict()
    except EngineError:
        raise
    except Exception as caught:  # a boundary: a call that meets a bug of ours is stored as failed, the job goes on
        fields = {"error": f"{type(caught).__name__}: {caught}"}
    known = {"id": planned.key, "source": call.id, "language": call.language, "model": replica.play.model}
    return Extraction.model_validate(known | {"usage": chat.usage} | fields)


def _stages(ingested: Ingested, funnel: Funnel) -> list[Stage]:
    """Return the stages of a distillation up to the extracted personas."""

    def parts(counts: Counter[str] | dict[str, int]) -> list[Stage]:
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [Stage(name=name, count=count, is_part=True) for name, count in ordered]

    stages = [Stage(name="broken lines", count=len(ingested.broken)), Stage(name="calls read", count=ingested.read)]
    stages += [Stage(name="filtered out", count=ingested.filtered.total()), *parts(ingested.filtered)]
    replaced = Counter({kind.value: count for kind, count in ingested.replaced.items()})
    stages += [Stage(name="private data replaced", count=replaced.total()), *parts(replaced)]
    stages += [Stage(name="answers sent back", count=sum(funnel.repairs.values())), *parts(funnel.repairs)]
    stages.append(Stage(name="failed", count=funnel.outcomes[Outcome.FAILED]))
    stages += [Stage(name="dropped", count=funnel.outcomes[Outcome.REJECTED]), *parts(funnel.reasons)]
    stages.append(Stage(name="extracted", count=funnel.outcomes[Outcome.KEPT]))
    return stages
