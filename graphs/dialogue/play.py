"""One dialogue from plan to record: the five roles play it, the gate decides on it, and may be tried itself."""

from random import Random
from typing import Any

from agents.csc.dialogue import is_abandoned
from agents.csc.emotions import draw_course, with_course
from agents.csc.topics import TOPICS
from agents.csc.topics.topic import Topic
from agents.errors import keeping_failure
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import Clients
from agents.llm.preflight import Kinds
from agents.roles.kinds import played_kinds
from graphs.config.settings import Settings
from graphs.dialogue.canaries import send_canaries
from graphs.dialogue.graph import play_call
from graphs.dialogue.state import DialogueState
from graphs.dialogue.turns import DialogueContext
from outputs.runs.record import Planned, Record
from personas.persona import Persona
from quality.gate.case import Case
from quality.gate.gate import Gate, gate_kinds, hear_emotions
from quality.trust.canaries import Canary, sound_dialogues


def dialogue_kinds(settings: Settings) -> Kinds:
    """Return the kinds of requests that dialogues take, to be played and to go through the gate."""
    played = played_kinds(settings.language, settings.sampling, emotions=settings.emotions)
    return Kinds(played, gate_kinds(settings.judge_sampling))


async def play_dialogue(planned: Planned, persona: Persona, clients: Clients, settings: Settings, gate: Gate) -> Record:
    """Play a dialogue and send it through the gate. Whatever goes wrong with it is in its record.

    Raises:
        EngineError: the engine is gone; the dialogue has not ended.
    """
    play = Chat(clients.play, settings.sampling, planned.seed, planned.key)
    judge = Chat(clients.judge, settings.judge_sampling, derive_seed(planned.seed, "judge"), planned.key)
    topic = settings.played_topics[planned.topic]
    # Before there is a plan, nobody is given any of its policies.
    given = topic.following("")
    ended: dict[str, Any] = {}
    if settings.emotions:
        ended["course"] = draw_course(derive_seed(planned.seed, "course")).code
    description = with_course(persona.description, ended.get("course"), settings.language)
    with keeping_failure(ended):
        state = await _play(play, planned, description, topic, settings)
        ended |= {"plan": state.get("plan"), "turns": tuple(state["turns"]), "repairs": tuple(state["repairs"])}
        given = state["topic"] if ended["plan"] else given
        case = None
        if not is_abandoned(ended["repairs"]):
            portrait = with_course(persona.portrait, ended.get("course"), settings.language)
            case = Case.of(settings.language, given, ended["plan"], portrait, ended["turns"])
            findings = await gate.examine(judge, case)
            ended |= {"violations": findings.violations, "verdict": findings.verdict}
            if settings.emotions and findings.verdict:
                ended["emotion_labelling"] = await hear_emotions(judge, case)
            case = None if findings.reasons else case
        ended["canaries"] = await _try_gate(judge, case, planned.seed, settings, gate)
    return Record(
        id=planned.key,
        language=settings.language,
        topic=planned.topic,
        persona=persona,
        number=planned.number,
        seed=planned.seed,
        model=clients.play.model,
        judge_model=clients.judge.model,
        own_topic=None if topic.code in TOPICS else given,
        usage=play.usage | judge.usage,
        **ended,
    )


async def _play(chat: Chat, planned: Planned, description: str, topic: Topic, settings: Settings) -> DialogueState:
    """Return the last state of a call with the persona of this description; it has no plan where none was sound."""
    context = DialogueContext.of(chat, settings, emotions=settings.emotions)
    return await play_call(description, topic, planned.number, context)


async def _try_gate(chat: Chat, passed: Case | None, seed: int, settings: Settings, gate: Gate) -> tuple[Canary, ...]:
    """Send canaries through the gate, beside a share of dialogues."""
    random = Random(derive_seed(seed, "canaries"))
    if random.random() >= settings.canaries:
        return ()
    return await send_canaries(chat, gate, passed, random.choice(sound_dialogues(settings.language)), random)
