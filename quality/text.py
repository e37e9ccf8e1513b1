"""What texts are made of: characters, words, sentences, placeholders, and the language they are in.

The only table of it: what counts, compares or measures texts takes them apart by this module. (The scrubber alone has a
closer idea of a word, for names.)
"""

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

from agents.csc.language import CHINESE, Language

WordT = TypeVar("WordT")

CHINESE_CHARACTER = re.compile(rf"[{CHINESE}]")
PLACEHOLDER = re.compile(r"\[([A-Z][A-Za-z]*)\]")
"""What stands for private data: ours, and those of published data sets such as [BankName]. The group is its kind."""
GAP = re.compile(
    r"\[(?:(?:your|the|insert|total|due|start|end|transaction|payment|new|old|current|monthly|specific)[ _]?)*"
    r"(?:amount|date|time|day|month|year|price|cost|fee|rate|balance|percentage|currency|period|number|duration"
    r"|(?:product|service|company|department|offer|plan|app|website|item|campaign|shop|store)(?:[ _]?(?:name|type))?"
    r"|reason|issue|problem|solution|question|answer|option|goal|feel|feeling|emotion|topic|details?|link)\]"
    rf"|\[[{CHINESE}]{{0,10}}(?:名字?|姓名|名称|称呼|金额|价格|费用|日期|时间|号码?|编号|电话|地址|产品|商品|公司|银行|部门|原因|问题|数量|内容)\]",
    re.IGNORECASE,
)
"""What looks like a placeholder and stands for nothing private: the gap of a template that nobody has filled in."""
SENTENCE_ENDS = ".!?。！？"
"""The marks that end a sentence, as they stand in a character class."""
FEW_LETTERS = 24
"""Letters of a text; of fewer no Chinese text is asked to be Chinese: they may be a product's name alone."""
FEW_FOREIGN = 6
"""Letters of another script than Latin; fewer in an English text are a quotation, not another language."""

_LETTER = re.compile(r"[^\W\d_]")
_FOREIGN_LETTER = re.compile(r"[^\W\d_A-Za-z\u00c0-\u024f]")
_LATIN_WORD = rf"[^\W\d_{CHINESE}]+"
_WORD = re.compile(rf"{_LATIN_WORD}(?:'{_LATIN_WORD})*|\d+|[{CHINESE}]")
_RUN_OF_WORD = re.compile(r"\w+")
_ENGLISH_WORDS = frozenset(
    _RUN_OF_WORD.findall("""
    a about after all an and any are as at be been but by can did do for from had has have he her his how i if in is
    it its me my no not of on or our she so than that the their them then they this to until was we were what when
    where which who why will with would you your
    """)
)
_OTHER_WORDS = frozenset(
    _RUN_OF_WORD.findall("""
    au aux avec ce ces cette dans des du elle en est et il la le les leur lui mais ne nous où par pas pour que qui
    sa se ses son sur un une vos votre à como con de del el ella ellos esta este ha las los lo más muy para pero por
    su sus y ao com da das dos ele em não na nos o os pela pelo seu sua uma al che dal della di e gli ho nel non per
    più sono aber als auch auf bei dem den der die ein eine einen er für hat ich ihr im ist mit nach nicht oder sich
    sie sind und von wenn wie wird zu zum zur
    """)
)
"""Words of French, Spanish, Portuguese, Italian and German that hardly a sentence goes without."""
_SENTENCE = re.compile(rf"[^{SENTENCE_ENDS}]+[{SENTENCE_ENDS}]*")


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case: runs of letters, of digits, and each Chinese character.

    Apostrophes within a word belong to it, and are made plain, so that it is the same however it was typed.

    >>> split_words("It’s £40, 等一下")
    ["it's", '40', '等', '一', '下']
    """
    return _WORD.findall(text.lower().replace("’", "'"))


def ngrams(words: Sequence[WordT], length: int) -> Iterator[tuple[WordT, ...]]:
    """Yield all runs of so many words, in order; none of fewer words.

    >>> list(ngrams(["well", "of", "course"], 2))
    [('well', 'of'), ('of', 'course')]
    """
    return zip(*(words[start:] for start in range(length)), strict=False)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text with their marks; the last one may have none.

    >>> split_sentences("Wait... What? 好的。行")
    ['Wait...', 'What?', '好的。', '行']
    """
    return [sentence.strip() for sentence in _SENTENCE.findall(text)]


def is_in(text: str, language: Language) -> bool:
    """Tell whether an utterance is in a language, as far as its letters tell: of a few of them nothing is asked.

    English may quote some characters of another script, up to a fifth of the letters where there are many; of the words
    that hardly a sentence goes without, at most one, or as many as English ones, may be those of another European
    language. Chinese may name products in Latin letters, of which each word has many: a third of the letters is enough.

    >>> is_in("您好，请问有什么可以帮您？", Language.EN), is_in("OK", Language.ZH)
    (False, True)
    >>> is_in("Demander à la banque pourquoi la carte est bloquée.", Language.EN)
    False
    """
    if language is Language.EN:
        foreign = 0 if text.isascii() else len(_FOREIGN_LETTER.findall(text))
        return (foreign < FEW_FOREIGN or 5 * foreign <= count_letters(text)) and not _is_other_latin(text)
    chinese = len(CHINESE_CHARACTER.findall(text))
    # There are no more letters than characters, which need no counting.
    return 3 * chinese >= len(text) or (letters := count_letters(text)) < FEW_LETTERS or 3 * chinese >= letters


def _is_other_latin(text: str) -> bool:
    words = _RUN_OF_WORD.findall(text.lower())
    other = sum(map(_OTHER_WORDS.__contains__, words))
    return other > 1 and other > sum(map(_ENGLISH_WORDS.__contains__, words))


def find_language(text: str) -> Language:
    """Return the language of a whole dialogue: Chinese when a third of its letters are Chinese, else English."""
    chinese = len(CHINESE_CHARACTER.findall(text))
    return Language.ZH if chinese and 3 * chinese >= count_letters(text) else Language.EN


def count_letters(text: str) -> int:
    """Return the number of letters of any script, Chinese characters among them."""
    return len(_LETTER.findall(text))
