"""Compares a rewritten call with its original: facts by rules, outcome and solutions by constrained requests."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import Field, create_model

from agents.csc.dialogue import Turn
from agents.errors import UnreadableAnswerError
from agents.llm.chat import Chat, Kind
from agents.llm.request import Message, Sampling
from agents.llm.usage import Role
from agents.prompts.rendering import render, render_fixed
from quality.fidelity.differences import Encode, compare_facts, match_customer
from quality.fidelity.findings import Fidelity, OutcomeOpinion
from quality.fidelity.limits import FidelityLimits
from quality.gate.case import Case
from quality.gate.judge import MAX_REASON, opinion_type
from quality.gate.verdict import Opinion

FIDELITY_PROMPTS = ("rewrite_outcome_system", "rewrite_outcome", "rewrite_fidelity_system", "rewrite_fidelity")
"""The prompt files of the comparison."""
MAX_TOKENS = 300
"""Longest answer, in tokens."""


@lru_cache(maxsize=1)
def outcome_type() -> type[OutcomeOpinion]:
    """Return the type of an answer on how a call ended."""
    return create_model("Outcome", __base__=OutcomeOpinion, reason=(str, Field(min_length=1, max_length=MAX_REASON)))


def outcome_messages(case: Case) -> list[Message]:
    """Ask how a call ended."""
    return [
        {"role": "system", "content": render_fixed(case.language, "rewrite_outcome_system")},
        {"role": "user", "content": render(case.language, "rewrite_outcome", case=case, labelled=False)},
    ]


def solutions_messages(original: Case, rewrite: Case) -> list[Message]:
    """Ask whether a rewrite goes beyond its original."""
    prompt = render(original.language, "rewrite_fidelity", original=original, case=rewrite, labelled=False)
    return [
        {"role": "system", "content": render_fixed(original.language, "rewrite_fidelity_system")},
        {"role": "user", "content": prompt},
    ]


def fidelity_kinds(sampling: Sampling) -> list[Kind]:
    """Return the kinds of requests that a comparison makes, for a server to be tried out with."""
    return [Kind(Role.JUDGE, sampling, outcome_type())]


async def find_outcome(chat: Chat, case: Case) -> OutcomeOpinion:
    """Return how a call ended.

    Raises:
        UnreadableAnswerError: no answer could be read.
        RequestError, EngineError: see `Chat.fill`.
    """
    answer: Any = await chat.fill(Role.JUDGE, outcome_messages(case), outcome_type(), max_tokens=MAX_TOKENS)
    return OutcomeOpinion(reason=answer.reason, outcome=answer.outcome)


async def compare_calls(
    chat: Chat,
    original: Case,
    rewrite: Case,
    limits: FidelityLimits,
    encode: Encode | None = None,
    before: OutcomeOpinion | None = None,
) -> Fidelity:
    """Compare a rewritten call with its original. Where the rules reject it already, no model is asked.

    Args:
        chat: asks the judge.
        original: the real call, without private data.
        rewrite: what was made of it.
        limits: how much they may differ.
        encode: embeds texts, see `match_customer`.
        before: how the original ended, where that is known.

    Raises:
        RequestError, EngineError: the judge's server refused, failed or is gone.
    """
    found = compare_by_rules(original, rewrite, limits, encode)
    return found if found.reasons else await ask_beyond_rules(chat, original, rewrite, found, before)


def compare_by_rules(original: Case, rewrite: Case, limits: FidelityLimits, encode: Encode | None = None) -> Fidelity:
    """Compare a rewritten call with its original as far as no model is needed; see `compare_calls`."""
    return Fidelity(
        limits=limits,
        differences=compare_facts(original.turns, rewrite.turns),
        customer=match_customer(original.turns, rewrite.turns, encode),
        private=_count_private(original.turns, rewrite.turns),
    )


async def ask_beyond_rules(
    chat: Chat, original: Case, rewrite: Case, found: Fidelity, before: OutcomeOpinion | None = None
) -> Fidelity:
    """Return what the rules found, and with it what takes a model: outcome and solutions; see `compare_calls`."""
    try:
        before = before or await find_outcome(chat, original)
        after = await find_outcome(chat, rewrite)
        solutions: Any = await chat.fill(
            Role.JUDGE,
            solutions_messages(original, rewrite),
            opinion_type(len(rewrite.turns)),
            max_tokens=MAX_TOKENS,
        )
    except UnreadableAnswerError as error:
        return found.model_copy(update={"unscored": str(error)})
    opinion = Opinion.model_validate(solutions.model_dump())
    return found.model_copy(update={"before": before, "after": after, "solutions": opinion})


def _count_private(original: Sequence[Turn], rewrite: Sequence[Turn]) -> int:
    """Count what the scrubber finds in a rewrite; what it had let stand in the original is no news."""
    # Imported late, as in the turn checks: its patterns take a fifth of a second to compile.
    from quality.privacy import find_in_dialogue

    said, texts = "\n".join(turn.text for turn in original), [turn.text for turn in rewrite]
    return sum(
        text[finding.start : finding.end] not in said
        for text, findings in zip(texts, find_in_dialogue(texts), strict=True)
        for finding in findings
    )
