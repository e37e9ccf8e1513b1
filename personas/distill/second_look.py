"""The scrubber's second look: a model that runs here is asked what private data the rules have left in a dialogue.

It answers with a list of quoted spans and their kinds, by a schema. Nothing but these spans is taken from the answer,
and only where they stand in the text as they were quoted: a model cannot write into a dialogue.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, Field

from agents.csc.language import Language
from agents.llm.chat import Chat, Kind
from agents.llm.request import Sampling
from agents.llm.usage import Role
from agents.prompts.rendering import render, render_fixed
from personas.distill.transcripts import Line, Transcript
from quality.privacy import Private
from quality.text import PLACEHOLDER

SECOND_LOOK_PROMPTS = ("second_look_system", "second_look")
"""The prompt files of the second look."""
NOT_THERE: Final = "quotes that are not there"
"""Among the counts of what was found: what the model quoted and no line holds."""
MAX_SPANS = 32
MAX_SPAN_CHARS = 80
MAX_TOKENS = 1600
"""Of an answer."""


class Span(BaseModel):
    """A piece of private data, as it stands in a line."""

    kind: Private
    quote: Annotated[str, Field(min_length=1, max_length=MAX_SPAN_CHARS)]


class Spans(BaseModel):
    """All that a model has found in a dialogue."""

    spans: Annotated[list[Span], Field(max_length=MAX_SPANS)]


class SecondLook(NamedTuple):
    """The utterances without what the model found, and how much of each kind was replaced.

    `not_there` counts the quotes that no utterance holds.
    """

    texts: list[str]
    counts: Counter[Private]
    not_there: int


def second_look_kind(sampling: Sampling) -> Kind:
    """Return the kind of request that a second look makes."""
    return Kind(Role.DISTILLER, sampling, Spans)


async def look_at_call(chat: Chat, call: Transcript) -> tuple[Transcript, dict[str, int]]:
    """Return a call without what the model finds in it, and how much that is, by kind; see `look_again`."""
    looked = await look_again(chat, [line.text for line in call.lines], call.language)
    lines = tuple(Line(line.speaker, text) for line, text in zip(call.lines, looked.texts, strict=True))
    found = {kind.value: count for kind, count in looked.counts.items()}
    return call._replace(lines=lines), found | ({NOT_THERE: looked.not_there} if looked.not_there else {})


async def look_again(chat: Chat, texts: Sequence[str], language: Language) -> SecondLook:
    """Ask the model once what the rules have left, and replace it in all utterances.

    Args:
        chat: asks the model, which is to run where the calls may be seen.
        texts: the utterances of one dialogue, scrubbed by the rules.
        language: of the prompt.

    Raises:
        UnreadableAnswerError: no answer was in the demanded form.
        RequestError, EngineError: see `ChatClient.ask`.
    """
    answer = await chat.fill(
        Role.DISTILLER,
        [
            {"role": "system", "content": render_fixed(language, "second_look_system", kinds=", ".join(Private))},
            {"role": "user", "content": render(language, "second_look", texts=texts)},
        ],
        Spans,
        max_tokens=MAX_TOKENS,
    )
    return replace_spans(texts, answer.spans)


def replace_spans(texts: Sequence[str], spans: Sequence[Span]) -> SecondLook:
    """Replace quoted spans by placeholders, the longest first, wherever they stand as whole words.

    Quotes that stand nowhere, hold no letter or digit, or hold a part of a placeholder are dropped and counted.

    >>> replace_spans(["Ann is here, Annie."], [Span(kind="UserName", quote="Ann")]).texts
    ['[UserName] is here, Annie.']
    """
    scrubbed = list(texts)
    counts: Counter[Private] = Counter()
    not_there = 0
    replaced: list[str] = []
    kinds = {span.quote.strip(): span.kind for span in spans}
    for quote in sorted(kinds, key=len, reverse=True):
        found = 0
        if any(map(str.isalnum, quote)):
            pattern = re.compile(f"{PLACEHOLDER.pattern}|(?P<quote>{_whole(quote)})", PLACEHOLDER.flags)
            for index, text in enumerate(scrubbed):
                places = [match.span() for match in pattern.finditer(text) if match["quote"]]
                for start, end in reversed(places):
                    scrubbed[index] = f"{scrubbed[index][:start]}[{kinds[quote]}]{scrubbed[index][end:]}"
                found += len(places)
        counts[kinds[quote]] += found
        # What stands within a longer quote is gone with it.
        not_there += not found and not any(quote in longer for longer in replaced)
        if found:
            replaced.append(quote)
    return SecondLook(scrubbed, +counts, not_there)


def _whole(quote: str) -> str:
    """Return a pattern for a text that begins and ends where Latin words and numbers do."""
    begin = r"(?<![A-Za-z0-9])" if quote[0].isascii() and quote[0].isalnum() else ""
    end = r"(?![A-Za-z0-9])" if quote[-1].isascii() and quote[-1].isalnum() else ""
    return f"{begin}{re.escape(quote)}{end}"
