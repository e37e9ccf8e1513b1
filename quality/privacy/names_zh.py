"""Chinese names of people, found by what is said around them and by a dictionary."""

import re
from collections.abc import Iterator

from quality.privacy.cedict import load_cedict
from quality.privacy.lexicon import load_lexicon
from quality.privacy.name_patterns_zh import (
    ANSWER,
    BEGINS_LIKE_A_NAME,
    COMPOUNDS,
    FAME,
    LAST_CLAUSE,
    MANY_TOLD,
    NAME,
    NICKNAME,
    NICKNAME_HINT,
    QUESTION,
    ROLE,
    SAID_ALOUD,
    SHORT_TITLE,
    SURE,
    TALKS_OF_NAMES,
    THE_SAME,
    TITLED,
    WHICH_CHARACTER,
)
from quality.privacy.name_words_zh import (
    BLANKS,
    BRANDS,
    END_LIKE_SURNAMES,
    FREQUENT,
    GIVEN_OFTEN,
    NO_ANSWERS,
    NO_GIVEN,
    NO_NAMES,
    NO_SIGNERS,
    SOLE,
    SURNAMES,
)


def find_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names of people stand in a plain Chinese text."""
    for hint, pattern in SURE:
        for match in pattern.finditer(text) if hint.search(text) else ():
            for group, name in match.groupdict().items():
                if name and _may_be_told(text, *match.span(group), group):
                    yield match.span(group)
    by_parts = False
    for match in NAME.finditer(text):
        start, end = match.span(match.lastgroup or 0)
        if match["spelt"]:
            by_parts = True
            # 木子李, 李想
            if again := re.compile(rf"[, ]({text[end - 1]}[\u4e00-\u9fff]{{0,2}})(?![\u4e00-\u9fff])").match(text, end):
                yield again.span(1)
        if match["written"] and match["written"][:2] in BLANKS:
            continue
        if match["written"] and match[0].startswith(_NO_PERSONS):
            name = text[start:end]
            unknown = name[:2] not in load_cedict().words and _may_be_called(name)
            may_be = unknown or (text[start - 1] in "写填叫是:" and _is_own_word(name))
        elif match["written"] and text[start - 1] in "人方主者":
            may_be = text[start : start + 2] not in load_cedict().words or (
                text[start] in SOLE and _is_own_word(text[start:end])
            )
        elif match.lastgroup in ("nick", "doubled", "vague") and _is_no_nick(text, start, end):
            may_be = False
        elif match.lastgroup in _TOLD:
            may_be = (
                text[start : start + 2] not in NO_NAMES and text[max(0, start - 1) : start + 1] not in END_LIKE_SURNAMES
            )
        else:
            may_be = not (_is_word(text, start, end) or _is_fame(text, start, end))
            if match["unheard"]:
                may_be = may_be and not _touches_word(text, start, end)
        if may_be:
            yield start, end
    for match in NICKNAME.finditer(text) if NICKNAME_HINT.search(text) else ():
        start, end = match.span("twin" if match["twin"] else match.lastgroup or 0)
        if match["zi"] or match["of"] or not _is_word(text, start, end):
            yield start, end
    for match in TITLED.finditer(text) if SHORT_TITLE.search(text) else ():
        if not _holds_word(text, *match.span()):
            yield match.span()
    for match in ROLE.finditer(text):
        if length := _length_before_role(text, match.start()):
            yield match.start() - length, match.start()
    for match in THE_SAME.finditer(text) if "的" in text or "," in text else ():
        yield match.span()
        yield from (sound.span("sound") for sound in SAID_ALOUD.finditer(text, match.end()))
    if by_parts or TALKS_OF_NAMES.search(text) or (text.count("的") > 1 and MANY_TOLD.search(text)):
        yield from _find_told(text)
        for match in WHICH_CHARACTER.finditer(text):
            pair = match[0][:2]
            if match["told"] or pair in NO_NAMES or pair in load_cedict().words:
                continue
            if not (match[0].endswith("人") and pair in load_cedict().proper):  # 韩国人
                yield match.span()


def _find_told(text: str) -> Iterator[tuple[int, int]]:
    """Yield where characters are told by words that hold them, and where these characters stand alone."""
    for match in WHICH_CHARACTER.finditer(text):
        if match["told"]:
            yield match.span()
            told = match["whole"] or match["first"] or match["last"]
            for alone in re.finditer(rf"(?<![\u4e00-\u9fff]){told}(?![\u4e00-\u9fff])", text):
                yield alone.span()


_NO_PERSONS = ("备注", "客户备注", "收件", "寄件", "学员", "病人", "抬头")
"""Holders of a name that often hold something else."""
_A_PERSON = re.compile("[员长师人家生板友亲属官察客服主机理事保]$|保安|[爸妈爷奶公婆哥姐弟妹儿女]$")
"""Who is meant, but not by name."""
_TOLD = (
    *("written", "nick", "given", "child", "elder"),
    *("masked", "surname", "usual", "vague", "doubled", "spelt", "foreign", "latin", "staff", "spaced"),
)
"""Groups of `NAME` that need no look into the dictionary."""


def _may_be_told(text: str, start: int, end: int, group: str) -> bool:
    """Return whether what stands behind words that a name follows is one."""
    name = text[start:end]
    if group in ("family", "single", "parts", "shape", "after", "western", "pinyin"):
        return name not in "名氏什啥个和跟与"
    if name[:2] in BLANKS:
        return False
    if group == "sought" and not (name[0] in f"{SURNAMES}老小大阿" or any(char in GIVEN_OFTEN for char in name)):
        return False
    if group in ("short", "sought", "kin", "boss", "parent"):
        known = name in load_cedict().words or (group == "kin" and name in load_cedict().proper)
        ordinary = known and not all(char in GIVEN_OFTEN for char in name)
        return (
            (
                not ordinary
                or (group == "parent" and name[0] in "大二三小")
                or (group != "sought" and _is_own_word(name))
            )
            and (group != "boss" or name not in NO_NAMES)
            and not (
                group in ("sought", "kin", "boss")
                and len(name) >= 3
                and (name[0] not in SURNAMES or group == "kin")
                and _holds_word(text, start, end)
            )
        )
    if group in ("strange", "doer"):
        often = group == "doer" and (all(char in GIVEN_OFTEN for char in name) or _is_own_word(name))
        return often or not _holds_word(text, start, end)
    if group in ("absent", "sayer"):
        often = all(char in GIVEN_OFTEN for char in name) or _is_own_word(name)
        # Nobody asks if a word of doing is there: 高飞在吗.
        often = often or (group == "absent" and name[0] in FREQUENT and name[1:] in GIVEN_OFTEN)
        return name[:2] not in NO_NAMES and (often or name[1:] == "子" or not _begins_word(text, start, end))
    if group == "person":
        return not ROLE.match(name) and not _A_PERSON.search(name)
    if group == "mine" and text[end : end + 1].isdigit():
        return False  # 我是凌晨2点到的
    if group in ("mine", "wanted") and name[0] in (SOLE if group == "mine" else FREQUENT) and _is_own_word(name):
        return True
    if group in ("explained", "real", "mixed"):
        return True
    if group == "sir":
        return text[start : end + 1] not in load_cedict().words  # 花生
    if group == "known":
        is_like_one = name[0] in f"{SURNAMES}老小大阿" or name[0] in GIVEN_OFTEN
        return (is_like_one and not _holds_word(text, start, end)) or _is_own_word(name)
    if group == "agent":
        return _A_PERSON.search(name) is None
    if group == "praised":
        return name not in load_cedict().words or _is_own_word(name)
    if group == "heard":
        return name in load_cedict().given or (name in load_cedict().living and _is_own_word(name))
    if group in ("only", "lone"):
        return not _touches_word(text, start, end)
    if group in ("foreigner", "helper"):
        return load_lexicon().is_first(name.lower()) and not load_lexicon().is_word(name.lower())
    if group in ("told", "caller"):
        return name not in load_cedict().words
    if group in ("self", "named", "kinself", "thanked"):
        # Whoever is called like a word says so.
        return group == "self" or name not in load_cedict().words or _may_be_called(name)
    if group in ("styled", "nickname"):
        return name[0] not in "怎什哪" and (
            name not in load_cedict().words or _may_be_called(name) or group == "styled"
        )
    if group in ("first", "ahead", "second"):
        return name not in load_cedict().words
    # Of three characters the last two may be the word instead of the first two.
    rest_is_word = len(name) == 3 and name[1:] in load_cedict().words
    begins_word = _is_word(text, start, end) if group == "wanted" else _begins_word(text, start, end)
    return (rest_is_word or not begins_word) and not _is_fame(text, start, end)


def _may_be_called(name: str) -> bool:
    """Return whether a word begins with a surname, or has but characters that are often in given names."""
    return name[0] in SURNAMES or all(char in GIVEN_OFTEN for char in name)


def _is_own_word(name: str) -> bool:
    """Return whether people are called like a word: a flower, or the characters of names, and nothing that one does."""
    cedict = load_cedict()
    if name in NO_SIGNERS or name in NO_NAMES or name in cedict.verbs or len(name) != 2:
        return False
    return name in cedict.living or (name[0] in f"{SURNAMES}{GIVEN_OFTEN}" and name[1] in GIVEN_OFTEN)


def _is_no_nick(text: str, start: int, end: int) -> bool:
    """Return whether what looks like a nickname is part of other words (马马虎虎, 设施什么的) or a company (徐工的)."""
    words = load_cedict().words
    if text[start:end] in BRANDS:
        return text[end : end + 1] == "的"
    if end - start == 3 and (text[start : start + 2] in words or text[start - 1 : start] == text[start]):
        return True
    return end - start == 1 and text[max(0, start - 1) : end] in words


def _is_word(text: str, start: int, end: int) -> bool:
    """Return whether a dictionary has a word that begins with what looks like a name, or that ends in its surname."""
    cedict = load_cedict()
    if text[max(0, start - 1) : start + 1] in END_LIKE_SURNAMES:
        return True
    if start and any(text[start - length : start + 1] in cedict.words for length in (1, 2)):
        return True
    pair = text[start - 1 : start + 1]
    if start and (pair in cedict.proper or pair in cedict.given) and text[start - 1] not in NO_GIVEN:
        return True
    # 俄罗斯人, 史无前例
    for end_of_word in (start + 2, start + 3) if start else ():
        longer = text[start - 1 : end_of_word]
        if longer in cedict.words or longer in cedict.proper:
            return True
    return _begins_word(text, start, end)


def _begins_word(text: str, start: int, end: int) -> bool:
    """Return whether a dictionary has a word that begins with what looks like a name."""
    cedict, pair = load_cedict(), text[start : start + 2]
    if end - start == 1:
        return False
    if pair in NO_NAMES:
        return True
    return not COMPOUNDS.match(pair) and (pair in cedict.words or pair in cedict.proper)


def _is_fame(text: str, start: int, end: int) -> bool:
    """Return whether a name is that of somebody or of something that everybody knows."""
    cedict = load_cedict()
    if text[start : start + 2] in BRANDS or text[start : start + 3] in BRANDS:
        return True
    if any(text[start : start + length] in known for known in (cedict.proper, cedict.figures) for length in (3, 4)):
        return True
    return FAME.match(text, end) is not None


def _holds_word(text: str, start: int, end: int) -> bool:
    """Return whether there is a word of the dictionary within a part of a text."""
    cedict = load_cedict()
    return any(
        text[first : first + length] in words
        for words in (cedict.words, cedict.proper)
        for length in (2, 3, 4)
        for first in range(start, end - length + 1)
    )


def _touches_word(text: str, start: int, end: int) -> bool:
    """Return whether there is a word of the dictionary that begins within a part of a text."""
    cedict = load_cedict()
    pieces = {text[first : first + length] for first in range(start, end) for length in (2, 3, 4)}
    return not (pieces.isdisjoint(cedict.words) and pieces.isdisjoint(cedict.proper))


def _length_before_role(text: str, end: int) -> int:
    """Return how many characters before a role or a title are a name."""
    if text[max(0, end - 1) : end + 2] in BRANDS:
        return 0
    if end >= 2 and text[end - 2 : end] in load_cedict().proper and SHORT_TITLE.match(text, end):
        return 2
    for length in (4, 3, 2, 1):
        start = end - length
        surname = BEGINS_LIKE_A_NAME.match(text, max(0, start), end)
        if start < 0 or not surname or (length > 1 and _is_word(text, start, end)):
            continue
        given = text[surname.end() : end]
        if len(given) > 2 or any(char in NO_GIVEN for char in given):
            continue
        if length == 1:
            return int(not _is_word(text, start, end))
        if start == 0 or text[start - 1] in NO_GIVEN or not "\u4e00" <= text[start - 1] <= "\u9fff":
            return length
    return int(_is_rare_surname(text, end))


_NO_FAMILY = "车全班单门房党国初时花云农商强帅解查向"
"""Rare surnames that say more often what kind of master or manager it is."""
_SPEAKS_TO = re.compile("[跟和找叫给让请问是的对为由与把被向替帮喂]")


def _is_rare_surname(text: str, end: int) -> bool:
    """Return whether a surname that is a word too stands alone before a title: 莫经理, 班主任郁老师, 付太太."""
    start, words = end - 1, load_cedict().words
    surname = text[max(0, start) : end]
    if not surname or surname not in f"{SURNAMES}付代" or surname in _NO_FAMILY or _is_word(text, start, end):
        return False
    if surname == "代" and not SHORT_TITLE.match(text, end):
        return False  # Who stands in for somebody: 代经理.
    if any(text[start : end + length] in words for length in (1, 2)):
        return False
    if not start or not "\u4e00" <= text[start - 1] <= "\u9fff" or _SPEAKS_TO.match(text, start - 1):
        return True
    return (
        surname != "付"
        and text[end] != "总"
        and any(text[max(0, start - length) : start] in words for length in (2, 3))
    )


def asks_for_name(text: str) -> bool:
    """Return whether a plain Chinese text asks somebody for a name."""
    return QUESTION.search(text) is not None


def find_answers(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the name stands in the answer to a question for a name."""
    match = ANSWER.match(text)
    if match and match["name"][:2] not in NO_ANSWERS and match["loose"] not in load_cedict().words:
        yield match.span("name")
    for last in LAST_CLAUSE.finditer(text):
        name = last["name"] or last["further"]
        if name not in load_cedict().words or name[0] in SOLE:
            yield last.span(last.lastgroup or 0)
    yield from _find_told(text)


class KnownNames:
    """The names that a dialogue has shown; finds them wherever they stand."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def learn(self, name: str) -> None:
        """Take a name in: whole, and without its surname when a name of two characters stays."""
        if 2 <= len(name) <= 4:
            self._names.add(name)
            surname = BEGINS_LIKE_A_NAME.match(name)
            given = name[surname.end() :] if surname else ""
            if len(given) == 2 and given not in load_cedict().words:
                self._names.add(given)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the names stand in a plain text."""
        if self._names:
            longer = load_cedict().words
            for start in range(len(text) - 1):
                for length in range(min(4, len(text) - start), 1, -1):
                    if text[start : start + length] in self._names:
                        # 高峰期 is none of Mr 高峰.
                        if text[start : start + length + 1] not in longer or start + length == len(text):
                            yield start, start + length
                        break
