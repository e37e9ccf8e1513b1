"""Canaries of the fidelity comparison: rewrites with a planted fault, to see whether it is found."""

import re
from random import Random

from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from quality.fidelity.fact import Fact, FactKind
from quality.fidelity.facts import facts_of
from quality.gate.case import Case
from quality.trust.canaries import FaultOperator, retell

_VAGUE: dict[Language, dict[FactKind, str]] = {
    Language.EN: dict.fromkeys(FactKind, "something") | {FactKind.AMOUNT: "some money", FactKind.NUMBER: "a few"},
    Language.ZH: dict.fromkeys(FactKind, "那个") | {FactKind.AMOUNT: "一些钱", FactKind.NUMBER: "几个"},
}
"""What stands in the place of a fact that is lost."""
MADE_UP: dict[Language, tuple[str, ...]] = {
    Language.EN: (
        "I've just cancelled the charge for you, and the money is on its way back.",
        "As a gesture of goodwill I've upgraded your account for free.",
        "I've asked a senior colleague to waive the rule for you, so that is taken care of.",
    ),
    Language.ZH: (
        "我刚给您把这笔费用免掉了，钱马上退给您。",
        "为表歉意，我已经免费给您的账户升了级。",
        "我请主管给您破了例，这事已经给您办妥了。",
    ),
}
"""Solutions that no call has by chance."""
HAPPY_ENDS: dict[Language, tuple[str, str]] = {
    Language.EN: (
        "Oh, it has just worked, everything is settled now. That is exactly what I wanted!",
        "Wonderful, so everything is settled as you wanted it. Thank you for calling, goodbye.",
    ),
    Language.ZH: ("哎，刚刚好了，全都办成了，正是我想要的！", "太好了，那您的事就都办妥了。感谢您的来电，再见。"),
}
"""What customer and supporter say at the end of a call that is said to have gone well."""


def _change_amount(case: Case, random: Random) -> Case | None:
    """Change the figures of an amount, a percentage or a number, wherever the rewrite says it."""
    kinds = (FactKind.AMOUNT, FactKind.PERCENT, FactKind.NUMBER)
    told = [fact for fact in _facts(case) if fact.kind in kinds and not fact.passing and re.search(r"\d", fact.text)]
    if not told:
        return None
    text = random.choice(told).text
    digit = re.search(r"\d", text)
    assert digit
    other = str(int(digit[0]) % 9 + 1)
    return _replace_all(case, text, text[: digit.start()] + other + text[digit.end() :])


def _lose_fact(case: Case, random: Random) -> Case | None:
    """Say a fact vaguely, wherever the rewrite says it; the identity is none that has to be said."""
    told = [fact for fact in _facts(case) if fact.kind not in (FactKind.PLACEHOLDER, FactKind.PRODUCT)]
    meant = [fact for fact in told if not fact.passing]
    if not meant:
        return None
    fact = random.choice(meant)
    for same in [other for other in told if other.is_told_by(fact) or fact.is_told_by(other)]:
        case = _replace_all(case, same.text, _VAGUE[case.language][fact.kind])
    return case


def _make_up_solution(case: Case, random: Random) -> Case | None:
    """Let the supporter say that something was done which nobody has done, before the call is closed."""
    places = [
        index
        for index, turn in enumerate(case.turns)
        if turn.strategy and turn.strategy not in (Strategy.GT, Strategy.IV, Strategy.AC)
    ]
    if not places:
        return None
    place = random.choice(places)
    joint = " " if case.language is Language.EN else ""
    return retell(case, {place: f"{case.turns[place].text}{joint}{random.choice(MADE_UP[case.language])}"})


def _end_happily(case: Case, random: Random) -> Case | None:
    """Let a call end with its matter settled."""
    if len(case.turns) < 2 or case.turns[-2].speaker is not Speaker.CUSTOMER:
        return None
    customer, supporter = HAPPY_ENDS[case.language]
    last = len(case.turns) - 1
    return retell(case, {last - 1: customer, last: supporter})


FIDELITY_FAULTS: dict[str, FaultOperator] = {
    operator.name: operator
    for operator in (
        FaultOperator("changed-amount", None, _change_amount),
        FaultOperator("lost-fact", None, _lose_fact),
        FaultOperator("made-up-solution", None, _make_up_solution),
        FaultOperator("happy-end", None, _end_happily),
    )
}
"""The faults of rewrites by name, with what plants them. A happy end is one in a call alone that was not solved."""


def draw_unfaithful(case: Case, seed: int, *, is_solved: bool) -> tuple[str, Case]:
    """Plant a fault that the seed picks into a faithful rewrite, and return its name and the call that has it.

    Args:
        case: the rewrite, of the usual shape: a turn between its identity check and its closing.
        seed: the same seed gives the same canary.
        is_solved: whether the original was solved: a happy end would be no fault.
    """
    random = Random(seed)
    names = [name for name in FIDELITY_FAULTS if not (is_solved and name == "happy-end")]
    planted = ((name, FIDELITY_FAULTS[name].plant(case, random)) for name in random.sample(names, len(names)))
    # A made-up solution has its place in any call.
    return next((name, found) for name, found in planted if found)


def _facts(case: Case) -> list[Fact]:
    return facts_of(turn.text for turn in case.turns)


def _replace_all(case: Case, text: str, other: str) -> Case:
    return retell(case, {index: turn.text.replace(text, other) for index, turn in enumerate(case.turns)})
