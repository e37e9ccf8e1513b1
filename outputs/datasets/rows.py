"""The rows of shards, a type for each line format.

Every key is written in every line with the same type, because readers infer the features from the first lines: what has
no fixed shape (verdict, metadata) is a JSON string. Rows in the published form are the exception: they have just the
published keys.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.csc.dialogue import GoalOutcome, Turn
from agents.csc.emotions import Feeling
from agents.csc.language import Language
from agents.csc.speakers import Speaker, parse_speaker
from agents.csc.strategies import Stage, Strategy, parse_strategy
from outputs.datasets.roles import ChatMessage, RoleRow

SOURCE_ID = "source_id"
"""The key that rows of rewritten calls have beside those of their type: the id of the real call."""


class Part(BaseModel):
    """Base of rows and their parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RowTurn(Part):
    """An utterance in a rolecs row; customer turns have null labels, supporter turns no direction and outcome."""

    speaker: Speaker
    strategy: Strategy | None
    stage: Stage | None
    text: str
    direction: str | None = None
    outcome: GoalOutcome | None = None
    ends_call: bool


class FeltTurn(RowTurn):
    """An utterance of a dialogue played with emotions: a customer turn has one, a supporter turn has null."""

    emotion: Feeling | None = None

    @model_validator(mode="after")
    def _check_emotion(self) -> "FeltTurn":
        if self.emotion and self.speaker is Speaker.SUPPORTER:
            raise ValueError("a supporter turn has an emotion; only customer turns carry one")
        return self


class RowPersona(Part):
    """A persona in a rolecs row, without provenance; the pool has that under the same id."""

    id: str
    age: str
    job: str
    risk_tolerance: str
    financial_situation: str
    recent_stress: str
    tone: str
    communication_habits: str
    description: str


class RolecsRow(Part):
    """A dialogue with everything known of it. `source` is the topic, as in the published data sets."""

    id: str
    source: str
    language: Language
    scenario: str
    customer_goal: str
    persona: RowPersona
    dialogue: tuple[RowTurn, ...]
    strategy_list: tuple[str, ...]
    dialogue_list: tuple[str, ...]
    verdict: str
    metadata: str

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The dialogue as the rules take it."""
        return tuple(
            Turn(
                speaker=turn.speaker,
                text=turn.text,
                strategy=turn.strategy,
                direction=turn.direction,
                outcome=turn.outcome,
                ends_call=turn.ends_call,
                emotion=turn.emotion if isinstance(turn, FeltTurn) else None,
            )
            for turn in self.dialogue
        )


class FeltRow(RolecsRow):
    """A dialogue played with emotions. One without is read as well: its turns have none."""

    dialogue: tuple[FeltTurn, ...]


class RejectedRow(RolecsRow):
    """A rejected dialogue, and what it was rejected for."""

    rejected_for: tuple[str, ...]


class RejectedFeltRow(FeltRow, RejectedRow):
    """A rejected dialogue that was played with emotions."""


class MessagesRow(Part):
    """A dialogue as chat messages, opened by a synthetic user line because the supporter speaks first.

    `persona` is the id of the customer's persona, here and in the other rows of trainers: a split goes by it.
    """

    id: str
    persona: str
    messages: tuple[ChatMessage, ...]


class PromptCompletionRow(Part):
    """One supporter turn: the messages before it, the turn, and its strategy."""

    id: str
    dialogue: str
    persona: str
    prompt: tuple[ChatMessage, ...]
    completion: tuple[ChatMessage, ...]
    strategy: Strategy


class ShareGptMessage(Part):
    """A message in the form of ShareGPT and LLaMA-Factory."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    sender: Literal["human", "gpt"] = Field(alias="from")
    value: str


class ShareGptRow(Part):
    """A dialogue in the form of ShareGPT: the human at odd positions."""

    id: str
    persona: str
    conversations: tuple[ShareGptMessage, ...]
    system: str


class PublishedTurn(Part):
    """An utterance as CSConv and RoleCS have it: names and labels as people read them, a customer's without a label."""

    speaker: str
    strategy: str | None = None
    text: str

    @model_validator(mode="after")
    def _check_labels(self) -> "PublishedTurn":
        is_supporter = parse_speaker(self.speaker) is Speaker.SUPPORTER
        if is_supporter != (self.strategy is not None):
            raise ValueError("supporter turns have a strategy, customer turns have none")
        if self.strategy is not None:
            parse_strategy(self.strategy)
        return self


class PublishedRow(Part):
    """A dialogue with the keys of CSConv and RoleCS, no more: theirs and ours can stand in one data set."""

    source: str
    dialogue: tuple[PublishedTurn, ...]


class PreferenceRow(Part):
    """A turn that failed a check, and the one that was said in its place, as TRL takes a preference.

    `prompt` is the request of the speaker, `check` what the rejected turn failed.
    """

    id: str
    dialogue: str
    persona: str
    check: str
    prompt: tuple[ChatMessage, ...]
    chosen: tuple[ChatMessage, ...] = Field(min_length=1, max_length=1)
    rejected: tuple[ChatMessage, ...] = Field(min_length=1, max_length=1)

    @model_validator(mode="after")
    def _check_difference(self) -> "PreferenceRow":
        if self.chosen == self.rejected:
            raise ValueError("the same answer is chosen and rejected")
        return self


Row = (
    RolecsRow
    | FeltRow
    | MessagesRow
    | PromptCompletionRow
    | ShareGptRow
    | RoleRow
    | PublishedRow
    | PreferenceRow
    | RejectedRow
)
"""A row of any format."""
