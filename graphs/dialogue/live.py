"""Calls with a person as the supporter, played turn by turn.

Nothing that a person has heard is taken back: where no answer passes the checks, the last one is said. A call whose
next answer failed is as it was before, and the same words can be said to it again.
"""

from agents.csc.dialogue import CustomerView, Plan, Turn
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.csc.topics.policies import fit_to_call
from agents.csc.topics.topic import Topic
from agents.errors import UsageError
from agents.llm.chat import Chat
from graphs.dialogue.turns import DialogueContext, direct_next_turn, lay_down_plan, say_customer
from personas.persona import Persona
from quality.checks.rules import check_rules
from quality.gate.case import Case
from quality.gate.gate import Gate
from quality.gate.labeller import label_strategies
from quality.gate.verdict import Findings

MAX_TYPED = 2_000
"""Longest utterance of a person, in characters: what is longer was pasted, not said."""


def clean_typed(text: str) -> str:
    """Return what a person typed as it is said, on one line.

    Raises:
        UsageError: it holds no words, or more than `MAX_TYPED` characters.
    """
    line = " ".join(text.split())
    if not line:
        raise UsageError("there are no words in it: say something")
    if len(line) > MAX_TYPED:
        raise UsageError(f"{len(line):,} characters are too many for one turn: say it in at most {MAX_TYPED:,}")
    return line


class PracticeCall:
    """A call whose supporter is a person: a persona calls, as in the calls that are generated.

    What the person does not label is labelled by a reader of their words alone, so that the flow rules know where the
    call stands. The models are handed to each step, so that a step can be taken again with others when they fail.

    Attributes:
        persona: who calls.
        topic: what it is about; once the call is open, with the policies that it gets.
        plan: scenario and goal; the person may know the scenario from the start, the goal only afterwards.
        turns: what was said so far.
        named: the one-based numbers of the turns whose strategy the person named.
    """

    def __init__(self, persona: Persona, topic: Topic, gate: Gate) -> None:
        """Prepare a call in the language of the persona; `gate` bounds its length, and judges it afterwards."""
        self.persona = persona
        self.topic = topic
        self.plan = Plan(scenario="", customer_goal="")
        self.turns: tuple[Turn, ...] = ()
        self.named: frozenset[int] = frozenset()
        self._gate = gate

    @property
    def is_over(self) -> bool:
        """Whether the person has closed the call, or no further exchange fits."""
        closed = bool(self.turns) and self.turns[-1].strategy is Strategy.AC
        return closed or len(self.turns) + 2 > self._gate.limits.max_utterances

    async def open(self, context: DialogueContext) -> None:
        """Lay down what the persona calls for; the person speaks first.

        Raises:
            RequestError, EngineError: the model did not answer.
        """
        self.plan = (await lay_down_plan(self.persona.description, self.topic, 1, context)).last
        self.topic = fit_to_call(self.topic, self.plan.scenario, self.persona.language)

    async def hear(self, judge: Chat, text: str) -> Strategy:
        """Return the strategy that a labeller takes the person's next words for.

        Raises:
            RequestError, EngineError: the judge did not answer.
        """
        number = len(self.turns) + 1
        said = Turn(speaker=Speaker.SUPPORTER, text=text)
        return (await label_strategies(judge, self._case((*self.turns, said)), [number]))[number]

    async def say(self, context: DialogueContext, text: str, strategy: Strategy, *, is_named: bool) -> Turn | None:
        """Return the customer's answer to what the person said; None where the call is over with it.

        Args:
            context: who plays the customer.
            text: the person's words, see `clean_typed`.
            strategy: what the words are to do.
            is_named: the person named it, and not a labeller (`hear`).

        Raises:
            RequestError, EngineError: the model did not answer.
        """
        number = len(self.turns) + 1
        turns = (*self.turns, Turn(speaker=Speaker.SUPPORTER, text=text, strategy=strategy))
        answer = None
        if strategy is not Strategy.AC and len(turns) + 2 <= self._gate.limits.max_utterances:
            view = CustomerView(self.persona.language, self.persona.description, self.plan.scenario, turns)
            direction = (await direct_next_turn(view, self.plan.customer_goal, context)).last
            answer = (await say_customer(view, direction, context)).last
            turns = (*turns, answer)
        self.turns = turns
        self.named |= {number} if is_named else set()
        return answer

    async def examine(self, judge: Chat) -> Findings:
        """Return what rules, turn checks, labeller and judge say of the person's turns, and of the call.

        Unlike the gate's, the findings have a verdict also where rules are broken: people learn from both.

        Raises:
            RequestError, EngineError: the judge's server refused, failed or is gone.
        """
        found = check_rules(self.turns, self._gate.limits, self.persona.language, self.plan.scenario)
        return Findings(
            tuple(violation for violation in found if violation.is_supporters(self.turns)),
            await self._gate.judge(judge, self._case(self.turns)) if self.turns else None,
        )

    def _case(self, turns: tuple[Turn, ...]) -> Case:
        return Case.of(self.persona.language, self.topic, self.plan, self.persona.portrait, turns)
