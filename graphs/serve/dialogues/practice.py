"""Calls in which a person practises as the supporter: held as `rolecs chat` holds them, in memory alone.

Nothing of them is stored but what they cost. What the customer wants leaves the service when the call has ended.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.llm.chat import Chat, derive_seed
from agents.llm.request import Sampling
from graphs.config.serving import ServeSettings
from graphs.dialogue.live import PracticeCall
from graphs.dialogue.review import Review
from graphs.dialogue.turns import DialogueContext
from graphs.serve.dialogues.grounds import Grounds
from graphs.serve.dialogues.metering import Meter, Wanted
from graphs.serve.dialogues.replicas import Replicas
from graphs.serve.dialogues.sessions import hash_token, iso_time, new_id, new_token, one_at_a_time, opens
from graphs.serve.protection.limits import ALL, PauseSwitch
from graphs.serve.protection.privacy import Veil
from graphs.serve.refusal import Refusal, unauthorised
from personas.persona import Persona
from quality.gate.gate import Gate
from quality.gate.rubric import POINT_CODES

ResultT = TypeVar("ResultT")
MOST_PRACTISED = 500
"""Calls in memory."""


@dataclass
class PracticeSession:
    """A call in which somebody practises.

    Attributes:
        id: names it in addresses.
        token: hash of what opens it.
        expires: until when it does, in Unix time.
        call: what is said in it.
        review: what was found of it; None until it was examined.
        has_ended: the person has ended it.
        is_busy: the models are asked for it.
        requests: by what the person's program called them, the requests to say a turn, each with the turn's number.
        veil: hides private data from the models, where that is asked for.
    """

    id: str
    token: str
    expires: float
    call: PracticeCall
    review: Review | None = None
    has_ended: bool = False
    is_busy: bool = False
    requests: dict[str, int] = field(default_factory=dict)
    veil: Veil = field(default_factory=Veil)

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more can be said."""
        return self.has_ended or self.call.is_over

    def show(self) -> dict[str, Any]:
        """Return the call as it is answered: with what was found of it, and what the customer wanted, at the end."""
        call = self.call
        return {
            "id": self.id,
            "expires_at": iso_time(self.expires),
            "language": call.persona.language.value,
            "topic": call.topic.name,
            "scenario": call.plan.scenario,
            "turns": [self.show_turn(number) for number in range(1, len(call.turns) + 1)],
            "over": self.is_over,
            "findings": self.review and self.review.model_dump(mode="json"),
        }

    def show_turn(self, number: int) -> dict[str, Any]:
        """Return a turn, counted from 1, as it is answered: nothing of what the customer was directed to do."""
        turn = self.call.turns[number - 1]
        return {
            "number": number,
            "speaker": turn.speaker.value,
            "text": turn.text,
            "strategy": turn.strategy and turn.strategy.value,
            "stage": turn.stage and turn.stage.value,
            "ends_call": turn.ends_call,
        }

    def show_exchange(self, number: int) -> dict[str, Any]:
        """Return the person's turn of this number, with the customer's answer, as they are answered."""
        has_answer = number < len(self.call.turns)
        answer = self.show_turn(number + 1) if has_answer else None
        return {"said": self.show_turn(number), "turn": answer, "over": self.is_over}


@dataclass
class Practice:
    """The calls in which people practise.

    Attributes:
        settings: of the service.
        grounds: what calls may be about.
        personas: who may call, by language; none where practice is not offered.
        replicas: the servers of the model that plays the customer.
        judges: those of the one that labels and judges.
        meter: has it all paid.
        pause: while it is on, no model is asked.
    """

    settings: ServeSettings
    grounds: Grounds
    personas: Mapping[Language, Sequence[Persona]]
    replicas: Replicas
    judges: Replicas
    meter: Meter
    pause: PauseSwitch

    def __post_init__(self) -> None:
        self._sessions: OrderedDict[str, PracticeSession] = OrderedDict()
        # How many labels a labeller gives as well decides on what a run keeps, and nothing here.
        self._gate = Gate(self.settings.limits, votes=1, min_agreement=0.0)

    @property
    def callers(self) -> Mapping[Language, Sequence[Persona]]:
        """Who may call, by language.

        Raises:
            Refusal: practice is not offered.
        """
        if not self.personas:
            raise Refusal(404, "no_practice", "practice is not offered by this service")
        return self.personas

    async def open(
        self, visitor: str, language: Language, topic: str | None, persona: str | None
    ) -> tuple[PracticeSession, str]:
        """Have a persona call; return the call, in which the person speaks first, and its token.

        Args:
            visitor: the pseudonym of who practises.
            language: of the call.
            topic: its code; None for any that is served.
            persona: the id of who calls; None for anybody.

        Raises:
            Refusal: nobody calls.
        """
        callers = [one for one in self.callers.get(language, ()) if persona in (None, one.id)]
        if not callers:
            raise Refusal(400, "unknown_persona", "the pool of personas holds no such persona in this language")
        call = PracticeCall(secrets.choice(callers), self.grounds.topic(topic, language), self._gate)
        token = new_token()
        expires = time.time() + 60 * self.settings.session_minutes
        session = PracticeSession(new_id(), hash_token(token), expires, call)
        await self._play(session, call.open)
        self._sessions[session.id] = session
        self.make_room()
        self._note("practice opened", visitor, session)
        return session, token

    def find(self, id_: str, token: str) -> PracticeSession:
        """Return the call that a token opens.

        Raises:
            Refusal: there is no such call, or the token is another's or out of date.
        """
        session = self._sessions.get(id_)
        known, expires = (session.token, session.expires) if session else ("", 0.0)
        if not opens(token, known, expires) or session is None:
            raise unauthorised()
        self._sessions.move_to_end(id_)
        return session

    async def say(
        self, visitor: str, session: PracticeSession, words: str, strategy: Strategy | None, request: str | None
    ) -> int:
        """Say something to the customer; return the number of the turn. Their answer, if any, is the next one.

        Args:
            visitor: the pseudonym of who practises.
            session: the call.
            words: what is said, on one line.
            strategy: what is meant to be done by it; a labeller says it where it is None.
            request: what the person's program calls the request. One that comes a second time is answered as before.

        Raises:
            Refusal: there is no answer; the call is as it was.
        """
        if request and (number := session.requests.get(request)) is not None:
            return number
        if session.is_over:
            raise Refusal(409, "over", "the call is over")
        if not words:
            raise Refusal(400, "empty", "the text holds no words")
        with one_at_a_time(session):
            call = session.call
            asked = call.turns[-1].text if call.turns else ""
            told = session.veil.hide(words, asked) if self.settings.scrub_model else words
            if strategy is None:
                heard = await self._judge(session, lambda judge: call.hear(judge, told))
            else:
                heard = strategy
            number = len(call.turns) + 1

            async def say(context: DialogueContext) -> None:
                await call.say(context, told, heard, is_named=strategy is not None)
                if request:
                    session.requests[request] = number

            await self._play(session, say)
        self._note("practice answered", visitor, session, number=number)
        return number

    async def examine(self, visitor: str, session: PracticeSession) -> Review:
        """End a call; return what was found of it, and what the customer had wanted.

        Raises:
            Refusal: there are no findings yet; the call has ended all the same.
        """
        if session.review is None:
            with one_at_a_time(session):
                session.has_ended = True
                # A label and a verdict on each point, one after the other.
                findings = await self._judge(session, session.call.examine, answers=1 + len(POINT_CODES))
                session.review = Review.of(session.call, findings)
            self._note("practice examined", visitor, session)
        return session.review

    async def _play(self, session: PracticeSession, work: Callable[[DialogueContext], Awaitable[ResultT]]) -> ResultT:
        """Return what comes of asking the model that plays the customer."""
        settings, language = self.settings, session.call.persona.language

        async def ask(chat: Chat) -> ResultT:
            return await work(
                DialogueContext(chat, language, settings.limits, settings.utterance_tokens, settings.repairs)
            )

        return await self._ask(self.replicas, session, settings.customer_sampling, ask)

    async def _judge(
        self, session: PracticeSession, work: Callable[[Chat], Awaitable[ResultT]], answers: int = 1
    ) -> ResultT:
        """Return what comes of asking the judge's model for so many answers."""
        return await self._ask(self.judges, session, self.settings.judge_sampling, work, answers)

    async def _ask(
        self,
        replicas: Replicas,
        session: PracticeSession,
        sampling: Sampling,
        work: Callable[[Chat], Awaitable[ResultT]],
        answers: int = 1,
    ) -> ResultT:
        self.pause.check()
        seed = derive_seed(self.settings.seed, session.id, len(session.call.turns))
        wanted = Wanted(session.id, sampling, seed, work, answers * self.settings.turn_timeout_s)
        paid = await self.meter.ask(replicas, wanted, {ALL: self.settings.daily_tokens})
        # The call has gone on by now: the bill alone is to be stored.
        await self.meter.keep(*paid.writes)
        return paid.result

    def make_room(self) -> None:
        """Forget the calls that are out of date, and of too many the oldest."""
        now = time.time()
        for session in [one for one in self._sessions.values() if one.expires <= now]:
            del self._sessions[session.id]
        while len(self._sessions) > MOST_PRACTISED:
            self._sessions.popitem(last=False)

    def _note(self, event: str, visitor: str, session: PracticeSession, **fields: int) -> None:
        self.meter.audit.note(event, session=hash_token(session.id)[:16], visitor=visitor, **fields)
