"""Labels the turns of real calls, the supporter's with strategies, the customer's with emotions, each call stored."""

from collections.abc import Sequence
from typing import NamedTuple

from agents.csc.dialogue import Turn
from agents.csc.emotions import Feeling
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.errors import keeping_failure
from agents.llm.chat import Chat, Kind
from agents.llm.client import ChatClient, Clients
from agents.llm.preflight import Kinds
from agents.llm.usage import Role
from graphs.backends.local import local_backend
from graphs.config.provenance import annotations_provenance
from graphs.config.settings import LabelSettings
from graphs.jobs.plan import plan_calls
from graphs.jobs.read_calls import read_calls, require_no_transcript, require_transcripts
from graphs.scheduling.job import Job
from graphs.scheduling.runner import run_once
from graphs.scheduling.stopping import Halt
from outputs.runs.annotation import ANNOTATIONS, Annotation
from outputs.runs.run import Funnel, Outcome, PlannedCall
from personas.distill.filters import Filters
from personas.distill.ingest import Ingested
from personas.distill.second_look import look_at_call, second_look_kind
from personas.distill.transcripts import Transcript
from quality.gate.case import Case
from quality.gate.labeller import feelings_type, label_emotions, label_strategies, labels_type

EVERY_CALL = Filters(min_exchanges=1, max_exchanges=10**6, max_utterance_chars=10**6, min_share=0.0, min_substantial=0)
"""Real calls are measured as they are: left out are those alone in which one side says nothing, and repeated ones."""
TURNS_AT_ONCE = 40
"""Most turns that one request asks about: real calls may go on."""


class Annotated(NamedTuple):
    """The labelled calls of a run in the order of the files, how it stands, and why it is not complete, if so."""

    annotations: list[Annotation]
    ingested: Ingested
    funnel: Funnel
    halt: Halt | None


async def label(job: Job[LabelSettings]) -> Annotated:
    """Label real calls, those that have not been labelled in the run yet, and return all of the run.

    Raises:
        UsageError: bad files, settings, server, model or run folder.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    settings, ingested = job.settings, Ingested()
    require_transcripts(settings)
    require_no_transcript(settings, settings.out)
    calls: list[Transcript] = []

    async def label_one(planned: PlannedCall, clients: Clients) -> Annotation:
        return await _label(planned, calls[planned.position], clients.play, settings)

    answers = (labels_type((1, 3, 5)), *([feelings_type((2, 4))] if settings.emotions else []))
    kinds = [Kind(Role.LABELLER, settings.sampling, answer) for answer in answers]
    if settings.scrub_with_model:
        kinds.append(second_look_kind(settings.sampling))
    async with local_backend(job, label_one, Kinds(kinds)) as backend:
        calls += await read_calls(settings, EVERY_CALL, ingested, job.console)
        provenance = annotations_provenance(settings, calls, backend.model)
        await job.before_run(backend.try_out)
        with job.open_run(ANNOTATIONS, provenance) as store:
            store.add_plan(plan_calls(provenance.digest, calls, settings.seed))
            halt = await run_once(job, store, backend)
            return Annotated(list(store.records(Outcome.KEPT)), ingested, store.funnel(), halt)


async def _label(planned: PlannedCall, call: Transcript, client: ChatClient, settings: LabelSettings) -> Annotation:
    """Label one call. Whatever goes wrong with it is in its record.

    Raises:
        EngineError: the engine is gone; the annotation has not ended.
    """
    chat = Chat(client, settings.sampling, planned.seed, planned.key)
    fields: dict[str, object] = {}
    with keeping_failure(fields):
        if settings.scrub_with_model:
            call, fields["second_look"] = await look_at_call(chat, call)
        fields["turns"] = await _label_turns(chat, call, emotions=settings.emotions)
    known = {"id": planned.key, "source": call.id, "language": call.language}
    return Annotation.model_validate(known | {"usage": chat.usage} | fields)


async def _label_turns(chat: Chat, call: Transcript, *, emotions: bool) -> tuple[Turn, ...]:
    """Return the turns of a call with their labels; what is labelled first shares its prompt with what follows."""
    turns = tuple(Turn(speaker=line.speaker, text=line.text) for line in call.lines)
    case = Case(language=call.language, topic="", scenario="", persona="", goal="", turns=turns)
    numbers = {
        speaker: [number for number, turn in enumerate(turns, start=1) if turn.speaker is speaker]
        for speaker in Speaker
    }
    strategies: dict[int, Strategy] = {}
    feelings: dict[int, Feeling] = {}
    for asked in _at_once(numbers[Speaker.SUPPORTER]):
        strategies |= await label_strategies(chat, case, asked)
    for asked in _at_once(numbers[Speaker.CUSTOMER]) if emotions else []:
        feelings |= await label_emotions(chat, case, asked)
    return tuple(
        turn.model_copy(update={"strategy": strategies.get(number), "emotion": feelings.get(number)})
        for number, turn in enumerate(turns, start=1)
    )


def _at_once(numbers: Sequence[int]) -> list[Sequence[int]]:
    """Split the numbers of turns into those of a request each."""
    return [numbers[start : start + TURNS_AT_ONCE] for start in range(0, len(numbers), TURNS_AT_ONCE)]
