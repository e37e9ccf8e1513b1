"""An agent that is a program: started for each call, spoken to by JSON lines, and gone when the call is over.

A line to it: {"call": "...", "turn": 1, "message": "...", "messages": [...]}. A line from it: {"text": "..."}.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from pydantic_core import to_json

from agents.errors import shorten
from agents.llm.request import Message
from graphs.probe.agent import MAX_ANSWER, SHOWN, AgentError, Conversation, Reply, parse_answer, read_reply
from graphs.probe.spec import CommandSpec, look_up

GRACE_S = 1.0
"""Seconds that a program has to end by itself when its input ends."""
_TEXT = ("text",)


class CommandAgent:
    """An agent that a command starts, by no shell."""

    def __init__(self, spec: CommandSpec, timeout_s: float) -> None:
        self.name = spec.name
        self._spec = spec
        self._timeout_s = timeout_s

    @asynccontextmanager
    async def call(self, key: str) -> AsyncIterator[Conversation]:
        """Begin a call: the program is started with the first turn, and killed with all that it started at the end."""
        conversation = _CommandConversation(self._spec, key, self._timeout_s)
        try:
            yield conversation
        finally:
            await conversation.end()


class _CommandConversation:
    def __init__(self, spec: CommandSpec, key: str, timeout_s: float) -> None:
        self._spec = spec
        self._key = key
        self._timeout_s = timeout_s
        self._process: asyncio.subprocess.Process | None = None
        self._complaints = b""
        self._listening: asyncio.Task[None] | None = None

    async def send(self, messages: Sequence[Message]) -> Reply:
        if self._process is None:
            self._process = await self._start()
        turn = sum(message["role"] == "user" for message in messages)
        line = {"call": self._key, "turn": turn, "message": messages[-1]["content"], "messages": list(messages)}
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                content = await self._exchange(self._process, to_json(line) + b"\n")
        except TimeoutError:
            raise AgentError("timeout", f"no whole line within {self._timeout_s:g} s") from None
        seconds = time.perf_counter() - began
        answer = parse_answer(content)
        ends_call = look_up(answer, self._spec.ends_call or ("ends_call",)) is True
        return Reply(read_reply(answer, _TEXT), seconds, ends_call)

    async def _exchange(self, process: asyncio.subprocess.Process, line: bytes) -> bytes:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the program's streams are pipes")
        try:
            process.stdin.write(line)
            await process.stdin.drain()
            content = await process.stdout.readline()
        except ConnectionError:
            content = b""
        except ValueError:  # so asyncio tells of a line beyond the limit
            raise AgentError("too-large", f"a line of more than {MAX_ANSWER:,} bytes") from None
        if not content.endswith(b"\n"):
            raise AgentError("ended", await self._describe_end(process))
        return content

    async def _describe_end(self, process: asyncio.subprocess.Process) -> str:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE_S)
        how = "it closed its output" if process.returncode is None else f"exit code {process.returncode}"
        told = shorten(self._complaints.decode(errors="replace"), SHOWN)
        return f"{how}; it said: {told}" if told else how

    async def _start(self) -> asyncio.subprocess.Process:
        # Our own servers' keys are nothing that somebody's program is to see.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROLECS_")}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._spec.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=MAX_ANSWER,
                env=environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise AgentError("no-connection", f"it cannot be started: {error}") from None
        if process.stderr:
            self._listening = asyncio.create_task(self._listen(process.stderr))
        return process

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        """Keep the end of what the program says on standard error: one that nobody reads would block it."""
        while piece := await stream.read(4096):
            self._complaints = (self._complaints + piece)[-4 * SHOWN :]

    async def end(self) -> None:
        """End the program, by the end of its input and then by force, and all that it has started."""
        process = self._process
        if process is None:
            return
        try:
            if process.stdin:
                process.stdin.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), GRACE_S)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            if self._listening:
                self._listening.cancel()
                await asyncio.wait({self._listening})
