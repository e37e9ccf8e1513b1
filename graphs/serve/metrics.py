"""The figures of the service for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from agents.llm.usage import Usage
from graphs.dialogue.supporter import Answered

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class ServiceMetrics:
    """Counts what the service does. Tokens and requests to the model have the names that they have of a job."""

    def __init__(self, sessions: Callable[[], int], down: Callable[[], int]) -> None:
        """Begin at zero; `sessions` says how many are in memory, `down` how many replicas are down."""
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "rolecs_serve_requests", "Requests to the service.", ("route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "rolecs_serve_request_seconds", "Time to answer.", ("route",), buckets=SECONDS, registry=registry
        )
        self._turns = Counter(
            "rolecs_serve_turns", "Supporter turns, by how they came to be.", ("strategy", "given"), registry=registry
        )
        self._failed = Counter(
            "rolecs_serve_failed_tries", "Tries at a turn that failed a check.", ("check",), registry=registry
        )
        self._stars = Counter("rolecs_serve_stars", "Dialogues that were given stars.", ("stars",), registry=registry)
        self._refused = Counter("rolecs_serve_refused", "Requests that were refused.", ("code",), registry=registry)
        self._asked = Counter("rolecs_requests", "Answered requests to the model.", registry=registry)
        self._tokens = Counter("rolecs_tokens", "Tokens of the requests to the model.", ("kind",), registry=registry)
        in_memory = Gauge("rolecs_serve_sessions", "Sessions in memory.", registry=registry)
        in_memory.set_function(sessions)
        Gauge("rolecs_replicas_down", "Replicas that are down.", registry=registry).set_function(down)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def refused(self, code: str) -> None:
        """Count a refusal."""
        self._refused.labels(code).inc()

    def turn(self, answered: Answered) -> None:
        """Count a turn."""
        self._turns.labels(str(answered.turn.strategy), answered.given).inc()
        for failed in answered.failed:
            self._failed.labels(failed.check).inc()

    def stars(self, stars: int) -> None:
        """Count a dialogue's stars."""
        self._stars.labels(str(stars)).inc()

    def spent(self, usage: Usage) -> None:
        """Count what a turn cost."""
        self._asked.inc(usage.requests)
        self._tokens.labels("computed").inc(usage.prompt_tokens - usage.cached_tokens)
        self._tokens.labels("cached").inc(usage.cached_tokens)
        self._tokens.labels("generated").inc(usage.completion_tokens)

    def render(self) -> bytes:
        """Return the figures as Prometheus reads them."""
        return generate_latest(self._registry)
