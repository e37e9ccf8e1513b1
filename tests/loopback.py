"""A loopback server that speaks the engine's protocol: answers follow from the request, faults come on demand.

For fast tests and for `make bench` (`python -m tests.loopback`); it plays no part in the product.
"""

import argparse
import asyncio
import json
import random
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from agents.csc import STRATEGIES, Language
from agents.speech import clean_utterance

NAMES = {
    str(code): [
        f"strategy {entry.wording[Language.EN].name}:",
        f"“{entry.wording[Language.ZH].name}”",
    ]
    for code, entry in STRATEGIES.items()
}
SAID = re.compile(r"^\[(\d+)\] [^:：]*[:：]\s*(\".*\")$", re.MULTILINE)
EN_WORDS = [
    "well",
    "the",
    "card",
    "payment",
    "from",
    "last",
    "week",
    "still",
    "shows",
    "twice",
    "and",
    "nobody",
    "told",
    "me",
    "why",
    "it",
    "happened",
    "so",
    "please",
    "look",
]
ZH_WORDS = [
    "那笔",
    "上周的",
    "转账",
    "到现在",
    "还没有",
    "到账",
    "我",
    "已经",
    "问过",
    "两次",
    "麻烦",
    "帮我",
    "看看",
    "到底",
    "怎么",
    "回事",
]
JOBS = {
    False: ["a nurse", "a retired welder", "a student of law", "a taxi driver", "a mother of twins", "a shop owner"],
    True: ["一名护士", "一位退休焊工", "一名法学学生", "一名出租车司机", "一位双胞胎妈妈", "一家小店的老板"],
}
HABITS = {
    False: [
        "talk fast and jump between points",
        "want every step explained twice",
        "stay polite until a second wait",
        "answer in single words",
        "joke when you are worried",
        "write everything down",
        "ask for the manager early",
    ],
    True: [
        "说话快，想到哪说到哪",
        "每一步都要听两遍",
        "一等再等就没了好脸色",
        "一问一答，只说几个字",
        "一着急就开玩笑",
        "什么都要记在本子上",
        "动不动就要找经理",
    ],
}
CARES = {
    False: ["dates", "what your family will say", "fees of any kind", "being taken seriously", "your savings"],
    True: ["时间", "家里人怎么说", "各种手续费", "别人有没有认真听", "那点积蓄"],
}


@dataclass
class Faults:
    """The share of requests that go wrong, by kind."""

    error_500: float = 0.0
    drop: float = 0.0
    truncated: float = 0.0
    invalid: float = 0.0
    empty: float = 0.0


@dataclass
class Loopback:
    """The server's behaviour and what it saw."""

    model: str = "loopback"
    owned_by: str = "vllm"
    delay: float = 0.0
    faults: Faults = field(default_factory=Faults)
    pass_rate: float = 1.0
    end_rate: float = 0.2
    say: Callable[[dict[str, Any]], str | None] = lambda body: None
    faulty_requests: int | None = None
    """How many requests the faults hit; None: all."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    strategies: dict[str, str] = field(default_factory=dict)
    """What the supporter was told to use for a text that it said here: so the labeller answers truly."""
    keep_requests: bool = True
    base_url: str = ""
    metrics: Callable[[], str] | None = None
    """The text at /metrics; None: there is no such page."""
    busy_rate: float = 0.0
    """The share of requests turned away with 429, to be sent again after `retry_after` seconds."""
    retry_after: float = 0.1
    sessions: list[str] = field(default_factory=list)
    """The X-Session-ID of each request."""
    in_flight: int = 0
    most_in_flight: int = 0

    def __post_init__(self) -> None:
        self._fault_random = random.Random(1)

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._serve)
        if self.metrics:
            app.router.add_get("/metrics", self._report)
        return app

    async def _report(self, request: web.Request) -> web.Response:
        assert self.metrics
        return web.Response(text=self.metrics())

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": self.model, "owned_by": self.owned_by}]})

    async def _serve(self, request: web.Request) -> web.Response:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._complete(request)
        finally:
            self.in_flight -= 1

    async def _complete(self, request: web.Request) -> web.Response:
        if self.busy_rate and self._fault_random.random() < self.busy_rate:
            self.calls["busy"] += 1
            headers = {"Retry-After": str(self.retry_after)}
            return web.json_response({"error": {"message": "busy"}}, status=429, headers=headers)
        self.sessions.append(request.headers.get("X-Session-ID", ""))
        body = json.loads(await request.read())
        self.calls["all"] += 1
        if self.keep_requests:
            self.requests.append(body)
        if self.delay:
            await asyncio.sleep(self.delay)
        fault = self._pick_fault()
        if fault:
            self.calls[fault] += 1
        if fault == "error_500":
            return web.json_response({"error": {"message": "engine trouble"}}, status=500)
        if fault == "drop":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        text = self.say(body) or self._answer(body)
        if fault == "invalid":
            text = "no such thing {"
        elif fault == "empty":
            text = ""
        elif fault == "truncated":
            text = text[: len(text) // 2]
        self._remember(body, text)
        return web.json_response(self._completion(body, text, "length" if fault == "truncated" else "stop"))

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
        return {
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": max(1, len(text) // 4),
                "prompt_tokens_details": {"cached_tokens": prompt // 32 * 16},
            },
        }

    def _remember(self, body: dict[str, Any], text: str) -> None:
        task = body["messages"][-1]["content"].rpartition("\n")[2]
        for code, names in NAMES.items():
            if task.startswith(("[Say]", "【发言】")) and any(name in task for name in names):
                self.strategies[clean_utterance(text)] = code

    def _answer(self, body: dict[str, Any]) -> str:
        """Answer in the demanded form; the same request gets the same answer."""
        chance = random.Random(f"{body['seed']} {body['messages'][-1]['content']}")
        chinese = bool(re.search(r"[\u4e00-\u9fff]", body["messages"][-1]["content"]))
        if "structured_outputs" in body:
            return str(chance.choice(body["structured_outputs"]["choice"]))
        if "response_format" in body:
            schema = body["response_format"]["json_schema"]["schema"]
            if schema["title"] == "Labels":
                return json.dumps(self._labels(schema, body["messages"][-1]["content"], chance))
            return json.dumps(self._instance(schema, schema, chance, chinese, ""), ensure_ascii=False)
        return sentence(chance, chinese)

    def _labels(self, schema: dict[str, Any], prompt: str, chance: random.Random) -> dict[str, str]:
        """Label each turn as it was told to be said; one that was never said here, by chance."""
        texts = {f"turn_{number}": json.loads(text) for number, text in SAID.findall(prompt)}
        options = schema["$defs"]["Strategy"]["enum"]
        return {key: self.strategies.get(texts[key]) or chance.choice(options) for key in schema["properties"]}

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
            return chance.choice(schema["enum"])
        match schema["type"]:
            case "object":
                parts = schema["properties"].items()
                return {key: self._instance(part, root, chance, zh, key) for key, part in parts}
            case "array":
                return [self._instance(schema["items"], root, chance, zh, name)]
            case "integer":
                return chance.randint(schema["minimum"], schema["maximum"])
            case "boolean":
                return chance.random() < self.end_rate
            case "string":
                return persona(chance, zh) if name == "description" else sentence(chance, zh)
        raise AssertionError(f"no answer for {schema}")


def sentence(chance: random.Random, chinese: bool) -> str:
    words = [chance.choice(ZH_WORDS if chinese else EN_WORDS) for _ in range(chance.randint(6, 14))]
    return "".join(words) + "。" if chinese else " ".join(words).capitalize() + "."


def persona(chance: random.Random, chinese: bool) -> str:
    job, habit, care = (chance.choice(table[chinese]) for table in (JOBS, HABITS, CARES))
    if chinese:
        return f"你是{job}，打电话时{habit}。你最在意的是{care}。"
    return f"You are {job}. On the phone you {habit}, and what you care about most is {care}."


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
    parser.add_argument("--delay", type=float, default=0.0)
    arguments = parser.parse_args()
    loopback = Loopback(delay=arguments.delay, keep_requests=False)
    web.run_app(loopback.application(), host="127.0.0.1", port=arguments.port, access_log=None, print=None)


if __name__ == "__main__":
    main()
