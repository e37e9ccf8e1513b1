"""A job's figures as a text file for Prometheus, as node_exporter's textfile collector reads it."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.errors import UsageError
from agents.events import tell
from agents.llm.usage import Usage
from graphs.scheduling.counters import Counters
from graphs.scheduling.dispatcher import Dispatcher
from outputs.runs.cost import Prices
from outputs.runs.run import Outcome

_log = logging.getLogger("rolecs.metrics")


class MetricsFile(Collector):
    """Writes the figures of one job.

    Counters begin at 0 with the job, as Prometheus expects of a process; dialogues are counted over the whole run.
    Names and units follow Prometheus' conventions, by which moments are told, not the time since: that of a job that is
    gone would stand still.
    """

    def __init__(self, path: Path, run: Path, prices: Prices, write_s: float = 10.0) -> None:
        """Write the file for the first time.

        Args:
            path: the file; node_exporter reads those that end in .prom.
            run: the run folder, the label by which the files of several jobs are told apart.
            prices: of tokens; where none is given, no cost is told.
            write_s: seconds between two writes of the file.

        Raises:
            UsageError: the file cannot be written.
        """
        self._path = path
        self._labels = {"run": str(run.absolute())}
        self._prices = prices
        self._write_s = write_s
        self._started = time.time()
        self._outcomes: Mapping[Outcome, int] = dict.fromkeys(Outcome, 0)
        self._counters: Counters | None = None
        self._dispatcher: Dispatcher[Any, Any] | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)
        try:
            write_to_textfile(str(path), self._registry)
        except OSError as error:
            raise UsageError(f"cannot write metrics to {path}: {error}") from error

    @contextlib.asynccontextmanager
    async def follow(self, counters: Counters, dispatcher: Dispatcher[Any, Any]) -> AsyncIterator[None]:
        """Write the figures now and then for the length of the context."""
        self._counters, self._dispatcher = counters, dispatcher
        task = asyncio.create_task(self._keep_writing())
        try:
            yield
        finally:
            task.cancel()
            self._dispatcher = None

    def end(self, outcomes: Mapping[Outcome, int]) -> None:
        """Write the file for the last time, with how the items of the run stand."""
        self._outcomes = outcomes
        self._write()

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; a registry of prometheus_client asks for them."""
        outcomes, ended_at, spent = self._outcomes, None, Usage()
        in_flight = limit = down = 0
        if self._counters:
            ended_at, spent = self._counters.ended_at, self._counters.usage_here
        if self._counters and self._dispatcher:
            outcomes = self._counters.outcomes
            in_flight, limit, down = self._dispatcher.in_flight, self._dispatcher.limit, self._dispatcher.down
        ended = {outcome.value: outcomes[outcome] for outcome in Outcome if outcome is not Outcome.PLANNED}
        tokens = {
            "computed": spent.prompt_tokens - spent.cached_tokens,
            "cached": spent.cached_tokens,
            "generated": spent.completion_tokens,
        }
        gauge, counter = GaugeMetricFamily, CounterMetricFamily
        yield self._metric(gauge, "rolecs_start_time_seconds", "When the job started, in Unix time.", self._started)
        yield self._metrics(gauge, "rolecs_dialogues", "Dialogues of the run that have ended.", "outcome", ended)
        planned = sum(outcomes.values())
        yield self._metric(gauge, "rolecs_dialogues_planned", "Dialogues of the run, ended or not.", planned)
        yield self._metric(gauge, "rolecs_dialogues_in_flight", "Dialogues in flight.", in_flight)
        yield self._metric(gauge, "rolecs_dialogues_in_flight_limit", "Dialogues that may be in flight.", limit)
        yield self._metric(gauge, "rolecs_replicas_down", "Replicas that are down.", down)
        if ended_at is not None:
            text = "When a dialogue ended last, in Unix time."
            yield self._metric(gauge, "rolecs_last_dialogue_end_time_seconds", text, ended_at)
        yield self._metric(counter, "rolecs_requests", "Answered requests of the job.", spent.requests)
        yield self._metrics(counter, "rolecs_tokens", "Tokens of the job's requests.", "kind", tokens)
        if self._prices.are_given:
            cost = self._prices.cost(spent)
            yield self._metric(counter, "rolecs_cost_usd", "What the job's requests cost, in US dollars.", cost)

    def _metric(
        self, kind: type[GaugeMetricFamily | CounterMetricFamily], name: str, text: str, value: float
    ) -> Metric:
        family = kind(name, text, labels=list(self._labels))
        family.add_metric(list(self._labels.values()), value)
        return family

    def _metrics(
        self,
        kind: type[GaugeMetricFamily | CounterMetricFamily],
        name: str,
        text: str,
        label: str,
        values: Mapping[str, float],
    ) -> Metric:
        """Return a metric with a further label, one value for each of the label's."""
        family = kind(name, text, labels=[*self._labels, label])
        for part, value in values.items():
            family.add_metric([*self._labels.values(), part], value)
        return family

    async def _keep_writing(self) -> None:
        while True:
            self._write()
            await asyncio.sleep(self._write_s)

    def _write(self) -> None:
        """Write the file; a job does not end because that fails."""
        try:
            write_to_textfile(str(self._path), self._registry)
        except OSError as error:
            tell(_log, "metrics not written", logging.WARNING, error=type(error).__name__)
