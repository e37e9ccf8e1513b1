"""Metrics of texts: against the libraries, and cases worked out by hand, in both languages."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from agents.csc.language import Language
from quality.metrics.text import (
    SUMS,
    TOKENIZERS,
    bleu,
    compare_texts,
    length_ratio,
    mean_rouge_l,
    mean_semantic_f1,
    mean_words,
    rouge_l,
    semantic_f1,
    signatures,
)
from quality.text import split_words

PAIRS = {
    Language.EN: [
        ("I have lifted the block now.", "Then I lift the block now; the card works again."),
        ("May I have your full name?", "May I have your full name as it stands on the card?"),
        ("", "Goodbye."),
    ],
    Language.ZH: [
        ("请您报一下姓名，我核对一下。", "好的，麻烦您报一下开户时登记的姓名，我核对一下。"),
        ("预计一小时内入账。", "我看到昨晚系统维护，预计一小时内入账。"),
        ("", "再见。"),
    ],
}


class Characters:
    """Takes a Chinese text apart for rouge-score, whose own tokenizer drops all of it."""

    def tokenize(self, text: str) -> list[str]:
        return split_words(text)


def sums(language: Language, semantic: float = 0.5) -> Any:
    return sum(compare_texts(text, reference, language, semantic) for text, reference in PAIRS[language])


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("order", [2, 4])
def test_bleu_of_added_counts_is_that_of_the_corpus(language: Language, order: int) -> None:
    texts, references = zip(*PAIRS[language], strict=True)
    whole = BLEU(tokenize=TOKENIZERS[language], max_ngram_order=order).corpus_score(list(texts), [list(references)])
    assert bleu(order)(sums(language)) == pytest.approx(whole.score)
    assert 5 < whole.score < 60


words = st.text(st.sampled_from("aAb1 ,.'-é我您"), max_size=30)


@given(words, words)
def test_rouge_is_that_of_the_library(text: str, reference: str) -> None:
    english = RougeScorer(["rougeL"]).score(reference, text)["rougeL"].fmeasure
    chinese = RougeScorer(["rougeL"], tokenizer=Characters()).score(reference, text)["rougeL"].fmeasure
    assert rouge_l(text, reference, Language.EN) == pytest.approx(english)
    assert rouge_l(text, reference, Language.ZH) == pytest.approx(chinese)


def test_rouge_by_hand() -> None:
    # i block the card / i block your card now: "i block card" is common, 3 of 4 and 3 of 5.
    assert rouge_l("I block the card.", "I block your card now.", Language.EN) == pytest.approx(2 * 3 / 9)
    # 我核对 / 我来核对: three characters are common, of 3 and 4; marks are no words.
    assert rouge_l("我核对。", "我来核对！", Language.ZH) == pytest.approx(6 / 7)


def test_semantic_f1_by_hand() -> None:
    one, other = np.array([[1, 0], [0, 1]], np.float32), np.array([[1, 0]], np.float32)
    assert semantic_f1(one, one) == 1.0
    # Precision (1 + 0) / 2, recall 1.
    assert semantic_f1(one, other) == pytest.approx(2 / 3)
    assert semantic_f1(one[:0], other) == semantic_f1(other, one[:0]) == 0.0
    assert semantic_f1(other, -other) == 0.0, "vectors that point away from each other are not more than unlike"


def test_means_and_lengths() -> None:
    added = sums(Language.EN)
    expected = np.mean([rouge_l(text, reference, Language.EN) for text, reference in PAIRS[Language.EN]])
    assert mean_rouge_l(added) == pytest.approx(expected)
    assert mean_semantic_f1(added) == 0.5
    assert mean_words(added) == pytest.approx((6 + 6 + 0) / 3) and length_ratio(added) == pytest.approx(12 / 23)


@pytest.mark.parametrize("language", Language)
def test_degenerate_texts(language: Language) -> None:
    metrics = [bleu(2), bleu(4), mean_rouge_l, mean_semantic_f1, mean_words, length_ratio]
    assert all(np.isnan(metric(np.zeros(SUMS))) for metric in metrics), "nothing counted is no value, and not 0"
    nothing = compare_texts("", PAIRS[language][0][1], language, 0.0)
    assert [metric(nothing) for metric in metrics] == [0.0] * 6
    same = compare_texts(PAIRS[language][0][1], PAIRS[language][0][1], language, 1.0)
    assert [metric(same) for metric in metrics[:4]] == pytest.approx([100.0, 100.0, 1.0, 1.0])


def test_signatures_say_how_to_repeat_the_figures() -> None:
    told = signatures({Language.ZH, Language.EN}, "encoder")
    assert "tok:13a" in told["bleu"] and "tok:zh" in told["bleu"] and "nrefs:1" in told["bleu"]
    assert told["semantic_f1"].startswith("encoder, last layer") and "semantic_f1" not in signatures(
        [Language.EN], None
    )
