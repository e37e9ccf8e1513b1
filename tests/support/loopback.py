"""A loopback server that speaks the engine's protocol: answers follow from the request, faults come on demand.

An answer is a pure function of the request, whatever was asked before: a server that is killed and started again
answers as the first one would have. For fast tests, for the soak and for `make bench` (`python -m
tests.support.loopback`); it plays no part in the product.
"""

import argparse
import asyncio
import json
import random
import re
import socket
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.loopback_answers import (
    demanded_feeling,
    demanded_schema,
    demanded_strategy,
    hidden_feeling,
    hidden_strategy,
    labels,
)
from tests.support.loopback_faults import drip, send_half, spoil
from tests.support.made_up import persona, sentence, told_from_outside

STALL_S = 60.0

TOLD_FROM_OUTSIDE = ("scenario", "customer_goal", "direction")
"""Texts of structured answers that speak of the customer, never as them."""


@dataclass
class Faults:
    """The share of requests that go wrong, by kind."""

    error_500: float = 0.0
    drop: float = 0.0
    """The connection is closed before any answer."""
    truncated: float = 0.0
    """The text is cut off, and the answer says so."""
    invalid: float = 0.0
    """The text is no JSON, and no option."""
    empty: float = 0.0
    busy_429: float = 0.0
    """Turned away, to be sent again after `Loopback.retry_after` seconds."""
    error_503: float = 0.0
    reset: float = 0.0
    """The connection is reset when half of the body has been sent."""
    stall: float = 0.0
    """Nothing comes for `STALL_S` seconds."""
    drip: float = 0.0
    """The answer is whole, but comes a few bytes at a time, over `DRIP_S` seconds."""
    garbage: float = 0.0
    """The status is 200, the body is no JSON."""
    wrong_schema: float = 0.0
    """The text does not fit the demanded form: other keys, no option, no words."""


@dataclass
class Manners:
    """How the server differs from vLLM in what it takes and gives."""

    refused: dict[str, str] = field(default_factory=dict)
    """What its requests must not hold, by how a server would say so: fields, schema keywords, kinds of
    `response_format`, the role "system"."""
    demanded: dict[str, str] = field(default_factory=dict)
    """Fields that its requests for completions must hold as false, by how a server would say so."""
    refusal_status: int = 400
    ignored: frozenset[str] = frozenset()
    """Fields that it does not know and takes no notice of."""
    models: Any = None
    """Its list of models; None for vLLM's, an int for a status."""
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    """What must come with each request: else it is not found, or not allowed."""
    usage: Any = "counts"
    """Instead of the counts; "fractions" for these as such."""
    finish_reason: str | None = "stop"
    """How it calls the end of a whole answer."""
    parts: bool = False
    """Contents are lists of parts."""
    fenced: bool = False
    """What it was not made to write otherwise, it writes in a fence."""
    content: Callable[[str], Any] = lambda text: text
    """What it makes of an answer's text at last."""
    message: dict[str, Any] = field(default_factory=dict)
    """What its messages hold beside, or instead of, a content."""
    send: Callable[[dict[str, Any]], web.Response] = web.json_response
    """How it sends a completion."""


@dataclass
class Loopback:
    """The server's behaviour and what it saw."""

    model: str = "loopback"
    owned_by: str = "vllm"
    delay: float = 0.0
    faults: Faults = field(default_factory=Faults)
    manners: Manners = field(default_factory=Manners)
    pass_rate: float = 1.0
    end_rate: float = 0.2
    listens: bool = False
    """Its supporter assistant chooses EM, where it may, after words of a strong negative feeling."""
    hearing: float = 1.0
    """The share of feelings that its labeller hears as they were said; the others it takes for another emotion."""
    say: Callable[[dict[str, Any]], str | None] = lambda body: None
    faulty_requests: int | None = None
    """How many requests the faults hit; None: all."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    struck: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The X-Session-IDs of the requests that a kind of fault hit."""
    keep_requests: bool = True
    base_url: str = ""
    metrics: Callable[[], str] | None = None
    """The text at /metrics; None: there is no such page."""
    retry_after: float = 0.1
    sessions: list[str] = field(default_factory=list)
    """The X-Session-ID of each request."""
    refusals: int = 0
    """How many requests its manners refused; they are no calls."""
    in_flight: int = 0
    most_in_flight: int = 0

    def __post_init__(self) -> None:
        self._fault_random = random.Random(1)

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._serve)
        app.router.add_get("/calls", self._count)
        if self.metrics:
            app.router.add_get("/metrics", self._report)
        return app

    async def _report(self, request: web.Request) -> web.Response:
        assert self.metrics
        return web.Response(text=self.metrics())

    async def _models(self, request: web.Request) -> web.Response:
        if refusal := self._find_refusal(request, {}):
            return refusal
        listed = self.manners.models
        if isinstance(listed, int):
            return web.json_response({"error": {"message": "Not Found"}}, status=listed)
        vllms = {"data": [{"id": self.model, "owned_by": self.owned_by}]}
        return web.json_response(vllms if listed is None else listed)

    async def _count(self, request: web.Request) -> web.Response:
        return web.json_response(self.calls)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._complete(request)
        finally:
            self.in_flight -= 1

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        session = request.headers.get("X-Session-ID", "")
        self.sessions.append(session)
        body = json.loads(await request.read())
        if refusal := self._find_refusal(request, body):
            self.refusals += 1
            return refusal
        body = {name: value for name, value in body.items() if name not in self.manners.ignored}
        self.calls["all"] += 1
        if self.keep_requests:
            self.requests.append(body)
        if self.delay:
            await asyncio.sleep(self.delay)
        fault = self._pick_fault()
        if fault:
            self.calls[fault] += 1
            self.struck[fault].add(session)
        match fault:
            case "error_500" | "error_503":
                return web.json_response({"error": {"message": "engine trouble"}}, status=int(fault[-3:]))
            case "busy_429":
                headers = {"Retry-After": str(self.retry_after)}
                return web.json_response({"error": {"message": "busy"}}, status=429, headers=headers)
            case "drop":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case "stall":
                await asyncio.sleep(STALL_S)
            case "garbage":
                return web.Response(text="<html>Welcome to the gateway</html>", content_type="text/html")
        text = spoil(fault, body, self.say(body) or self._answer(body))
        completion = self._completion(body, text, "length" if fault == "truncated" else "stop")
        if fault == "reset":
            return await send_half(request, json.dumps(completion).encode())
        if fault == "drip":
            return await drip(request, json.dumps(completion).encode())
        return self.manners.send(completion)

    def _find_refusal(self, request: web.Request, body: dict[str, Any]) -> web.Response | None:
        manners = self.manners
        if any(request.query.get(name) != value for name, value in manners.query.items()):
            return web.json_response({"error": {"message": "Resource not found"}}, status=404)
        if any(request.headers.get(name) != value for name, value in manners.headers.items()):
            return web.json_response({"error": {"message": "Access denied"}}, status=401)
        if body and body["model"] != self.model:
            message = f"The model `{body['model']}` does not exist."
            return web.json_response({"error": {"message": message}}, status=404)
        held = set(words_of({**body, "messages": [message["role"] for message in body.get("messages", ())]}))
        for what, message in manners.refused.items():
            if what in held:
                return web.json_response({"error": {"message": message}}, status=manners.refusal_status)
        for what, message in manners.demanded.items():
            if body and body.get(what) is not False:
                return web.json_response({"error": {"message": message}}, status=manners.refusal_status)
        return None

    def _pick_fault(self) -> str | None:
        if self.faulty_requests is not None and self.calls["all"] > self.faulty_requests:
            return None
        draw = self._fault_random.random()
        for name, share in vars(self.faults).items():
            if draw < share:
                return name
            draw -= share
        return None

    def _completion(self, body: dict[str, Any], text: str, finish_reason: str) -> dict[str, Any]:
        prompt = sum(len(message["content"]) for message in body["messages"]) // 4
        usage: Any = {
            "prompt_tokens": prompt,
            "completion_tokens": max(1, len(text) // 4),
            "prompt_tokens_details": {"cached_tokens": prompt // 32 * 16},
        }
        manners = self.manners
        if manners.usage == "fractions":
            usage = {"prompt_tokens": prompt + 0.5, "completion_tokens": None, "prompt_tokens_details": None}
        elif manners.usage != "counts":
            usage = manners.usage
        content = [{"type": "text", "text": text}] if manners.parts else manners.content(text)
        reason = manners.finish_reason if finish_reason == "stop" else finish_reason
        return {
            "choices": [
                {"message": {"role": "assistant", "content": content} | manners.message, "finish_reason": reason}
            ],
            "usage": usage,
        }

    def _answer(self, body: dict[str, Any]) -> str:
        """Answer in the demanded form; the same request gets the same answer."""
        chance = random.Random(f"{body.get('seed')} {body['messages'][-1]['content']}")
        chinese = bool(re.search(r"[\u4e00-\u9fff]", body["messages"][-1]["content"]))
        if "structured_outputs" in body:
            options = body["structured_outputs"]["choice"]
            heard = body["messages"][-1]["content"].partition("\n\n")[0]
            if self.listens and "EM" in options and hidden_feeling(heard).is_upset:
                return "EM"
            return str(chance.choice(options))
        if "guided_choice" in body:
            return str(chance.choice(body["guided_choice"]))
        if schema := demanded_schema(body):
            if any(key.startswith("turn_") for key in schema["properties"]):
                text = json.dumps(labels(schema, body["messages"][-1]["content"], self.hearing))
            else:
                text = json.dumps(self._instance(schema, schema, chance, chinese, ""), ensure_ascii=False)
            return f"```json\n{text}\n```" if self.manners.fenced else text
        if "response_format" in body:
            return '{"greeting": "Hello."}'
        task = body["messages"][-1]["content"]
        strategy, feeling = demanded_strategy(task), demanded_feeling(task)
        text = sentence(chance, chinese)
        while (strategy and hidden_strategy(text) != strategy) or (feeling and hidden_feeling(text) != feeling):
            text = sentence(chance, chinese)
        return text

    def _instance(
        self, schema: dict[str, Any], root: dict[str, Any], chance: random.Random, zh: bool, name: str
    ) -> Any:
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        if "anyOf" in schema:
            return self._instance(chance.choice(schema["anyOf"]), root, chance, zh, name)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            if schema["enum"] == [0, 1]:
                return int(chance.random() < self.pass_rate)
            if name == "outcome":
                return chance.choice(schema["enum"][1:]) if chance.random() < self.end_rate else schema["enum"][0]
            return chance.choice(schema["enum"])
        match schema["type"]:
            case "object":
                parts = schema["properties"].items()
                return {key: self._instance(part, root, chance, zh, key) for key, part in parts}
            case "array":
                return [self._instance(schema["items"], root, chance, zh, name)]
            case "integer":
                return chance.randint(schema.get("minimum", 1), schema.get("maximum", 3))
            case "boolean":
                return chance.random() < self.end_rate
            case "string":
                makers = {"description": persona} | dict.fromkeys(TOLD_FROM_OUTSIDE, told_from_outside)
                return makers.get(name, sentence)(chance, zh)
        raise AssertionError(f"no answer for {schema}")


def words_of(body: Any) -> Iterator[str]:
    """Yield all keys and texts in a body, down to those of its schemas, without what the prompts say."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield key
            yield from words_of(value)
    elif isinstance(body, list):
        for value in body:
            yield from words_of(value)
    elif isinstance(body, str):
        yield body


def rarely_unreadable(share: float) -> Callable[[dict[str, Any]], str | None]:
    """Return a `say` by which that share of the answers has no words and no form; which ones, the request decides."""

    def say(body: dict[str, Any]) -> str | None:
        chance = random.Random(f"unreadable {body['seed']} {body['messages'][-1]['content']}")
        return " " if chance.random() < share else None

    return say


@asynccontextmanager
async def serve(loopback: Loopback, port: int = 0) -> AsyncIterator[Loopback]:
    """Run the server in this process and event loop, at a free port unless one is named."""
    runner = web.AppRunner(loopback.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", port))
    await web.SockSite(runner, listener).start()
    loopback.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    try:
        yield loopback
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve loopback answers in a process of its own.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--unreadable", type=float, default=0.0, help="share of answers that are of no use")
    arguments = parser.parse_args()
    loopback = Loopback(delay=arguments.delay, keep_requests=False, say=rarely_unreadable(arguments.unreadable))
    web.run_app(loopback.application(), host="127.0.0.1", port=arguments.port, access_log=None, print=None)


if __name__ == "__main__":
    main()
