"""The kinds of requests that the five roles make, for a server to be tried out with."""

from agents.csc.dialogue import GoalOutcome
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.llm.chat import Kind
from agents.llm.request import Sampling
from agents.llm.usage import Role
from agents.roles.customer_assistant import direction_type
from agents.roles.planner import plan_type


def played_kinds(language: Language, sampling: Sampling, *, emotions: bool = False) -> list[Kind]:
    """Return the kinds of requests by which a dialogue is played, with emotions or not; the two speakers' are one."""
    return [
        Kind(Role.SUPPORTER, sampling, None),
        Kind(Role.SUPPORTER_ASSISTANT, sampling, tuple(map(str, Strategy))),
        Kind(Role.PLANNER, sampling, plan_type(language)),
        Kind(Role.CUSTOMER_ASSISTANT, sampling, direction_type(language, tuple(GoalOutcome), emotions=emotions)),
    ]
