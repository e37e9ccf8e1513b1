"""The figures of small sets by hand, and what holds of any set."""

import logging
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import Stage, Strategy
from quality.metrics import corpus, variety
from quality.metrics.corpus import CorpusFigures, compare, measure_corpus
from tests.conftest import EN_CALL, ZH_CALL, make_turns
from tests.quality.gate.test_gold import load


def supporter(text: str, strategy: Strategy | None = Strategy.ID) -> Turn:
    return Turn(speaker=Speaker.SUPPORTER, text=text, strategy=strategy)


def customer(text: str) -> Turn:
    return Turn(speaker=Speaker.CUSTOMER, text=text)


def good(language: Language) -> list[tuple[Turn, ...]]:
    return [row.turns for row, gold in load(language) if gold["fault"] is None]


WORDS = ("yes", "no", "my", "card", "好", "的", "12", "...")
TURNS = st.builds(
    lambda strategy, words: supporter(words, strategy) if strategy else customer(words),
    st.none() | st.sampled_from(Strategy),
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
)
DIALOGUES = st.lists(TURNS, max_size=8)


def test_a_small_set_by_hand() -> None:
    figures = measure_corpus(
        [
            [
                supporter("The card, the card!", Strategy.GT),
                customer("It's [UserName]."),
                supporter("Sorry.", Strategy.EM),
                customer(""),
                supporter("Goodbye.", Strategy.AC),
            ],
            [supporter("The card.", Strategy.GT), customer("Yes."), supporter("Yes, the card.", Strategy.ID)],
        ],
        Language.EN,
    )
    assert (figures.dialogues, figures.utterances) == (2, {3: 1, 5: 1})
    assert figures.words == {Speaker.SUPPORTER: {1: 2, 2: 1, 3: 1, 4: 1}, Speaker.CUSTOMER: {0: 1, 1: 1, 2: 1}}
    # the card the card | it's username | sorry | goodbye || the card | yes | yes the card
    assert figures.distinct == pytest.approx({1: 7 / 14, 2: 4 / 7, 3: 3 / 3})
    assert figures.vocabulary == [(8, 6), (14, 7)]
    used = {Strategy.GT: 2, Strategy.EM: 1, Strategy.ID: 1, Strategy.AC: 1}
    assert figures.strategies == dict.fromkeys(Strategy, 0) | used
    assert {(one, two): n for one, row in figures.transitions.items() for two, n in row.items() if n} == {
        (Stage.CONNECTING, Stage.IDENTIFYING): 1,
        (Stage.IDENTIFYING, Stage.MAINTAINING): 1,
        (Stage.CONNECTING, Stage.RESOLVING): 1,
    }
    assert figures.positions == {
        Stage.CONNECTING: 0.0,
        Stage.IDENTIFYING: 0.5,
        Stage.RESOLVING: 1.0,
        Stage.MAINTAINING: 1.0,
    }


def test_chinese_is_counted_by_characters_and_latin_words() -> None:
    figures = measure_corpus([[supporter("您好，请用App。"), customer("好的，[UserName]12号。")]], Language.ZH)
    assert figures.words == {Speaker.SUPPORTER: {5: 1}, Speaker.CUSTOMER: {5: 1}}
    assert figures.distinct == pytest.approx({1: 9 / 10, 2: 1.0, 3: 1.0})
    assert figures.vocabulary == [(10, 9)]


def test_nothing_has_counts_of_zero() -> None:
    figures = measure_corpus([], Language.EN)
    assert figures == CorpusFigures(
        dialogues=0,
        utterances={},
        words={Speaker.SUPPORTER: {}, Speaker.CUSTOMER: {}},
        distinct={1: 0.0, 2: 0.0, 3: 0.0},
        self_bleu=None,
        vocabulary=[],
        strategies=dict.fromkeys(Strategy, 0),
        transitions={stage: dict.fromkeys(Stage, 0) for stage in Stage},
        positions={},
    )
    assert [value for _, value, _ in compare(figures)] == ["0", *["-"] * 9, "0 of 0"]


def test_a_turn_without_a_label_is_said_but_uses_no_strategy() -> None:
    figures = measure_corpus(
        [[supporter("a", Strategy.GT), supporter("b", None), supporter("c", Strategy.AC)]], Language.EN
    )
    assert figures.words[Speaker.SUPPORTER] == {1: 3} and sum(figures.strategies.values()) == 2
    assert figures.transitions[Stage.CONNECTING][Stage.MAINTAINING] == 1
    labelled_by_mistake = customer("a").model_copy(update={"strategy": Strategy.GT})
    assert measure_corpus([[labelled_by_mistake]], Language.EN).positions == {}


@pytest.mark.parametrize(("call", "language"), [(EN_CALL, Language.EN), (ZH_CALL, Language.ZH)])
def test_self_bleu_of_the_same_dialogue_is_100(call: tuple[tuple[str | None, str], ...], language: Language) -> None:
    assert measure_corpus([make_turns(call)] * 3, language).self_bleu == pytest.approx(100)


@pytest.mark.parametrize("language", Language)
def test_self_bleu_of_dialogues_that_share_nothing_is_0(language: Language) -> None:
    texts = ["green apples fall", "we sing loudly", "您好请讲", "多谢来电"]
    assert measure_corpus(([supporter(text), customer("Yes.")] for text in texts), language).self_bleu == 0


@pytest.mark.parametrize(("language", "tokenizer"), [(Language.EN, "13a"), (Language.ZH, "zh")])
def test_self_bleu_is_the_mean_of_each_dialogue_against_all_others(language: Language, tokenizer: str) -> None:
    dialogues = good(language)[:3]
    one, two, three = (" ".join(turn.text for turn in turns if turn.strategy) for turns in dialogues)
    bleu = BLEU(effective_order=True, tokenize=tokenizer)
    scores = [
        bleu.sentence_score(*pair).score for pair in ((one, [two, three]), (two, [one, three]), (three, [one, two]))
    ]
    assert 5 < min(scores) < max(scores) < 60
    assert measure_corpus(dialogues, language).self_bleu == pytest.approx(sum(scores) / 3)


def test_self_bleu_takes_two_dialogues_in_which_the_supporter_speaks() -> None:
    said, silent = [supporter("Good morning to you.")], [customer("Hello?"), supporter(" ")]
    assert measure_corpus([said], Language.EN).self_bleu is None
    assert measure_corpus([said, silent, silent], Language.EN).self_bleu is None
    assert measure_corpus([said, silent, said], Language.EN).self_bleu == pytest.approx(100)


def test_self_bleu_samples_the_whole_of_a_large_set(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Sequence[str]] = []
    monkeypatch.setattr(corpus, "_self_bleu", lambda texts, language: seen.append(texts))
    for _ in range(2):
        measure_corpus(([supporter(f"call {number}")] for number in range(1000)), Language.EN)
    first, second = ([int(text.removeprefix("call ")) for text in texts] for texts in seen)
    assert first == second and len(set(first)) == corpus.SELF_BLEU_SAMPLE
    assert min(first) < 250 and 400 < sum(first) / len(first) < 600 and max(first) > 750


def test_sacrebleu_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    # It warns of lines that look tokenised, and of sentences scored without an effective order.
    dialogues = [[supporter(f"Call number {number} ends here .")] for number in range(200)]
    with caplog.at_level(logging.DEBUG):
        assert measure_corpus(dialogues, Language.EN).self_bleu
    assert caplog.records == []


def test_many_ngrams_are_estimated_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)
    dialogues = [[supporter(" ".join(f"w{chance.randrange(3000)}x" for _ in range(40)))] for _ in range(400)]
    exact = measure_corpus(dialogues, Language.EN)
    monkeypatch.setattr(variety, "MOST_NGRAMS", 1000)
    estimated = measure_corpus(dialogues, Language.EN)
    assert estimated.distinct != exact.distinct
    assert estimated.distinct == pytest.approx(exact.distinct, rel=0.12)
    assert measure_corpus(reversed(dialogues), Language.EN).distinct == estimated.distinct
    counter = variety._DistinctCounter()
    counter.add(map(hash, ((number,) for number in range(50_000))))
    assert len(counter._kept) <= 1000 and counter.count() == pytest.approx(50_000, rel=0.12)


@pytest.mark.parametrize("count", [1, 49, 50, 51, 1234])
def test_the_curve_has_few_points_and_ends_with_the_set(count: int) -> None:
    points = measure_corpus(([supporter(f"same {number}", None)] for number in range(count)), Language.EN).vocabulary
    assert len(points) == count if count < variety.MOST_POINTS else 24 <= len(points) <= variety.MOST_POINTS
    assert points[-1] == (2 * count, count + 1)
    assert points == sorted(set(points))
    # Evenly spread but for the last one.
    assert len({after[0] - before[0] for before, after in pairwise(points[:-1])}) <= 1


@given(st.lists(DIALOGUES, max_size=6), st.sampled_from(Language))
def test_counts_add_up(dialogues: list[list[Turn]], language: Language) -> None:
    given_once = iter(dialogues)
    figures = measure_corpus(given_once, language)
    assert next(given_once, None) is None
    turns = [turn for dialogue in dialogues for turn in dialogue]
    said = [turn for turn in turns if turn.strategy]
    assert figures.dialogues == sum(figures.utterances.values()) == len(dialogues)
    assert sum(length * count for length, count in figures.utterances.items()) == len(turns)
    for speaker, counts in figures.words.items():
        assert sum(counts.values()) == sum(turn.speaker is speaker for turn in turns)
    read = sum(words * count for counts in figures.words.values() for words, count in counts.items())
    assert (figures.vocabulary[-1][0] if figures.vocabulary else 0) == read
    assert sum(figures.strategies.values()) == len(said)
    moves = sum(max(0, sum(turn.strategy is not None for turn in dialogue) - 1) for dialogue in dialogues)
    assert sum(sum(row.values()) for row in figures.transitions.values()) == moves
    assert set(figures.positions) == {turn.stage for turn in said}
    assert all(0 <= place <= 1 for place in figures.positions.values())
    assert all(0 < share <= 1 for n, share in figures.distinct.items() if n == 1 and read)
    assert figures.self_bleu is None or 0 <= figures.self_bleu <= 100.0001
    assert CorpusFigures.model_validate_json(figures.model_dump_json()) == figures


@given(st.lists(DIALOGUES, max_size=6).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_dialogues_tells_in_the_curve_alone(orders: tuple[list[list[Turn]], list[list[Turn]]]) -> None:
    one, two = (measure_corpus(dialogues, Language.EN) for dialogues in orders)
    # A set below the size of the sample is sampled whole.
    assert one.self_bleu == two.self_bleu
    assert one.model_copy(update={"vocabulary": two.vocabulary}) == two
    assert one.vocabulary[-1:] == two.vocabulary[-1:]


@given(DIALOGUES, st.integers(1, 5))
def test_distinct_of_the_same_dialogue_falls_as_its_number(dialogue: list[Turn], times: int) -> None:
    once = measure_corpus([dialogue], Language.ZH).distinct
    assert measure_corpus([dialogue] * times, Language.ZH).distinct == pytest.approx(
        {n: share / times for n, share in once.items()}
    )


@pytest.mark.parametrize("language", Language)
def test_the_gold_set_lies_beside_the_published_figures(language: Language) -> None:
    sound = good(language)
    rows = compare(measure_corpus(sound, language))
    assert [name for name, _, _ in rows] == list(dict.fromkeys(name for name, _, _ in rows))
    assert {reference.figure for reference in corpus.REFERENCES} == {name for name, _, published in rows if published}
    values = {name: value for name, value, _ in rows}
    assert values["dialogues"] == str(len(sound)) and "-" not in values.values()
    lengths = [len(turns) for turns in sound]
    assert values["utterances a dialogue"].endswith(f"on average, {min(lengths)} to {max(lengths)}")
    assert dict((name, published) for name, _, published in rows)["dialogues"] == (
        "CSConv: 1,855; RoleCS: 11,232 kept of 13,636 (82%), with 1,948 personas"
    )
