"""The scrubber of private data: names, numbers and addresses become placeholders before any model sees the text.

What is missed leaks and what is replaced too much only loses a detail, so whatever may be private is replaced; yet
jobs, ages, cities and sums of money stay, as personas are made of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from quality.guarded import guard, in_small
from quality.privacy import handles, name_answers, names, names_zh
from quality.privacy.addresses import asks_for_address, find_address_answer, find_addresses
from quality.privacy.addresses_zh import find_addresses_zh
from quality.privacy.cedict import load_cedict
from quality.privacy.company import is_companys
from quality.privacy.cues import MASK, SECRET_WORD, Finding, Private, asked_kinds
from quality.privacy.digits import NUMBER_WORDS, is_part_of_number
from quality.privacy.emails import asks_for_email, find_emails
from quality.privacy.lexicon import is_ordinary, load_lexicon
from quality.privacy.numbers import find_numbers, holds_number
from quality.privacy.plain import Plain, make_plain
from quality.privacy.spoken import find_spelled, write_down
from quality.text import CHINESE_CHARACTER, PLACEHOLDER

__all__ = ["Finding", "Private", "Scrubbed", "find_in_dialogue", "find_private", "scrub"]

_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")

_SECRET = guard(
    rf"(?:\b(?:{SECRET_WORD}|(?:security|secret|memorable) (?:answer|place|name))(?:(?:'s|,? is| was| to| should be"
    r"| would be),?(?: u[hm],?)?|:) "
    r"|(?:密码|口令|暗号|密保[^,。]{0,12}?|暗语|通关密语|安全词)(?:就?是|为|:|[改设][成为的]是?"
    r"|(?<!怎么)[填说写用]的是?) ?)"
    r"[\"']?(?P<word>[^\s\"',，。\ue000]{2,40}[^\s\"',，。.?!;\ue000])"
    r"|密码 ?(?P<direct>(?=[!-~]{0,40}\d)[!-~]{3,40}[\w!@#$%^&*])"
    # A word with a letter, a digit and a sign in it.
    r"|(?<!\S)(?=\S{0,40}[A-Za-z])(?=\S{0,40}\d)(?=\S{0,40}[!@#$%^&*][A-Za-z0-9])(?P<mix>[\w!@#$%^&*.-]{6,40})(?!\S)",
    "word|passcode|pass code|phrase|security|secret|memorable|密码|口令|暗号|密保|暗语|通关密语|安全词|!|@|#|$|%|^|&|*",
    re.IGNORECASE | re.ASCII,
)
_NO_SECRET = re.compile(r".*(?:ed|ing|ly)$|.*的$|什么|多少|[不错对几没要被]", re.IGNORECASE)
_SECRET_QUESTION = re.compile(
    r"\b(?:what|what's|your|tell|give|provide|confirm|verify|enter|say)\b(?:(?!my\b|reset|change|forg).){0,40}"
    rf"\b{SECRET_WORD}|\b(?:first|favou?rite|childhood) (?:pet|teacher|school|car|street)|\bpet's name"
    r"|\b(?:security|secret) (?:question|answer)|\bmemorable (?:place|name|date|answer|information)"
    r"|\bcity .{0,16}\bborn\b|密保|口令|暗号|宠物|小学"
)
_PLACES_OF_A_SECRET = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|\d(?:st|nd|rd|th))(?: (?:one|letter"
    r"|digit"
    r"|character))?(?:'s| is|:) (?:(?:an?|the|capital|big|small) )?"
    rf"(?P<character>[b-hj-z]|[ai](?=[,.]|$)|\d|{NUMBER_WORDS})(?!\w)",
    re.IGNORECASE | re.ASCII,
)
"""Single characters of a secret word, as banks ask for them."""
_TOKEN = re.compile(r"(?<![\w'!@#$%^&*-])[\w'!@#$%^&*-]*\w")
_REQUEST = re.compile(
    r"\?|\b(?:can|could|may|please|need|provide|tell|give|confirm|verify|what's|spell|enter|share|where|who|which)\b"
    r"|^\W*(?:and|the|your)\b"
    r"|请|麻烦|提供|告诉|报|说一下|多少|什么|吗|呢|核对|确认|方便|您的|哪|贵姓|称呼"
    r"|^.{0,6}(?:姓名|名字|电话|手机号?码?|号码|地址|卡号|单号|邮箱|身份证号?码?)[?。]?$"
)
_BACK_CHANNEL = re.compile(
    r"(?:\W{0,3}(?:aha|all right|alright|and|ah|cool|fine|go ahead|go on|got (?:it|that)|great|hm|hmm|i see"
    r"|i'm listening|lovely"
    r"|mhm|mm|mm-?hmm?|next|ok|okay|perfect|right|so|sure|thank you|thanks|that|then|uh[ -]?huh|yeah|yep|yes"
    r"|yup)\b){1,6}\W{0,3}",
    re.IGNORECASE | re.ASCII,
)
"""What the other side says while an answer goes on."""
_LONG_ANSWER = 8
"""An answer of more words than that is no secret word."""
_STAYS_OPEN = 3
"""How many utterances a question waits for its answer."""
_REMEMBERED = 1024
"""How many utterances are remembered, with what is private in them: the last ones of some hundred dialogues."""


class Scrubbed(NamedTuple):
    """The utterances of a dialogue without private data, and how much of each kind was replaced."""

    texts: list[str]
    counts: Counter[Private]


class _Asked(NamedTuple):
    """What an utterance asks for: somebody's name, a user name, an e-mail, kinds of numbers, a secret word."""

    name: bool = False
    handle: bool = False
    email: bool = False
    kinds: tuple[Private, ...] = ()
    secret: bool = False


_NOTHING = _Asked()


def load_word_lists() -> None:
    """Read what names are told from words by: it takes a second or more, for which the first text waits otherwise."""
    load_lexicon()
    load_cedict()


def find_private(text: str) -> list[Finding]:
    """Return what is private in an utterance that stands alone, in order and without overlaps.

    >>> [(found.start, found.end, found.kind.value) for found in find_private("Hi, I'm Dana, PIN 4821.")]
    [(8, 12, 'UserName'), (18, 22, 'Password')]
    """
    return find_in_dialogue([text])[0]


def scrub(texts: Sequence[str]) -> Scrubbed:
    """Replace what is private in the utterances of one dialogue, given in order.

    What one utterance asks for tells what the next ones hold, and a name that is said once is found in all. Scrubbing
    the result again changes nothing.
    """
    scrubbed = list(texts)
    counts: Counter[Private] = Counter()
    while any(found := find_in_dialogue(scrubbed)):
        for index, findings in enumerate(found):
            scrubbed[index] = _replace(scrubbed[index], findings)
            counts.update(finding.kind for finding in findings)
    return Scrubbed(scrubbed, counts)


def find_in_dialogue(texts: Sequence[str]) -> list[list[Finding]]:
    """Return what is private in each utterance of one dialogue, in order and without overlaps.

    What is replaced may uncover more: `scrub` looks again.
    """
    plains = [_plain(text) for text in texts]
    found: list[list[Finding]] = []
    known = names.KnownNames()
    known_zh = names_zh.KnownNames()
    asked, answered, age = _NOTHING, _NOTHING, 0
    for plain, _ in plains:
        findings = list(_find_cached(plain, asked))
        found.append(findings)
        for finding in findings:
            if finding.kind is Private.USER_NAME:
                name = plain[finding.start : finding.end]
                (known_zh if CHINESE_CHARACTER.search(name) else known).learn(name)
        # What is told here is not asked for: "the code is 90210, so what is the fee?"
        now, age = _asked(_hide(plain, findings)), age + 1
        if now == _NOTHING and asked.kinds and is_part_of_number(plain):
            age = 0  # The next part follows, or the other side repeats this one.
            continue
        if now == _NOTHING and answered != _NOTHING and _BACK_CHANNEL.fullmatch(plain):
            asked, answered, age = answered, _NOTHING, 0  # "Four one five." "Mm-hm." "Eight oh two."
            continue
        is_answer = bool(findings) or MASK in plain
        answered = _Asked(email=asked.email, kinds=asked.kinds) if is_answer else _NOTHING
        if now != _NOTHING or is_answer or age >= _STAYS_OPEN:
            asked, age = now, 0
    for (plain, _), findings in zip(plains, found, strict=True):
        for start, end in (*known.find(plain), *known_zh.find(plain)):
            findings.append(Finding(start, end, Private.USER_NAME))
    return [_merge(plain, findings) for plain, findings in zip(plains, found, strict=True)]


def _hide(plain: str, findings: Iterable[Finding]) -> str:
    """Return a plain text with what is private in it masked, as in a text that was scrubbed before."""
    pieces: list[str] = []
    done = 0
    for start, end, _ in sorted(findings):
        if end > done:
            pieces += plain[done:start], MASK * (end - max(done, start))
            done = end
    return "".join(pieces) + plain[done:]


def _plain(text: str) -> Plain:
    """Return a text in plain characters, its placeholders masked."""
    plain = write_down(make_plain(text))
    return Plain(PLACEHOLDER.sub(lambda match: MASK * len(match[0]), plain.text), plain.places)


@lru_cache(_REMEMBERED)
def _find_cached(plain: str, asked: _Asked) -> tuple[Finding, ...]:
    # Every dialogue with findings is looked through twice, and the second time most of it is unchanged. A service
    # checks a turn, hides what is private in it, and looks at it again when the next one comes.
    return tuple(_find(plain, asked))


@lru_cache(_REMEMBERED)
def _asked(plain: str) -> _Asked:
    """Return what a plain text asks for."""
    small = plain.lower()
    if not _REQUEST.search(small):
        return _NOTHING
    secret = _SECRET_QUESTION.search(small) is not None
    handle = handles.asks_for_handle(small)
    name = not (secret or handle) and (name_answers.asks_for_name(small) or names_zh.asks_for_name(small))
    kinds = asked_kinds(plain)
    if Private.ADDRESS not in kinds and asks_for_address(small):
        kinds += (Private.ADDRESS,)
    return _Asked(name, handle, asks_for_email(small), kinds, secret)


def _find(plain: str, asked: _Asked) -> Iterator[Finding]:
    """Yield what is private in a plain text; of findings that overlap the first tells the kind."""
    chinese = CHINESE_CHARACTER.search(plain) is not None
    for finding in _find_numbers_and_places(plain, asked, chinese):
        if not is_companys(plain, finding):
            yield finding
    for secret in _SECRET.finditer(plain, in_small(plain)):
        word = secret["word"]
        if not word or not _is_no_secret(word):
            yield Finding(*secret.span(secret.lastgroup or 0), Private.PASSWORD)
    spans = [*names.find_names(plain)] if _LATIN.search(plain) else []
    if chinese:
        spans += names_zh.find_names(plain)
    if asked.name:
        spans += names_zh.find_answers(plain) if chinese else name_answers.find_answers(plain)
    for start, end in spans:
        yield Finding(start, end, Private.USER_NAME)
    if asked.secret and not spans:
        yield from _secret_answer(plain)


def _find_numbers_and_places(plain: str, asked: _Asked, chinese: bool) -> Iterator[Finding]:
    """Yield numbers, codes, e-mails, user names and addresses, the company's own among them."""
    yield from find_emails(plain, asked.email)
    yield from handles.find_handles(plain, chinese)
    if asked.handle:
        yield from handles.find_answers(plain, chinese)
    if chinese:
        yield from find_addresses_zh(plain)
    yield from find_addresses(plain, Private.ADDRESS in asked.kinds)
    if Private.ADDRESS in asked.kinds:
        yield from find_address_answer(plain)
    yield from find_spelled(plain, asked.kinds)
    if holds_number(plain):
        yield from find_numbers(plain, asked.kinds)


def _secret_answer(plain: str) -> Iterator[Finding]:
    """Yield the characters of a secret word, or the words that end a short answer and are none that everybody says."""
    characters = [match.span("character") for match in _PLACES_OF_A_SECRET.finditer(plain)]
    if characters:
        yield from (Finding(*span, Private.PASSWORD) for span in characters)
        return
    tokens = list(_TOKEN.finditer(plain))
    first = len(tokens)
    while first and len(tokens) - first < 3 and not _is_no_secret(tokens[first - 1][0]):
        first -= 1
    if first < len(tokens) <= _LONG_ANSWER:
        yield Finding(tokens[first].start(), tokens[-1].end(), Private.PASSWORD)


def _is_no_secret(word: str) -> bool:
    return is_ordinary(word) or _NO_SECRET.match(word) is not None


def _merge(plain: Plain, findings: Iterable[Finding]) -> list[Finding]:
    """Return where findings are in the text as it was, in order, none over a placeholder.

    Those that overlap become one, of the kind that came first.
    """
    merged: list[tuple[int, Finding]] = []
    for rank, (begin, stop, kind) in sorted(enumerate(findings), key=lambda ranked: ranked[1].start):
        if MASK in plain.text[begin:stop]:
            continue
        start, end = plain.span_before(begin, stop)
        if merged and start < merged[-1][1].end:
            last_rank, last = merged[-1]
            first_kind = last.kind if last_rank < rank else kind
            merged[-1] = min(last_rank, rank), Finding(last.start, max(last.end, end), first_kind)
        else:
            merged.append((rank, Finding(start, end, kind)))
    return [finding for _, finding in merged]


def _replace(text: str, findings: Iterable[Finding]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, kind in findings:
        pieces += text[done:start], f"[{kind}]"
        done = end
    return "".join(pieces) + text[done:]
