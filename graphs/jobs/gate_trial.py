"""Tries a job's gate before anything is played; what came of it is remembered for the judge and the rubric."""

import asyncio
from dataclasses import replace

from agents.csc.flow import Limits
from agents.errors import RequestError, UsageError, first_error
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import ChatClient
from graphs.config.settings import Settings
from graphs.scheduling.job import Job
from outputs.reports.gate_trial import describe_hopeless_gate, describe_trial, find_trial, keep_trial
from quality.gate.rubric import rubric_digest
from quality.gate.verdict import UNSCORED, Findings, Verdict
from quality.trust.calibration import GateStamp
from quality.trust.gate_trial import GateTrial, TrialCase, sum_up_trial, trial_cases


class GateCheck:
    """Stands before a job's first dialogue: whoever is first tries the gate, the others wait for it."""

    def __init__(self, job: Job[Settings]) -> None:
        self._job = job
        self._is_tried = job.settings.gate_trial == "skip"
        self._lock = asyncio.Lock()

    async def settle(self, judge: ChatClient) -> None:
        """Make sure that the gate has been tried with this judge.

        Raises:
            UsageError: no sound call passes, and the settings do not say to go on.
            EngineError: the judge's server is gone.
        """
        if self._is_tried:
            return
        async with self._lock:
            if not self._is_tried:
                await self._try(judge)
                self._is_tried = True

    async def _try(self, judge: ChatClient) -> None:
        settings = self._job.settings
        stamp = GateStamp(
            language=settings.language,
            judge_model=judge.model,
            rubric=rubric_digest(settings.language),
            votes=settings.judge_votes,
            min_agreement=settings.min_agreement,
        )
        trial = find_trial(stamp)
        if trial is None:
            trial = await try_gate(stamp, judge, settings)
            if UNSCORED not in trial.refused_for:
                # What could not be scored may be scored another time.
                keep_trial(trial)
        self._job.console.print(describe_trial(trial))
        if trial.is_hopeless and settings.gate_trial == "stop":
            raise UsageError(describe_hopeless_gate(trial))


async def try_gate(stamp: GateStamp, judge: ChatClient, settings: Settings) -> GateTrial:
    """Send the calls of the trial through the gate, all at once.

    A call that the judge's server refuses or fails on is unscored.

    Raises:
        EngineError: the judge's server is gone.
    """
    # The calls that ship are of the default length.
    gate = replace(settings.gate, limits=Limits())

    async def examine(number: int, tried: TrialCase) -> tuple[str | None, Findings]:
        chat = Chat(judge, settings.judge_sampling, derive_seed("gate-trial", number))
        try:
            return tried.fault, await gate.examine(chat, tried.case)
        except RequestError as error:
            return tried.fault, Findings((), Verdict(unscored=str(error)))

    cases = trial_cases(settings.language)
    with first_error():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(examine(number, tried)) for number, tried in enumerate(cases)]
    return sum_up_trial(stamp, [task.result() for task in tasks])
