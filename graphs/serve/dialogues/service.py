"""What the service does, whatever carries its requests: sessions, turns, ratings, under limits, with an audit log."""

import asyncio
import contextlib
import hmac
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from agents.csc.dialogue import Turn
from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.errors import StoreError, UsageError
from agents.llm.usage import Usage
from agents.reading import read_text
from graphs.config.serving import ServeSettings
from graphs.dialogue.supporter import Answered, is_closed
from graphs.serve.dialogues.commits import GroupCommit
from graphs.serve.dialogues.grounds import Grounds
from graphs.serve.dialogues.metering import Meter, MeteredSupporter
from graphs.serve.dialogues.practice import Practice
from graphs.serve.dialogues.replicas import Replicas
from graphs.serve.dialogues.sessions import Session, Sessions, hash_token, new_id, new_token, one_at_a_time
from graphs.serve.metrics import ServiceMetrics
from graphs.serve.protection.audit import Audit, Pseudonyms
from graphs.serve.protection.limits import Budgets, PauseSwitch, Rates
from graphs.serve.protection.privacy import Veil, tame
from graphs.serve.protection.sites import Site, Sites
from graphs.serve.refusal import Refusal
from outputs.scorecards.store import (
    Erased,
    Opened,
    Said,
    Scorecard,
    ScorecardStore,
    ServedTurn,
    Spent,
    Starred,
    Thumbed,
)
from personas.persona import Persona
from quality.privacy import load_word_lists

PURGE_S = 3600.0
"""Seconds between two looks for dialogues that are too old to keep."""
FEWEST_KEY_CHARACTERS = 24
_FAREWELL = {Language.EN: "Thank you, goodbye.", Language.ZH: "好的，谢谢，再见。"}
"""What a customer says who ends the call without a word."""


class Visitor(NamedTuple):
    """Who makes a request.

    Attributes:
        name: a pseudonym of the address, good for a day.
        is_operator: holds a key, or sits at this machine where that is enough.
    """

    name: str
    is_operator: bool


def read_keys(path: Path | None) -> frozenset[str]:
    """Return the hashes of the keys in a file, one a line; none without a file.

    Raises:
        UsageError: it cannot be read, others than its owner may read it, or a key is too short.
    """
    if path is None:
        return frozenset()
    lines = (line.strip() for line in read_text(path, "the file of keys ").splitlines())
    keys = [line for line in lines if line and not line.startswith("#")]
    if path.stat().st_mode & 0o077:
        raise UsageError(f"{path}: others may read the keys: chmod 600 {path}")
    if not keys or any(len(key) < FEWEST_KEY_CHARACTERS for key in keys):
        raise UsageError(
            f"{path}: keys of {FEWEST_KEY_CHARACTERS} characters or more are needed, one a line, such as those that "
            "openssl rand -base64 32 makes"
        )
    return frozenset(map(hash_token, keys))


@dataclass
class Service:
    """The service, on a store that is open; use `running` for as long as it answers.

    Attributes:
        settings: of the service.
        store: where dialogues go.
        sites: that show the widget.
        audit: the log.
        grounds: what dialogues may be about.
        keys: hashes of the keys, see `read_keys`.
        adapter: digest of the model's adapter; empty where there is none, or it is not known.
        personas: who may call somebody that practises, by language; none where that is not offered.
        replicas: the servers of the model.
        judges: those of the model that judges who practises. They have seats of their own.
    """

    settings: ServeSettings
    store: ScorecardStore
    sites: Sites
    audit: Audit
    grounds: Grounds
    keys: frozenset[str] = frozenset()
    adapter: str = ""
    personas: Mapping[Language, Sequence[Persona]] = field(default_factory=dict)
    replicas: Replicas = field(init=False)
    judges: Replicas = field(init=False)

    def __post_init__(self) -> None:
        self.replicas, self.judges = (Replicas(self.settings.concurrency) for _ in range(2))
        self.sessions = Sessions(self.store, self._limits_of, self.sites.get)
        self.metrics = ServiceMetrics(lambda: len(self.sessions), lambda: self.replicas.down)
        self.pause = PauseSwitch(self.settings.db.with_name(f"{self.settings.db.name}.pause"))
        self.rates = Rates()
        self.pseudonyms = Pseudonyms()
        self._commits = GroupCommit(self.store)
        self.budgets = Budgets(self.store.spent)
        meter = Meter(self.budgets, self.metrics, self.audit, self._write)
        self._supporter = MeteredSupporter(self.settings, self.sites, self.replicas, meter)
        servers = (self.replicas, self.judges, meter, self.pause)
        self.practice = Practice(self.settings, self.grounds, self.personas, *servers)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Commit what is said, and erase what is too old, for the length of the context."""
        # All visitors would wait while the first one's words are looked through.
        await asyncio.to_thread(load_word_lists)
        async with self._commits:
            purging = asyncio.create_task(self._keep_purging())
            try:
                yield
            finally:
                purging.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await purging

    def is_key(self, key: str) -> bool:
        """Tell whether a key is one of the operators'."""
        hashed = hash_token(key)
        return any([hmac.compare_digest(hashed, known) for known in self.keys])

    async def open(
        self, visitor: Visitor, site_id: str | None, language: Language | None, topic: str | None
    ) -> tuple[Session, str]:
        """Begin a session; the supporter opens the call. Return it and its token.

        Raises:
            Refusal: the visitor may not, now or at all.
        """
        self.pause.check()
        site = self._site(site_id)
        if site is None and not visitor.is_operator:
            raise Refusal(401, "unauthorised", "a session without a site needs a key")
        self._count(visitor, site)
        chosen = language or (site.languages[0] if site else self.settings.language)
        if site and chosen not in site.languages:
            chosen = site.languages[0]
        code = (site.topic if site else None) or topic or self.settings.topic
        told, scenario = self.grounds.situation(code, chosen, site.about if site else self.settings.about)
        token, now = new_token(), time.time()
        card = Scorecard(
            id=new_id(),
            token=hash_token(token),
            site=site_id,
            language=chosen,
            topic=code or "",
            told=told,
            scenario=scenario,
            model=self.model,
            adapter=self.adapter,
            opened=now,
            expires=now + 60 * self.settings.session_minutes,
        )
        session = Session(card, self._limits_of(site_id))
        paid = await self._supporter.answer(visitor.name, card, session.limits, [], session.veil, card.id)
        greeting, shown = self._supporter_turn(session, paid.result)
        stored = card.model_copy(update={"turns": (greeting,)})
        await self._write(Opened(stored), *paid.writes)
        session.add(greeting, paid.result.turn, shown)
        self.sessions.add(session)
        self._note("opened", visitor, session, number=1)
        return session, token

    async def say(
        self, visitor: Visitor, session: Session, text: str, *, ends_call: bool, request: str | None = None
    ) -> int:
        """Answer a customer's turn; return the number of the answer, which is stored by then, with the turn.

        Args:
            visitor: who says it.
            session: the dialogue.
            text: what was typed; may be empty with `ends_call`.
            ends_call: the customer ends the call with it.
            request: what the visitor's program calls the request. One that comes a second time is answered as before.

        Raises:
            Refusal: it is not answered.
        """
        if (number := session.answered(request)) is not None:
            return number
        self.pause.check()
        self._count(visitor, self._site(session.card.site))
        if session.card.over or is_closed(session.told, session.limits):
            raise Refusal(409, "over", "the call is over")
        with one_at_a_time(session):
            words = self.readable(text) or (_FAREWELL[session.card.language] if ends_call else "")
            if not words:
                raise Refusal(400, "empty", "the text holds no words")
            return await self._say(visitor, session, words, ends_call=ends_call, request=request)

    async def _say(
        self, visitor: Visitor, session: Session, words: str, *, ends_call: bool, request: str | None
    ) -> int:
        card, now = session.card, time.time()
        hidden = session.veil.hide(words, session.turns[-1].text)
        told = hidden if self.settings.scrub_model else words
        customer = Turn(speaker=Speaker.CUSTOMER, text=told, ends_call=ends_call)
        said = [*session.told, customer]
        paid = await self._supporter.answer(visitor.name, card, session.limits, said, session.veil, card.id)
        answered = paid.result
        number = len(session.turns) + 1
        stored = ServedTurn(
            number=number, speaker=Speaker.CUSTOMER, text=hidden, ends_call=ends_call, at=now, request=request
        )
        reply, shown = self._supporter_turn(session, answered, number + 1)
        await self._write(Said(card.id, (stored, reply), answered.is_over), *paid.writes)
        if session.is_erased:
            raise Refusal(404, "unknown", "this session has been erased")
        session.add(stored, customer, words)
        session.add(reply, answered.turn, shown)
        # Stars may have been given meanwhile.
        session.card = session.card.model_copy(update={"over": answered.is_over})
        self._note("answered", visitor, session, number=number + 1, given=answered.given)
        return number + 1

    def _supporter_turn(self, session: Session, answered: Answered, number: int = 1) -> tuple[ServedTurn, str]:
        """Return a supporter's turn as it is stored, and as the visitor sees it."""
        veil, language = session.veil, session.card.language
        shown = veil.show(answered.turn.text, language)
        hidden = veil.hide(shown, learns=False)
        failed = tuple(one.model_copy(update={"text": veil.hide(one.text, learns=False)}) for one in answered.failed)
        turn = ServedTurn(
            number=number,
            speaker=Speaker.SUPPORTER,
            text=hidden,
            strategy=answered.turn.strategy,
            at=time.time(),
            given=answered.given,
            failed=failed,
        )
        return turn, shown

    async def star(self, visitor: Visitor, session: Session, stars: int, comment: str) -> None:
        """Store stars and a comment.

        Raises:
            Refusal: it is not stored.
        """
        self._count(visitor, self._site(session.card.site))
        hidden = session.veil.hide(self.readable(comment))
        await self._write(Starred(session.card.id, stars, hidden))
        session.card = session.card.model_copy(update={"stars": stars, "comment": hidden})
        self.metrics.stars(stars)
        self._note("rated", visitor, session, stars=stars)

    async def thumb(self, visitor: Visitor, session: Session, number: int, thumb: int) -> None:
        """Store a thumb, 1 up or -1 down, for a supporter's turn.

        Raises:
            Refusal: there is no such turn, or it is not stored.
        """
        self._count(visitor, self._site(session.card.site))
        if number > len(session.turns) or session.turns[number - 1].speaker is not Speaker.SUPPORTER:
            raise Refusal(404, "unknown_turn", "no turn of the supporter has this number")
        await self._write(Thumbed(session.card.id, number, thumb))
        self._note("thumbed", visitor, session, number=number, thumb=thumb)

    async def erase(self, visitor: Visitor, session: Session) -> None:
        """Erase a dialogue.

        Raises:
            Refusal: it could not be erased.
        """
        await self._write(Erased(session.card.id))
        self.sessions.remove(session.card.id)
        self._note("erased", visitor, session)

    async def complete(
        self, visitor: Visitor, card: Scorecard, turns: list[Turn], veil: Veil
    ) -> tuple[Answered, Usage]:
        """Return the supporter's next turn of a dialogue that is not kept, and what it cost.

        Raises:
            Refusal: it is not answered.
        """
        self.pause.check()
        # Requests that begin alike go to the same server, whose prefix cache knows them.
        key = hash_token(turns[1].text if len(turns) > 1 else card.scenario)
        paid = await self._supporter.answer(visitor.name, card, self.settings.limits, turns, veil, key)
        await self._write(*paid.writes)
        self.audit.note("completed", visitor=visitor.name, given=paid.result.given)
        return paid.result, paid.usage

    def readable(self, text: str) -> str:
        """Return what was typed as one tame line.

        Raises:
            Refusal: it is too long.
        """
        if len(text) > self.settings.max_characters:
            raise Refusal(413, "too_long", f"more than {self.settings.max_characters} characters")
        return tame(text)

    @property
    def model(self) -> str:
        """The model that answers; empty until there is one."""
        return self.replicas.clients[0].model if self.replicas.clients else ""

    def _count(self, visitor: Visitor, site: Site | None) -> None:
        """Count a request of a visitor of a site.

        Raises:
            Refusal: there were too many.
        """
        if site:
            self.rates.take(f"visitor/{visitor.name}", self.settings.requests_per_minute)
            self.rates.take(site.id, site.requests_per_minute)

    def _site(self, site_id: str | None) -> Site | None:
        if site_id is None:
            return None
        if (site := self.sites.get(site_id)) is None:
            raise Refusal(404, "unknown_site", "this site is not served")
        return site

    def _limits_of(self, site_id: str | None) -> Limits:
        """Return the lengths of a dialogue: a site's visitors have so many turns, and the flow rules close it then."""
        limits, site = self.settings.limits, self.sites.get(site_id) if site_id else None
        if site is None:
            return limits
        longest = min(limits.max_utterances, 2 * site.turns + 1)
        return Limits(min_utterances=min(limits.min_utterances, longest - 1), max_utterances=longest)

    async def _write(self, *writes: Opened | Said | Starred | Thumbed | Erased | Spent) -> None:
        try:
            await self._commits.write(*writes)
        except StoreError:
            self.audit.note("not stored")
            raise Refusal(503, "store", "it could not be stored: try again later", 10) from None

    def _note(self, event: str, visitor: Visitor, session: Session, **fields: str | float | None) -> None:
        card = session.card
        self.audit.note(event, session=hash_token(card.id)[:16], site=card.site, visitor=visitor.name, **fields)

    async def _keep_purging(self) -> None:
        while True:
            self.practice.make_room()
            with contextlib.suppress(StoreError):
                for gone in await self._commits.forget_before(time.time() - 86_400 * self.settings.keep_days):
                    self.sessions.remove(gone)
            await asyncio.sleep(PURGE_S)
