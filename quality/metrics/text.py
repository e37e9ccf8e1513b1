"""How near a text is to a reference: BLEU, ROUGE-L, semantic F1, length; as sums that add up over dialogues.

BLEU is that of a whole corpus, by sacrebleu (Post 2018, arXiv 1804.08771) from its counts of n-grams, with its "zh"
tokenizer for Chinese. ROUGE-L (Lin 2004) is the mean F1 of the longest common subsequence, of the words that
`rouge-score` takes in English and of single characters in Chinese. Semantic F1 is the mean greedy cosine F1 of token
embeddings: BERTScore (Zhang et al. 2020, arXiv 1904.09675) without weights and rescaling, so it compares only where the
encoder is the same.
"""

import re
from collections.abc import Collection
from functools import cache

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq
from sacrebleu.metrics.bleu import BLEU

from agents.csc.language import Language
from quality.metrics.intervals import Statistic, Sums, ratio
from quality.text import split_words

TOKENIZERS = {Language.EN: "13a", Language.ZH: "zh"}
"""The tokenizers of sacrebleu."""
BLEU_ORDER = 4
"""The longest n-grams that are counted."""

Vectors = npt.NDArray[np.float32]
"""Token embeddings, shape [tokens, dimensions], rows of length 1."""

_ROUGE_WORD = re.compile(r"[a-z0-9]+")
_MATCHES, _TOTALS = slice(0, BLEU_ORDER), slice(BLEU_ORDER, 2 * BLEU_ORDER)
_LENGTH, _REFERENCE_LENGTH, _ROUGE, _SEMANTIC, _WORDS, _REFERENCE_WORDS, _TEXTS = range(
    2 * BLEU_ORDER, 2 * BLEU_ORDER + 7
)
SUMS = _TEXTS + 1
"""How many sums there are of texts."""


def compare_texts(text: str, reference: str, language: Language, semantic: float) -> Sums:
    """Return the sums of one text, shape [SUMS].

    Args:
        text: it may be empty, and is then as far from its reference as can be.
        reference: what it is compared with.
        language: of both.
        semantic: their `semantic_f1`, not a number where nobody has taken it.
    """
    counted = _bleu(language).corpus_score([text], [[reference]])
    return np.array(
        [
            *counted.counts,
            *counted.totals,
            counted.sys_len,
            counted.ref_len,
            rouge_l(text, reference, language),
            semantic,
            len(split_words(text)),
            len(split_words(reference)),
            1,
        ],
        np.float64,
    )


def bleu(order: int) -> Statistic:
    """Return BLEU of n-grams up to `order`, 0 to 100, as a metric of sums."""

    def statistic(sums: Sums) -> float:
        if not sums[_TEXTS]:
            return float("nan")
        matches, totals = sums[_MATCHES][:order].tolist(), sums[_TOTALS][:order].tolist()
        length, reference_length = int(sums[_LENGTH]), int(sums[_REFERENCE_LENGTH])
        return BLEU.compute_bleu(
            matches, totals, length, reference_length, smooth_method="exp", max_ngram_order=order
        ).score

    return statistic


mean_rouge_l = ratio(_ROUGE, _TEXTS)
mean_semantic_f1 = ratio(_SEMANTIC, _TEXTS)
mean_words = ratio(_WORDS, _TEXTS)
length_ratio = ratio(_WORDS, _REFERENCE_WORDS)
"""Words by words of the references."""


def rouge_l(text: str, reference: str, language: Language) -> float:
    """Return ROUGE-L F1 of a text, 0 to 1; 0 where one of the two has no words.

    >>> round(rouge_l("I can block the card.", "I will block your card now.", Language.EN), 3)
    0.545
    """
    words, wanted = _rouge_words(text, language), _rouge_words(reference, language)
    common = LCSseq.similarity(words, wanted)
    return 2 * common / (len(words) + len(wanted)) if common else 0.0


def _rouge_words(text: str, language: Language) -> list[str]:
    return split_words(text) if language is Language.ZH else _ROUGE_WORD.findall(text.lower())


def semantic_f1(text: Vectors, reference: Vectors) -> float:
    """Return the greedy cosine F1 of the token embeddings of two texts; 0 where one has no tokens.

    Precision is the mean over a text's tokens of the cosine with the reference's token that is nearest, recall the same
    the other way round.
    """
    if not (len(text) and len(reference)):
        return 0.0
    cosines = text @ reference.T
    precision, recall = float(cosines.max(1).mean()), float(cosines.max(0).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def signatures(languages: Collection[Language], encoder: str | None) -> dict[str, str]:
    """Return what it takes to repeat the metrics, by metric.

    Args:
        languages: of the texts.
        encoder: the name of the encoder of semantic F1; None where that was not taken.
    """
    ordered = sorted(languages)
    rouge = {Language.EN: "lower-case runs of a-z and 0-9", Language.ZH: "Chinese characters and other words"}
    return {
        "bleu": "; ".join(_signature(language) for language in ordered),
        "rouge_l": "; ".join(f"F1, mean of texts, {rouge[language]}" for language in ordered),
    } | ({"semantic_f1": f"{encoder}, last layer, greedy cosine, no weights, no rescaling"} if encoder else {})


@cache
def _bleu(language: Language) -> BLEU:
    return BLEU(tokenize=TOKENIZERS[language])


def _signature(language: Language) -> str:
    metric = BLEU(tokenize=TOKENIZERS[language])
    # The signature tells the number of references, known when something has been scored.
    metric.corpus_score([""], [[""]])
    return str(metric.get_signature())
