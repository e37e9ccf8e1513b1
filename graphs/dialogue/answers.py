"""What a model answers in the supporter's place: of a dialogue turn by turn, or of a call with a played customer."""

from collections.abc import Sequence

from agents.csc.dialogue import CustomerView, SupporterView, Turn
from agents.csc.flow import Progress, allowed_strategies, possible_outcomes
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.errors import UnreadableAnswerError
from agents.llm.chat import Chat
from agents.llm.request import Sampling
from agents.llm.usage import Role
from agents.roles.customer import say_customer_turn
from agents.roles.customer_assistant import direct_customer
from agents.roles.supporter import say_supporter_turn
from agents.roles.supporter_assistant import choose_strategy, strategy_messages
from graphs.config.evaluate import EvaluateSettings
from outputs.datasets.dialogues import Labelled
from outputs.datasets.roles import alternating
from outputs.runs.evaluation import Answer, EvaluatedTurn

NO_STRATEGY = "no strategy was chosen that it could have been said to"
"""The problem of a reply to the model's own strategy where that could not be read."""
RANKS = 3
"""How many strategies are chosen one after the other, each with the earlier ones barred."""
CUSTOMER_SAMPLING = Sampling(0.8, 0.95)
"""How customers are drawn, whatever the evaluated model's sampling: as `generate` plays them."""
CUSTOMER_TRIES = 3
"""How often a customer's turn is asked for: what is measured is the supporter."""
_ALL = tuple(Strategy)


class Answering:
    """A model in the supporter's place of one dialogue.

    An answer that nothing can be made of is an answer with a problem.
    """

    def __init__(self, chat: Chat, settings: EvaluateSettings) -> None:
        self._chat = chat
        self._settings = settings

    async def answer_all(self, dialogue: Labelled) -> tuple[tuple[EvaluatedTurn, ...], tuple[Turn, ...]]:
        """Return the supporter's labelled turns with what the model answered in their place, and the dialogue then.

        That is empty where the model was shown the dialogue as it was.

        Raises:
            RequestError, EngineError: the server refused, failed or is gone.
        """
        generated = self._settings.history == "generated"
        history: list[Turn] = []
        evaluated = []
        for number, turn in enumerate(dialogue.turns, start=1):
            said: Turn | None = turn
            if turn.speaker is Speaker.SUPPORTER and turn.strategy:
                # A turn that the model could not say leaves two of the customer's side by side.
                view = dialogue.supporter_view(alternating(history))
                answered = await self._answer(view, number, turn, turn.strategy)
                evaluated.append(answered)
                said = _own_turn(answered.free, answered.own_reply) if generated else turn
            if said:
                history.append(said)
        return tuple(evaluated), tuple(history) if generated else ()

    async def play(self, dialogue: Labelled, customer: Chat) -> tuple[tuple[Turn, ...], str | None]:
        """Play a call with the persona and goal of a dialogue; the strategies are chosen among all twelve.

        It ends when the supporter closes it, when it is as long as a call may be, or when the model gives no answer.

        Args:
            dialogue: whose topic, scenario, persona and goal are taken.
            customer: plays the customer.

        Returns:
            The call, and what was wrong with the model's answer where that ended it.

        Raises:
            RequestError, EngineError: a server refused, failed or is gone, or the customer cannot be played.
        """
        turns: list[Turn] = []
        while True:
            view = dialogue.supporter_view(turns)
            chosen = await self._choose(view, _ALL)
            reply = await self._say(view, chosen.strategy) if chosen.strategy else chosen
            said = _own_turn(chosen, reply)
            if said is None:
                return tuple(turns), reply.problem
            turns.append(said)
            if said.strategy is Strategy.AC or len(turns) >= self._settings.limits.max_utterances - 1:
                return tuple(turns), None
            turns.append(await self._say_as_customer(dialogue, turns, customer))

    async def _answer(self, view: SupporterView, number: int, turn: Turn, right: Strategy) -> EvaluatedTurn:
        allowed = allowed_strategies(Progress.of(view.turns), self._settings.limits)
        free = await self._choose(view, _ALL)
        is_choice = right in allowed and len(allowed) > 1
        constrained = await self._choose(view, allowed) if is_choice else None
        reply = None if self._settings.history == "generated" else await self._say(view, right)
        if free.strategy is None:
            own_reply = Answer(problem=NO_STRATEGY)
        elif free.strategy is right and reply:
            own_reply = reply
        else:
            own_reply = await self._say(view, free.strategy)
        heard = view.turns[-1] if view.turns and view.turns[-1].speaker is Speaker.CUSTOMER else None
        return EvaluatedTurn(
            number=number,
            strategy=right,
            text=turn.text,
            heard=heard.text if heard else "",
            felt=heard.emotion if heard else None,
            allowed=allowed,
            free=free,
            later=await self._choose_on(view, free, right),
            constrained=constrained,
            reply=reply,
            own_reply=own_reply,
        )

    async def _choose(self, view: SupporterView, options: Sequence[Strategy]) -> Answer:
        try:
            return Answer(text=await choose_strategy(self._chat, view, options))
        except UnreadableAnswerError as error:
            return Answer(problem=str(error))

    async def _choose_on(self, view: SupporterView, first: Answer, right: Strategy) -> tuple[Answer, ...]:
        """Return what the model chooses next, and next again, until that is right or nothing can be made of it.

        The request stays the same, with all twelve in it; decoding alone bars what was chosen before. Decoded greedily
        this is the model's ranking, where a label is one token, as it is for the usual tokenizers. It is not read from
        log probabilities: servers tell those of a few tokens alone, as they are before decoding bars any.
        """
        chosen, messages = [first], strategy_messages(view, _ALL)
        while len(chosen) < RANKS and chosen[-1].strategy not in (None, right):
            left = [strategy for strategy in _ALL if strategy not in {answer.strategy for answer in chosen}]
            try:
                chosen.append(Answer(text=await self._chat.choose(Role.SUPPORTER_ASSISTANT, messages, left)))
            except UnreadableAnswerError as error:
                chosen.append(Answer(problem=str(error)))
        return tuple(chosen[1:])

    async def _say(self, view: SupporterView, strategy: Strategy) -> Answer:
        try:
            text = await say_supporter_turn(self._chat, view, strategy, self._settings.utterance_tokens)
        except UnreadableAnswerError as error:
            return Answer(problem=str(error))
        return Answer(text=text)

    async def _say_as_customer(self, dialogue: Labelled, turns: Sequence[Turn], chat: Chat) -> Turn:
        view = CustomerView(dialogue.language, dialogue.persona, dialogue.scenario, turns)
        progress = Progress.of(turns)
        outcomes = possible_outcomes(progress, self._settings.limits)
        for tries_left in reversed(range(CUSTOMER_TRIES)):
            try:
                direction = await direct_customer(chat, view, dialogue.goal, outcomes, ending=progress.is_ending)
                ends, most = direction.ends_call, self._settings.utterance_tokens
                text = await say_customer_turn(chat, view, direction.text, ends_call=ends, max_tokens=most)
            except UnreadableAnswerError:
                if not tries_left:
                    raise
            else:
                break
        return Turn(
            speaker=Speaker.CUSTOMER, text=text, direction=direction.text, outcome=direction.outcome, ends_call=ends
        )


def _own_turn(chosen: Answer, reply: Answer) -> Turn | None:
    """Return the model's own turn; None where it said none."""
    if reply.problem or chosen.strategy is None:
        return None
    return Turn(speaker=Speaker.SUPPORTER, text=reply.text, strategy=chosen.strategy)
