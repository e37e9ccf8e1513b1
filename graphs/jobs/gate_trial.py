"""Has a job's gate tried before anything goes through it, and remembers the result for the judge and the rubric."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from agents.errors import UsageError
from agents.llm.client import ChatClient
from graphs.config.provenance import gate_stamp
from graphs.config.settings import GateSettings, GateTrialMode
from graphs.dialogue.gate_trial import try_gate
from graphs.scheduling.job import Job
from outputs.reports.gate_trial import describe_hopeless_gate, describe_trial, find_trial, keep_trial
from quality.gate.agreement import is_relative, required_agreement
from quality.gate.verdict import UNSCORED
from quality.trust.calibration import GateStamp
from quality.trust.gate_trial import GateTrial


class GateCheck:
    """Stands before a job's first dialogue: whoever is first has the gate tried, the others wait for it."""

    def __init__(self, job: Job[GateSettings], mode: GateTrialMode) -> None:
        self._job = job
        self._mode = mode
        self._required = required_agreement(job.settings.min_agreement, None) if mode == "skip" else None
        self._lock = asyncio.Lock()

    async def required_by(self, judge: ChatClient) -> float:
        """Return the share of labels that the gate asks for, tried from here with this judge by then; see `settle`."""
        return await self.settle(judge.model, partial(try_gate, judge=judge, settings=self._job.settings))

    async def settle(self, judge_model: str, try_gate: Callable[[GateStamp], Awaitable[GateTrial]]) -> float:
        """Make sure that the gate has been tried with this judge; return the share of labels that it asks for.

        Args:
            judge_model: the name of the judge.
            try_gate: tries the gate where the judge is in reach.

        Raises:
            UsageError: no sound call passes, and the job is not told to go on; or what the labeller reaches was asked
                for, and it labelled no call.
            EngineError: the judge's server is gone.
        """
        async with self._lock:
            if self._required is None:
                self._required = await self._find_required(judge_model, try_gate)
            return self._required

    async def _find_required(self, judge_model: str, try_gate: Callable[[GateStamp], Awaitable[GateTrial]]) -> float:
        settings = self._job.settings
        stamp = gate_stamp(settings, judge_model)
        trial = find_trial(stamp)
        if trial is None:
            trial = await try_gate(stamp)
            if UNSCORED not in trial.refused_for:
                # What could not be scored may be scored another time.
                keep_trial(trial)
        self._job.console.print(describe_trial(trial))
        if trial.is_hopeless and self._mode == "stop":
            raise UsageError(describe_hopeless_gate(trial))
        if trial.agreement is None and is_relative(settings.min_agreement):
            raise UsageError(
                f"judge {judge_model} labelled none of the sound calls that ship, so that nothing is known of what it "
                "reaches: give --min-agreement as a share from 0 to 1"
            )
        return trial.required
