"""An agent to probe, behind HTTP, whose faults a test plants."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from agents.csc.strategies import Strategy
from tests.support.loopback_answers import hidden_strategy
from tests.support.made_up import sentence

Answer = Callable[[dict[str, Any]], web.Response | None]


class LiveAgent:
    """An OpenAI-compatible agent that says sound sentences; `answer` may answer a request otherwise.

    `bodies` are the bytes of all requests, `headers` their headers.
    """

    def __init__(self, answer: Answer = lambda body: None, delay: float = 0.0) -> None:
        self.answer = answer
        self.delay = delay
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.base_url = ""

    async def serve_request(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.bodies.append(raw)
        self.headers.append(dict(request.headers))
        await asyncio.sleep(self.delay)
        body = json.loads(raw)
        return self.answer(body) or reply(say_well(body.get("messages", ())))


def reply(text: str) -> web.Response:
    return web.json_response({"choices": [{"message": {"role": "assistant", "content": text}}]})


def say_well(messages: Sequence[Any]) -> str:
    """Return a sentence that follows from what was said alone, of a strategy that suits the place in the call.

    It is Chinese where the call is. A call's key decides nothing: it follows from the agent's address, whose port is
    another in each test.
    """
    heard = json.dumps(messages, ensure_ascii=False)
    chance, chinese = random.Random(heard), bool(re.search(r"[\u4e00-\u9fff]", heard))
    wanted = {1: {Strategy.GT}, 3: {Strategy.IV}, 5: {Strategy.EM}, 7: {Strategy.PS}}.get(len(messages))
    while True:
        text = sentence(chance, chinese)
        if wanted is None or hidden_strategy(text) in wanted:
            return text


@asynccontextmanager
async def serve_agent(
    agent: LiveAgent, path: str = "/v1/chat/completions", method: str = "POST"
) -> AsyncIterator[LiveAgent]:
    application = web.Application(client_max_size=1 << 24)
    application.router.add_route(method, path, agent.serve_request)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    agent.base_url = f"http://127.0.0.1:{port}/v1"
    try:
        yield agent
    finally:
        await runner.cleanup()
