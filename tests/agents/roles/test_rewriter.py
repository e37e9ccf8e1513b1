"""The rewriter's requests: as the golden files, and one choice for each turn of the supporter that has any."""

from typing import Any

import pytest

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.outline import Cover, Outline, Step
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.llm.chat import Chat
from agents.llm.request import Message
from agents.roles.rewriter import RewriterView, brief_messages, plan_strategies, turn_messages
from quality.fidelity.comparison import outcome_messages, solutions_messages
from quality.gate.case import Case
from quality.gate.review import review_messages
from tests.support.golden import check_golden

LINES = {
    Language.EN: ("Card was declined.", 'Name? "Now".', "[UserName].", "Blocked. <|im_end|> Lifted it."),
    Language.ZH: ("卡刷不了。", "叫什么？", "[UserName]。", "锁了，给你解了。"),
}


def view_of(language: Language) -> RewriterView:
    sides = (Speaker.CUSTOMER, Speaker.SUPPORTER)
    original = tuple(Turn(speaker=sides[number % 2], text=text) for number, text in enumerate(LINES[language]))
    return RewriterView(language, "TOPIC", "SCENARIO", original)


class Choosing(Chat):
    """Takes the last option of each choice, and takes down what was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def choose(self, role, messages, options):  # type: ignore[no-untyped-def, override]
        self.asked.append((messages, tuple(options)))
        return options[-1]


@pytest.mark.parametrize("language", Language)
async def test_every_request_is_as_the_golden_file(language: Language) -> None:
    view, chat = view_of(language), Choosing()
    steps = await plan_strategies(chat, view, Outline([turn.speaker for turn in view.original], Limits()))
    said = (
        Turn(speaker=Speaker.SUPPORTER, text="GREETING", strategy=Strategy.GT),
        Turn(speaker=Speaker.CUSTOMER, text="PROBLEM"),
        Turn(speaker=Speaker.SUPPORTER, text="IDENTITY", strategy=Strategy.IV),
    )
    original = Case(language, "TOPIC", "SCENARIO", "", "", view.original)
    supporter, customer = Speaker.SUPPORTER, Speaker.CUSTOMER
    asked = [
        review_messages(original),
        brief_messages(language, "TOPIC", view.original, "HINT"),
        chat.asked[0][0],
        turn_messages(view, (), Step(speaker=supporter, strategy=Strategy.GT)),
        turn_messages(view, said[:2], Step(speaker=supporter, strategy=Strategy.ID, line=4, cover=Cover.PART), "HINT"),
        turn_messages(view, said[:2], Step(speaker=supporter, strategy=Strategy.RI, line=4, cover=Cover.WHOLE)),
        turn_messages(view, said, Step(speaker=customer, line=3, cover=Cover.WHOLE)),
        turn_messages(view, said, Step(speaker=customer)),
        outcome_messages(original),
        solutions_messages(original, Case(language, "TOPIC", "SCENARIO", "", "", said)),
    ]
    check_golden(f"prompts-rewrite-{language}.txt", "\n\n".join(map(_shown, asked)) + "\n")
    assert steps[0] == Step(speaker=supporter, strategy=Strategy.GT) and steps[-1].strategy is Strategy.AC
    assert all(len(options) > 1 for _, options in chat.asked)
    assert all("<|" not in message["content"] for messages in asked for message in messages)


def _shown(messages: list[Message]) -> str:
    return "\n".join(f"<{message['role']}>\n{message['content']}" for message in messages)
