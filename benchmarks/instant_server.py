"""A model server that costs next to nothing: fixed answers by the form of the request, after a fixed delay.

`tests.support.loopback` computes its answers from the request, which takes more CPU than a lean client does. This one
looks for a few bytes in the body and answers by hand-made HTTP, so that one core serves many times what a client asks.
`GET /served` tells when each answer was sent since the last look, and the CPU seconds of the process so far.
"""

import argparse
import asyncio
import json
import random
import re
import time
from typing import cast
from zlib import crc32

import uvloop

from agents.csc.language import Language
from tests.support.made_up import sentence, told_from_outside

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CHOICE = re.compile(rb'"choice": *\[([^]]*)\]')
_SCHEMA = re.compile(rb'"json_schema": *\{"name": *"(\w+)"')
_LABELLED = re.compile(rb'"(turn_\d+)": *\{')
SENTENCES = 4096
"""So many, so that no call hears one twice, but by chance."""
ENDS_EVERY = 5
"""Of so many directions one ends the call."""


class _Answers:
    """What is answered, and what was."""

    def __init__(self, delay: float, language: Language) -> None:
        chance = random.Random(1)
        self.delay = delay
        self.served: list[float] = []
        self._plan = [told_from_outside(chance, language is Language.ZH) for _ in range(2)]
        self._speech = [sentence(chance, language is Language.ZH) for _ in range(SENTENCES)]

    def get(self, path: bytes) -> bytes:
        """Return the content for a GET."""
        if path.endswith(b"/models"):
            return b'{"data": [{"id": "instant", "owned_by": "vllm"}]}'
        told = {"times": self.served, "cpu_s": time.process_time()}
        self.served = []
        return json.dumps(told).encode()

    def complete(self, body: bytes) -> bytes:
        """Return a chat completion in the form that the request demands."""
        text = self._text(body)
        answer = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "instant",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": len(body) // 4, "completion_tokens": 20, "total_tokens": len(body) // 4 + 20},
        }
        return json.dumps(answer).encode()

    def _text(self, body: bytes) -> str:
        # By the request alone: a job that was killed and goes on hears what one that was not hears.
        number = crc32(body)
        speech = self._speech[number % SENTENCES]
        if choice := _CHOICE.search(body):
            options = json.loads(b"[" + choice[1] + b"]")
            return str(options[number % len(options)])
        schema = _SCHEMA.search(body)
        match schema and schema[1]:
            case None:
                return speech
            case b"Plan":
                return json.dumps({"scenario": self._plan[0], "customer_goal": self._plan[1]})
            case b"Direction":
                ending = {"outcome": "open" if number % ENDS_EVERY else "given_up"} if b'"outcome"' in body else {}
                return json.dumps({**ending, "direction": speech})
            case b"Labels":
                return json.dumps({turn.decode(): "PS" for turn in _LABELLED.findall(body)})
            case b"Opinion":
                return json.dumps({"reason": speech, "turns": [1], "verdict": 1})
        raise AssertionError(f"no answer for {schema}")


class _Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers
        self._received = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, rest = self._received[:end], self._received[end + 4 :]
            length = int(found[1]) if (found := _LENGTH.search(head)) else 0
            if len(rest) < length:
                return
            self._received = rest[length:]
            self._answer(head, rest[:length])

    def _answer(self, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if method == b"GET":
            self._send(self._answers.get(path))
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(self._answers.delay, self._send_completion, self._answers.complete(body))

    def _send_completion(self, content: bytes) -> None:
        self._answers.served.append(time.monotonic())
        self._send(content)

    def _send(self, content: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
        self._transport.write(head + content)


async def _serve(port: int, delay: float, language: Language) -> None:
    answers = _Answers(delay, language)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(answers), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer chat completions at next to no cost.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--language", type=Language, default=Language.EN)
    arguments = parser.parse_args()
    uvloop.run(_serve(arguments.port, arguments.delay, arguments.language))


if __name__ == "__main__":
    main()
