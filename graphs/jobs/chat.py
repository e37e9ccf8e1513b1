"""A call with a person at the terminal: with the supporter, or as the supporter of a persona that calls."""

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from random import Random
from typing import Any, NamedTuple, Protocol

from agents.csc.dialogue import Plan, SupporterView, Turn
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy, parse_strategy
from agents.csc.topics import TOPICS
from agents.csc.topics.policies import fit_to_call
from agents.csc.topics.topic import Topic
from agents.errors import RequestError, UsageError
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import Clients
from agents.llm.preflight import Kinds
from agents.llm.usage import Role
from graphs.backends.local import local_backend, shared_log
from graphs.config.settings import Settings
from graphs.dialogue.live import PracticeCall, clean_typed
from graphs.dialogue.play import dialogue_kinds
from graphs.dialogue.review import Review
from graphs.dialogue.supporter import OPEN_SCENARIO, answer, is_closed
from graphs.dialogue.turns import DialogueContext
from graphs.scheduling.job import Job
from outputs.runs.record import Record
from personas.persona import Persona, unknown_person
from personas.pool import load_pool
from quality.gate.agreement import required_agreement

QUIT, BYE = "quit", "bye"
"""Commands: leave at once; say the words behind it and end the call, as the customer."""


class Wanted(NamedTuple):
    """What a person asks for.

    Attributes:
        side: the side that the person is on.
        topic: what the call is about, with all policies of the company.
        scenario: what the supporter knows beforehand, for a person who calls.
        persona: the id of the persona that calls; None for any.
    """

    side: Speaker
    topic: Topic
    scenario: str | None = None
    persona: str | None = None


class Screen(Protocol):
    """Where a call is seen, and where a person's words come from."""

    def lines(self) -> AsyncGenerator[str, None]:
        """Yield what the person types, until there is no more or `close` is called."""

    def close(self) -> None:
        """Have no more lines yielded."""

    def begin(self, scenario: str, side: Speaker) -> None:
        """Show what is known beforehand, and what can be typed."""

    def wait(self, what: str) -> None:
        """Show what takes a while."""

    def show(self, turn: Turn) -> None:
        """Show what the model said, or what a person's words were taken for."""

    def tell(self, problem: str) -> None:
        """Show why a line was not said."""

    def review(self, review: Review) -> None:
        """Show what was found of a call."""


async def chat(job: Job[Settings], wanted: Wanted, screen: Screen, save: Callable[[Record], None]) -> None:
    """Hold one call with a person; what was said when it ends, in whatever way, is handed to `save`.

    Raises:
        UsageError: a server, model, pool or persona is wrong.
        EngineError: the engine did not start, or is gone.
    """
    settings = job.settings
    persona = _find_persona(settings, wanted) if wanted.side is Speaker.SUPPORTER else None

    async def carry_out(wanted: Wanted, clients: Clients) -> Record:
        talk = _Talk(settings, clients, screen)
        try:
            with job.interruption.finishing(screen.close):
                await (talk.practise(persona, wanted.topic, job) if persona else talk.call(wanted))
        finally:
            if talk.turns:
                save(talk.record())
        return talk.record()

    async with local_backend(job, carry_out, _kinds(settings, wanted.side)) as backend:
        with job.telemetry.loading(backend.model) as on_wait:
            await backend.start(shared_log(), on_wait)
        await backend.places[0].run(wanted)


class _Talk:
    """One call, as it is typed."""

    def __init__(self, settings: Settings, clients: Clients, screen: Screen) -> None:
        self._settings = settings
        self._clients = clients
        self._screen = screen
        self._id = f"chat-{secrets.token_hex(8)}"
        self._play = Chat(clients.play, settings.sampling, settings.seed, self._id)
        self._judge = Chat(clients.judge, settings.judge_sampling, derive_seed(settings.seed, "judge"), self._id)
        self._context = DialogueContext.of(self._play, settings)
        self.turns: tuple[Turn, ...] = ()
        """What was said so far."""
        self._known: dict[str, Any] = {}

    def record(self) -> Record:
        """Return the call as it is stored."""
        return Record(
            id=self._id,
            language=self._settings.language,
            seed=self._settings.seed,
            model=self._clients.play.model,
            judge_model=self._clients.judge.model,
            usage=self._play.usage | self._judge.usage,
            turns=self.turns,
            **self._known,
        )

    async def call(self, wanted: Wanted) -> None:
        """Let the person be the customer."""
        language = self._settings.language
        scenario = wanted.scenario or OPEN_SCENARIO[language]
        topic = fit_to_call(wanted.topic, scenario, language)
        plan = Plan(scenario=scenario, customer_goal="")
        self._know(topic, unknown_person("person", language), plan)
        self._screen.begin(scenario, Speaker.CUSTOMER)

        async def reply(*said: Turn) -> None:
            turns = (*self.turns, *said)
            view = SupporterView(language, topic.name, scenario, turns, topic.company)
            answered = await answer(view, self._context)
            self.turns = (*turns, answered.turn)
            self._screen.show(answered.turn)

        async def say(command: str, words: str) -> None:
            if command not in ("", BYE):
                raise UsageError(f"there is no /{command}; /{BYE} WORDS ends the call, /{QUIT} leaves it")
            await reply(Turn(speaker=Speaker.CUSTOMER, text=clean_typed(words), ends_call=command == BYE))

        await reply()
        await self._listen(say, lambda: is_closed(self.turns, self._context.limits))

    async def practise(self, persona: Persona, topic: Topic, job: Job[Settings]) -> None:
        """Let the person be the supporter, and tell them afterwards what was found."""
        gate = self._settings.gate(required_agreement(self._settings.min_agreement, None))
        call = PracticeCall(persona, topic, gate)
        self._screen.wait("The customer's call is being planned.")
        await call.open(self._context)
        self._know(call.topic, persona, call.plan)
        self._screen.begin(call.plan.scenario, Speaker.SUPPORTER)

        async def say(command: str, words: str) -> None:
            await self._answer(call, clean_typed(words), _strategy_of(command))

        await self._listen(say, lambda: call.is_over)
        if call.turns and not job.interruption.requested:
            self._screen.wait("The call is being judged.")
            findings = await call.examine(self._judge)
            self._known |= {"violations": findings.violations, "verdict": findings.verdict}
            self._screen.review(Review.of(call, findings))

    async def _listen(self, say: Callable[[str, str], Awaitable[None]], is_over: Callable[[], bool]) -> None:
        """Have what the person types said, a command and words, until they leave or the call is over."""
        async with aclosing(self._screen.lines()) as lines:
            async for line in lines:
                command, words = _split_command(line)
                if command == QUIT:
                    break
                try:
                    await say(command, words)
                except (UsageError, RequestError) as error:
                    self._screen.tell(str(error))
                if is_over():
                    break

    def _know(self, topic: Topic, persona: Persona, plan: Plan) -> None:
        own_topic = None if topic.code in TOPICS else topic
        self._known = {"topic": topic.code, "own_topic": own_topic, "persona": persona, "plan": plan}

    async def _answer(self, call: PracticeCall, words: str, strategy: Strategy | None) -> None:
        number = len(call.turns)
        heard = strategy or await call.hear(self._judge, words)
        await call.say(self._context, words, heard, is_named=strategy is not None)
        self.turns = call.turns
        for turn in call.turns[number if strategy is None else number + 1 :]:
            self._screen.show(turn)


def _split_command(line: str) -> tuple[str, str]:
    """Return the command of a line, in lower case and empty where there is none, and the words behind it.

    >>> _split_command("/PS Shall I block it?"), _split_command("Hello.")
    (('ps', 'Shall I block it?'), ('', 'Hello.'))
    """
    if not line.lstrip().startswith("/"):
        return "", line
    command, _, words = line.strip()[1:].partition(" ")
    return command.lower(), words


def _strategy_of(command: str) -> Strategy | None:
    if not command:
        return None
    try:
        return parse_strategy(command)
    except ValueError:
        raise UsageError(f"there is no /{command}; a strategy's code goes before words, /{QUIT} leaves") from None


def _kinds(settings: Settings, side: Speaker) -> Kinds:
    kinds = dialogue_kinds(settings)
    if side is Speaker.SUPPORTER:
        return kinds
    return Kinds([kind for kind in kinds.play if kind.role in (Role.SUPPORTER_ASSISTANT, Role.SUPPORTER)])


def _find_persona(settings: Settings, wanted: Wanted) -> Persona:
    pool = load_pool(settings.personas, settings.language)
    if wanted.persona is None:
        return Random(derive_seed(settings.seed, "persona")).choice(pool)
    for persona in pool:
        if persona.id == wanted.persona:
            return persona
    raise UsageError(f"no persona {wanted.persona!r} in the pool; there are {pool[0].id} to {pool[-1].id}")
