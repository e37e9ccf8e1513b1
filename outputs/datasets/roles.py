"""The requests of a dialogue, rendered again: for each role the messages that it got and the answer that it gave.

The messages come from the functions that the roles themselves ask with, so what is trained is what is played. Hints of
repairs are left out: the rows hold the try that was sound. Where the flow rules allow a single strategy no model was
asked, so there is no row.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.csc.dialogue import CustomerView, Plan, Turn
from agents.csc.flow import (
    Limits,
    Progress,
    allowed_strategies,
    playable_outcomes,
    playable_strategies,
    possible_outcomes,
)
from agents.csc.speakers import Speaker
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.roles.customer import customer_turn_messages
from agents.roles.customer_assistant import Direction, direction_answer, direction_messages
from agents.roles.planner import planner_messages
from agents.roles.supporter import supporter_turn_messages
from agents.roles.supporter_assistant import strategy_messages
from outputs.datasets.dialogues import Labelled

PLAYING_ROLES = (Role.PLANNER, Role.SUPPORTER_ASSISTANT, Role.SUPPORTER, Role.CUSTOMER_ASSISTANT, Role.CUSTOMER)
"""The roles that play a dialogue, in the order in which they are first asked."""


class ChatMessage(BaseModel):
    """A message as trainers take it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class RoleRow(BaseModel):
    """A request to a model and its answer.

    `dialogue` is the id of the dialogue that it belongs to and `persona` that of its customer ("" where unknown): rows
    are split by both. `options` are the answers among which the request lets the model choose, empty for a free answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    role: str
    dialogue: str
    persona: str = ""
    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    answer: str
    options: tuple[str, ...] = ()


def role_rows(dialogue: Labelled, limits: Limits, roles: Collection[Role] = PLAYING_ROLES) -> Iterator[RoleRow]:
    """Yield the requests that some roles made in a dialogue, in the order in which they were made.

    Left out is what a dialogue from elsewhere does not say: a plan without persona, scenario, goal or a topic of ours,
    turns without strategy or direction; and a strategy that the flow rules would not have allowed. Several lines in a
    row of one speaker count as one turn.

    Args:
        dialogue: a dialogue, played by rolecs or not.
        limits: shortest and longest length that it was played under.
        roles: the roles whose requests are wanted.
    """
    if Role.PLANNER in roles and (plan := _plan_row(dialogue)):
        yield plan
    turns = alternating(dialogue.turns)
    for index, turn in enumerate(turns):
        requests = _supporter_requests if turn.speaker is Speaker.SUPPORTER else _customer_requests
        for role, messages, answer, options in requests(dialogue, turns[:index], turn, limits):
            if role in roles:
                yield _row(dialogue, index + 1, role, messages, answer, options)


_Request = tuple[Role, Sequence[Message], str, tuple[str, ...]]


def _plan_row(dialogue: Labelled) -> RoleRow | None:
    topic = dialogue.full_topic
    if not (topic and dialogue.persona and dialogue.scenario and dialogue.goal):
        return None
    messages = planner_messages(dialogue.language, dialogue.persona, topic, dialogue.number)
    plan = Plan(scenario=dialogue.scenario, customer_goal=dialogue.goal)
    return _row(dialogue, 0, Role.PLANNER, messages, plan.model_dump_json(), ())


def _supporter_requests(dialogue: Labelled, before: Sequence[Turn], turn: Turn, limits: Limits) -> Iterator[_Request]:
    if turn.strategy is None:
        return
    view = dialogue.supporter_view(before)
    progress = Progress.of(before)
    allowed = playable_strategies(progress, limits)
    if turn.strategy not in allowed:  # real supporters may do more than played ones
        allowed = allowed_strategies(progress, limits)
    if turn.strategy in allowed and len(allowed) > 1:
        yield Role.SUPPORTER_ASSISTANT, strategy_messages(view, allowed), turn.strategy.value, tuple(allowed)
    yield Role.SUPPORTER, supporter_turn_messages(view, turn.strategy), turn.text, ()


def _customer_requests(dialogue: Labelled, before: Sequence[Turn], turn: Turn, limits: Limits) -> Iterator[_Request]:
    # Someone who speaks first has nothing to react to: in our dialogues that is the supporter.
    if not (turn.direction and dialogue.persona and before):
        return
    view = CustomerView(dialogue.language, dialogue.persona, dialogue.scenario, before, turn.emotion is not None)
    progress = Progress.of(before)
    outcomes = playable_outcomes(progress, limits)
    if turn.outcome and turn.outcome not in outcomes:  # so may real customers
        outcomes = possible_outcomes(progress, limits)
    # That a call was ended does not say in what state: a dialogue from elsewhere may leave it open.
    if turn.outcome in outcomes or not (turn.outcome or turn.ends_call):
        messages = direction_messages(view, dialogue.goal, outcomes, ending=progress.is_ending)
        direction = direction_answer(dialogue.language, Direction(turn.direction, turn.outcome, turn.emotion), outcomes)
        yield Role.CUSTOMER_ASSISTANT, messages, direction.model_dump_json(), ()
    messages = customer_turn_messages(view, turn.direction, ends_call=turn.ends_call, emotion=turn.emotion)
    yield Role.CUSTOMER, messages, turn.text, ()


def _row(
    dialogue: Labelled, turn: int, role: Role, messages: Sequence[Message], answer: str, options: tuple[str, ...]
) -> RoleRow:
    return RoleRow(
        id=f"{dialogue.id}-{turn:02}-{role}",
        role=role,
        dialogue=dialogue.id,
        persona=dialogue.persona_id,
        messages=tuple(ChatMessage.model_validate(message) for message in messages),
        answer=answer,
        options=options,
    )


def alternating(turns: Sequence[Turn]) -> list[Turn]:
    """Return the turns with what one speaker says in a row joined; labels that differ are no label.

    >>> from agents.csc.strategies import Strategy
    >>> lines = [Turn(speaker="supporter", text="Hello.", strategy="GT"), Turn(speaker="supporter", text="Your name?")]
    >>> [turn.text for turn in alternating(lines)], alternating(lines)[0].strategy
    (['Hello. Your name?'], <Strategy.GT: 'GT'>)
    """
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].speaker is turn.speaker:
            joined[-1] = _join(joined[-1], turn)
        else:
            joined.append(turn)
    return joined


def _join(one: Turn, other: Turn) -> Turn:
    strategies = {turn.strategy for turn in (one, other) if turn.strategy}
    emotions = {turn.emotion for turn in (one, other) if turn.emotion}
    directions = [turn.direction for turn in (one, other) if turn.direction]
    return Turn(
        speaker=one.speaker,
        text=f"{one.text} {other.text}",
        strategy=strategies.pop() if len(strategies) == 1 else None,
        direction=" ".join(directions) or None,
        ends_call=one.ends_call or other.ends_call,
        emotion=emotions.pop() if len(emotions) == 1 else None,
    )
