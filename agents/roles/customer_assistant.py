"""The customer assistant: directs the customer's next turn, and says whether the customer ends the call.

In calls with emotions it also says how the customer feels.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, create_model

from agents.csc.dialogue import CustomerView, GoalOutcome
from agents.csc.emotions import FEELINGS, Feeling
from agents.csc.language import Language
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.llm.usage import Role
from agents.prompts.rendering import render
from agents.roles.answers import text_field
from agents.roles.customer import customer_messages

MAX_TOKENS = 200
"""Longest answer, in tokens."""
DIRECTION_CHARACTERS = {Language.EN: 200, Language.ZH: 70}
"""Most characters of a direction: one sentence."""
DIRECTION_MARKS, DIRECTION_MARKS_AGAIN = 3, 1
"""Most marks in it that may end a sentence: one, with abbreviations; and in one that is asked for again."""
OPENINGS_AGAIN = {
    Language.EN: "((Tell|Ask|Answer|Thank|Give|Remind|Explain to|Describe to) the supporter"
    "|Ask (for|whether|why|how|what|when)|Say that|Confirm that|Agree|Accept|Refuse|Insist|Complain|Admit|Doubt|Object"
    "|Repeat|Mention) ",
    Language.ZH: "(告诉客服|问客服|追问客服|回答客服|感谢客服|要求客服|向客服(说明|抱怨|确认)|报出|同意|接受|拒绝|坚持"
    "|承认|质疑|表示|提到)",
}
"""How a direction begins that is asked for again: with a verb, and with whom the customer speaks to. Weak models write
the reply itself, or what the company's side is to do ("Tell the customer ...")."""


class Direction(NamedTuple):
    """What the customer shall do next, how their matter stands, and how they feel; None where that was not asked."""

    text: str
    outcome: GoalOutcome | None = None
    emotion: Feeling | None = None

    @property
    def ends_call(self) -> bool:
        """Whether the customer ends the call with it."""
        return self.outcome not in (None, GoalOutcome.OPEN)


@cache
def direction_type(
    language: Language, outcomes: tuple[GoalOutcome, ...], *, emotions: bool = False, again: bool = False
) -> type[BaseModel]:
    """Return the type of an answer. What decides comes first: how the matter stands, then the feeling, as its code.

    Args:
        language: of the direction.
        outcomes: how the matter may stand; none where the call goes on in any case.
        emotions: ask for the feeling.
        again: the last answer failed a check; this one is held to one sentence that begins with a verb.
    """
    fields: dict[str, Any] = {}
    if outcomes:
        choice: Any = Literal[outcomes]
        fields["outcome"] = (choice, ...)
    if emotions:
        feeling: Any = Literal[tuple(FEELINGS)]
        fields["feeling"] = (feeling, ...)
    marks, opening = (DIRECTION_MARKS_AGAIN, OPENINGS_AGAIN[language]) if again else (DIRECTION_MARKS, "")
    fields["direction"] = (str, text_field(language, marks, opening))
    return create_model("Direction", __config__=ConfigDict(frozen=True, extra="forbid"), **fields)


def direction_messages(
    view: CustomerView, goal: str, outcomes: Sequence[GoalOutcome], *, ending: bool, hint: str = ""
) -> list[Message]:
    """Return the request for the direction of the customer's next turn.

    Args:
        view: what the customer's side sees.
        goal: the customer's goal; no other role gets it.
        outcomes: how the customer's matter may stand by now; but for `OPEN`, each ends the call. With fewer than two
            the call goes on.
        ending: the customer has ended the call already, and only a last reply is due.
        hint: what was wrong with the last try.
    """
    task = render(
        view.language,
        "customer_assistant",
        goal=goal,
        count=len(view.turns),
        outcomes=_choices(outcomes),
        ending=ending,
        hint=hint,
    )
    return customer_messages(view, task)


def direction_answer(language: Language, direction: Direction, outcomes: Sequence[GoalOutcome]) -> BaseModel:
    """Return the answer that says this: how the matter stands is told only where more than one outcome is possible."""
    choices = _choices(outcomes)
    answer: dict[str, object] = {"outcome": direction.outcome or GoalOutcome.OPEN} if choices else {}
    if direction.emotion:
        answer["feeling"] = direction.emotion.code
    answer_type = direction_type(language, choices, emotions=direction.emotion is not None)
    return answer_type.model_validate(answer | {"direction": direction.text})


async def direct_customer(
    chat: Chat,
    view: CustomerView,
    goal: str,
    outcomes: Sequence[GoalOutcome],
    *,
    ending: bool,
    hint: str = "",
    whole: bool = True,
) -> Direction:
    """Return the direction for the customer's next turn; see `direction_messages`, and `Chat.fill` for `whole`."""
    choices = _choices(outcomes)
    answer: Any = await chat.fill(
        Role.CUSTOMER_ASSISTANT,
        direction_messages(view, goal, outcomes, ending=ending, hint=hint),
        direction_type(view.language, choices, emotions=view.emotions, again=bool(hint)),
        max_tokens=MAX_TOKENS,
        whole=whole,
    )
    emotion = FEELINGS[answer.feeling] if view.emotions else None
    return Direction(answer.direction, answer.outcome if choices else None, emotion)


def _choices(outcomes: Sequence[GoalOutcome]) -> tuple[GoalOutcome, ...]:
    return tuple(outcomes) if len(outcomes) > 1 else ()
