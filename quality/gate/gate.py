"""The gate: rules, then a blind labeller and the judge; a dialogue passes when none of them finds anything."""

from dataclasses import dataclass

from agents.csc.flow import Limits
from agents.csc.speakers import Speaker
from agents.errors import RequestError, UnreadableAnswerError
from agents.llm.chat import Chat, Kind
from agents.llm.request import Sampling
from agents.llm.usage import Role
from quality.checks.rules import check_rules
from quality.gate.case import Case
from quality.gate.judge import judge_points, opinion_type
from quality.gate.labeller import label_emotions, label_turns, labels_type
from quality.gate.verdict import EmotionLabelling, Findings, Labelling, Verdict


@dataclass(frozen=True, slots=True)
class Gate:
    """What a dialogue must pass.

    Attributes:
        limits: of its length.
        votes: number of the judge's votes on each point.
        min_agreement: share of the strategy labels, from 0 to 1, that a blind labeller must give as well.
    """

    limits: Limits
    votes: int
    min_agreement: float

    async def examine(self, chat: Chat, case: Case) -> Findings:
        """Return what speaks against a dialogue. One that broke rules is not judged: it is lost already.

        Raises:
            RequestError, EngineError: the judge's server refused, failed or is gone.
        """
        violations = tuple(check_rules(case.turns, self.limits, case.language, case.scenario))
        return Findings(violations, None if violations else await self.judge(chat, case))

    async def judge(self, chat: Chat, case: Case) -> Verdict:
        """Return what labeller and judge say; an answer that cannot be read makes a verdict too: unscored.

        Raises:
            RequestError, EngineError: the judge's server refused, failed or is gone.
        """
        try:
            labels = await label_turns(chat, case)
            points = await judge_points(chat, case, self.votes)
        except UnreadableAnswerError as error:
            return Verdict(unscored=str(error))
        agreed = [case.turns[number - 1].strategy is label for number, label in labels.items()]
        agreement = sum(agreed) / len(agreed) if agreed else 0.0
        return Verdict(
            points=points, labelling=Labelling(labels=labels, agreement=agreement, required=self.min_agreement)
        )


async def hear_emotions(chat: Chat, case: Case) -> EmotionLabelling:
    """Return what the labeller hears in the customer's turns; that it cannot takes nothing from the dialogue.

    Raises:
        EngineError: the labeller's server is gone.
    """
    numbers = [number for number, turn in enumerate(case.turns, start=1) if turn.speaker is Speaker.CUSTOMER]
    try:
        return EmotionLabelling(labels=await label_emotions(chat, case, numbers))
    except RequestError as error:
        return EmotionLabelling(problem=str(error))


def gate_kinds(sampling: Sampling) -> list[Kind]:
    """Return the kinds of requests that labeller and judge make, for a server to be tried out with."""
    return [
        Kind(Role.LABELLER, sampling, labels_type((1, 3, 5))),
        Kind(Role.JUDGE, sampling, opinion_type(5)),
    ]
