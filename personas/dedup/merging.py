"""Merges near-duplicate personas: the richest of each group stays, and carries the sources of those it stands for."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from personas.dedup.pruning import prune
from personas.persona import TRAITS, UNKNOWN, Persona, call_of

SAMPLE = 1000
"""How many personas, spread evenly, show how close personas lie to each other."""


class Absorbed(NamedTuple):
    """A persona that was merged into another, and the cosine similarity of the two."""

    persona: Persona
    similarity: float


class Group(NamedTuple):
    """A survivor as it is kept, and what it absorbed, the most similar first."""

    survivor: Persona
    absorbed: tuple[Absorbed, ...]


class Merged(NamedTuple):
    """Personas of one language after merging, in their order, and how close they lay before and lie after.

    The two lists hold, for each of a sample of personas, the cosine similarity of its nearest neighbour.
    """

    groups: list[Group]
    nearest_before: list[float]
    nearest_after: list[float]


def merge_duplicates(
    personas: Sequence[Persona],
    vectors: npt.NDArray[np.float32],
    threshold: float,
    on_progress: Callable[[int], None] | None = None,
) -> Merged:
    """Merge personas of one language.

    The richest persona comes first: the one with the most fields known, then with the longest description, then that
    stands for the most; personas that are equal in all this go by their digest. Each one that is at or over the
    threshold with an earlier survivor is merged into it. So the survivors do not depend on the order of the personas.

    Args:
        personas: of one language.
        vectors: their unit vectors, [personas, dimensions].
        threshold: the cosine similarity from which two personas count as one.
        on_progress: is told how many personas are done.
    """
    preference = np.array(sorted(range(len(personas)), key=lambda i: _rank(personas[i])), np.int64)
    pruning = prune(vectors, preference, threshold, on_progress)
    absorbed: dict[int, list[int]] = defaultdict(list)
    for row, survivor in enumerate(pruning.absorber):
        if row != survivor:
            absorbed[int(survivor)].append(row)
    groups = []
    for survivor in pruning.kept:
        rows = sorted(absorbed[int(survivor)], key=lambda row: (-pruning.similarity[row], personas[row].id))
        members = tuple(Absorbed(personas[row], float(pruning.similarity[row])) for row in rows)
        groups.append(Group(_absorb(personas[survivor], [member.persona for member in members]), members))
    return Merged(groups, _nearest(vectors), _nearest(vectors[pruning.kept]))


def _rank(persona: Persona) -> tuple[int, int, int, str]:
    known = sum(getattr(persona, trait) not in ("", UNKNOWN) for trait in TRAITS)
    return -known, -len(persona.description), -persona.stands_for, persona.digest()


def _absorb(survivor: Persona, absorbed: Sequence[Persona]) -> Persona:
    """Return the survivor with the sources of all.

    A call that is in several pools counts once, whatever it is called there. A persona that is in several pools may
    have absorbed others in each of them: their calls count all, and what it stands for beyond its calls counts once.
    """
    members = (survivor, *absorbed)
    calls: dict[str, str] = {}
    without_call: dict[str, int] = {}
    for persona in members:
        for source in persona.sources:
            calls.setdefault(call_of(source), source)
        beyond = persona.stands_for - len(persona.sources)
        without_call[persona.id] = max(without_call.get(persona.id, beyond), beyond)
    stands_for = max(survivor.stands_for, len(calls) + sum(without_call.values()))
    return survivor.model_copy(update={"sources": tuple(calls.values()), "stands_for": stands_for})


def _nearest(vectors: npt.NDArray[np.float32]) -> list[float]:
    """Return the nearest neighbour's cosine similarity for a sample of vectors."""
    if len(vectors) < 2:
        return []
    rows = np.unique(np.linspace(0, len(vectors) - 1, SAMPLE).astype(np.int64))
    nearest = np.full(len(rows), -1.0, np.float32)
    for start in range(0, len(vectors), 65_536):
        cosines = vectors[rows] @ vectors[start : start + 65_536].T
        own = (rows >= start) & (rows < start + cosines.shape[1])
        cosines[own, rows[own] - start] = -1.0
        np.maximum(nearest, cosines.max(axis=1), out=nearest)
    return [min(float(cosine), 1.0) for cosine in nearest]
