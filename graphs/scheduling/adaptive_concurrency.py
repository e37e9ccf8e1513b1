"""How many items a server is given at once: a rule that follows what the server reports, and the reading of reports."""

from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

START = 32
"""The first limit, and the highest one for a server that reports nothing."""
CEILING = 4096
FULL = 0.9
"""From this share of the KV cache on, a limit does not grow: running requests still grow into the rest."""
NEAR = 0.9
"""A limit counts as used when this share of it is in flight."""
HOLD_LOOKS = 10
"""Number of looks that a limit stays after a cut, until the engine shows what the cut has done."""

_WAITING, _KV_USAGE, _PREEMPTIONS = _SAMPLES = (
    "vllm:num_requests_waiting",
    "vllm:kv_cache_usage_perc",
    "vllm:num_preemptions_total",
)


class EngineLoad(NamedTuple):
    """What vLLM reports: requests that wait, the used share of the KV cache (0 to 1), preemptions since its start."""

    waiting: float
    kv_usage: float
    preemptions: float


class Reading(NamedTuple):
    """What one look at a server finds: the items in flight there, its busy answers so far, and its load if it tells."""

    in_flight: int
    busy_answers: int
    load: EngineLoad | None


def parse_load(text: str) -> EngineLoad | None:
    r"""Return the load from a page in Prometheus' text format; None where it holds none of vLLM's.

    An engine with several cores has a label set for each: their queues and preemptions are summed up, and the fullest
    KV cache counts.

    >>> parse_load('vllm:num_requests_waiting 2.0\nvllm:kv_cache_usage_perc 0.5\nvllm:num_preemptions_total 1.0\n')
    EngineLoad(waiting=2.0, kv_usage=0.5, preemptions=1.0)
    """
    # A page has some 550 lines, which take 14 ms of the event loop to parse; these few take a quarter of one.
    lines = "".join(f"{line}\n" for line in text.split("\n") if line.startswith(_SAMPLES))
    found: dict[str, list[float]] = {name: [] for name in _SAMPLES}
    try:
        for family in text_string_to_metric_families(lines):
            for sample in family.samples:
                if sample.name in found:
                    found[sample.name].append(sample.value)
    except ValueError:
        return None
    if not all(found.values()):
        return None
    return EngineLoad(sum(found[_WAITING]), max(found[_KV_USAGE]), sum(found[_PREEMPTIONS]))


class AdaptiveConcurrency:
    """The limit of one server, steered by what it reports.

    The method is AIMD, additive increase and multiplicative decrease (Chiu and Jain 1989), with TCP's slow start
    (Jacobson 1988): until the first cut a limit grows by a quarter at a look, afterwards by 1. It grows only while it
    is used, nothing waits, nothing is preempted and the KV cache has room. New preemptions cut it to 3/4, new busy
    answers halve it. As items end slowly, a limit is not cut again before the items in flight have come down to it.

    A server that reports no load never gets a limit above `START`.
    """

    def __init__(self) -> None:
        self.limit = START
        self._slow_start = True
        self._hold = 0
        self._busy_answers = 0
        self._preemptions: float | None = None

    def look(self, reading: Reading) -> int:
        """Return the limit that follows from what was read, from 1 to `CEILING`; call it at regular intervals."""
        is_busy, preempts = self._compare(reading)
        has_settled = reading.in_flight <= self.limit
        if is_busy and has_settled:
            self._cut(1, 2)
        elif preempts and has_settled and not self._hold:
            self._cut(3, 4)
            self._hold = HOLD_LOOKS
        elif self._hold:
            self._hold -= 1
        elif not (is_busy or preempts):
            self.limit = min(self.limit + self._growth(reading), CEILING)
        return self.limit

    def _compare(self, reading: Reading) -> tuple[bool, bool]:
        """Tell whether there are busy answers and preemptions that the last look did not find.

        The first report, and that of an engine started anew, say nothing about what is new.
        """
        is_busy = reading.busy_answers > self._busy_answers
        self._busy_answers = reading.busy_answers
        if reading.load is None:
            return is_busy, False
        before, self._preemptions = self._preemptions, reading.load.preemptions
        return is_busy, before is not None and reading.load.preemptions > before

    def _cut(self, numerator: int, denominator: int) -> None:
        self.limit = max(1, self.limit * numerator // denominator)
        self._slow_start = False

    def _growth(self, reading: Reading) -> int:
        if reading.load is None:
            return int(self.limit < START)
        has_room = reading.load.waiting == 0 and reading.load.kv_usage < FULL
        if not has_room or reading.in_flight < NEAR * self.limit:
            return 0
        return max(1, self.limit // 4) if self._slow_start else 1
