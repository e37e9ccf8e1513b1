"""What a text in a structured answer looks like: the grammar asks for whole sentences in the language of the call.

A model that is held to JSON likes to go on with punctuation, to stop at once, or to fall back into English: none of it
can be decoded where the server's grammar bears `pattern`. Others leave it out; what they answer is checked anyway.
"""

from typing import Any

from pydantic import Field

from agents.csc.language import CHINESE, Language

_BEGINNING = {Language.EN: r"[A-Z0-9£$€\[]", Language.ZH: rf"[{CHINESE}《\[0-9]"}
_WITHIN = r'[^"\\\n\r\t]'
# A Chinese text that begins in Chinese could still go on in English: most of its characters are Chinese by then.
_END = {Language.EN: "[.!?]", Language.ZH: "[。！？]"}


def text_field(language: Language, shortest: int, longest: int) -> Any:
    """Return a pydantic field for a text of so many characters: begins with a word, ends as a sentence does.

    The pattern is told to the server alone: an answer that does not fit it is a matter of the checks, with their hints.
    """
    within = f"{_WITHIN}{{{shortest - 2},{longest - 2}}}"
    return Field(json_schema_extra={"pattern": f"^{_BEGINNING[language]}{within}{_END[language]}$"})
