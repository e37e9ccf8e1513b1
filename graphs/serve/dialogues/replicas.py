"""Which of several servers answers a dialogue: the same one as long as it is there, for its prefix cache."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from agents.errors import EngineError, UsageError
from agents.events import tell
from agents.llm.client import ChatClient
from graphs.serve.refusal import Refusal

ResultT = TypeVar("ResultT")
HOLD_S = 3.0
"""Seconds for which a server that answered nobody is left alone."""
_log = logging.getLogger("rolecs.servers")


class Replicas:
    """The servers of a model.

    A dialogue goes to the server that ranks first for it by rendezvous hashing (Thaler and Ravishankar 1998): when one
    is gone only its own dialogues move, and they come back with it.
    """

    def __init__(self, concurrency: int) -> None:
        """Begin without servers; requests are refused until there are some.

        Args:
            concurrency: number of turns in flight at most; others wait.
        """
        self.clients: Sequence[ChatClient] = ()
        self._seats = asyncio.Semaphore(concurrency)
        self._down_until: dict[ChatClient, float] = {}

    @property
    def down(self) -> int:
        """How many servers answered nobody when they were asked last."""
        return sum(client in self._down_until for client in self.clients)

    async def look(self) -> bool:
        """Tell whether there is a server to ask; those that answered nobody are asked whether they are back.

        Else nobody would find that out where a balancer sends nothing to a service that says it has no model.
        """
        for client in [client for client in self.clients if client in self._down_until and self._may_be_asked(client)]:
            self._leave_alone(client)
            with suppress(UsageError, TimeoutError):
                async with asyncio.timeout(HOLD_S):
                    await client.check()
                self._down_until.pop(client, None)
        return self.down < len(self.clients)

    async def ask(self, key: str, work: Callable[[ChatClient], Awaitable[ResultT]]) -> ResultT:
        """Have work done by a server, by another one when it is gone.

        Args:
            key: of the dialogue.
            work: asks the server; it begins anew on the next one.

        Raises:
            Refusal: all servers are gone.
        """
        async with self._seats:
            for client in sorted(self.clients, key=lambda client: _rank(key, client.base_url)):
                if not self._may_be_asked(client):
                    continue
                try:
                    done = await work(client)
                except EngineError:
                    tell(_log, "server down", logging.WARNING, server=client.base_url)
                    self._leave_alone(client)
                else:
                    self._down_until.pop(client, None)
                    return done
        raise Refusal(503, "no_engine", "no model server answers: try again later", HOLD_S)

    def _may_be_asked(self, client: ChatClient) -> bool:
        return time.monotonic() >= self._down_until.get(client, 0.0)

    def _leave_alone(self, client: ChatClient) -> None:
        self._down_until[client] = time.monotonic() + HOLD_S


def _rank(key: str, server: str) -> bytes:
    return hashlib.blake2b(f"{key}\0{server}".encode(), digest_size=8).digest()
