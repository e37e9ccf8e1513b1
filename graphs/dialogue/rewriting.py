"""One real call from its transcript to a record: reviewed, labelled, planned, said anew, compared with what it was."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any

from agents.csc.dialogue import Turn, is_abandoned
from agents.csc.language import Language
from agents.csc.outline import Cover, Outline, Step
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.csc.topics import TOPICS
from agents.errors import RequestError, keeping_failure
from agents.llm.chat import Chat, Kind, derive_seed
from agents.llm.client import Clients
from agents.llm.preflight import Kinds
from agents.llm.usage import Role
from agents.roles.rewriter import (
    Brief,
    RewriterView,
    lay_out,
    plan_strategies,
    rewriter_kinds,
    say_rewritten_turn,
)
from graphs.config.rewrite import RewriteSettings
from graphs.dialogue.canaries import send_canaries
from graphs.dialogue.graph import settle
from graphs.dialogue.state import DialogueState
from graphs.dialogue.turns import Asked, DialogueContext, ask_until_sound
from outputs.runs.rewriting import Rewriting
from outputs.runs.run import PlannedCall
from personas.distill.second_look import look_at_call, second_look_kind
from personas.distill.transcripts import Transcript
from personas.persona import UNKNOWN, Persona, unknown_person
from quality.checks.echoes import RUN, find_echo, prompt_runs
from quality.checks.rules import Violation, check_rules
from quality.checks.structured_checks import PLAN_HINTS, check_plan
from quality.checks.turn_checks import HINTS, KNOWS_TOO_EARLY, FailedCheck, check_turn
from quality.fidelity.comparison import ask_beyond_rules, compare_by_rules, compare_calls, fidelity_kinds
from quality.fidelity.differences import Encode
from quality.fidelity.fact import Fact, FactKind
from quality.fidelity.facts import facts_of, find_facts, is_told
from quality.fidelity.findings import CallOutcome, Fidelity
from quality.fidelity.turn_facts import FACT_HINTS, check_turn_facts
from quality.gate.case import Case
from quality.gate.gate import Gate, gate_kinds
from quality.gate.labeller import label_strategies
from quality.gate.review import review_call, review_type
from quality.trust.canaries import Canary, sound_dialogues
from quality.trust.fidelity_canaries import draw_unfaithful

_SAID_PROMPTS = ("rewriter", "rewrite_supporter", "rewrite_customer")
_END = {Language.EN: ".", Language.ZH: "。"}


def rewriting_kinds(settings: RewriteSettings) -> Kinds:
    """Return the kinds of requests that rewritten calls take."""
    review = Kind(Role.JUDGE, settings.judge_sampling, review_type(5))
    judged = [*gate_kinds(settings.judge_sampling), *fidelity_kinds(settings.judge_sampling), review]
    rewritten = [*rewriter_kinds(settings.language, settings.sampling)]
    if settings.scrub_with_model:
        rewritten.append(second_look_kind(settings.judge_sampling))
    return Kinds(rewritten, judged)


async def rewrite_call(
    planned: PlannedCall,
    call: Transcript,
    clients: Clients,
    settings: RewriteSettings,
    gate: Gate,
    encode: Encode | None,
) -> Rewriting:
    """Rewrite a call and compare it with its original. Whatever goes wrong with it is in its record.

    Args:
        planned: the item.
        call: without private data.
        clients: the models.
        settings: of the job.
        gate: that the rewrite must pass.
        encode: embeds texts, see `match_customer`.

    Raises:
        EngineError: the engine is gone; the rewriting has not ended.
    """
    play = Chat(clients.play, settings.sampling, planned.seed, planned.key)
    judge = Chat(clients.judge, settings.judge_sampling, derive_seed(planned.seed, "judge"), planned.key)
    # It extracts, as a judge does: greedily.
    look = Chat(clients.play, settings.judge_sampling, derive_seed(planned.seed, "second look"), planned.key)
    ended: dict[str, Any] = {"original": (), "topic": "", "persona": _customer(planned, settings.language)}
    with keeping_failure(ended):
        if settings.scrub_with_model:
            call, ended["second_look"] = await look_at_call(look, call)
        await _Rewriting(planned, call, play, judge, settings, gate, encode, ended).carry_out()
    return Rewriting(
        id=planned.key,
        source_id=planned.source,
        language=settings.language,
        seed=planned.seed,
        model=clients.play.model,
        judge_model=clients.judge.model,
        usage=look.usage | play.usage | judge.usage,
        **ended,
    )


class _Rewriting:
    """Rewrites one call; `ended` is what its record holds of it so far, and is added to."""

    def __init__(
        self,
        planned: PlannedCall,
        call: Transcript,
        play: Chat,
        judge: Chat,
        settings: RewriteSettings,
        gate: Gate,
        encode: Encode | None,
        ended: dict[str, Any],
    ) -> None:
        self.original = tuple(Turn(speaker=line.speaker, text=line.text) for line in call.lines)
        self._planned = planned
        self._play = play
        self._judge = judge
        self._settings = settings
        self._gate = gate
        self._encode = encode
        self._known = facts_of(turn.text for turn in self.original)
        self._said = "\n".join(turn.text for turn in self.original).lower()
        self.ended = ended
        ended["original"] = self.original

    async def carry_out(self) -> None:
        """Go through all steps, the cheapest first, until one rejects the call."""
        settings, original = self._settings, Case(self._settings.language, "", "", "", "", self.original)
        review = await review_call(self._judge, original)
        self.ended |= {"review": review, "topic": review.topic}
        if refused := tuple(flaw for flaw in review.flaws if flaw in settings.flaws):
            self.ended["refused"] = refused
            return
        supporters = tuple(
            number for number, turn in enumerate(self.original, start=1) if turn.speaker is Speaker.SUPPORTER
        )
        self.ended["before"] = await label_strategies(self._judge, original, supporters)
        if not await self._rewrite():
            return
        plan = self.ended["plan"]
        topic = TOPICS[review.topic][settings.language]
        original = Case(settings.language, topic.name, plan.scenario, "", "", self.original)
        rewrite = Case.of(settings.language, topic, plan, self.ended["persona"].portrait, self.ended["turns"])
        found = check_rules(rewrite.turns, settings.limits, settings.language, rewrite.scenario)
        self.ended["violations"] = tuple(violation for violation in found if not self._is_as_it_was(violation))
        fidelity = await self._judge_rewrite(original, rewrite)
        faithful = fidelity if fidelity and fidelity.before and not fidelity.reasons else None
        # What `_is_as_it_was` lets pass is a finding of the gate's own rules.
        passed = rewrite if faithful and not found else None
        self.ended["canaries"] = await self._send_canaries(original, rewrite, faithful, passed)

    async def _judge_rewrite(self, original: Case, rewrite: Case) -> Fidelity | None:
        """Send a rewrite through all that it must pass beside the rules: what costs nothing first."""
        settings = self._settings
        fidelity = await asyncio.to_thread(compare_by_rules, original, rewrite, settings.fidelity, self._encode)
        self.ended["fidelity"] = fidelity
        if self.ended["violations"] or fidelity.reasons:
            return None
        self.ended["verdict"] = verdict = await self._gate.judge(self._judge, rewrite)
        if not verdict.is_flawless:
            return None
        self.ended["fidelity"] = fidelity = await ask_beyond_rules(self._judge, original, rewrite, fidelity)
        return fidelity

    def _is_as_it_was(self, violation: Violation) -> bool:
        """Tell whether a turn knows what the line that it covers knew: an agent may begin with their own name."""
        if violation.rule != KNOWS_TOO_EARLY or violation.turn is None:
            return False
        return violation.detail in self._covered(self.ended["steps"][violation.turn - 1])

    def _covered(self, step: Step) -> str:
        """Return the words of the original that a step covers; empty where it is added."""
        return self.original[step.line - 1].text if step.line else ""

    async def _rewrite(self) -> bool:
        """Lay the call out, plan it and say it; tell whether that came to an end."""
        settings = self._settings
        context = DialogueContext.of(self._play, settings)
        state: DialogueState = {"turns": [], "repairs": []}
        asked = await self._lay_out(context)
        state.update(settle(state, "plan", None, asked))
        self.ended["repairs"] = tuple(state["repairs"])
        if asked.answer is None:
            return False
        brief = asked.answer
        persona = _customer(self._planned, settings.language, brief.tone, brief.description)
        self.ended |= {"plan": brief.plan, "persona": persona}
        topic = TOPICS[self.ended["topic"]][settings.language].name
        view = RewriterView(settings.language, topic, brief.scenario, self.original)
        outline = Outline([turn.speaker for turn in self.original], settings.limits)
        self.ended["steps"] = steps = await plan_strategies(self._play, view, outline)
        while len(state["turns"]) < len(steps) and not is_abandoned(state["repairs"]):
            step = steps[len(state["turns"])]
            turn = await self._say(view, state["turns"], step, context)
            state.update(settle(state, "turn", step.speaker, turn))
        self.ended |= {"turns": tuple(state["turns"]), "repairs": tuple(state["repairs"])}
        return not is_abandoned(state["repairs"])

    async def _lay_out(self, context: DialogueContext) -> Asked[Brief]:
        language = context.language
        topic = TOPICS[self.ended["topic"]][language]

        async def ask(hint: str) -> Brief:
            return await lay_out(self._play, language, topic.name, self.original, hint)

        def check(brief: Brief) -> Iterator[FailedCheck]:
            yield from check_plan(brief.plan, brief.description, topic, language)
            for text in (brief.scenario, brief.customer_goal):
                yield from check_turn_facts(text, (), self._known, self._said)

        return await ask_until_sound(ask, check, PLAN_HINTS | FACT_HINTS, context, tries=2 * context.repairs + 1)

    async def _say(
        self, view: RewriterView, turns: Sequence[Turn], step: Step, context: DialogueContext
    ) -> Asked[Turn]:
        """Say a step; a customer's line that is sound stays as it is."""

        async def ask(hint: str) -> Turn:
            return await say_rewritten_turn(self._play, view, turns, step, context.utterance_tokens, hint)

        def check(turn: Turn) -> Iterator[FailedCheck]:
            return self._check(turn, turns, step, view)

        if step.speaker is Speaker.CUSTOMER and step.line:
            kept = Turn(speaker=step.speaker, text=_close(self.original[step.line - 1].text, context.language))
            if next(check(kept), None) is None:
                return Asked(kept, ())
        return await ask_until_sound(ask, check, HINTS | FACT_HINTS, context)

    def _check(self, turn: Turn, turns: Sequence[Turn], step: Step, view: RewriterView) -> Iterator[FailedCheck]:
        yield from check_turn(turn, turns, view.language, f"{view.scenario} {self._covered(step)}")
        run = RUN[view.language]
        if echo := find_echo(turn.text, [prompt_runs(view.language, run, *_SAID_PROMPTS)], run):
            yield FailedCheck("prompt-echo", repr(echo))
        told = facts_of(other.text for other in turns)
        known = [*self._known, *told]
        if turns and turns[-1].strategy is Strategy.IV:
            known += (fact for fact in find_facts(turn.text) if fact.kind is FactKind.PLACEHOLDER)
        wanted: list[Fact] = []
        if step.line and step.cover is Cover.WHOLE:
            said = "\n".join(other.text for other in turns).lower()
            line = find_facts(self._covered(step))
            wanted = [fact for fact in line if not is_told(fact, told, said)]
        yield from check_turn_facts(turn.text, wanted, known, self._said)

    async def _send_canaries(
        self, original: Case, rewrite: Case, faithful: Fidelity | None, passed: Case | None
    ) -> tuple[Canary, ...]:
        """Try comparison and gate, for a share of calls: have two pairs compared, and send two calls through the gate.

        One of each has a planted fault: in the rewrite itself where that is `faithful`, else in a call that ships,
        which is its own original. The other is sound. The gate's own fault is planted in what `passed` it, else in that
        call. What the judge's server refuses is left out.
        """
        settings, random = self._settings, Random(derive_seed(self._planned.seed, "canaries"))
        if random.random() >= settings.canaries:
            return ()
        sound = random.choice(sound_dialogues(settings.language))
        base, real, before = (rewrite, original, faithful.before) if faithful else (sound, sound, None)
        is_solved = before is None or before.outcome is CallOutcome.SOLVED
        name, planted = draw_unfaithful(base, random.getrandbits(31), is_solved=is_solved)
        canaries = []
        for fault, one, other, known in ((name, real, planted, before), (None, sound, sound, None)):
            with suppress(RequestError):
                found = await compare_calls(self._judge, one, other, settings.fidelity, before=known)
                reasons = tuple(found.reasons)
                canaries.append(Canary(fault=fault, rejected=bool(reasons), reasons=reasons))
        return (*canaries, *await send_canaries(self._judge, self._gate, passed, sound, random))


def _customer(planned: PlannedCall, language: Language, tone: str = UNKNOWN, description: str = UNKNOWN) -> Persona:
    """Return the persona of the customer of a real call: nothing is known but how they talk."""
    id_ = f"{language}-{planned.key}"
    return unknown_person(id_, language, sources=(planned.source,), tone=tone, description=description)


def _close(text: str, language: Language) -> str:
    """Return an utterance with a mark at its end, which transcripts often lack."""
    return text if not text[-1:].isalnum() and not text.endswith("]") else f"{text}{_END[language]}"
