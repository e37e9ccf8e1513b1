"""The plan of a run: which persona calls about which topic, as a pure function of pool, topics and seed."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import count, islice, product
from random import Random

from agents.chat import derive_seed
from outputs.store import Planned
from personas.persona import Persona


def make_plan(digest: str, pool: Sequence[Persona], topics: Sequence[str], seed: int, dialogues: int) -> list[Planned]:
    """Return the first `dialogues` calls of the run with configuration `digest`.

    Each round plays every persona on every topic once, in an order of its own. A longer plan begins with a shorter one,
    so a run can be extended.
    """
    return list(islice(_calls(digest, pool, topics, seed), dialogues))


def _calls(digest: str, pool: Sequence[Persona], topics: Sequence[str], seed: int) -> Iterator[Planned]:
    position = count()
    for number in count(1):
        pairs = list(product(pool, topics))
        Random(derive_seed(seed, "round", number)).shuffle(pairs)
        for persona, topic in pairs:
            call_seed = derive_seed(seed, persona.id, topic, number)
            text = "\0".join((digest, persona.digest(), topic, str(number), str(call_seed)))
            key = hashlib.sha256(text.encode()).hexdigest()[:16]
            yield Planned(next(position), key, persona.id, topic, number, call_seed)
