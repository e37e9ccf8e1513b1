"""Asks models for what dialogues need: in time, within the budgets of the day, and with the bill for it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.errors import EngineError, RequestError
from agents.llm.chat import Chat, derive_seed
from agents.llm.client import ChatClient
from agents.llm.failures import find_status, name_error
from agents.llm.request import Sampling
from agents.llm.usage import Usage
from graphs.config.serving import ServeSettings
from graphs.dialogue.supporter import Answered, answer
from graphs.dialogue.turns import DialogueContext
from graphs.serve.dialogues.replicas import Replicas
from graphs.serve.dialogues.sessions import hash_token
from graphs.serve.metrics import ServiceMetrics
from graphs.serve.protection.audit import Audit
from graphs.serve.protection.limits import ALL, Budgets
from graphs.serve.protection.privacy import Veil
from graphs.serve.protection.sites import Sites
from graphs.serve.refusal import Refusal
from outputs.scorecards.export import supporter_view
from outputs.scorecards.store import Scorecard, Spent

ResultT = TypeVar("ResultT")
REFUSED = (400, 413, 422)
"""Statuses by which servers refuse a request whose form they took before: it is longer than the model's context."""


@dataclass(frozen=True, slots=True)
class Metered(Generic[ResultT]):
    """What was asked for, what it cost, and what is to be stored of that."""

    result: ResultT
    usage: Usage
    writes: tuple[Spent, ...]


class Wanted(NamedTuple, Generic[ResultT]):
    """What is to be asked for a dialogue.

    Attributes:
        key: dialogues with the same one go to the same server.
        sampling: how answers are drawn.
        seed: of the requests.
        work: makes the requests; it begins anew where a server is gone.
        timeout_s: how long all of it may take.
    """

    key: str
    sampling: Sampling
    seed: int
    work: Callable[[Chat], Awaitable[ResultT]]
    timeout_s: float


@dataclass
class Meter:
    """Makes requests that are paid from budgets.

    Attributes:
        budgets: of the service, its sites and its visitors.
        metrics: count tokens.
        audit: the log.
        store: keeps what was spent on what came to nothing.
    """

    budgets: Budgets
    metrics: ServiceMetrics
    audit: Audit
    store: Callable[..., Awaitable[None]]

    async def ask(
        self, replicas: Replicas, wanted: Wanted[ResultT], scopes: Mapping[str, int | None]
    ) -> Metered[ResultT]:
        """Return what the work comes to.

        Args:
            replicas: the servers that may be asked.
            wanted: what is asked for.
            scopes: that pay, with what each may spend on a day; a visitor's has a slash, and is not stored.

        Raises:
            Refusal: nothing came of it; what was asked until then is paid all the same.
        """
        chats: list[Chat] = []

        async def ask(client: ChatClient) -> ResultT:
            chats.append(Chat(client, wanted.sampling, wanted.seed, hash_token(wanted.key)[:16]))
            return await wanted.work(chats[-1])

        refusal: Refusal | None = None
        with self.budgets.reserving(scopes):
            try:
                async with asyncio.timeout(wanted.timeout_s):
                    result = await replicas.ask(wanted.key, ask)
            except TimeoutError:
                refusal = Refusal(503, "late", "the model took too long: try again", 1)
            except (RequestError, EngineError) as error:
                self.audit.note("engine failed", error=name_error(error))
                refusal = Refusal(503, "engine", "the model could not answer: try again", 1)
                if find_status(error) in REFUSED:
                    refusal = Refusal(413, "too_long", "the model refuses a dialogue as long as this")
            except Refusal as error:
                refusal = error
            finally:
                usage = sum((spent for chat in chats for spent in chat.usage.values()), Usage())
                self.budgets.spend(tuple(scopes), usage.total_tokens)
                self.metrics.spent(usage)
        stored = [scope for scope in scopes if "/" not in scope]
        writes = tuple(Spent(self.budgets.day, scope, usage.total_tokens) for scope in stored)
        if refusal is None:
            return Metered(result, usage, writes)
        if usage.total_tokens:
            await self.keep(*writes)
        raise refusal

    async def keep(self, *writes: Spent) -> None:
        """Store what was spent; what cannot be stored counts until the service ends."""
        with contextlib.suppress(Refusal):  # the store has noted it
            await self.store(*writes)


@dataclass
class MeteredSupporter:
    """The supporter, whose turns are paid from budgets.

    Attributes:
        settings: of the service.
        sites: with their budgets.
        replicas: the servers of the model.
        meter: has its turns paid.
    """

    settings: ServeSettings
    sites: Sites
    replicas: Replicas
    meter: Meter

    async def answer(
        self, visitor: str, card: Scorecard, limits: Limits, turns: list[Turn], veil: Veil, key: str
    ) -> Metered[Answered]:
        """Return the supporter's next turn.

        Args:
            visitor: the pseudonym of who pays.
            card: the dialogue.
            limits: the lengths that it may have.
            turns: what was said so far, as the model is to see it.
            veil: hides private data from the checks.
            key: dialogues with the same one go to the same server.

        Raises:
            Refusal: there is no turn; what was asked until then is paid all the same.
        """
        settings = self.settings

        async def work(chat: Chat) -> Answered:
            context = DialogueContext(chat, card.language, limits, settings.utterance_tokens, settings.repairs)
            return await answer(supporter_view(card, turns), context, veil.cover)

        seed = derive_seed(settings.seed, card.id, len(turns))
        wanted = Wanted(key, settings.sampling, seed, work, settings.turn_timeout_s)
        paid = await self.meter.ask(self.replicas, wanted, self._scopes(visitor, card))
        self.meter.metrics.turn(paid.result)
        return paid

    def _scopes(self, visitor: str, card: Scorecard) -> Mapping[str, int | None]:
        """Return the scopes that a turn is paid from, with what each may spend on a day; a visitor's has a slash."""
        found = {ALL: self.settings.daily_tokens}
        if card.site and (site := self.sites.get(card.site)):
            found[card.site] = site.daily_tokens
            found[f"visitor/{visitor}"] = self.settings.visitor_daily_tokens
        return found
