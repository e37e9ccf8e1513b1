"""How far a set of synthetic dialogues is like a set of real ones, and what tells the two apart.

Four questions, each by its own method:

- In which traits do they differ? See `quality.metrics.differences`.
- Can a classifier tell them apart (a classifier two-sample test: Lopez-Paz and Oquab 2017, arXiv 1610.06545)? The area
  under the ROC curve of a logistic regression on dialogues that it was not fitted to.
- Do they cover the real ones, and lie where those lie? Coverage and density (Naeem et al. 2020, arXiv 2002.09797).
- Does one nearly repeat a real one? The nearest real dialogue of each.
"""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from quality.metrics.differences import Bools, Difference, Ints, differences_of_counts, differences_of_numbers
from quality.metrics.intervals import COVERAGE, RESAMPLES
from quality.metrics.traits import measure_traits
from quality.text import split_words

FOLDS = 5
NEIGHBOURS = 5
"""The k of coverage and density, as their authors have it."""
NEAR_PAIRS = 5
"""How many of the pairs that are nearest are named."""
USUAL = 0.99
"""A synthetic dialogue is suspiciously near to a real one if it is nearer than this share of the real ones among
themselves."""
_ROWS = 1_024
"""Rows of a matrix of similarities that are computed at once."""
_SEED = 1


class DialogueSet(NamedTuple):
    """Dialogues to compare, each with its id, its group, and a unit vector of what is said [dialogues, dimensions].

    Dialogues of a group (a persona's) are alike because of it: they are dealt, drawn and held out together.
    """

    ids: Sequence[str]
    groups: Sequence[str]
    dialogues: Sequence[Sequence[Turn]]
    vectors: NDArray[np.float32]


class Separation(BaseModel):
    """How well a classifier tells the sets apart: 0.5 not at all, 1 always; with a 95% bootstrap interval over groups.

    The interval is that of the dialogues held out, with the classifiers as they are.
    """

    model_config = ConfigDict(frozen=True)

    auc: float
    low: float
    high: float


class Coverage(BaseModel):
    """How the sets lie among each other; a real dialogue's neighbourhood reaches to its fifth nearest real one.

    Attributes:
        coverage: share of the real dialogues that have a synthetic one in their neighbourhood.
        expected_coverage: what that is on average for sets of these sizes from one distribution.
        density: mean number of such neighbourhoods that a synthetic dialogue lies in, by five; 1 for sets from one
            distribution, more where the synthetic ones keep to where real ones are dense.
    """

    model_config = ConfigDict(frozen=True)

    coverage: float
    expected_coverage: float
    density: float


class Pair(BaseModel):
    """A synthetic dialogue, the real one nearest to it, their cosine similarity, and the words they share in a row."""

    model_config = ConfigDict(frozen=True)

    synthetic: str
    real: str
    similarity: float
    same_words: str


class Nearness(BaseModel):
    """How near synthetic dialogues come to real ones.

    Attributes:
        synthetic: median cosine similarity of a synthetic dialogue with the real one nearest to it.
        real: the same of a real dialogue with another real one.
        suspicious: share of the synthetic dialogues that are nearer to a real one than 99% of the real ones are.
        pairs: the nearest.
    """

    model_config = ConfigDict(frozen=True)

    synthetic: float
    real: float
    suspicious: float
    pairs: tuple[Pair, ...]


class Realism(BaseModel):
    """How far synthetic dialogues are like real ones.

    Attributes:
        synthetic, real: how many dialogues were compared.
        by_words: whether what is said tells the sets apart, by sentence vectors; None with too few groups.
        by_form: whether those traits do that are numbers.
        differences: the traits, those first that tell the sets apart the most.
        coverage: how the sets lie among each other.
        nearness: how near synthetic dialogues come to real ones.
    """

    model_config = ConfigDict(frozen=True)

    synthetic: int
    real: int
    by_words: Separation | None
    by_form: Separation | None
    differences: tuple[Difference, ...]
    coverage: Coverage
    nearness: Nearness


def measure_realism(synthetic: DialogueSet, real: DialogueSet, language: Language) -> Realism:
    """Compare two sets of dialogues.

    The result depends on the dialogues and their order alone.

    Args:
        synthetic: more than `NEIGHBOURS` dialogues, in each of which both sides say something.
        real: the same.
        language: of all of them.
    """
    traits = [measure_traits(turns, language) for turns in (*synthetic.dialogues, *real.dialogues)]
    is_synthetic = np.arange(len(traits)) < len(synthetic.ids)
    groups = _number_groups(synthetic.groups, real.groups)
    names = list(traits[0].numbers)
    numbers = np.array([[dialogue.numbers[name] for name in names] for dialogue in traits])
    differences = [
        *differences_of_numbers(names, numbers, is_synthetic, groups),
        *differences_of_counts([dialogue.counts for dialogue in traits], is_synthetic, groups),
    ]
    return Realism(
        synthetic=len(synthetic.ids),
        real=len(real.ids),
        by_words=_separate(np.concatenate([synthetic.vectors, real.vectors]), is_synthetic, groups),
        by_form=_separate(numbers, is_synthetic, groups),
        differences=tuple(sorted(differences, key=lambda difference: -difference.excess)),
        coverage=_cover(synthetic.vectors, real.vectors),
        nearness=_find_nearest(synthetic, real, language),
    )


def _number_groups(synthetic: Sequence[str], real: Sequence[str]) -> Ints:
    """Return the number of each dialogue's group; no group has dialogues of both sets, so it is dealt as a whole."""
    numbers: dict[tuple[bool, str], int] = {}
    keys = [*((True, group) for group in synthetic), *((False, group) for group in real)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys])


def _separate(features: NDArray[np.floating], is_synthetic: Bools, groups: Ints) -> Separation | None:
    """Return how well a logistic regression tells dialogues apart whose group it was not fitted to.

    None where a set has one group only.

    Args:
        features: of shape [dialogues, features].
        is_synthetic: which dialogues those are.
        groups: the number of each dialogue's group.
    """
    # Imported late: it takes two seconds, and other figures do without.
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = min(FOLDS, *(len(np.unique(groups[mask])) for mask in (is_synthetic, ~is_synthetic)))
    if folds < 2:
        return None
    drawn = _draw_groups(groups, is_synthetic)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=1_000))
    # Pairs of a synthetic with a real dialogue, all and those in the right order (ties count half): as they are, and in
    # each bootstrap sample. The share of the latter is the area under the curve (Mann and Whitney).
    pairs, right = np.zeros(1 + RESAMPLES), np.zeros(1 + RESAMPLES)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=_SEED)
    for fitted, held in splitter.split(features, is_synthetic, groups):
        ours, theirs = held[is_synthetic[held]], held[~is_synthetic[held]]
        if not (len(ours) and len(theirs) and is_synthetic[fitted].any() and not is_synthetic[fitted].all()):
            continue
        model.fit(features[fitted], is_synthetic[fitted])
        high, low = (model.decision_function(features[rows]) for rows in (ours, theirs))
        in_order = (high[:, None] > low) + 0.5 * (high[:, None] == low)
        pairs += drawn[:, ours].sum(axis=1) * drawn[:, theirs].sum(axis=1)
        right += ((drawn[:, ours] @ in_order) * drawn[:, theirs]).sum(axis=1)
    if not pairs[0]:
        return None
    with np.errstate(invalid="ignore"):
        areas = right / pairs
    low_end, high_end = np.nanquantile(areas[1:], ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2))
    return Separation(auc=float(areas[0]), low=float(low_end), high=float(high_end))


def _draw_groups(groups: Ints, is_synthetic: Bools) -> NDArray[np.float64]:
    """Return how often each dialogue occurs: once in the first row, then in bootstrap samples of each set's groups."""
    chance = np.random.default_rng(_SEED)
    drawn = np.ones((1 + RESAMPLES, groups.max() + 1))
    for mask in (is_synthetic, ~is_synthetic):
        own = np.unique(groups[mask])
        drawn[1:, own] = chance.multinomial(len(own), np.full(len(own), 1 / len(own)), size=RESAMPLES)
    return drawn[:, groups]


def _similarities(rows: NDArray[np.float32], columns: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the cosines of rows with columns, some rows at a time, with the number of the first of them."""
    for start in range(0, len(rows), _ROWS):
        yield start, rows[start : start + _ROWS] @ columns.T


def _among_themselves(vectors: NDArray[np.float32], rank: int) -> NDArray[np.float32]:
    """Return the similarity of each row with the other that is nearest to it, second, ... by rank from 1."""
    found = []
    for start, block in _similarities(vectors, vectors):
        here = np.arange(len(block))
        block[here, start + here] = -np.inf
        found.append(-np.partition(-block, rank - 1, axis=1)[:, rank - 1])
    return np.concatenate(found)


def _cover(synthetic: NDArray[np.float32], real: NDArray[np.float32]) -> Coverage:
    reach = _among_themselves(real, NEIGHBOURS)
    within = np.zeros(len(real), np.int64)
    for _, block in _similarities(synthetic, real):
        # Not "nearer than": where real dialogues repeat each other the neighbourhood is a point.
        within += (block >= reach).sum(axis=0)
    n, m, k = len(real), len(synthetic), np.arange(1, NEIGHBOURS + 1)
    return Coverage(
        coverage=float((within > 0).mean()),
        # Lemma 2 of the paper: the nearest five of all others are all real.
        expected_coverage=float(1 - np.prod((n - k) / (n + m - k))),
        density=float(within.sum() / (NEIGHBOURS * m)),
    )


def _find_nearest(synthetic: DialogueSet, real: DialogueSet, language: Language) -> Nearness:
    nearest, similarity = [], []
    for _, block in _similarities(synthetic.vectors, real.vectors):
        nearest.append(block.argmax(axis=1))
        similarity.append(block.max(axis=1))
    twins, near = np.concatenate(nearest), np.concatenate(similarity)
    usual = _among_themselves(real.vectors, 1)
    return Nearness(
        synthetic=float(np.median(near)),
        real=float(np.median(usual)),
        suspicious=float((near > np.quantile(usual, USUAL)).mean()),
        pairs=tuple(
            Pair(
                synthetic=synthetic.ids[i],
                real=real.ids[twins[i]],
                similarity=min(1.0, float(near[i])),
                same_words=_same_words(synthetic.dialogues[i], real.dialogues[twins[i]], language),
            )
            for i in np.argsort(-near, kind="stable")[:NEAR_PAIRS]
        ),
    )


def _same_words(ones: Sequence[Turn], others: Sequence[Turn], language: Language) -> str:
    """Return the longest run of words that two dialogues have in common."""
    here, there = ([word for turn in turns for word in split_words(turn.text)] for turns in (ones, others))
    match = SequenceMatcher(None, here, there, autojunk=False).find_longest_match()
    return ("" if language is Language.ZH else " ").join(here[match.a : match.a + match.size])
