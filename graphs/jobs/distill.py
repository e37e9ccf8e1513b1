"""The distillation job: reads real calls and lets a model describe their customers, one call at a time, each stored."""

from typing import Any, NamedTuple

from agents.csc.language import Language
from agents.errors import keeping_failure
from agents.llm.chat import Chat
from agents.llm.client import ChatClient, Clients
from agents.llm.preflight import Kinds
from graphs.backends.local import local_backend
from graphs.config.provenance import extractions_provenance
from graphs.config.settings import DistillSettings
from graphs.jobs.build_pool import find_models, merges_file
from graphs.jobs.plan import plan_calls
from graphs.jobs.read_calls import (
    ingestion_stages,
    read_calls,
    require_no_transcript,
    require_transcripts,
    second_look_stages,
    stage_parts,
)
from graphs.scheduling.job import Job
from graphs.scheduling.runner import run_once
from graphs.scheduling.stopping import Halt
from outputs.reports.pool_summary import Stage
from outputs.runs.extraction import EXTRACTIONS, Extraction
from outputs.runs.run import REPAIRS, Funnel, Outcome, PlannedCall
from personas.dedup.embedding import EmbeddingModel
from personas.distill.extraction import distill_kinds, extract_persona
from personas.distill.ingest import Ingested
from personas.distill.second_look import look_at_call, second_look_kind
from personas.distill.transcripts import Transcript
from personas.persona import Persona


class Distilled(NamedTuple):
    """The personas of a distillation, in the order of the calls, the embedding models for them, and how it went.

    `halt` says why not all calls were distilled, if so.
    """

    personas: list[Persona]
    models: dict[Language, EmbeddingModel]
    stages: list[Stage]
    funnel: Funnel
    halt: Halt | None


async def distill(job: Job[DistillSettings]) -> Distilled:
    """Extract the personas of real calls, those that are not in the run yet, and return all of the run.

    Raises:
        UsageError: bad files, settings, server, model or run folder.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    settings = job.settings
    require_transcripts(settings)
    require_no_transcript(settings, settings.out, merges_file(settings.out), settings.report)
    calls: list[Transcript] = []

    async def extract(planned: PlannedCall, clients: Clients) -> Extraction:
        return await _extract(planned, calls[planned.position], clients.play, settings)

    kinds = distill_kinds(Language, settings.sampling)
    if settings.scrub_with_model:
        kinds.append(second_look_kind(settings.sampling))
    async with local_backend(job, extract, Kinds(kinds)) as backend:
        ingested = Ingested()
        calls += await read_calls(settings, settings.filters, ingested, job.console)
        models = find_models(settings, {call.language for call in calls}, job.console)
        provenance = extractions_provenance(settings, calls, backend.model)
        await job.before_run(backend.try_out)
        with job.open_run(EXTRACTIONS, provenance) as store:
            store.add_plan(plan_calls(provenance.digest, calls, settings.seed))
            halt = await run_once(job, store, backend)
            funnel = store.funnel()
            personas = [extraction.persona for extraction in store.records(Outcome.KEPT) if extraction.persona]
    return Distilled(personas, models, _stages(ingested, funnel), funnel, halt)


async def _extract(planned: PlannedCall, call: Transcript, client: ChatClient, settings: DistillSettings) -> Extraction:
    """Extract one persona. Whatever goes wrong with it is in its record.

    Raises:
        EngineError: the engine is gone; the extraction has not ended.
    """
    chat = Chat(client, settings.sampling, planned.seed, planned.key)
    fields: dict[str, Any] = {}
    with keeping_failure(fields):
        if settings.scrub_with_model:
            call, fields["second_look"] = await look_at_call(chat, call)
        drafted = await extract_persona(chat, call, f"{call.language}-{planned.key}")
        fields |= drafted._asdict()
    known = {"id": planned.key, "source": call.id, "language": call.language, "model": client.model}
    return Extraction.model_validate(known | {"usage": chat.usage} | fields)


def _stages(ingested: Ingested, funnel: Funnel) -> list[Stage]:
    """Return the stages of a distillation up to the extracted personas."""
    stages = [*ingestion_stages(ingested), *second_look_stages(funnel)]
    sent_back = {problem: count for (problem,), count in funnel.counts.get(REPAIRS, {}).items()}
    stages += [Stage(name="answers sent back", count=sum(sent_back.values())), *stage_parts(sent_back)]
    stages.append(Stage(name="failed", count=funnel.outcomes[Outcome.FAILED]))
    stages += [Stage(name="dropped", count=funnel.outcomes[Outcome.REJECTED]), *stage_parts(funnel.reasons)]
    stages.append(Stage(name="extracted", count=funnel.outcomes[Outcome.KEPT]))
    return stages
