"""The rewriting job: reads real calls and rewrites them, one at a time, each stored."""

from collections.abc import Sequence
from typing import NamedTuple

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.outline import has_room
from agents.errors import UsageError
from agents.llm.client import Clients
from graphs.backends.local import local_backend
from graphs.config.provenance import rewritings_provenance
from graphs.config.rewrite import RewriteSettings
from graphs.dialogue.rewriting import rewrite_call, rewriting_kinds
from graphs.jobs.gate_trial import GateCheck
from graphs.jobs.plan import plan_calls
from graphs.jobs.read_calls import (
    describe_filtered,
    ingestion_stages,
    read_calls,
    require_no_transcript,
    require_transcripts,
    second_look_stages,
)
from graphs.scheduling.job import Job
from graphs.scheduling.runner import run_once
from graphs.scheduling.stopping import Halt
from outputs.reports.pool_summary import Stage
from outputs.runs.rewriting import REWRITINGS, Rewriting
from outputs.runs.run import Funnel, PlannedCall
from personas.dedup.embedding import EmbeddingModel, find_model, sentence_encoder
from personas.distill.ingest import Ingested
from personas.distill.transcripts import Transcript


class Rewritten(NamedTuple):
    """How a run of rewritten calls stands, what was left out before, and why it is not complete, if so."""

    stages: list[Stage]
    funnel: Funnel
    halt: Halt | None


async def rewrite(job: Job[RewriteSettings]) -> Rewritten:
    """Rewrite real calls, those that have not ended in the run yet.

    What costs nothing comes first: filters, private data; then what can be wrong with servers and models.

    Raises:
        UsageError: bad files, settings, server, model or run folder.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    settings = job.settings
    require_transcripts(settings)
    require_no_transcript(settings, settings.out)
    gate_check = GateCheck(job, settings.gate_trial)
    ingested = Ingested()
    read = await read_calls(settings, settings.filters, ingested, job.console)
    calls = _fitting(read, ingested, settings.language, settings.limits)
    model = _find_encoder(job)
    encode = sentence_encoder(model) if model else None

    async def rewrite_one(planned: PlannedCall, clients: Clients) -> Rewriting:
        required = await gate_check.required_by(clients.judge)
        return await rewrite_call(planned, calls[planned.position], clients, settings, settings.gate(required), encode)

    async with local_backend(job, rewrite_one, rewriting_kinds(settings)) as backend:
        provenance = rewritings_provenance(
            settings, calls, ingested, backend.model, backend.judge_model, model.name if model else None
        )
        await job.before_run(backend.try_out)
        with job.open_run(REWRITINGS, provenance) as store:
            store.add_plan(plan_calls(provenance.digest, calls, settings.seed))
            halt = await run_once(job, store, backend)
            funnel = store.funnel()
            return Rewritten([*ingestion_stages(ingested), *second_look_stages(funnel)], funnel, halt)


def _fitting(calls: Sequence[Transcript], ingested: Ingested, language: Language, limits: Limits) -> list[Transcript]:
    """Return the calls in the language of the run that have room in its limits; the others are counted as filtered."""
    fitting = []
    for call in calls:
        rule = (
            "other-language"
            if call.language is not language
            else None
            if has_room(len(call.lines), limits)
            else "no-room"
        )
        if rule:
            ingested.filtered[rule] += 1
        else:
            fitting.append(call)
    if not fitting:
        raise UsageError(f"none of the {ingested.read} calls read can be used: {describe_filtered(ingested)}")
    return fitting


def _find_encoder(job: Job[RewriteSettings]) -> EmbeddingModel | None:
    """Return what embeds customers' utterances; None, which is told, where there is nothing that can.

    The stand-in for machines without a model hub knows no Chinese: there the words alone tell.
    """
    settings = job.settings
    try:
        model = find_model(settings.embedding_model, settings.language)
    except UsageError as error:
        if settings.embedding_model:
            raise
        job.console.print(f"Customers' utterances are compared by their words alone: {error}", markup=False)
        return None
    if model.is_stand_in and settings.language is Language.ZH:
        job.console.print("Customers' utterances are compared by their words alone: no model here knows Chinese.")
        return None
    return model
