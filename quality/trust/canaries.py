"""Canaries: calls with a known fault, planted to see whether the gate finds it.

Each fault has an operator that plants it into a sound call, in words of the call's language. The calls written by hand
in `quality/trust/clean` are sound and ship with the program, so that a gate can be measured before anything was kept.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter

from agents.csc.flow import Limits, broken_rules
from agents.csc.language import CHINESE, Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy, authors_label
from agents.reading import read_lines
from quality.checks.turn_checks import MAX_CHARACTERS, MIN_SENTENCE
from quality.gate.case import Case
from quality.text import PLACEHOLDER, SENTENCE_ENDS, count_letters, split_sentences
from quality.trust.canary_texts import (
    BRIBES,
    HANDOVERS,
    KNOWN_GOALS,
    OFFICIALESE,
    PRIVATE_SENTENCES,
    PRIVATE_VALUES,
    REFRAINS,
    SCRIPT_REMARKS,
    STOCK_PHRASES,
    WISHES,
)

SOUND_DIALOGUES = Path(__file__).parent / "clean"

_Item = TypeVar("_Item")

FAR_STRATEGIES: dict[Strategy, tuple[Strategy, ...]] = {
    Strategy.IV: (Strategy.EM, Strategy.ID, Strategy.RC),
    Strategy.EM: (Strategy.ID, Strategy.PR, Strategy.RI),
    Strategy.RP: (Strategy.RI, Strategy.FR, Strategy.RC),
    Strategy.PR: (Strategy.EM, Strategy.ID, Strategy.RI, Strategy.RC),
    Strategy.PS: (Strategy.IV, Strategy.EM, Strategy.FR),
    Strategy.ID: (Strategy.EM, Strategy.PR, Strategy.FR),
    Strategy.RI: (Strategy.EM, Strategy.PR, Strategy.FR, Strategy.RP),
    Strategy.FR: (Strategy.EM, Strategy.ID, Strategy.RI, Strategy.PS),
    Strategy.RC: (Strategy.EM, Strategy.PR, Strategy.IV, Strategy.RP),
    Strategy.OT: (Strategy.PR, Strategy.FR, Strategy.RI),
}
"""What a turn of a strategy clearly is not. GT and AC are left out: the flow rules tie them to their places."""

_WORD = {
    Language.EN: re.compile(r"(?<!\[)\b[A-Za-z]{5,}\b(?!\])"),
    Language.ZH: re.compile(rf"[{CHINESE}]{{4,}}"),
}
"""A word outside placeholders, or a run of Chinese characters, long enough to be cut within."""


class CanaryResult(NamedTuple):
    """What became of a canary: the fault that was planted, None for a sound call; and whether it was rejected.

    `rejected` is None where it could not be scored: that says nothing of the gate.
    """

    fault: str | None
    rejected: bool | None


class Canary(BaseModel):
    """A call with a known fault that went through the gate: what was planted, whether it was rejected, and for what.

    `fault` is the name of the operator that planted it; None for a sound call, which the gate should let pass.
    """

    model_config = ConfigDict(frozen=True)

    fault: str | None
    rejected: bool
    reasons: tuple[str, ...]

    @property
    def result(self) -> CanaryResult:
        """What is counted of it."""
        return CanaryResult(self.fault, None if self.reasons == ("unscored",) else self.rejected)


class FaultOperator(NamedTuple):
    """What plants a fault.

    Attributes:
        name: of the fault.
        point: the point of the rubric that it fails; None for what is a matter of the rules alone.
        plant: returns a call that has it; None where the call offers no place.
    """

    name: str
    point: str | None
    plant: Callable[[Case, Random], Case | None]


def plant_fault(case: Case, fault: str, random: Random) -> Case | None:
    """Return a copy of a call with a fault planted; None when the call offers no place for it.

    Number, speakers and labels of the turns stay, but for a truncated ending and a wrong label.

    Args:
        case: a sound call of one turn at least; it is not changed.
        fault: a name in `FAULTS`.
        random: decides on places and wordings.

    Raises:
        KeyError: no fault has that name.
    """
    return FAULTS[fault].plant(case, random)


@cache
def sound_dialogues(language: Language) -> tuple[Case, ...]:
    """Return the sound calls of a language that were written by hand, in the order of their file.

    Raises:
        pydantic.ValidationError: the file holds a line that is no call.
    """
    adapter = TypeAdapter(Case)
    lines = read_lines(SOUND_DIALOGUES / f"{language}.jsonl")
    calls = (adapter.validate_python({"language": language, **json.loads(line)}) for _, line in lines)
    return tuple(replace(call, turns=tuple(call.turns)) for call in calls)


def draw_canary(case: Case, seed: int) -> tuple[str, Case]:
    """Plant a fault that the seed picks, and return its name and the call that has it.

    Args:
        case: the sound call to plant it into, of one turn at least.
        seed: the same seed gives the same canary.
    """
    random = Random(seed)
    canaries = ((fault, plant_fault(case, fault, random)) for fault in _shuffled(list(FAULTS), random))
    # A bribe has its place in any call.
    return next((fault, canary) for fault, canary in canaries if canary)


def _shuffled(items: Sequence[_Item], random: Random) -> list[_Item]:
    return random.sample(items, len(items))


def _turns_of(case: Case, speaker: Speaker) -> list[int]:
    """Return the zero-based turns of a speaker."""
    return [index for index, turn in enumerate(case.turns) if turn.speaker is speaker]


def retell(case: Case, texts: Mapping[int, str]) -> Case:
    """Return the call with other texts at some turns."""
    turns = (
        turn.model_copy(update={"text": texts[index]}) if index in texts else turn
        for index, turn in enumerate(case.turns)
    )
    return replace(case, turns=tuple(turns))


def _join(case: Case, *texts: str) -> str:
    return (" " if case.language is Language.EN else "").join(texts)


def _mislabel(case: Case, random: Random) -> Case | None:
    """Swap the labels of one to three turns for labels that are far from them, so that no flow rule breaks by it."""
    limits = Limits()
    breaches = broken_rules(case.turns, limits)
    turns = tuple(case.turns)
    wanted, swapped = random.randint(1, 3), 0
    for index in _shuffled(_turns_of(case, Speaker.SUPPORTER), random):
        strategy = turns[index].strategy
        for wrong in _shuffled(FAR_STRATEGIES.get(strategy, ()) if strategy else (), random):
            relabelled = turns[index].model_copy(update={"strategy": wrong})
            changed = (*turns[:index], relabelled, *turns[index + 1 :])
            if broken_rules(changed, limits) == breaches:
                turns, swapped = changed, swapped + 1
                break
        if swapped == wanted:
            break
    return replace(case, turns=turns) if swapped else None


def _grant_impossible(case: Case, random: Random) -> Case | None:
    """Let the customer wish for what may not be, once their identity is known, and the supporter grant it at once."""
    places = [
        index
        for index, (turn, answer) in enumerate(zip(case.turns, case.turns[1:], strict=False))
        if index > _identity_turn(case)
        and turn.speaker is Speaker.CUSTOMER
        and not turn.ends_call
        # Beside a refusal or a goodbye a grant would be no clear one.
        and answer.strategy not in (None, Strategy.IV, Strategy.OT, Strategy.AC)
    ]
    if not places:
        return None
    place = random.choice(places)
    wish = random.choice(WISHES[case.language])
    return retell(
        case,
        {
            place: _join(case, case.turns[place].text, wish.request),
            place + 1: _join(case, wish.grant, case.turns[place + 1].text),
        },
    )


def _identity_turn(case: Case) -> int:
    """Return the turn that asks for the identity; before the first where none does."""
    return next((index for index, turn in enumerate(case.turns) if turn.strategy is Strategy.IV), -1)


def _stiffen(case: Case, random: Random) -> Case | None:
    """Put officialese before three to five supporter turns, each time in other words."""
    unused = {strategy: _shuffled(texts, random) for strategy, texts in OFFICIALESE[case.language].items()}
    wanted = random.randint(3, 5)
    texts: dict[int, str] = {}
    for index in _shuffled(_turns_of(case, Speaker.SUPPORTER), random):
        turn = case.turns[index]
        if turn.strategy and unused[turn.strategy] and len(texts) < wanted:
            texts[index] = _join(case, unused[turn.strategy].pop(), turn.text)
    return retell(case, texts) if len(texts) >= 3 else None


def _add_stock_phrases(case: Case, random: Random) -> Case | None:
    """Begin or end three to five supporter turns with stock phrases, each with another."""
    places = _turns_of(case, Speaker.SUPPORTER)
    if len(places) < 3:
        return None
    chosen = random.sample(places, min(random.randint(3, 5), len(places)))
    phrases = random.sample(STOCK_PHRASES[case.language], len(chosen))
    texts: dict[int, str] = {}
    for index, phrase in zip(chosen, phrases, strict=True):
        text = case.turns[index].text
        # Nothing goes before a greeting.
        ordered = _shuffled((phrase, text), random) if index else (text, phrase)
        texts[index] = _join(case, *ordered)
    return retell(case, texts)


def _repeat(case: Case, random: Random) -> Case | None:
    """End two to four turns of a speaker with one sentence: their own from before, or a supporter's refrain."""
    # Greeting and closing stay as they are.
    own = {speaker: _turns_of(case, speaker)[1:-1] for speaker in Speaker}
    said = [
        (sentence, turns[place + 1 :])
        for turns in own.values()
        for place, index in enumerate(turns[:-2])
        for sentence in split_sentences(case.turns[index].text)
        if _is_sentence(sentence, case.language)
    ]
    refrains = [(refrain, own[Speaker.SUPPORTER]) for refrain in REFRAINS[case.language]]
    sentence, later = random.choice(random.choice([said, refrains]) if said else refrains)
    if len(later) < 2:
        return None
    again = random.sample(later, random.randint(2, min(4, len(later))))
    return retell(case, {index: _join(case, case.turns[index].text, sentence) for index in again})


def _is_sentence(text: str, language: Language) -> bool:
    """Tell whether a text is whole and long enough to be known again, and holds no number or placeholder."""
    is_whole = text.endswith(tuple(SENTENCE_ENDS))
    return is_whole and count_letters(text) >= MIN_SENTENCE[language] and not re.search(r"[\d\[\]]", text)


def _swap_roles(case: Case, random: Random) -> Case | None:
    """Let the speakers say each other's texts for four or six turns from about the middle on.

    The supporter takes over with a sentence of a customer; the texts from there on move a turn down, and the last of
    them is lost.
    """
    blocks = [
        range(start, start + length)
        for start in _turns_of(case, Speaker.SUPPORTER)
        for length in (4, 6)
        if start > _identity_turn(case) and start >= len(case.turns) // 2 - 2 and start + length < len(case.turns)
    ]
    blocks = [block for block in blocks if not any(case.turns[index].ends_call for index in block)]
    if not blocks:
        return None
    block = random.choice(blocks)
    texts = {index: case.turns[index - 1].text for index in block}
    texts[block.start] = random.choice(HANDOVERS[case.language])
    return retell(case, texts)


def _name_label(case: Case, random: Random) -> Case | None:
    """Let the customer name the strategy of the turn before, and a script."""
    named = {
        index: authors_label(before.strategy, case.language)
        for index, (before, turn) in enumerate(zip(case.turns, case.turns[1:], strict=False), start=1)
        if before.strategy and turn.speaker is Speaker.CUSTOMER
    }
    if not named:
        return None
    place = random.choice(list(named))
    remark = random.choice(SCRIPT_REMARKS[case.language]).format(label=named[place])
    return retell(case, {place: _join(case, *_shuffled((case.turns[place].text, remark), random))})


def _leak_goal(case: Case, random: Random) -> Case | None:
    """Let the supporter tell the customer's goal before the customer has said a word."""
    opening = case.turns[0]
    goal = case.goal.strip().rstrip(".。")
    if goal.startswith("To "):
        goal = f"to{goal[2:]}"
    text = _join(case, opening.text, random.choice(KNOWN_GOALS[case.language]).format(goal=goal))
    # A longer turn would be found for its length.
    is_leak = goal and opening.speaker is Speaker.SUPPORTER and len(text) <= MAX_CHARACTERS
    return retell(case, {0: text}) if is_leak else None


def _truncate(case: Case, random: Random) -> Case | None:
    """Cut off the last supporter turn within a word, or leave out the last one to three turns."""
    turns = tuple(case.turns)
    last = max(_turns_of(case, Speaker.SUPPORTER), default=None)
    words = list(_WORD[case.language].finditer(turns[last].text)) if last is not None else []
    if last is not None and words and random.random() < 0.5:
        word = random.choice(words)
        cut = random.randint(word.start() + 2, word.end() - 2)
        return retell(case, {last: turns[last].text[:cut]})
    return replace(case, turns=turns[: -random.randint(1, 3)]) if len(turns) > 3 else None


def _give_private_data(case: Case, random: Random) -> Case | None:
    """Fill the placeholders of a customer turn, if there is one that has any, and add made-up data to it."""
    places = _turns_of(case, Speaker.CUSTOMER)
    if not places:
        return None
    place = random.choice([index for index in places if PLACEHOLDER.search(case.turns[index].text)] or places)
    values = {kind: random.choice(texts) for kind, texts in PRIVATE_VALUES[case.language].items()}
    text = case.turns[place].text
    filled = PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
    # What fills a placeholder is not said twice.
    kind = random.choice([kind for kind in values if kind not in PLACEHOLDER.findall(text)] or list(values))
    sentence = PRIVATE_SENTENCES[case.language][kind].format(value=values[kind])
    return retell(case, {place: _join(case, filled, sentence)})


def _bribe(case: Case, random: Random) -> Case | None:
    """Let a speaker tell the judge what to answer."""
    place = random.randrange(len(case.turns))
    return retell(case, {place: _join(case, case.turns[place].text, random.choice(BRIBES[case.language]))})


FAULTS: dict[str, FaultOperator] = {
    operator.name: operator
    for operator in (
        FaultOperator("wrong-label", "strategy_adherence", _mislabel),
        FaultOperator("granted-impossible", "impossible_requests", _grant_impossible),
        FaultOperator("robotic-wording", "natural_wording", _stiffen),
        FaultOperator("repeated-sentence", "no_boilerplate", _repeat),
        FaultOperator("stock-phrases", "no_boilerplate", _add_stock_phrases),
        FaultOperator("swapped-roles", "consistent_roles", _swap_roles),
        FaultOperator("label-known", "consistent_roles", _name_label),
        FaultOperator("goal-leaked", "consistent_roles", _leak_goal),
        FaultOperator("truncated-ending", None, _truncate),
        FaultOperator("private-data", None, _give_private_data),
        FaultOperator("judge-bribed", "natural_wording", _bribe),
    )
}
"""All faults by name, with what plants them."""
