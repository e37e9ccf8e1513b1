"""The OpenAI-compatible endpoint: chat completions by the supporter, and the list of the one model.

A chat holds no strategies, by which the flow rules go. So the service remembers, for each answer that it gave, what led
to it; a client may also send the `rolecs` field of an answer back with its message. A supporter's turn of which neither
is known counts as Others. What is streamed has passed the checks first: words that were said are not taken back.
"""

import hashlib
import json
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Strategy
from agents.prompts.rendering import openings
from graphs.dialogue.supporter import Answered, fixed_turn, is_closed
from graphs.serve.dialogues.service import Service
from graphs.serve.dialogues.sessions import new_id
from graphs.serve.http.requests import Body, body_of, refusing, require_operator
from graphs.serve.protection.privacy import Veil, tame
from graphs.serve.refusal import Refusal
from outputs.datasets.roles import alternating
from outputs.scorecards.store import Scorecard
from quality.text import CHINESE_CHARACTER

MOST_MESSAGES = 200
MOST_CHARACTERS = 4000
"""Most characters of a system message, which tells the situation, or of an earlier answer."""
MOST_REMEMBERED = 50_000
"""Answers whose strategy is remembered."""
_PIECE = re.compile(r"\s*\S+\s*|\s+")


def _text_of(content: Any) -> Any:
    """Return the words of a message's content: a text, or a list of parts that are texts.

    Raises:
        ValueError: there is something else in it.
    """
    if not isinstance(content, list):
        return content
    parts: list[Any] = [
        part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in content
    ]
    if any(not isinstance(part, str) for part in parts):
        raise ValueError("only parts of type text are understood")
    return " ".join(parts)


class ServedBy(BaseModel):
    """What is known of an answer, or asked of the next one; the `rolecs` field of messages and requests.

    Attributes:
        strategy: of the answer.
        stage: that it serves.
        over: the call is closed with it.
        language: of the dialogue; by default that of the customer's words.
        topic: a code of the topics.
        ends_call: the customer ends the call with the last message.
    """

    model_config = ConfigDict(frozen=True)

    strategy: Strategy | None = None
    stage: str | None = None
    over: bool = False
    language: Language | None = None
    topic: Annotated[str, Field(max_length=64)] | None = None
    ends_call: bool = False


class ChatMessage(BaseModel):
    """A message of a chat, as OpenAI's clients send it."""

    model_config = ConfigDict(frozen=True)

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[
        str,
        BeforeValidator(_text_of, json_schema_input_type=str | list[dict[Literal["type", "text"], str]]),
    ]
    rolecs: ServedBy | None = None


class StreamOptions(BaseModel):
    """What goes with a stream."""

    model_config = ConfigDict(frozen=True)

    include_usage: bool = False


class CompleteChat(Body):
    """A chat to be gone on with. How answers are drawn is the service's matter: such fields are passed over.

    Fields that ask for another kind of answer than one text are refused: a client would look for it in vain.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    messages: Annotated[list[ChatMessage], Field(max_length=MOST_MESSAGES)]
    model: str = ""
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    rolecs: ServedBy = ServedBy()

    @model_validator(mode="before")
    @classmethod
    def _check_answer(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        # OpenAI's clients may write null for what they leave out.
        asked = {name: value for name, value in given.items() if value is not None}
        form = asked.get("response_format", {})
        calls = (asked.get("tools") or asked.get("functions")) and "none" not in (
            *(asked.get("tool_choice"), asked.get("function_call")),
        )
        refused = {
            "n: a chat gets one answer": asked.get("n", 1) != 1,
            "tools: the supporter calls none; leave them out, or give tool_choice none": calls,
            "response_format: answers are plain text": form != {} and form != {"type": "text"},
            "logprobs: none are told": asked.get("logprobs") is True,
        }
        for problem, holds in refused.items():
            if holds:
                raise ValueError(problem)
        return asked


class Memory:
    """The strategies of answers, by a hash of the chat that led to them with the answer; no word is kept."""

    def __init__(self) -> None:
        self._strategies: OrderedDict[bytes, Strategy] = OrderedDict()

    def keep(self, history: Sequence[tuple[str, str]], strategy: Strategy) -> None:
        """Remember the strategy of the last message of a chat, given as pairs of role and text."""
        self._strategies[_digest(history)] = strategy
        if len(self._strategies) > MOST_REMEMBERED:
            self._strategies.popitem(last=False)

    def find(self, history: Sequence[tuple[str, str]]) -> Strategy | None:
        """Return the strategy of the last message of a chat; None where it is not known."""
        return self._strategies.get(_digest(history))


def _digest(history: Sequence[tuple[str, str]]) -> bytes:
    return hashlib.blake2b(json.dumps(history).encode(), digest_size=16).digest()


def completion_routes(service: Service) -> list[Route]:
    """Return the routes of the endpoint."""
    memory = Memory()

    async def complete_chat(request: Request) -> Response:
        """Go on with a chat."""
        visitor = require_operator(service, request)
        body = await body_of(request, CompleteChat)
        spoken = [(message.role, message.content) for message in body.messages if message.role in ("user", "assistant")]
        card, turns = _read_chat(service, body, spoken, memory)
        veil = Veil()
        hidden = _hide(turns, veil)
        turns = hidden if service.settings.scrub_model else turns
        answered, usage = await service.complete(visitor, card, turns, veil)
        text = veil.show(answered.turn.text, card.language)
        if answered.turn.strategy:
            memory.keep([*spoken, ("assistant", text)], answered.turn.strategy)
        frame = {"id": f"chatcmpl-{new_id()}", "created": int(time.time()), "model": service.model}
        counts = {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        }
        if body.stream:
            events = _stream(frame, text, _served(answered), counts if body.stream_options.include_usage else None)
            return StreamingResponse(events, media_type="text/event-stream")
        message = {"role": "assistant", "content": text, "rolecs": _served(answered)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return JSONResponse({**frame, "object": "chat.completion", "choices": [choice], "usage": counts})

    async def list_models(request: Request) -> Response:
        """List the model."""
        require_operator(service, request)
        model = {"id": service.model, "object": "model", "created": 0, "owned_by": "rolecs"}
        return JSONResponse({"object": "list", "data": [model] if service.model else []})

    return [
        Route("/v1/chat/completions", refusing(service, complete_chat), methods=["POST"]),
        Route("/v1/models", refusing(service, list_models), methods=["GET"]),
    ]


def _read_chat(
    service: Service, body: CompleteChat, spoken: Sequence[tuple[str, str]], memory: Memory
) -> tuple[Scorecard, list[Turn]]:
    """Return the dialogue in a chat, with what the supporter knows of it.

    Raises:
        Refusal: nothing can be answered.
    """
    settings, told = service.settings, body.rolecs
    if any(len(message.content) > MOST_CHARACTERS for message in body.messages):
        raise Refusal(413, "too_long", f"a message has more than {MOST_CHARACTERS:,} characters")
    code = told.topic or settings.topic
    language = told.language or _language_of(body.messages, settings.language)
    if code and not told.language and code not in service.grounds.names(language):
        # Words in another language are answered in one that the topic has words in.
        language = next((one for one in Language if code in service.grounds.names(one)), language)
    turns: list[Turn] = []
    count = 0
    for message in body.messages:
        if message.role == "user":
            count += 1
            words = service.readable(message.content)
            if words and not (count == 1 and words in openings()):
                turns.append(Turn(speaker=Speaker.CUSTOMER, text=words))
        elif message.role == "assistant":
            count += 1
            strategy = (message.rolecs and message.rolecs.strategy) or memory.find(spoken[:count])
            strategy = strategy or (Strategy.OT if turns else Strategy.GT)
            turns.append(Turn(speaker=Speaker.SUPPORTER, text=tame(message.content), strategy=strategy))
    turns = alternating(turns)
    if turns and turns[0].speaker is Speaker.CUSTOMER:
        # The supporter opens each call that the model was taught with: a chat that a customer opens gets a greeting.
        turns.insert(0, fixed_turn(language, Strategy.GT))
    if is_closed(turns, settings.limits):
        raise Refusal(409, "over", "the call is over")
    if turns and turns[-1].speaker is Speaker.SUPPORTER:
        raise Refusal(400, "no_turn", "the last message is to be the customer's, with words in it")
    if turns and told.ends_call:
        turns[-1] = turns[-1].model_copy(update={"ends_call": True})
    system = " ".join(message.content for message in body.messages if message.role in ("system", "developer"))
    topic, scenario = service.grounds.situation(code, language, tame(system) or settings.about)
    card = Scorecard(
        id="",
        token="",
        site=None,
        language=language,
        topic=code or "",
        told=topic,
        scenario=scenario,
        model=service.model,
        opened=0.0,
        expires=0.0,
    )
    return card, turns


def _language_of(messages: Sequence[ChatMessage], default: Language) -> Language:
    words = " ".join(message.content for message in messages if message.role == "user")
    if not words:
        return default
    return Language.ZH if CHINESE_CHARACTER.search(words) else Language.EN


def _hide(turns: Sequence[Turn], veil: Veil) -> list[Turn]:
    hidden: list[Turn] = []
    for turn in turns:
        asked = hidden[-1].text if hidden else ""
        words = veil.hide(turn.text, asked, learns=turn.speaker is Speaker.CUSTOMER)
        hidden.append(turn.model_copy(update={"text": words}))
    return hidden


def _served(answered: Answered) -> dict[str, Any]:
    turn = answered.turn
    return {"strategy": turn.strategy, "stage": turn.stage, "over": answered.is_over, "given": answered.given}


async def _stream(
    frame: dict[str, Any], text: str, served: dict[str, Any], usage: dict[str, int] | None
) -> AsyncIterator[str]:
    """Yield the events of a stream: the words, then what is known of them, then, on request, what they cost."""

    def event(delta: dict[str, Any] | None, finish_reason: str | None = None, **more: Any) -> str:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
        chunk = {**frame, "object": "chat.completion.chunk", "choices": choices, **more}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"

    yield event({"role": "assistant", "content": ""})
    for piece in _PIECE.findall(text):
        yield event({"content": piece})
    yield event({"rolecs": served}, "stop")
    if usage is not None:
        yield event(None, usage=usage)
    yield "data: [DONE]\n\n"
