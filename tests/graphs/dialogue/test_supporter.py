"""One turn of the supporter: what is given when no try passes the checks."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from agents.csc.dialogue import SupporterView, Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.llm.chat import Chat
from agents.llm.client import ChatClient
from agents.llm.request import Sampling
from agents.llm.retry import RetryPolicy
from graphs.dialogue.supporter import _LINES, Answered, answer
from graphs.dialogue.turns import DialogueContext
from graphs.serve.protection.privacy import Veil
from quality.checks.turn_checks import check_turn
from tests.support.loopback import Loopback, serve

SAID = "May I have your full name, please, as it stands in our books?"
TURNS = (
    Turn(speaker=Speaker.SUPPORTER, text="Good morning, how can I help?", strategy=Strategy.GT),
    Turn(speaker=Speaker.CUSTOMER, text="My card is blocked."),
    Turn(speaker=Speaker.SUPPORTER, text=SAID, strategy=Strategy.IV),
    Turn(speaker=Speaker.CUSTOMER, text="I am Dana Whitfield."),
)
Asking = Callable[[Callable[[dict[str, Any]], str | None]], Any]


@pytest.fixture
async def ask() -> AsyncIterator[Asking]:
    async with (
        serve(Loopback()) as loopback,
        ChatClient(loopback.base_url, None, retry_policy=RetryPolicy(attempts=1)) as client,
    ):
        await client.check()

        async def asking(
            say: Callable[[dict[str, Any]], str | None], veil: Veil | None = None, *, ends_call: bool = False
        ) -> Answered:
            loopback.say = say
            turns = [*TURNS[:-1], TURNS[-1].model_copy(update={"ends_call": ends_call})]
            context = DialogueContext(Chat(client, Sampling(0.0, 1.0), 1), Language.EN, Limits(), 200, 2)
            view = SupporterView(Language.EN, "cards", "A card is blocked.", turns)
            return await answer(view, context, (veil or Veil()).cover)

        yield asking


def speaks(*texts: str) -> Callable[[dict[str, Any]], str | None]:
    """Choose EM, and say these texts one after the other, the last one for ever."""
    waiting = list(texts)

    def say(body: dict[str, Any]) -> str | None:
        if "structured_outputs" in body:
            return "EM"
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return say


async def test_a_sound_turn_after_a_repair(ask: Asking) -> None:
    answered = await ask(speaks("As an AI I feel for you.", "Being locked out is no fun at all."))
    assert (answered.given, answered.turn.text) == ("sound", "Being locked out is no fun at all.")
    assert answered.turn.strategy is Strategy.EM


async def test_the_best_of_what_can_be_said_is_given(ask: Asking) -> None:
    leak = "My strategy: EM, and as an AI I feel for you."
    answered = await ask(speaks(leak, SAID, "Good morning, how can I be of use here?"))
    assert answered.given == "best"
    assert answered.turn.text != leak
    assert next(one.text for one in answered.failed) == leak


async def test_a_fixed_line_where_nothing_can_be_said(ask: Asking) -> None:
    answered = await ask(speaks("As an AI language model I cannot say."))
    assert (answered.given, answered.turn.strategy) == ("fixed", Strategy.OT)
    assert len(answered.failed) == 3


async def test_a_fixed_line_where_the_choice_cannot_be_read(ask: Asking) -> None:
    assert (await ask(lambda body: "no choice")).given == "fixed"


async def test_who_has_ended_the_call_is_told_goodbye_all_the_same(ask: Asking) -> None:
    answered = await ask(lambda body: "no choice, and as an AI no words", ends_call=True)
    assert (answered.given, answered.turn.strategy, answered.is_over) == ("fixed", Strategy.AC, True)


async def test_private_data_may_be_said_back_to_who_told_it(ask: Asking) -> None:
    text, veil = "Thank you, Dana Whitfield, that must be annoying.", Veil()
    assert (await ask(speaks(text), veil)).given == "fixed"
    veil.hide(TURNS[-1].text)
    assert (await ask(speaks(text), veil)).given == "sound"
    assert (await ask(speaks("Thank you, [UserName], that must be annoying."), veil)).given == "sound"
    assert (await ask(speaks("Thank you, Ann Miller, that must be annoying."), veil)).given == "fixed"


@pytest.mark.parametrize("language", Language)
def test_fixed_lines_pass_the_checks(language: Language) -> None:
    assert {strategy for strategy in _LINES[language]} == {Strategy.GT, Strategy.IV, Strategy.AC, Strategy.OT}
    for strategy, text in _LINES[language].items():
        turn = Turn(speaker=Speaker.SUPPORTER, text=text, strategy=strategy)
        assert not list(check_turn(turn, (), language))
