"""Asks a model for strategy and words of each supporter turn of labelled dialogues; each dialogue is stored."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from agents.csc.language import Language
from agents.errors import UsageError, keeping_failure
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import Clients
from agents.llm.preflight import Kinds
from agents.llm.usage import Role
from agents.roles.kinds import played_kinds
from graphs.backends.local import local_backend
from graphs.config.evaluate import EvaluateSettings
from graphs.config.provenance import evaluations_provenance
from graphs.dialogue.answers import CUSTOMER_SAMPLING, Answering
from graphs.jobs.plan import plan_rows
from graphs.scheduling.job import Job
from graphs.scheduling.runner import run_once
from graphs.scheduling.stopping import Halt
from outputs.datasets.dialogues import Labelled
from outputs.datasets.roles import alternating
from outputs.datasets.sources import read_source
from outputs.runs.evaluation import EVALUATIONS, Evaluation
from outputs.runs.run import Funnel, PlannedRow


class Evaluated(NamedTuple):
    """How an evaluation stands, and why it is not complete, if so."""

    funnel: Funnel
    halt: Halt | None


def read_evaluation_set(sources: Sequence[Path]) -> list[Labelled]:
    """Return the dialogues of some sources in which a supporter turn has a strategy.

    Lines of one speaker in a row count as one turn. An id that several sources have gets the number of each in front.

    Args:
        sources: runs, exported folders and files, see `read_source`.

    Raises:
        UsageError: a source cannot be read, or there is no such dialogue.
    """
    read = [(number, list(read_source(source))) for number, source in enumerate(sources, start=1)]
    named_by = Counter(id_ for _, dialogues in read for id_ in {dialogue.id for dialogue in dialogues})
    found = [
        dialogue._replace(
            id=dialogue.id if named_by[dialogue.id] == 1 else f"{number}:{dialogue.id}",
            turns=tuple(alternating(dialogue.turns)),
        )
        for number, dialogues in read
        for dialogue in dialogues
    ]
    labelled = [dialogue for dialogue in found if any(turn.strategy for turn in dialogue.turns)]
    if not labelled:
        raise UsageError(f"{', '.join(map(str, sources))}: no supporter turn has a strategy to compare with")
    return labelled


async def evaluate(job: Job[EvaluateSettings], dialogues: Sequence[Labelled]) -> Evaluated:
    """Evaluate a model on dialogues, those on which it has not been evaluated in the run yet.

    Raises:
        UsageError: a server, model or run folder is wrong; or customers are to be played of whom nothing is told.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    settings = job.settings
    if settings.customer:
        _require_customers(dialogues)

    async def evaluate_one(planned: PlannedRow, clients: Clients) -> Evaluation:
        return await _evaluate(planned, dialogues[planned.position], clients, settings)

    async with local_backend(job, evaluate_one, _kinds(settings, dialogues[0].language)) as backend:
        provenance = evaluations_provenance(settings, dialogues, backend.model, backend.judge_model)
        await job.before_run(backend.try_out)
        with job.open_run(EVALUATIONS, provenance) as store:
            store.add_plan(plan_rows(provenance.digest, [dialogue.id for dialogue in dialogues], settings.seed))
            halt = await run_once(job, store, backend)
            return Evaluated(store.funnel(), halt)


def _kinds(settings: EvaluateSettings, language: Language) -> Kinds:
    """Return the kinds of requests that are made; which language they are tried out in makes no difference."""
    supporters = (Role.SUPPORTER_ASSISTANT, Role.SUPPORTER)
    asked = [kind for kind in played_kinds(language, settings.sampling) if kind.role in supporters]
    # The two speakers' kinds are one.
    customers = (Role.SUPPORTER, Role.CUSTOMER_ASSISTANT) if settings.customer else ()
    return Kinds(asked, [kind for kind in played_kinds(language, CUSTOMER_SAMPLING) if kind.role in customers])


def _require_customers(dialogues: Sequence[Labelled]) -> None:
    if lacking := [dialogue.id for dialogue in dialogues if not (dialogue.persona and dialogue.goal)]:
        raise UsageError(
            f"--customer plays each dialogue's own persona and goal: {len(lacking):,} of {len(dialogues):,} dialogues "
            f"lack one, the first is {lacking[0]}"
        )


async def _evaluate(
    planned: PlannedRow, dialogue: Labelled, clients: Clients, settings: EvaluateSettings
) -> Evaluation:
    """Evaluate on one dialogue. Whatever goes wrong with it is in its record.

    Raises:
        EngineError: the engine is gone; the evaluation has not ended.
    """
    chat = Chat(clients.play, settings.sampling, planned.seed, planned.key)
    customer = Chat(clients.judge, CUSTOMER_SAMPLING, derive_seed(planned.seed, "customer"), planned.key)
    answering = Answering(chat, settings)
    fields: dict[str, object] = {}
    with keeping_failure(fields):
        if settings.customer:
            fields["call"], fields["cut"] = await answering.play(dialogue, customer)
        else:
            fields["turns"], fields["call"] = await answering.answer_all(dialogue)
    known = {"id": planned.key, "dialogue": dialogue.id, "language": dialogue.language, "topic": dialogue.topic}
    return Evaluation.model_validate(known | {"usage": chat.usage | customer.usage} | fields)
