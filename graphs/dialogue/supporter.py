"""One turn of the supporter for a customer who waits for it: it always comes to something that can be said.

Strategy and words are asked for as a dialogue is played, with the same checks and repairs. But what has been said to a
customer is not taken back: where no try passes, the best of them is given, or a fixed, kind line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.csc.dialogue import SupporterView, Turn
from agents.csc.flow import Limits, Progress, allowed_strategies
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.errors import UnreadableAnswerError
from agents.roles.supporter_assistant import choose_strategy
from graphs.dialogue.turns import DialogueContext, say_supporter
from outputs.scorecards.store import FailedTry, Given

OPEN_SCENARIO = {
    Language.EN: "A customer calls; what it is about, they will say.",
    Language.ZH: "客户打来电话，具体什么事由客户自己说。",
}
"""What is known beforehand of the call of a person."""
BEARABLE = ("same-opening", "repetition", "goodbye-loop", "long-turn")
"""Faults of manner, the lightest first: words with such a one may be said. Others leak, mislead or are no speech."""

_LINES: dict[Language, dict[Strategy, str]] = {
    Language.EN: {
        Strategy.GT: "Hello, thank you for contacting us. How can I help you today?",
        Strategy.IV: "Could you give me your full name, please, so that I can find you?",
        Strategy.AC: "Thank you for talking to us. Goodbye, and have a good day.",
        Strategy.OT: "I am sorry, I did not get that right. Could you tell me once more what you need?",
    },
    Language.ZH: {
        Strategy.GT: "您好，感谢您联系我们，请问有什么可以帮您？",
        Strategy.IV: "麻烦您说一下您的姓名，我帮您核对一下，好吗？",
        Strategy.AC: "感谢您的来电，祝您生活愉快，再见。",
        Strategy.OT: "不好意思，我没有听明白，您能再说一遍需要什么帮助吗？",
    },
}
"""What is said where no try can be given, by the strategy that it serves."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A supporter's turn, how it came to be, and the tries that failed a check, in order."""

    turn: Turn
    given: Given
    failed: tuple[FailedTry, ...] = ()

    @property
    def is_over(self) -> bool:
        """Tell whether the call is closed with it."""
        return self.turn.strategy is Strategy.AC


def fixed_turn(language: Language, strategy: Strategy) -> Turn:
    """Return a turn of fixed words; where the strategy has none of its own they are for what is not understood."""
    lines = _LINES[language]
    served = strategy if strategy in lines else Strategy.OT
    return Turn(speaker=Speaker.SUPPORTER, text=lines[served], strategy=served)


def is_closed(turns: Sequence[Turn], limits: Limits) -> bool:
    """Tell whether nothing more can be said in a call: it was closed, or has reached its greatest length."""
    return len(turns) >= limits.max_utterances or any(turn.strategy is Strategy.AC for turn in turns)


async def answer(view: SupporterView, context: DialogueContext, cover: Callable[[str], str] | None = None) -> Answered:
    """Return the supporter's next turn.

    Args:
        view: the call so far, not closed yet. It may come from elsewhere and break the flow rules.
        context: the client and the settings.
        cover: puts placeholders in place of private data that the customer has told, see `say_supporter`.

    Raises:
        RequestError: the server refused a request, or failed on it however often it was asked.
        EngineError: the server answered nobody.
    """
    progress = Progress.of(view.turns)
    allowed = allowed_strategies(progress, context.limits)
    # One who has ended the call is not asked for anything more.
    is_last = progress.is_ending and Strategy.AC in allowed
    try:
        strategy = await choose_strategy(context.chat, view, allowed or (Strategy.OT,))
        asked = await say_supporter(view, strategy, context, cover)
    except UnreadableAnswerError:
        strategy = Strategy.AC if is_last else allowed[0] if len(allowed) == 1 else Strategy.OT
        return Answered(fixed_turn(view.language, strategy), "fixed")
    failed = tuple(FailedTry(text=turn.text, check=fault.check) for turn, fault in asked.failed)
    if asked.answer is not None:
        return Answered(asked.answer, "sound", failed)
    bearable = [(BEARABLE.index(fault.check), turn) for turn, fault in asked.failed if fault.check in BEARABLE]
    if bearable:
        return Answered(min(bearable, key=lambda ranked: ranked[0])[1], "best", failed)
    return Answered(fixed_turn(view.language, Strategy.AC if is_last else strategy), "fixed", failed)
