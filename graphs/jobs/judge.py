"""Judges labelled dialogues from a file, several at a time, each stored."""

from collections.abc import Sequence
from typing import NamedTuple

from agents.errors import RequestError, keeping_failure
from agents.llm.chat import Chat
from agents.llm.client import ChatClient, Clients
from agents.llm.preflight import Kinds
from graphs.backends.local import local_backend
from graphs.config.provenance import judgements_provenance
from graphs.config.settings import JudgeSettings
from graphs.jobs.gate_trial import GateCheck
from graphs.jobs.plan import plan_rows
from graphs.scheduling.job import Job
from graphs.scheduling.runner import run_once
from graphs.scheduling.stopping import Halt
from outputs.datasets.dialogues import Labelled
from outputs.runs.judgement import JUDGEMENTS, Judgement
from outputs.runs.run import Funnel, Outcome, PlannedRow
from quality.checks.rules import check_rules
from quality.gate.agreement import is_relative
from quality.gate.case import Case
from quality.gate.gate import Gate, gate_kinds
from quality.gate.verdict import Verdict


class Judged(NamedTuple):
    """The judgements of a run in the order of the file, how it stands, its judge, and why it is not complete, if so."""

    judgements: list[Judgement]
    funnel: Funnel
    judge_model: str
    halt: Halt | None


async def judge(job: Job[JudgeSettings], dialogues: Sequence[Labelled]) -> Judged:
    """Judge dialogues that were read from a file, those that have not been judged in the run yet.

    Raises:
        UsageError: a server, model or run folder is wrong.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    settings = job.settings
    gate_check = GateCheck(job, "tell" if is_relative(settings.min_agreement) else "skip")

    async def judge_one(planned: PlannedRow, clients: Clients) -> Judgement:
        required = await gate_check.required_by(clients.judge)
        return await _judge(planned, dialogues[planned.position], clients.judge, settings, settings.gate(required))

    async with local_backend(job, judge_one, Kinds(judge=gate_kinds(settings.judge_sampling))) as backend:
        provenance = judgements_provenance(settings, dialogues, backend.judge_model)
        await job.before_run(backend.try_out)
        with job.open_run(JUDGEMENTS, provenance) as store:
            store.add_plan(plan_rows(provenance.digest, [dialogue.id for dialogue in dialogues], settings.seed))
            halt = await run_once(job, store, backend)
            judgements = list(store.records(Outcome.KEPT, Outcome.REJECTED, Outcome.FAILED))
            return Judged(judgements, store.funnel(), backend.judge_model, halt)


async def _judge(
    planned: PlannedRow, dialogue: Labelled, client: ChatClient, settings: JudgeSettings, gate: Gate
) -> Judgement:
    """Judge one dialogue. Whatever goes wrong with it is in its record.

    Raises:
        EngineError: the engine is gone; the judgement has not ended.
    """
    chat = Chat(client, settings.judge_sampling, planned.seed, planned.key)
    fields: dict[str, object] = {}
    with keeping_failure(fields):
        fields["violations"] = tuple(check_rules(dialogue.turns, settings.limits, settings.language, dialogue.scenario))
        try:
            fields["verdict"] = await gate.judge(chat, _case(dialogue, settings))
        except RequestError as error:
            fields["verdict"] = Verdict(unscored=str(error))
    return Judgement.model_validate({"id": planned.key, "dialogue": dialogue.id, "usage": chat.usage} | fields)


def _case(dialogue: Labelled, settings: JudgeSettings) -> Case:
    return Case(
        language=settings.language,
        topic=dialogue.topic,
        scenario=dialogue.scenario,
        persona=dialogue.portrait or dialogue.persona,
        goal=dialogue.goal,
        turns=dialogue.turns,
        company=dialogue.company,
    )
