"""The trial of a gate with the judge at hand: the calls that ship go through it, all at once."""

import asyncio

from agents.csc.flow import Limits
from agents.errors import RequestError, first_error
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import ChatClient
from graphs.config.settings import GateSettings
from quality.gate.gate import Gate
from quality.gate.verdict import Findings, Verdict
from quality.trust.calibration import GateStamp
from quality.trust.gate_trial import GateTrial, TrialCase, sum_up_trial, trial_cases


async def try_gate(stamp: GateStamp, judge: ChatClient, settings: GateSettings) -> GateTrial:
    """Send the calls of the trial through the gate.

    A call that the judge's server refuses or fails on is unscored.

    Raises:
        EngineError: the judge's server is gone.
    """
    # The calls that ship are of the default length; what is asked of their labels, the summary decides.
    gate = Gate(Limits(), stamp.votes, min_agreement=0.0)

    async def examine(number: int, tried: TrialCase) -> tuple[str | None, Findings]:
        chat = Chat(judge, settings.judge_sampling, derive_seed("gate-trial", number))
        try:
            return tried.fault, await gate.examine(chat, tried.case)
        except RequestError as error:
            return tried.fault, Findings((), Verdict(unscored=str(error)))

    cases = trial_cases(stamp.language)
    with first_error():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(examine(number, tried)) for number, tried in enumerate(cases)]
    return sum_up_trial(stamp, [task.result() for task in tasks])
