"""Judges labelled dialogues from a file, several at a time, in the order of the file."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.progress import Progress

from agents.errors import EngineError, RequestError, first_error
from agents.llm.chat import Chat, derive_seed
from graphs.backends.local import Replica, Servers, shared_log
from graphs.config.settings import Secrets, Settings
from graphs.scheduling.dispatcher import Dispatcher
from graphs.telemetry.progress import LoadingDisplay
from outputs.datasets.reader import Labelled
from quality.checks.rules import Violation, check_rules
from quality.gate.case import Case
from quality.gate.verdict import Findings, Verdict


class Judged(BaseModel):
    """What rules and judge say of a dialogue from a file; unlike in a run, one that broke rules is judged as well."""

    model_config = ConfigDict(frozen=True)

    id: str
    kept: bool
    violations: tuple[Violation, ...]
    verdict: Verdict


class Judgements(NamedTuple):
    """A judgement for each of some dialogues, in their order, and the model that judged."""

    judged: list[Judged]
    judge_model: str


async def judge_dialogues(
    dialogues: Sequence[Labelled], settings: Settings, secrets: Secrets, console: Console
) -> Judgements:
    """Judge dialogues that were read from a file.

    Raises:
        UsageError: a server or model is not there.
        EngineError: the engine did not start, died, or was away for too long.
    """
    async with AsyncExitStack() as stack:
        servers = Servers(settings, secrets, stack, settings.judge_base_url, settings.judge_model)
        await servers.connect()
        with LoadingDisplay(console, servers.judge_model) as loading:
            await servers.start_engine(shared_log(), loading)
        dispatcher = await stack.enter_async_context(Dispatcher(servers.replicas, servers.concurrency))
        with Progress(console=console, disable=not console.is_terminal) as progress:
            bar = progress.add_task("judging", total=len(dialogues))
            with first_error():
                async with asyncio.TaskGroup() as group:
                    tasks = []
                    for dialogue in dialogues:
                        task = group.create_task(_judge(dialogue, dispatcher, settings))
                        task.add_done_callback(lambda _: progress.advance(bar))
                        tasks.append(task)
        return Judgements([task.result() for task in tasks], servers.judge_model)


async def _judge(dialogue: Labelled, dispatcher: Dispatcher[Replica], settings: Settings) -> Judged:
    case = Case(
        language=settings.language,
        topic=dialogue.topic,
        scenario=dialogue.scenario,
        persona=dialogue.persona,
        goal=dialogue.goal,
        turns=dialogue.turns,
    )
    violations = tuple(check_rules(dialogue.turns, settings.limits, settings.language))
    verdict = None
    while verdict is None:
        async with dispatcher.seat() as replica:
            chat = Chat(replica.judge, settings.judge_sampling, derive_seed(settings.seed, dialogue.id))
            try:
                verdict = await settings.gate.judge(chat, case)
            except RequestError as error:
                verdict = Verdict(unscored=str(error))
            except EngineError as error:
                dispatcher.lose(replica, error)
    return Judged(
        id=dialogue.id, kept=not Findings(violations, verdict).reasons, violations=violations, verdict=verdict
    )
