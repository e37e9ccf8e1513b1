"""What texts are made of: characters, words, sentences, placeholders, and the language they are in.

The only table of it: what counts, compares or measures texts takes them apart by this module. (The scrubber alone has a
closer idea of a word, for names.)
"""

import re

from agents.csc.language import CHINESE, Language

CHINESE_CHARACTER = re.compile(rf"[{CHINESE}]")
PLACEHOLDER = re.compile(r"\[([A-Z][A-Za-z]*)\]")
"""What stands for private data: ours, and those of published data sets such as [BankName]. The group is its kind."""
SENTENCE_ENDS = ".!?。！？"
"""The marks that end a sentence, as they stand in a character class."""
FEW_LETTERS = 24
"""Letters of a text; of fewer no Chinese text is asked to be Chinese: they may be a product's name alone."""
FEW_CHINESE = 6
"""Chinese characters of a text; fewer are a quotation, not another language."""

_LETTER = re.compile(r"[^\W\d_]")
_LATIN_WORD = rf"[^\W\d_{CHINESE}]+"
_WORD = re.compile(rf"{_LATIN_WORD}(?:'{_LATIN_WORD})*|\d+|[{CHINESE}]")
_SENTENCE = re.compile(rf"[^{SENTENCE_ENDS}]+[{SENTENCE_ENDS}]*")


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case: runs of letters, of digits, and each Chinese character.

    Apostrophes within a word belong to it, and are made plain, so that it is the same however it was typed.

    >>> split_words("It’s £40, 等一下")
    ["it's", '40', '等', '一', '下']
    """
    return _WORD.findall(text.lower().replace("’", "'"))


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text with their marks; the last one may have none.

    >>> split_sentences("Wait... What? 好的。行")
    ['Wait...', 'What?', '好的。', '行']
    """
    return [sentence.strip() for sentence in _SENTENCE.findall(text)]


def is_in(text: str, language: Language) -> bool:
    """Tell whether an utterance is in a language, as far as its letters tell: of a few of them nothing is asked.

    English may quote some Chinese characters, up to a fifth of the letters where there are many. Chinese may name
    products in Latin letters, of which each word has many: a third of the letters is enough.

    >>> is_in("您好，请问有什么可以帮您？", Language.EN), is_in("OK", Language.ZH)
    (False, True)
    """
    chinese = len(CHINESE_CHARACTER.findall(text))
    if language is Language.EN:
        return chinese < FEW_CHINESE or 5 * chinese <= count_letters(text)
    # There are no more letters than characters, which need no counting.
    return 3 * chinese >= len(text) or (letters := count_letters(text)) < FEW_LETTERS or 3 * chinese >= letters


def find_language(text: str) -> Language:
    """Return the language of a whole dialogue: Chinese when a third of its letters are Chinese, else English."""
    chinese = len(CHINESE_CHARACTER.findall(text))
    return Language.ZH if chinese and 3 * chinese >= count_letters(text) else Language.EN


def count_letters(text: str) -> int:
    """Return the number of letters of any script, Chinese characters among them."""
    return len(_LETTER.findall(text))
