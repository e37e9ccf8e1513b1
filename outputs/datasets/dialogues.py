"""A labelled dialogue, wherever it comes from: what rules, judges and trainers need to know of it."""

from typing import NamedTuple

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.topics import TOPICS
from outputs.runs.record import Record


class Labelled(NamedTuple):
    """A dialogue with the strategies of its supporter; what its source does not say is empty.

    `persona` is the description that the customer is played from, with the course of their feelings where there is one,
    `portrait` what a judge is told of them, `persona_id`
    tells the personas apart, `number` the dialogues that one persona has on one topic (1, 2, ...). `gold` is what
    people say of the dialogue, by point: whether it passes; None where nobody has.
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
    portrait: str = ""
    number: int = 1

    @classmethod
    def of(cls, record: Record) -> "Labelled":
        """Return the dialogue of a record; one whose plans were all faulty has no scenario, no goal and no turns."""
        return cls(
            record.id,
            TOPICS[record.topic][record.language].name,
            record.plan.scenario if record.plan else "",
            record.played_persona,
            record.plan.customer_goal if record.plan else "",
            record.turns,
            language=record.language,
            persona_id=record.persona.id,
            portrait=record.played_portrait,
            number=record.number,
        )
