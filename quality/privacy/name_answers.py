"""English names of people in the answers to questions for them."""

import re
from collections.abc import Iterator

from quality.privacy.cues import MASK
from quality.privacy.lexicon import NO_NAME_ENDING, Word, load_lexicon, split_words
from quality.privacy.name_trust import SPELLED_BEHIND
from quality.privacy.name_words import (
    BOOKED,
    LEAD_OF_AN_ANSWER,
    NAME_NOUNS,
    NEVER,
    NO_NAMES,
    PEOPLE,
    PRONOUNS,
    ROLES,
    THINGS,
    table,
)
from quality.privacy.names import are_adjacent

_LEAD = LEAD_OF_AN_ANSWER | ROLES
_CLAUSE_END = re.compile(r"[,.!?;]")
_REST_OF_USER_NAME = re.compile(r"[_\d][\w.-]*")
_QUESTION = re.compile(
    r"\b(?:full|first|last|middle|your|his|her|their|legal|maiden|the|user|sur|a)[ -]?name\b|\bname,? please\b"
    r"|\bname\?|^name\b"
    r"|\bwho (?:am i|is this|do i|may i|are you|is calling)|\bwho's (?:this|calling)|\bspell (?:that|it|your)"
    r"|\band (?:yours|you are|you)\b(?=\W*(?:$|[?.!]))|\bwhom? .{0,24}\b(?:pleasure|speaking|speak)\b"
    r"|\b(?:speaking (?:with|to)|call you|address you)\?|\bwhose name\b"
    r"|\b(?:what|which) name (?:is|was|did|do|should|would|shall|have|will)\b"
    rf"|\bwho(?:'s| is| was|'ll be) (?:the|your|his|her) (?:\w+ )?(?:{'|'.join(sorted(NAME_NOUNS | ROLES))}|guest"
    r"|holder|contact"
    r"|owner|traveller)\b|\bwho else\b"
    r"|\bwho (?:took|told|helped|served|signed|rang|phoned|called|visited|lives|(?:did|do|should|shall|will|would"
    r"|can) (?:you|we|i))"
    r" (?!bank|insure|work|use\b)"
)
_NO_QUESTION = re.compile(
    rf"\b(?:{'|'.join(sorted(THINGS))}|apartment|doctor)(?:'s)? name"
    r"|\bname (?:of|for) (?:the|that|this|your"
    rf"|which) (?!(?:{'|'.join(sorted(BOOKED | NAME_NOUNS | PEOPLE | ROLES))})\b)"
    r"|\b(?:in|put|sign|signed|write) (?:your|his|her|their) (?:own )?name\b"
)
_TOLD = re.compile(
    r"(?<!what )(?<!which )(?<!whose )\bname(?: (?:on|in|for) (?:the|your|my|this|that) \w+)?(?:'s| is|:)"
    r" (?=[\w\ue000])"
)
"""A name that is told, or something that is said of one."""
_CONTRACTED = re.compile(r"(?P<word>[a-z]+)'(?:d|ll|m|re|s|t|ve)$")
_BEHIND_A_NAME = table(
    "and as for from is like my on please speaking spelled spelt thank thanks then was with without yes"
)
"""With what an answer goes on behind a name."""
_DIGIT_BEFORE = re.compile(r"\d[\d,.]* $")


def asks_for_name(text: str) -> bool:
    """Return whether a plain English text in small letters asks somebody for a person's name."""
    asks = _QUESTION.search(text) is not None and _NO_QUESTION.search(text) is None
    return asks and _QUESTION.search(_TOLD.sub("", text)) is not None


def find_answers(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names stand in the answer to a question for a name."""
    words = split_words(text)
    heads = [index for index, word in enumerate(words) if word.key not in _LEAD][:1]
    heads += [
        index
        for index in range(1, len(words))
        if _CLAUSE_END.search(text, words[index - 1].end, words[index].start)
        and words[index].key not in _LEAD
        and load_lexicon().is_first(words[index].key)
        and (
            words[index].capital
            or not load_lexicon().is_word(words[index].key)
            or _CLAUSE_END.match(text, words[index].end)
            or words[index].end == len(text)
        )
    ]
    for index in heads:
        if length := _answer_length(text, words, index):
            end = words[index + length - 1].end
            rest = _REST_OF_USER_NAME.match(text, end)
            yield words[index].start, rest.end() if rest else end


def _answer_length(text: str, words: list[Word], first: int) -> int:
    """Return of how many words the name consists with which an answer begins, 0 when it begins with none."""
    lexicon = load_lexicon()
    length = 0
    while first + length < len(words) and length < 4:
        key = words[first + length].key
        known = lexicon.is_first(key) or lexicon.is_last(key)
        if key in NO_NAMES or (length and not are_adjacent(text, words, first + length)):
            break
        alone = len(words) == 1 and key not in NEVER  # "The middle name?" "Blue."
        if not known and not alone and (key in lexicon.common or NO_NAME_ENDING.search(key)):
            break
        length += 1
    head, behind = words[first], words[first + length : first + length + 1]
    around = [*words[first - 1 : first], *behind]
    asks = head.key in ("may", "will") and any(word.key in PRONOUNS for word in around)
    if not length or len(head.key) == 1 or asks or _begins_no_name(text, words, first, length):
        return 0
    clear = head.capital or (lexicon.is_first(head.key) and not lexicon.is_word(head.key))
    end = words[first + length - 1].end
    return length if clear or SPELLED_BEHIND.match(text, end) or not text[end : end + 1].strip(",.!?_0123456789") else 0


def _begins_no_name(text: str, words: list[Word], first: int, length: int) -> bool:
    """Return whether an answer begins, with what looks like a name, a sentence that tells something else."""
    lexicon, head = load_lexicon(), words[first]
    contracted = _CONTRACTED.match(head.key)
    if contracted and contracted["word"] in NO_NAMES:
        return True  # "You'll find it."
    if _DIGIT_BEFORE.search(text, max(0, head.start - 12), head.start):
        return True  # "It's 1,800 dollars."
    if not lexicon.is_english(head.key) or lexicon.is_first(head.key) or head.key in lexicon.clear_last:
        return False
    # "[UserName]. File it": the name is told already. "Fair enough", "Paid a bill": a sentence goes on.
    behind = first + length
    goes_on = behind < len(words) and are_adjacent(text, words, behind) and words[behind].key not in _BEHIND_A_NAME
    return MASK in text or (goes_on and (words[behind].key in NEVER or words[behind].key in lexicon.common))
