"""English names of people, found by what is said around them and by lists of names."""

import re
from collections.abc import Iterator

from quality.privacy.cedict import load_cedict
from quality.privacy.lexicon import (
    NO_NAME_ENDING,
    WORD,
    Word,
    in_list,
    is_ordinary,
    is_unheard_of,
    load_lexicon,
    may_spell,
    split_words,
)
from quality.privacy.name_trust import Trust, find_trust
from quality.privacy.name_words import (
    ALL_GIVEN_TOO,
    ARTICLES,
    BEHIND_SMALL,
    COMPANIES,
    GIVEN_TOO,
    GIVEN_WHEN_SMALL,
    NEVER,
    NO_NAMES,
    NO_PERSON_BEFORE,
    NO_PERSON_BEHIND,
    PARTICLES,
    SMALL_WORDS_TOO,
    SPEAKS,
    TIERS,
    TITLES,
    VERBS_TOO,
    WORDS_TOO,
)

_INITIAL = re.compile(r"[A-Z]\.")
_INITIALS = re.compile(
    rf"(?<![\w.'&])(?!(?:U\. ?S|P\. ?O|U\. ?K|[AP]\. ?M)\.)(?:[A-Z]\. ?){{1,3}}(?=[A-Z]){WORD.pattern}(?!\.\w)"
)
_BARE_INITIALS = re.compile(
    rf"(?<![\w.'&-])(?!(?:U S |U K |P O |A M |P M |J P Morgan|[AI] [A-Z][a-z]))"
    rf"(?:[A-Z] ){{1,3}}(?=[A-Z][a-z]){WORD.pattern}"
)
"""Initials without their points: "J P Okonkwo"."""
_SMALL_INITIALS = re.compile(
    r"(?<![\w'])(?:[b-hj-z]\.? [b-hj-z]|(?<=\bby )[b-hj-z]|(?<=\bit's )[b-hj-z]"
    r"|(?<=\bname is )[b-hj-z])\.? ([a-z]{3,})\b"
)
_COUNTED = re.compile(r"\b(?:plan|option|type|class|level|grade|section|row|gate|vitamin|part|group|letter) $", re.I)
_SPELLED = re.compile(
    r"(?<![A-Za-z0-9'-])[A-Za-z](?:(?:-[A-Za-z]){2,}|(?:[ ,.]{1,2}[A-Za-z]){3,})(?![A-Za-z0-9'-])"
    r"|(?<![A-Za-z0-9'])[A-Za-z] (?:as in|for|like) [A-Za-z]+(?:,? (?:and )?[A-Za-z] (?:as in|for|like) [A-Za-z]+)+"
)
_SHORT_FORM = re.compile(r"[b-df-hj-np-tv-z]h?[aeiou]z{1,2}a?")
"""What becomes of Barry, Darren and Sharon among friends."""
_VERB_BEHIND = re.compile(
    r" (?:is|isn't|was|has|had|said|says|told|called|asked|wants?|wanted|and|here|did|does|already|never|just|will)\b"
)
"""What follows a name rather than a word at the beginning of a sentence."""
_COMPANY_WORDS = frozenset(word for company in COMPANIES for word in company.split())


def find_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names of people stand in a plain English text."""
    spells = may_spell(text)
    for match in _SPELLED.finditer(text) if spells else ():
        yield match.span()
    for match in _SMALL_INITIALS.finditer(text) if spells else ():
        if load_lexicon().is_last(match[1]) or not load_lexicon().is_english(match[1]):
            yield match.span()
    for match in _INITIALS.finditer(text) if _INITIAL.search(text) else ():
        family = match[0].rpartition(" ")[2].rpartition(".")[2]
        if (
            len(family) > 1
            and not is_ordinary(family)
            and not _COUNTED.search(text, max(0, match.start() - 9), match.start())
        ):
            yield match.span()
    for match in _BARE_INITIALS.finditer(text) if spells else ():
        *initials, family = match[0].lower().split(" ")
        known = load_lexicon().last if len(initials) > 1 else load_lexicon().clear_last
        if all(part in known for part in family.split("-")) and not _COUNTED.search(
            text, max(0, match.start() - 9), match.start()
        ):
            yield match.span()
    words, dull = split_words(text), load_lexicon().dull
    heads = [
        index
        for index, word in enumerate(words)
        if word.key not in dull or (word.capital and index and words[index - 1].key in TITLES)
    ]
    named = -2
    for index in heads:
        if index < named:
            continue
        follows = named == index - 1 and words[index].capital and words[named].key in ("and", "or")
        length = _name_length(text, words, index, Trust.LIKELY if follows else find_trust(text, words, index))
        if length:
            named = index + length
            yield words[index].start, words[named - 1].end


def _name_length(text: str, words: list[Word], index: int, trust: Trust) -> int:
    """Return of how many words the name consists that begins at a word that is not dull; 0 when none begins there."""
    head = words[index]
    if head.key in _COMPANY_WORDS and _is_company(words, index):
        return 0
    if head.capital and _is_figure(words, index):
        return 0
    if not _may_begin(text, words, index, trust):
        return 0
    length = 1
    while length < 5 and index + length < len(words) and _goes_on(text, words, index + length, trust, head.capital):
        length += 1
    while length > 1 and words[index + length - 1].key in PARTICLES:
        length -= 1
    behind = index + length
    if trust is not Trust.SURE and behind < len(words) and words[behind].key in NO_PERSON_BEHIND:
        return 0 if words[behind].capital and are_adjacent(text, words, behind) else length
    return length


def _is_company(words: list[Word], index: int) -> bool:
    """Return whether a word is part of a company's name."""
    keys = [word.key for word in words[max(0, index - 2) : index + 3]]
    at = min(index, 2)
    return any(
        " ".join(keys[first : first + length]) in COMPANIES
        for length in (2, 3)
        for first in range(max(0, at - length + 1), at + 1)
    )


def _is_figure(words: list[Word], index: int) -> bool:
    """Return whether a word begins or ends the name of somebody whom everybody knows."""
    return any(
        first >= 0
        and words[first].capital
        and f"{words[first].key} {words[first + 1].key}" in load_cedict().english_figures
        for first in range(index - 1, min(index, len(words) - 2) + 1)
    )


def _may_begin(text: str, words: list[Word], index: int, trust: Trust) -> bool:
    """Return whether a name may begin at a word that is not known to be none."""
    key, capital = words[index].key, words[index].capital
    if key == "date" and not capital:
        return False  # "your full name, date of birth": a family is called so, but is not asked for there
    lexicon = load_lexicon()
    known = lexicon.is_first(key)
    clear = known and not lexicon.is_word(key)
    if trust is Trust.SURE:
        # "The caller was genuine": in small letters a word of the dictionary that nobody is called by is no name.
        is_word = not capital and (NO_NAME_ENDING.search(key) is not None or lexicon.is_english(key))
        if capital and index and words[index - 1].key in TITLES:
            return key not in NEVER
        return known or lexicon.is_last(key) or not (key in lexicon.common or is_word)
    if key in PARTICLES or len(key) == 1:
        return False
    if not capital:
        if trust and is_unheard_of(key) and (len(key) > 3 or _SHORT_FORM.fullmatch(key)):
            return True
        if trust is Trust.LIKELY and len(key) > 3 and key in lexicon.clear_last:
            return True
        if trust is Trust.LIKELY and known and _is_small_name(text, words, index):
            return True
        if not clear or key in SMALL_WORDS_TOO:
            # "My brother will ring": behind a person these are verbs.
            is_name = known and key not in ("may", "will")
            if not is_name or not _family_follows(text, words, index):
                return False
            family = words[index + 1].key
            sure = key not in VERBS_TOO and family in lexicon.clear_last and is_unheard_of(family)
            return sure or trust is Trust.LIKELY
        sure = trust is Trust.LIKELY or in_list(lexicon.popular, key) or (len(key) > 4 and is_unheard_of(key))
        return (sure and len(key) > (2 if trust is Trust.LIKELY else 3)) or _family_follows(text, words, index)
    if trust is Trust.WEAK and (is_unheard_of(key) or (not index and (clear or (known and key in ALL_GIVEN_TOO)))):
        return True
    if trust is Trust.LIKELY:
        ending = None if "-" in key or (index and key.endswith("ly")) else NO_NAME_ENDING.search(key)
        return known or lexicon.is_last(key) or not (key in lexicon.common or ending)
    if (
        index
        and words[index - 1].key in NO_PERSON_BEFORE
        and text[words[index - 1].end : words[index].start] in (" ", ". ")
    ):
        return False
    if clear or (key in GIVEN_TOO and _stands_out(text, words, index)):
        return True
    if (
        is_unheard_of(key)
        and index + 1 < len(words)
        and words[index + 1].capital
        and are_adjacent(text, words, index + 1)
    ):
        follower = words[index + 1].key
        if lexicon.is_first(follower) and not lexicon.is_word(follower):
            return True
    if key in lexicon.clear_last and not known and _given_follows(text, words, index):
        return True
    return (known or lexicon.is_last(key) or not lexicon.is_english(key)) and _family_follows(text, words, index)


def _is_small_name(text: str, words: list[Word], index: int) -> bool:
    """Return whether a word written small, where a name is likely, is one by what stands behind it."""
    key, behind = words[index].key, index + 1
    if index and words[index - 1].key == "no" and are_adjacent(text, words, index):
        return False  # "No grace": a thing that there is none of
    if behind < len(words) and words[behind].key in SPEAKS:
        return key in ALL_GIVEN_TOO
    ends = behind == len(words) or not are_adjacent(text, words, behind)
    return key in GIVEN_WHEN_SMALL and (ends or words[behind].key in NO_NAMES or words[behind].key in BEHIND_SMALL)


def _stands_out(text: str, words: list[Word], index: int) -> bool:
    """Return whether a word with a capital stands amid a sentence, alone with its capital and no thing."""
    if not index or words[index - 1].key in ARTICLES:
        return False
    begins = text[words[index - 1].start].isupper()
    gap = text[words[index - 1].end : words[index].start]
    if (begins and words[index - 1].key not in NO_NAMES) or gap.strip(" '\"-" if begins else " ,'\"-"):
        return False
    behind = index + 1
    if behind == len(words) or not are_adjacent(text, words, behind) or words[behind].key == "i":
        return True
    return not text[words[behind].start].isupper() and words[behind].key not in TIERS


def _family_follows(text: str, words: list[Word], index: int) -> bool:
    """Return whether the next word is a family name and nothing else."""
    if index + 1 >= len(words) or not are_adjacent(text, words, index + 1):
        return False
    head, behind = words[index : index + 2]
    lexicon = load_lexicon()
    return (
        behind.capital is head.capital
        and len(behind.key) > 2
        and lexicon.is_last(behind.key)
        and not lexicon.is_word(behind.key)
        and head.key not in NO_PERSON_BEFORE
    )


def _given_follows(text: str, words: list[Word], index: int) -> bool:
    """Return whether a given name follows that no dictionary has, as behind an East Asian family name."""
    behind = index + 1
    if behind >= len(words) or not words[behind].capital or not are_adjacent(text, words, behind):
        return False
    return load_lexicon().is_first(words[behind].key) and is_unheard_of(words[behind].key)


def _goes_on(text: str, words: list[Word], index: int, trust: Trust, capital: bool) -> bool:
    """Return whether a name, begun with a capital or not, goes on with `words[index]`."""
    key = words[index].key
    if not are_adjacent(text, words, index):
        return False
    if key in NO_NAMES or len(key) == 1:
        # A middle name or an initial.
        named = capital and words[index].capital and (key == "may" or (len(key) == 1 and key != "i"))
        return named and _family_follows(text, words, index)
    lexicon = load_lexicon()
    if key in PARTICLES:
        return index + 1 < len(words) and words[index + 1].key not in NO_NAMES | lexicon.common
    known = lexicon.is_last(key) or lexicon.is_first(key)
    if words[index].capital:
        return capital and key not in NO_PERSON_BEHIND and (known or key not in lexicon.common)
    if not capital and known and key in WORDS_TOO and _ends_name(text, words, index, trust):
        return True
    if lexicon.is_word(key) or (capital and trust is not Trust.SURE):
        return False
    if known:
        return len(key) > 2
    ends = index + 1 == len(words) or words[index + 1].key in NO_NAMES or not are_adjacent(text, words, index + 1)
    return trust is not Trust.NONE and ends and len(key) > 2 and is_unheard_of(key)


def _ends_name(text: str, words: list[Word], index: int, trust: Trust) -> bool:
    """Return whether a family name that is a word too ends a name ("this is lucy london speaking")."""
    before, key, behind = words[index - 1].key, words[index].key, index + 1
    if not load_lexicon().is_first(before) or load_lexicon().is_word(before) or key in VERBS_TOO:
        return False
    if behind < len(words) and words[behind].key in ("calling", "here", "speaking"):
        return True
    return trust >= Trust.LIKELY and (behind == len(words) or not are_adjacent(text, words, behind))


def are_adjacent(text: str, words: list[Word], index: int) -> bool:
    """Return whether nothing but a space, or the point of an initial, parts a word from the one before."""
    before = words[index - 1]
    gap = text[before.end : words[index].start]
    return gap == " " or (gap in (". ", ".") and before.end - before.start == 1)


class KnownNames:
    """The names that a dialogue has shown; finds them wherever they stand."""

    def __init__(self) -> None:
        self._clear: set[str] = set()
        self._words_too: set[str] = set()

    def learn(self, name: str) -> None:
        """Take the words of a name in."""
        lexicon = load_lexicon()
        for word in split_words(name):
            if len(word.key) > 1 and word.key not in NO_NAMES and word.key not in PARTICLES:
                (self._words_too if lexicon.is_word(word.key) else self._clear).add(word.key)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the names stand in a plain text.

        A name that is a word too counts where it has a capital, unless it begins a sentence like a word.
        """
        if not self._clear and not self._words_too:
            return
        for word in split_words(text):
            if word.key in self._clear or (
                word.key in self._words_too
                and word.capital
                and (
                    text[word.end : word.end + 1] in ("", ",", ".", "!", "?")
                    or (word.start and text[max(0, word.start - 2) : word.start].strip() not in (".", "!", "?"))
                    or _VERB_BEHIND.match(text, word.end)
                )
            ):
                yield word.start, word.end
