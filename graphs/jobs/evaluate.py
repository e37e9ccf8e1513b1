"""Asks a model for strategy and words of each supporter turn of labelled dialogues; each dialogue is stored."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from agents.csc.dialogue import SupporterView, Turn
from agents.csc.flow import Progress, allowed_strategies
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.digests import digest
from agents.errors import EngineError, Failure, UnreadableAnswerError, UsageError
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import ChatClient, Clients
from agents.llm.preflight import Kinds
from agents.llm.usage import Role
from agents.roles.kinds import played_kinds
from agents.roles.supporter import say_supporter_turn
from agents.roles.supporter_assistant import choose_strategy
from graphs.backends.local import local_backend
from graphs.config.provenance import evaluations_provenance
from graphs.config.settings import EvaluateSettings
from graphs.scheduling.job import Job
from graphs.scheduling.runner import run_once
from graphs.scheduling.stopping import Halt
from outputs.datasets.dialogues import Labelled
from outputs.datasets.manifest import read_manifest
from outputs.datasets.reader import read_dialogues
from outputs.datasets.roles import alternating
from outputs.runs.evaluation import EVALUATIONS, Answer, EvaluatedTurn, Evaluation, PlannedEvaluation
from outputs.runs.run import Funnel

NO_STRATEGY = "no strategy was chosen that it could have been said to"
"""The problem of a reply to the model's own strategy where that could not be read."""


class Evaluated(NamedTuple):
    """How an evaluation stands, and why it is not complete, if so."""

    funnel: Funnel
    halt: Halt | None


def read_evaluation_set(sources: Sequence[Path]) -> list[Labelled]:
    """Return the dialogues of some files or exported folders in which a supporter turn has a strategy.

    Lines of one speaker in a row count as one turn.

    Raises:
        UsageError: a source cannot be read, or there is no such dialogue.
    """
    found = []
    for source in sources:
        shards = read_manifest(source).shards if source.is_dir() else None
        for file in [source] if shards is None else [source / shard.name for shard in shards]:
            found += [dialogue._replace(turns=tuple(alternating(dialogue.turns))) for dialogue in read_dialogues(file)]
    labelled = [dialogue for dialogue in found if any(turn.strategy for turn in dialogue.turns)]
    if not labelled:
        raise UsageError(f"{', '.join(map(str, sources))}: no supporter turn has a strategy to compare with")
    return labelled


async def evaluate(job: Job[EvaluateSettings], dialogues: Sequence[Labelled]) -> Evaluated:
    """Evaluate a model on dialogues, those on which it has not been evaluated in the run yet.

    Raises:
        UsageError: a server, model or run folder is wrong.
        EngineError: the engine did not start, died, or was away for too long; what has ended is stored.
        StoreError: the store cannot be written.
    """
    settings = job.settings

    async def evaluate_one(planned: PlannedEvaluation, clients: Clients) -> Evaluation:
        return await _evaluate(planned, dialogues[planned.position], clients.play, settings)

    # The roles that are evaluated; which language they are tried out in makes no difference.
    asked = (Role.SUPPORTER_ASSISTANT, Role.SUPPORTER)
    kinds = [kind for kind in played_kinds(dialogues[0].language, settings.sampling) if kind.role in asked]
    async with local_backend(job, evaluate_one, Kinds(kinds)) as backend:
        provenance = evaluations_provenance(settings, dialogues, backend.model)
        await job.before_run(backend.try_out)
        with job.open_run(EVALUATIONS, provenance) as store:
            store.add_plan(_plan(provenance.digest, dialogues, settings.seed))
            halt = await run_once(job, store, backend)
            return Evaluated(store.funnel(), halt)


def _plan(configuration: str, dialogues: Sequence[Labelled], seed: int) -> list[PlannedEvaluation]:
    plan = []
    for position, dialogue in enumerate(dialogues):
        # By place as well: files may hold a dialogue twice.
        key = digest((configuration, position, dialogue.id))
        plan.append(PlannedEvaluation(position, key, dialogue.id, derive_seed(seed, dialogue.id)))
    return plan


async def _evaluate(
    planned: PlannedEvaluation, dialogue: Labelled, client: ChatClient, settings: EvaluateSettings
) -> Evaluation:
    """Evaluate on one dialogue. Whatever goes wrong with it is in its record.

    Raises:
        EngineError: the engine is gone; the evaluation has not ended.
    """
    chat = Chat(client, settings.sampling, planned.seed, planned.key)
    asking = _Asking(chat, settings)
    fields: dict[str, object] = {}
    try:
        fields["turns"] = await asking.answer_all(dialogue)
    except EngineError:
        raise
    except Exception as caught:  # a boundary: a dialogue that meets a bug of ours is stored as failed, the job goes on
        fields["error"] = Failure.of(caught)
    known = {"id": planned.key, "dialogue": dialogue.id, "language": dialogue.language, "topic": dialogue.topic}
    return Evaluation.model_validate(known | {"usage": chat.usage} | fields)


class _Asking:
    """Asks a model for the supporter's part of one dialogue."""

    def __init__(self, chat: Chat, settings: EvaluateSettings) -> None:
        self._chat = chat
        self._settings = settings

    async def answer_all(self, dialogue: Labelled) -> tuple[EvaluatedTurn, ...]:
        """Return the supporter's labelled turns with what the model answered in their place."""
        generated = self._settings.history == "generated"
        history: list[Turn] = []
        evaluated = []
        for number, turn in enumerate(dialogue.turns, start=1):
            said: Turn | None = turn
            if turn.speaker is Speaker.SUPPORTER and turn.strategy:
                # A turn that the model could not say leaves two of the customer's side by side.
                view = SupporterView(dialogue.language, dialogue.topic, dialogue.scenario, alternating(history))
                answered = await self._answer(view, number, turn, turn.strategy)
                evaluated.append(answered)
                said = _own_turn(answered) if generated else turn
            if said:
                history.append(said)
        return tuple(evaluated)

    async def _answer(self, view: SupporterView, number: int, turn: Turn, right: Strategy) -> EvaluatedTurn:
        allowed = allowed_strategies(Progress.of(view.turns), self._settings.limits)
        free = await self._choose(view, tuple(Strategy))
        is_choice = right in allowed and len(allowed) > 1
        constrained = await self._choose(view, allowed) if is_choice else None
        reply = None if self._settings.history == "generated" else await self._say(view, right)
        if free.strategy is None:
            own_reply = Answer(problem=NO_STRATEGY)
        elif free.strategy is right and reply:
            own_reply = reply
        else:
            own_reply = await self._say(view, free.strategy)
        return EvaluatedTurn(
            number=number,
            strategy=right,
            text=turn.text,
            heard=view.turns[-1].text if view.turns and view.turns[-1].speaker is Speaker.CUSTOMER else "",
            allowed=allowed,
            free=free,
            constrained=constrained,
            reply=reply,
            own_reply=own_reply,
        )

    async def _choose(self, view: SupporterView, options: Sequence[Strategy]) -> Answer:
        try:
            return Answer(text=await choose_strategy(self._chat, view, options))
        except UnreadableAnswerError as error:
            return Answer(problem=str(error))

    async def _say(self, view: SupporterView, strategy: Strategy) -> Answer:
        try:
            text = await say_supporter_turn(self._chat, view, strategy, self._settings.utterance_tokens)
        except UnreadableAnswerError as error:
            return Answer(problem=str(error))
        return Answer(text=text)


def _own_turn(answered: EvaluatedTurn) -> Turn | None:
    """Return the model's own turn; None where it said none."""
    if answered.own_reply.problem:
        return None
    return Turn(speaker=Speaker.SUPPORTER, text=answered.own_reply.text, strategy=answered.free.strategy)
