"""A labelled dialogue, wherever it comes from: what rules, judges and trainers need to know of it."""

from typing import NamedTuple

from agents.csc.dialogue import Turn
from agents.csc.strategies import Language


class Labelled(NamedTuple):
    """A dialogue with the strategies of its supporter; what its source does not say is empty.

    `persona` is the description that the customer is played from, `persona_id` tells the personas apart, `number` the
    dialogues that one persona has on one topic (1, 2, ...). `gold` is what people say of the dialogue, by point:
    whether it passes; None where nobody has.
    """

    id: str
    topic: str
    scenario: str
    persona: str
    goal: str
    turns: tuple[Turn, ...]
    gold: dict[str, bool] | None = None
    language: Language = Language.EN
    persona_id: str = ""
    number: int = 1
