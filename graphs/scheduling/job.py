"""One job: all that the levels below a command share, handed down as one value."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from rich.console import Console

from agents.engine.managed import OnWait
from agents.llm.endpoint import Endpoint
from agents.llm.observer import Observer
from graphs.config.settings import Goal, Secrets, ServerSettings
from graphs.scheduling.counters import Counters
from graphs.scheduling.dispatcher import DEFAULT_TIMINGS, Dispatcher, Timings
from graphs.scheduling.interrupts import Interruption
from graphs.scheduling.stopping import Halt
from outputs.runs.run import EndedItem, Outcome, PlannedT, Provenance, RecordT, RunKind
from outputs.runs.store import RunStore

SettingsT_co = TypeVar("SettingsT_co", bound=ServerSettings, covariant=True)


class Telemetry(Protocol):
    """Is told how a job goes, and tells it on: to the console, a log, metrics, spans."""

    @property
    def observer(self) -> Observer | None:
        """Watches the requests; None where nobody wants to know of them."""

    def running(
        self, store: RunStore[Any, Any], interruption: Interruption, *, retry_failed: bool
    ) -> AbstractContextManager[None]:
        """Tell how a job on a run begins and, at the end of the context, how it ended."""

    def reached(self, endpoints: Sequence[Endpoint]) -> None:
        """Tell, once for each, where the models are served, and what is worked around there."""

    def loading(self, model: str) -> AbstractContextManager[OnWait]:
        """Show that the engine loads `model`; what the context yields is told how far it is."""

    def following(
        self, counters: Counters, dispatcher: Dispatcher[Any, Any], goal: Goal, ends: Mapping[Outcome, str]
    ) -> AbstractAsyncContextManager[None]:
        """Show the figures of the job for the length of the context; `ends` names the outcomes of its items."""

    def item(self, key: str, topic: str | None) -> AbstractContextManager[Callable[[EndedItem], None]]:
        """Watch one item being carried out; what the context yields is told of its record."""

    def ended(self, record: EndedItem, seconds: float) -> None:
        """Tell of an item that has ended and is stored, `seconds` after it was started."""

    def halted(self, halt: Halt | None) -> None:
        """Tell why the job starts no further item, if so."""


@dataclass(frozen=True)
class Job(Generic[SettingsT_co]):
    """What a job is told, and whom it tells.

    Attributes:
        settings: what to do, and on which servers.
        secrets: the servers' keys.
        console: where a person is told what happens.
        interruption: asks the job to stop.
        telemetry: is told how the job goes.
        resume: go on with the run in `settings.run` instead of beginning one there.
        retry_failed: failed items are carried out again.
        timings: between the regular steps of the job.
    """

    settings: SettingsT_co
    secrets: Secrets
    console: Console
    interruption: Interruption
    telemetry: Telemetry
    resume: bool = False
    retry_failed: bool = False
    timings: Timings = DEFAULT_TIMINGS

    async def before_run(self, try_out: Callable[[], Awaitable[None]]) -> None:
        """Try out the servers of a run that is to be begun, the last thing that can be wrong with it.

        Where a run goes on nothing may be left to do: then nobody is asked for anything.

        Raises:
            UsageError: there is a run already, or a server cannot do what is asked.
            EngineError: a server is gone.
        """
        if not self.resume:
            RunStore.require_new(self.settings.run)
            await try_out()

    def open_run(self, kind: RunKind[PlannedT, RecordT], provenance: Provenance) -> RunStore[PlannedT, RecordT]:
        """Begin the run that the settings name, or go on with it.

        Raises:
            UsageError: there is one already, or none to go on with, or one that was begun otherwise.
            StoreError: the store cannot be written.
        """
        begin = RunStore.resume if self.resume else RunStore.create
        return begin(kind, self.settings.run, provenance)
