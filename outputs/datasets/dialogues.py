"""A labelled dialogue, wherever it comes from: what rules, judges and trainers need to know of it."""

from collections.abc import Sequence
from typing import NamedTuple

from agents.csc.dialogue import SupporterView, Turn
from agents.csc.language import Language
from agents.csc.topics import topic_named
from agents.csc.topics.topic import Company, Topic
from outputs.runs.record import Record


class Labelled(NamedTuple):
    """A dialogue with the strategies of its supporter; what its source does not say is empty.

    `persona` is the description that the customer is played from, with the course of their feelings where there is one,
    `portrait` what a judge is told of them, `persona_id`
    tells the personas apart, `number` the dialogues that one persona has on one topic (1, 2, ...). `gold` is what
    people say of the dialogue, by point: whether it passes; None where nobody has. `topic` is a name; `own_topic` is
    the topic whole, where it is none that ships.
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
    own_topic: Topic | None = None

    @classmethod
    def of(cls, record: Record) -> "Labelled":
        """Return the dialogue of a record; one whose plans were all faulty has no scenario, no goal and no turns."""
        return cls(
            record.id,
            record.full_topic.name,
            record.plan.scenario if record.plan else "",
            record.played_persona,
            record.plan.customer_goal if record.plan else "",
            record.turns,
            language=record.language,
            persona_id=record.persona.id,
            portrait=record.played_portrait,
            number=record.number,
            own_topic=record.own_topic,
        )

    @property
    def full_topic(self) -> Topic | None:
        """The topic with all that is known of it; None for one of which there is but a name."""
        return self.own_topic or topic_named(self.topic, self.language)

    @property
    def company(self) -> Company | None:
        """The company that was called; None where nothing is known of it."""
        return self.full_topic.company if self.full_topic else None

    def supporter_view(self, turns: Sequence[Turn]) -> SupporterView:
        """Return what the supporter's side sees of the dialogue after some turns."""
        return SupporterView(self.language, self.topic, self.scenario, turns, self.company)
