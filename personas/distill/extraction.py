"""Extraction: one structured model call turns the transcript of a call into the persona of its customer.

What is said of a customer's life must rest on numbered customer lines, or be "unknown": nothing else is taken.
An answer that repeats its source, holds private data or a placeholder for it, or says too little is sent back.
Source of the method: Zhu et al., arXiv 2508.04423, the profiles distilled from real calls.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field, create_model

from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.errors import UnreadableAnswerError
from agents.llm.chat import Chat, Kind
from agents.llm.request import Message, Sampling
from agents.llm.usage import Role
from agents.prompts.rendering import render, render_fixed
from personas.distill.transcripts import Transcript
from personas.persona import UNKNOWN, Persona
from quality.checks.artifacts import find_artifact
from quality.privacy import find_private
from quality.text import PLACEHOLDER, ngrams, split_words

DISTILL_PROMPTS = ("distill_system", "distill")
"""The prompt files of the extraction."""
MAX_TOKENS = 800
"""Of an answer."""
MAX_CITED_LINES = 6
"""Customer lines that a field may rest on."""
LINES_STEP = 10
"""Calls share an answer's schema with those of up to this many customer lines more."""
MAX_CHARS = {Language.EN: (100, 500), Language.ZH: (40, 200)}
"""Characters of the longest text of a field, and of the longest description: the schema bounds them, so that no answer
is cut off."""
MIN_DESCRIPTION_WORDS = 8
COPIED_WORDS = {Language.EN: 8, Language.ZH: 12}
"""How many words in a row of the source are a copy; twelve Chinese characters make about eight words."""
AGE_BANDS = ("under 18", "18-25", "26-35", "36-45", "46-55", "56-65", "over 65")
_LIFE: dict[str, Any] = {
    "age": Literal[AGE_BANDS],
    "job": None,
    "risk_tolerance": Literal["low", "medium", "high"],
    "financial_situation": None,
    "recent_stress": None,
}
"""The fields that must rest on customer lines, and what they choose from; None for a text."""
_MANNER = ("tone", "communication_habits")
_SECOND_PERSON = {Language.EN: re.compile(r"\byour?\b", re.IGNORECASE), Language.ZH: re.compile("[你您]")}
_SAYS_NOTHING = frozenset({"", "unknown", "n/a", "none", "not known", "not mentioned", "未知", "不详", "无", "未提及"})


class Drafted(NamedTuple):
    """The result of an extraction: a persona, or the problem that its last answer was sent back for.

    `evidence` holds, by field, the numbers of the customer lines that it rests on, from 1; `sent_back` counts the
    answers that were sent back, by problem.
    """

    persona: Persona | None
    evidence: dict[str, tuple[int, ...]]
    sent_back: dict[str, int]
    problem: str | None


class _NumberedLine(NamedTuple):
    """A line as the model sees it: customer lines count from 1, agent lines have 0."""

    number: int
    text: str


@lru_cache
def profile_type(language: Language, most_lines: int) -> type[BaseModel]:
    """Return the type of an answer on a call with at most so many customer lines.

    Lines come before values, so that the value follows from them.
    """
    number = Annotated[int, Field(ge=1, le=most_lines)]
    field_chars, description_chars = MAX_CHARS[language]
    text = Annotated[str, Field(min_length=1, max_length=field_chars)]
    fields: dict[str, Any] = {}
    for name, value_type in _LIFE.items():
        lines = (tuple[number, ...], Field(min_length=1, max_length=MAX_CITED_LINES))
        shown: Any = create_model(f"shown_{name}", lines=lines, value=(value_type or text, ...))
        fields[name] = (Literal["unknown"] | shown, ...)
    fields |= dict.fromkeys(_MANNER, (text, ...))
    fields["description"] = (Annotated[str, Field(min_length=1, max_length=description_chars)], ...)
    return create_model("CustomerProfile", **fields)


def distill_kinds(languages: Iterable[Language], sampling: Sampling) -> list[Kind]:
    """Return the kinds of requests that extractions from calls in some languages make."""
    return [Kind(Role.DISTILLER, sampling, profile_type(language, LINES_STEP)) for language in languages]


def distill_messages(transcript: Transcript) -> list[Message]:
    """Lay a transcript out for the model; the text of a line cannot look like another line."""
    return [
        {"role": "system", "content": render_fixed(transcript.language, "distill_system")},
        {
            "role": "user",
            "content": render(transcript.language, "distill", lines=list(_numbered(transcript))),
        },
    ]


def _numbered(transcript: Transcript) -> Iterator[_NumberedLine]:
    number = 0
    for line in transcript.lines:
        is_customer = line.speaker is Speaker.CUSTOMER
        number += is_customer
        yield _NumberedLine(number if is_customer else 0, line.text)


async def extract_persona(chat: Chat, transcript: Transcript, id_: str) -> Drafted:
    """Describe the customer of a call, by one structured model call.

    Args:
        chat: asks the model.
        transcript: the call, its private data replaced.
        id_: the id of the persona to be.

    Raises:
        UnreadableAnswerError: no answer was in the demanded form.
        RequestError, EngineError: see `ChatClient.ask`.
    """
    language = transcript.language
    copies = _runs((line.text for line in transcript.lines), COPIED_WORDS[language])
    sent_back: Counter[str] = Counter()
    problem: str | None = None

    def check(answer: BaseModel) -> None:
        nonlocal problem
        shown = [line for name in _LIFE for line in getattr(getattr(answer, name), "lines", ())]
        problem = "no-such-line" if max(shown, default=0) > lines else _find_problem(_texts(answer), copies, language)
        if problem:
            sent_back[problem] += 1
            raise ValueError(f"the persona will not do: {problem}")

    lines = sum(line.speaker is Speaker.CUSTOMER for line in transcript.lines)
    # An engine compiles each schema that it has not seen, which takes seconds: calls of like length share one.
    answer_type = profile_type(language, -(-lines // LINES_STEP) * LINES_STEP)
    messages = distill_messages(transcript)
    try:
        answer = await chat.fill(Role.DISTILLER, messages, answer_type, max_tokens=MAX_TOKENS, check=check)
    except UnreadableAnswerError:
        if problem is None:
            raise
        return Drafted(None, {}, dict(sent_back), problem)
    texts = _texts(answer)
    persona = Persona.model_validate({"id": id_, "language": language, "sources": (transcript.id,)} | texts)
    shown = {name: getattr(answer, name) for name in _LIFE}
    evidence = {name: value.lines for name, value in shown.items() if texts[name] != UNKNOWN}
    return Drafted(persona, evidence, dict(sent_back), None)


def _texts(answer: BaseModel) -> dict[str, str]:
    """Return the texts of an answer by field; what says nothing is "unknown"."""
    values = {name: getattr(answer, name) for name in (*_LIFE, *_MANNER, "description")}
    texts = {name: " ".join(getattr(value, "value", value).split()) for name, value in values.items()}
    return {name: UNKNOWN if text.lower().rstrip(".。") in _SAYS_NOTHING else text for name, text in texts.items()}


def _find_problem(texts: dict[str, str], copies: frozenset[tuple[str, ...]], language: Language) -> str | None:
    """Return why a persona made of these texts cannot be taken, None when it can."""
    description = texts["description"]
    if len(split_words(description)) < MIN_DESCRIPTION_WORDS or not _SECOND_PERSON[language].search(description):
        return "no-description"
    if not copies.isdisjoint(_runs(texts.values(), COPIED_WORDS[language])):
        return "copied"
    if any(map(find_artifact, texts.values())):
        return "artifact"
    if any(PLACEHOLDER.search(text) for text in texts.values()):
        return "placeholder"
    if any(find_private(text) for text in texts.values()):
        return "private-data"
    return None


def _runs(texts: Iterable[str], length: int) -> frozenset[tuple[str, ...]]:
    """Return all runs of `length` words in each of some texts, in lower case."""
    runs: set[tuple[str, ...]] = set()
    for text in texts:
        runs.update(ngrams(split_words(text), length))
    return frozenset(runs)
