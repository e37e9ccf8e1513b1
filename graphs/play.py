"""One dialogue from plan to record: the five roles play it, the rules and the judge decide on it."""

from agents.chat import Chat, derive_seed
from agents.dialogue import Plan, Turn
from agents.errors import EngineError
from agents.topics import TOPICS
from graphs.call import graph, recursion_limit
from graphs.servers import Replica
from graphs.settings import Settings
from graphs.state import CallContext
from outputs.record import Planned, Record
from personas.persona import Persona
from quality.judge import Case, judge_call
from quality.rules import Violation, check_rules
from quality.verdict import Verdict


async def play_dialogue(planned: Planned, persona: Persona, replica: Replica, settings: Settings) -> Record:
    """Play and judge one dialogue. Whatever goes wrong with it is in its record.

    Raises:
        EngineError: the engine is gone; the dialogue has not ended.
    """
    play = Chat(replica.play, settings.sampling, planned.seed)
    judge = Chat(replica.judge, settings.judge_sampling, derive_seed(planned.seed, "judge"))
    plan: Plan | None = None
    turns: list[Turn] = []
    violations: list[Violation] = []
    verdict: Verdict | None = None
    error: str | None = None
    try:
        plan, turns = await _play(play, planned, persona, settings)
        violations = check_rules(turns, settings.limits)
        if not violations:
            verdict = await judge_call(judge, _case(planned, persona, plan, turns, settings))
    except EngineError:
        raise
    except Exception as caught:  # a boundary: a dialogue that meets a bug of ours is stored as failed, the job goes on
        error = f"{type(caught).__name__}: {caught}"
    return Record(
        id=planned.key,
        language=settings.language,
        topic=planned.topic,
        persona=persona,
        seed=planned.seed,
        model=replica.play.model,
        judge_model=replica.judge.model,
        plan=plan,
        turns=tuple(turns),
        violations=tuple(violations),
        verdict=verdict,
        error=error,
        usage=play.usage | judge.usage,
    )


async def _play(chat: Chat, planned: Planned, persona: Persona, settings: Settings) -> tuple[Plan, list[Turn]]:
    context = CallContext(chat, settings.language, settings.limits, settings.utterance_tokens)
    end = await graph.ainvoke(
        {"persona": persona.description, "topic": planned.topic, "number": planned.number, "turns": []},
        {"recursion_limit": recursion_limit(settings.limits)},
        context=context,
    )
    return end["plan"], end["turns"]


def _case(planned: Planned, persona: Persona, plan: Plan, turns: list[Turn], settings: Settings) -> Case:
    return Case(
        language=settings.language,
        topic=TOPICS[planned.topic][settings.language].name,
        scenario=plan.scenario,
        persona=persona.description,
        goal=plan.customer_goal,
        turns=turns,
    )
