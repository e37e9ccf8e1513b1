"""What a text in a structured answer looks like: the grammar asks for whole sentences in the language of the call.

A model that is held to JSON likes to go on with punctuation, to stop at once, or to fall back into English: none of it
can be decoded where the server's grammar bears `pattern`. Others leave it out; what they answer is checked anyway.

Lengths are no part of the pattern but for the few first characters: a repetition with a bound of some hundreds takes
xgrammar seconds of a processor's time to compile (measured: 4 s for 118 characters, 0.1 to 1 s for what stands here).
"""

from typing import Any

from pydantic import Field

from agents.csc.language import CHINESE, Language

FEWEST_CHARACTERS = {Language.EN: 10, Language.ZH: 4}
"""Characters before the first mark that could end a sentence."""

_BEGINNING = {Language.EN: r"[A-Z0-9£$€\[]", Language.ZH: rf"[{CHINESE}《\[0-9]"}
_MARK = {Language.EN: ".!?", Language.ZH: "。！？"}


def text_field(language: Language, marks: int, opening: str = "") -> Any:
    """Return a pydantic field for a text that begins with a word and ends as a sentence does.

    The pattern is told to the server alone: an answer that does not fit it is a matter of the checks, with their hints.

    Args:
        language: of the text; a Chinese one begins in Chinese.
        marks: the most marks that may end a sentence; the points of decimals are none.
        opening: a pattern of the words that it begins with; by default any beginning of a sentence will do.
    """
    mark, fewest = _MARK[language], FEWEST_CHARACTERS[language] - 1
    barred = rf'"\\\n\r\t{mark}'
    plain = within = follows = f"[^{barred}]"
    if language is Language.EN:
        # What follows a mark is no digit, or else a decimal could be read in two ways, and with each one the masks that
        # xgrammar makes took longer: with forty of them 0.2 s a token and more, in which the engine answers nobody.
        within, follows = rf"({plain}|\.[0-9])", f"[^{barred}0-9]"
    others = f"([{mark}]{follows}{within}*){{0,{marks - 1}}}" if marks > 1 else ""
    # Written out one by one: as a repetition, each of the first tokens costs xgrammar 0.2.8 20 to 90 ms of a processor.
    first = f"{opening or _BEGINNING[language]}{plain * fewest}{within}*"
    return Field(json_schema_extra={"pattern": f"^{first}{others}[{mark}]$"})
