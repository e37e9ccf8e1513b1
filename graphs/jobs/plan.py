"""The plan of a run: which persona calls about which topic, or which of the dialogues that were read comes when.

It is a pure function of pool, topics and seed, or of dialogues and seed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, product
from math import lcm
from pathlib import Path
from random import Random

from agents.digests import digest
from agents.errors import UsageError
from agents.llm.chat import derive_seed
from outputs.runs.record import Planned
from outputs.runs.run import PlannedCall, PlannedRow
from personas.distill.transcripts import Transcript
from personas.persona import Persona


def iterate_plan(
    configuration: str, pool: Sequence[Persona], topics: Sequence[str], seed: int, *, balance: bool = False
) -> Iterator[Planned]:
    """Yield the calls of the run whose configuration has this digest, without end.

    Each round plays every persona on every topic once, in an order of its own; in a balanced plan, wherever it is cut
    off, no persona and no topic has more than one call more than another.
    """
    position, digests = count(), {persona.id: persona.digest() for persona in pool}
    for number in count(1):
        random = Random(derive_seed(seed, "round", number))
        for persona, topic in (_even_pairs if balance else _shuffled_pairs)(pool, topics, random):
            call_seed = derive_seed(seed, persona.id, topic, number)
            key = digest((configuration, digests[persona.id], topic, number, call_seed))
            yield Planned(next(position), key, persona.id, topic, number, call_seed)


def require_whole_plan(planned: int, asked: int, run: Path) -> None:
    """Check that a run which goes on is asked for no fewer dialogues than it has planned.

    Raises:
        UsageError: it is.
    """
    if planned > asked:
        raise UsageError(
            f"{run} has {planned} dialogues planned, only {asked} are asked for: give -n {planned} or more"
        )


def plan_rows(configuration: str, ids: Sequence[str], seed: int) -> list[PlannedRow]:
    """Return the plan of a run over dialogues that were read, by their ids, in their order."""
    return [
        # By place as well: files may hold a dialogue twice.
        PlannedRow(position, digest((configuration, position, id_)), id_, derive_seed(seed, id_))
        for position, id_ in enumerate(ids)
    ]


def plan_calls(configuration: str, calls: Sequence[Transcript], seed: int) -> list[PlannedCall]:
    """Return the plan of a run over real calls, in their order."""
    keys = [digest((configuration, call)) for call in calls]
    return [
        PlannedCall(position, key, call.id, derive_seed(seed, key))
        for position, (key, call) in enumerate(zip(keys, calls, strict=True))
    ]


def _shuffled_pairs(pool: Sequence[Persona], topics: Sequence[str], random: Random) -> list[tuple[Persona, str]]:
    pairs = list(product(pool, topics))
    random.shuffle(pairs)
    return pairs


def _even_pairs(pool: Sequence[Persona], topics: Sequence[str], random: Random) -> Iterator[tuple[Persona, str]]:
    """Yield each pair once, personas and topics both in turn; the topics shift by one where the pairs would repeat."""
    pool, topics = random.sample(pool, len(pool)), random.sample(topics, len(topics))
    cycle = lcm(len(pool), len(topics))
    for call in range(len(pool) * len(topics)):
        yield pool[call % len(pool)], topics[(call + call // cycle) % len(topics)]


def describe_coverage(plan: Sequence[Planned], pool: Sequence[Persona], topics: Sequence[str]) -> str:
    """Say in one line how evenly a plan uses its personas and topics."""
    by_persona = Counter(dict.fromkeys((persona.id for persona in pool), 0))
    by_persona.update(planned.persona for planned in plan)
    by_topic = Counter(dict.fromkeys(topics, 0))
    by_topic.update(planned.topic for planned in plan)
    pairs = len({(planned.persona, planned.topic) for planned in plan})
    return (
        f"{len(plan):,} dialogues: personas {_describe_use(by_persona)}, topics {_describe_use(by_topic)}, "
        f"pairs {pairs:,} of {len(pool) * len(topics):,}"
    )


def _describe_use(calls: Counter[str]) -> str:
    """Say how many of some things are used, and how often.

    >>> _describe_use(Counter(a=2, b=1, c=0))
    '2 of 3 (0 to 2 calls each)'
    """
    fewest, most = min(calls.values()), max(calls.values())
    each = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    return f"{sum(count > 0 for count in calls.values()):,} of {len(calls):,} ({each} calls each)"
