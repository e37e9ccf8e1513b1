"""Has a judge say which of two models' answers is better, dialogue by dialogue; each dialogue is stored."""

from collections.abc import Sequence
from typing import NamedTuple

from agents.errors import UnreadableAnswerError, keeping_failure
from agents.llm.chat import Chat
from agents.llm.client import Clients
from agents.llm.preflight import Kinds
from graphs.backends.local import local_backend
from graphs.config.provenance import pairs_provenance
from graphs.config.settings import JudgeSettings
from graphs.jobs.plan import plan_rows
from graphs.scheduling.job import Job
from graphs.scheduling.runner import run_once
from graphs.scheduling.stopping import Halt
from outputs.evaluation.judging import Contest, Pair
from outputs.runs.pairs import PAIRS, JudgedPair, JudgedPairs
from outputs.runs.run import Funnel, Outcome, PlannedRow
from quality.gate.preference import Versions, decide, prefer, preference_kinds


class Compared(NamedTuple):
    """The judged pairs of a run in the order of the dialogues, how it stands, its judge, and why it is not complete."""

    judged: list[JudgedPairs]
    funnel: Funnel
    judge_model: str
    halt: Halt | None


async def judge_pairs(job: Job[JudgeSettings], contests: Sequence[Contest]) -> Compared:
    """Judge the pairs of dialogues, of those that have not been judged in the run yet.

    Raises:
        UsageError: a server, model or run folder is wrong.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    settings = job.settings

    async def judge_one(planned: PlannedRow, clients: Clients) -> JudgedPairs:
        chat = Chat(clients.judge, settings.judge_sampling, planned.seed, planned.key)
        return await _judge(planned, contests[planned.position], chat)

    async with local_backend(job, judge_one, Kinds(judge=preference_kinds(settings.judge_sampling))) as backend:
        provenance = pairs_provenance(settings, contests, backend.judge_model)
        await job.before_run(backend.try_out)
        with job.open_run(PAIRS, provenance) as store:
            ids = [contest.dialogue.id for contest in contests]
            store.add_plan(plan_rows(provenance.digest, ids, settings.seed))
            halt = await run_once(job, store, backend)
            return Compared(list(store.records(Outcome.KEPT)), store.funnel(), backend.judge_model, halt)


async def _judge(planned: PlannedRow, contest: Contest, chat: Chat) -> JudgedPairs:
    """Judge the pairs of one dialogue. Whatever goes wrong with it is in its record.

    Raises:
        EngineError: the engine is gone; the judgement has not ended.
    """
    fields: dict[str, object] = {}
    with keeping_failure(fields):
        fields["pairs"] = tuple([await _judge_pair(contest, pair, chat) for pair in contest.pairs])
    return JudgedPairs.model_validate({"id": planned.key, "dialogue": planned.dialogue, "usage": chat.usage} | fields)


async def _judge_pair(contest: Contest, pair: Pair, chat: Chat) -> JudgedPair:
    """Judge a pair; where one is no answer, or both say the same, nobody has to be asked."""
    number, first, second = pair
    if [turn.text for turn in first] == [turn.text for turn in second]:
        return JudgedPair(number=number, winner="tie")
    if not (first and second):
        return JudgedPair(number=number, winner="first" if first else "second")
    dialogue = contest.dialogue
    before = dialogue.turns[: max(0, number - 1)]
    try:
        opinions = await prefer(
            chat,
            Versions(dialogue.language, dialogue.topic, dialogue.scenario, dialogue.goal, before, first, second),
        )
    except UnreadableAnswerError as error:
        return JudgedPair(number=number, winner=None, problem=str(error))
    return JudgedPair(number=number, winner=decide(*opinions), opinions=opinions)
