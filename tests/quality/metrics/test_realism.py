"""Sets of dialogues compared: by hand, sets from one distribution, and sets with a planted difference."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from quality.metrics import differences
from quality.metrics.differences import differences_of_counts, differences_of_numbers
from quality.metrics.realism import DialogueSet, Realism, measure_realism

WORDS = ["card", "rate", "loan", "fee", "pin", "app", "bank", "week", "form", "note", "line", "call"]


def some_set(
    seed: int,
    size: int = 60,
    *,
    utterances: int = 6,
    shift: float = 0.0,
    groups: Sequence[str] | None = None,
    opening: str = "",
) -> DialogueSet:
    """Dialogues of random words with random vectors of eight dimensions, in which a difference can be planted."""
    chance = np.random.default_rng(seed)
    dialogues = []
    for _ in range(size):
        texts = [" ".join(chance.choice(WORDS, 5)) for _ in range(utterances)]
        texts[0] = f"{opening} {texts[0]}"
        dialogues.append([Turn(speaker=list(Speaker)[i % 2], text=text) for i, text in enumerate(texts)])
    vectors = chance.normal(size=(size, 8))
    vectors[:, 0] += shift
    return DialogueSet(
        [f"{seed}-{i}" for i in range(size)],
        groups or [str(i) for i in range(size)],
        dialogues,
        (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
    )


def compare(synthetic: DialogueSet, real: DialogueSet) -> Realism:
    return measure_realism(synthetic, real, Language.EN)


def test_distances_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "SHUFFLES", 20)
    is_synthetic = np.array([True, True, False, False])
    groups = np.arange(4)
    # Cumulated at 1, 2, 3: 0, 1, 1 and 1/2, 1/2, 1
    (number,) = differences_of_numbers(["n"], np.array([[2.0], [2.0], [1.0], [3.0]]), is_synthetic, groups)
    assert (number.distance, number.synthetic, number.real) == (0.5, 2.0, 2.0)
    counts = [{"c": Counter(a=3, b=1)}, {"c": Counter[str]()}, {"c": Counter(a=1)}, {"c": Counter(d=1)}]
    (count,) = differences_of_counts(counts, is_synthetic, groups)
    # (3/4, 1/4, 0) and (1/2, 0, 1/2)
    assert count.distance == 0.5
    assert {item.text: (item.synthetic, item.real) for item in count.items} == {"b": (0.5, 0.0), "d": (0.0, 0.5)}


def test_what_one_set_lacks_is_not_compared() -> None:
    counts = [{"c": Counter("ab")}, {"c": Counter[str]()}]
    assert not list(differences_of_counts(counts, np.array([True, False]), np.arange(2)))


def test_sets_of_one_distribution_are_not_told_apart() -> None:
    found = compare(some_set(1), some_set(2))
    for separation in (found.by_words, found.by_form):
        assert separation and separation.low < 0.5 < separation.high
    assert found.coverage.coverage == pytest.approx(found.coverage.expected_coverage, abs=0.1)
    assert found.coverage.density == pytest.approx(1, abs=0.25)
    assert found.nearness.synthetic == pytest.approx(found.nearness.real, abs=0.05)
    assert sum(difference.excess > 0 for difference in found.differences) <= 2
    assert compare(some_set(1), some_set(2)) == found


def test_a_planted_difference_is_found_and_named() -> None:
    found = compare(some_set(1, shift=4.0, utterances=9, opening="certainly"), some_set(2))
    assert found.by_words and found.by_words.low > 0.9
    assert found.by_form and found.by_form.auc == 1
    assert found.coverage.coverage < 0.5 < found.coverage.expected_coverage
    named = {difference.trait: difference for difference in found.differences}
    telling = [difference.trait for difference in found.differences if difference.excess > 0]
    assert {"utterances", "who speaks first and last"} <= set(telling[:4])
    assert (named["utterances"].synthetic, named["utterances"].real, named["utterances"].distance) == (9, 6, 1)
    assert "certainly" in [item.text for item in named["supporter: words"].items]


def test_a_repeated_real_dialogue_is_named_with_its_words() -> None:
    synthetic, real = some_set(1), some_set(2)
    synthetic.vectors[7] = real.vectors[11]
    dialogues = list(synthetic.dialogues)
    dialogues[7] = [dialogues[7][0], *real.dialogues[11][1:]]
    nearness = compare(synthetic._replace(dialogues=dialogues), real).nearness
    first = nearness.pairs[0]
    assert (first.synthetic, first.real) == ("1-7", "2-11") and first.similarity == pytest.approx(1, abs=1e-6)
    assert first.same_words.endswith(" ".join(turn.text for turn in real.dialogues[11][1:]))
    assert nearness.suspicious >= 1 / 60


def test_a_classifier_does_not_learn_personas() -> None:
    """Each group's vectors are alike, whichever set it is in: held out together, they do not tell the sets apart."""
    chance = np.random.default_rng(5)
    centres = chance.normal(size=(12, 8)) * 5
    sets = []
    for number, seed in enumerate((1, 2)):
        groups = [str(i % 6) for i in range(60)]
        made = some_set(seed, groups=groups)
        vectors = made.vectors + centres[6 * number : 6 * number + 6][np.arange(60) % 6]
        unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        sets.append(made._replace(vectors=unit))
    grouped = compare(*sets).by_words
    alone = [made._replace(groups=[str(i) for i in range(60)]) for made in sets]
    ungrouped = compare(*alone).by_words
    assert grouped and ungrouped
    assert ungrouped.low > 0.9 and grouped.low < 0.6
    assert grouped.high - grouped.low > ungrouped.high - ungrouped.low


def test_one_persona_alone_has_no_figure() -> None:
    found = compare(some_set(1, 12, groups=["one"] * 12), some_set(2, 12))
    assert found.by_words is None and found.by_form is None


def test_coverage_by_hand() -> None:
    """Twelve real directions, evenly spaced on a circle, and synthetic ones in one of its quarters."""

    def on_circle(angles: np.ndarray, seed: int) -> DialogueSet:
        vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        return some_set(seed, len(angles))._replace(vectors=vectors)

    step = np.pi / 6
    found = compare(on_circle(np.full(6, 0.1 * step), 1), on_circle(step * np.arange(12), 2)).coverage
    # The fifth nearest of others is three steps away; directions within three steps of 0.1 are -2, -1, 0, 1, 2, 3.
    assert (found.coverage, found.density) == (6 / 12, 6 / 5)
    assert found.expected_coverage == pytest.approx(1 - (11 * 10 * 9 * 8 * 7) / (17 * 16 * 15 * 14 * 13))
