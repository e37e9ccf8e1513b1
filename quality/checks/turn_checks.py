"""Checks on one turn beside what was said before it: pure code without a model, in microseconds.

What is worked out of a text (its sentences, its opening, what is private in it) is remembered: a turn is compared with
all earlier ones, and the finished call is checked once more.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple

from rapidfuzz import fuzz, process

from agents.csc.dialogue import Turn
from agents.csc.emotions import FEELINGS, Emotion
from agents.csc.language import Language
from agents.csc.strategies import Strategy
from agents.roles.speech import LABEL_PATTERN, SPEAKER_PATTERN, STRATEGY_NAMES_PATTERN
from quality.checks.artifacts import find_artifact
from quality.checks.echoes import TASK_RUN, Runs, find_prompt_echo, runs_of
from quality.checks.sides import find_known_too_early, find_third_person, find_wrong_side
from quality.guarded import guard, in_small
from quality.text import GAP, PLACEHOLDER, SENTENCE_ENDS, is_in, split_sentences, split_words

MAX_CHARACTERS = 600
"""Longest utterance, in characters; a longer one is a speech, not a turn on the phone."""
SAME_WORDING = {Language.EN: 82.0, Language.ZH: 75.0}
"""Edit similarity, in percent, from which on a wording is another said again; a Chinese one varies with less.

It is taken of sentences, and of whole turns with their words in alphabetical order."""
MIN_SENTENCE = {Language.EN: 24, Language.ZH: 9}
"""Shortest sentence that may not come again, in characters without punctuation: "Yes, that's right." may."""
OPENING_WORDS = {Language.EN: 5, Language.ZH: 7}
"""Number of words, or Chinese characters, at the start of a turn that make its opening."""

_LABEL = guard(
    rf"[\[【(（<]\s*{LABEL_PATTERN}\s*[\]】)）>]|(?:strategy|策略)\s*(?:\d+(?!\d)|[:：]\s*{LABEL_PATTERN})|按标签|标的是",
    "[|【|(|（|<|strategy|策略|按标签|标的是",
)
_CODE_FIRST = re.compile(
    rf"\s*(?!AC [a-z])(?:{'|'.join(code for code in Strategy if code != Strategy.ID)})\b(?:[\s:：,，.-]|$)"
)
"""A code before the speech, or in its place. ID is left out: it is a word; an AC that is broken is a machine."""
FEELING_CODE = re.compile(
    rf"\b(?:{'|'.join(sorted((code for code in FEELINGS if code != Emotion.NEUTRAL), key=len, reverse=True))})\b"
    r"|\bintensity [012]\b",
    re.IGNORECASE,
)
"""A feeling as models write it: a label, and no talk. Neutral is left out: it is a word."""
_STRATEGY_NAME = re.compile(rf"\b{STRATEGY_NAMES_PATTERN}\b")
_SPEAKER = guard(
    rf"(?:^\s*+|[{SENTENCE_ENDS}”\"]\s*+|\n[^\S\n]*+)\**+{SPEAKER_PATTERN}\**+\s*+[:：]",
    ":|：",
)
_ROLES_AND_TASKS = guard(
    r"\b(?:as an ai\b(?!-)|language model\b|supporter assistant\b|customer assistant\b|role[- ]?play|my persona\b"
    r"|my goal says\b|your next turn(?=[,:]| is\b| will\b)|my next turn(?=[,:])|customer['’]s next reply\b)"
    r"|作为(?:一个|一名)?\s*(?:AI|人工智能)|语言模型|角色扮演|我的人设|你的下一句|ends_call|given_up"
    r"|\[(?:say|choose|direct)\]|【(?:发言|选择|指导)】",
    "as an ai|language model|assistant|role|persona|goal says|next turn|next reply|作为|语言模型|角色扮演|我的人设"
    "|下一句|ends_call|given_up|[say]|[choose]|[direct]|【发言】|【选择】|【指导】",
)
_TO_THE_JUDGE = guard(
    r"\b(?:(?:ignore|disregard|forget) (?:all |any |the |your )*(?:previous|earlier|above) (?:instruction|prompt|rule)"
    r"|(?:\A|(?<=[.!?] ))(?:to|for|attention,?) (?:the |any )?(?:judge|evaluator|grader|annotator|labell?er|reviewer)\b"
    r".{0,60}[:,]|(?:grades?|judges?|scores?) this (?:call|dialogue|transcript)|all five points\b|verdict 1\b)"
    r"|(?:忽略|无视|忘掉)(?:以上|之前|前面|上面|上述)\S{0,4}(?:指令|提示|规则)"
    r"|(?:评判|评审|评分|打分|标注)(?:员|者|人(?![员数])|模型)|质检模型|给评审|评委|五个?要点",
    "instruction|prompt|rule|judge|evaluator|grade|annotator|labeler|labeller|reviewer|score|rate|all five points"
    "|verdict|指令|提示|规则|评判|评审|评分|打分|标注|质检|评委|要点",
)
"""What is meant for the judge is no talk on the phone."""
_THOUGHT = guard(
    r"\A(?:(?:(?:okay|ok|alright|hmm|so|now|first|well)[,.]? )*the (?:(?:user|customer|caller)"
    r"(?:'s (?:message|request|query)|,? (?:is (?:asking|requesting|saying)|wants|asks|asked|says|said|has asked))\b"
    r"|(?:agent|supporter|assistant)(?:'s (?:message|query)|,? is (?:asking|requesting|saying))\b)"
    r"|.{0,80}?\b(?:we|i) (?:need to|have to|should|must) (?:respond|reply|answer|write|output|generate|produce)\b"
    r".{0,20}?\b(?:as (?:the|an?) (?:agent|customer|supporter|caller|user|assistant)|in character"
    r"|(?:an?|one|two|only)(?: short| single| brief)* (?:sentence|utterance|turn)s?)\b"
    r"|.{0,20}?\bhere(?:'s| is) the (?:agent|customer|supporter|caller|user|assistant)'s\b"
    r"|(?:好的?|嗯|首先)?[，,、 ]*(?:用户(?:想|在问|正在问|询问|说|问|提到|的(?:问题|请求)是)|我(?:需要|应该|得)先?"
    r"(?:理解|分析|回应|回复|扮演|以客服|以客户|以用户)))",
    "the user|the customer|the agent|the supporter|the assistant|the caller|respond|reply|answer|write|output|generate"
    "|produce|用户|我需要|我应该|我得",
)
"""Thought without its tags, or what a model says to whoever asked it for a turn, at the beginning of one."""
_JOINT = {Language.EN: " ", Language.ZH: ""}
_STAGE_DIRECTION = guard(
    r"(?<!\*)\*[^*]{1,80}\*(?!\*)|\[[^]]{1,80}\]|【[^】]{1,80}】|[(（][^)）\d]{1,80}[)）]", "*|[|【|(|（"
)
_ENDS = (*SENTENCE_ENDS, *"…~～—")
_CLOSES = "\"'”’」』)）"
"""What may stand behind the end of a sentence."""
_QUOTED = ("”", "」", "』")
_GOODBYE = guard(r"\b(?:good)?bye\b|再见|拜拜", "bye|再见|拜拜")

KNOWS_TOO_EARLY = "knows-too-early"
HINTS: dict[str, dict[Language, str]] = {
    check: {Language.EN: en, Language.ZH: zh}
    for check, en, zh in (
        ("empty-turn", "Say something.", "要说出话来。"),
        (
            "artifact",
            "Only what is said aloud: no tags, no Markdown, no code.",
            "只写说出口的话，不要标签、Markdown或代码。",
        ),
        ("long-turn", "Keep it to one or two sentences.", "只说一两句。"),
        ("label-leak", "Name no strategy and no label.", "不要说出策略或标签的名称。"),
        ("role-leak", "Speak only for yourself, and never of roles or instructions.", "只说自己的话，不提角色或指令。"),
        (
            "stage-direction",
            "Only spoken words, no stage directions in brackets.",
            "只要说出口的话，不要括号里的动作说明。",
        ),
        (
            "template-gap",
            "Say the thing itself, made up if need be: square brackets are for private data alone.",
            "直接说出具体内容，可以自己编；方括号只用来代替隐私信息。",
        ),
        ("prompt-echo", "Say it in the speaker's own words.", "用说话人自己的话来说。"),
        ("wrong-side", "Speak for your own side of the call.", "只站在自己这一边说话。"),
        (
            "third-person",
            'Speak to the other one: "I" and "you", never "the customer".',
            "对着对方说话：用“我”和“您”，不说“客户”。",
        ),
        (
            KNOWS_TOO_EARLY,
            "You do not know this of the customer yet: leave it out.",
            "客户的这项信息你还不知道，不要说。",
        ),
        ("language", "Speak English.", "说中文。"),
        ("cut-off", "Finish the sentence.", "把句子说完。"),
        ("repetition", "That was said before: say something new.", "这句前面说过了，换一句新的。"),
        ("same-opening", "Begin in another way than before.", "换一个开头。"),
        ("goodbye-loop", "You have said goodbye already: do not say it again.", "已经道过别了，不要再说一遍。"),
        (
            "private-data",
            "Private data only as a placeholder such as [UserName] or [CardNumber].",
            "隐私信息只写占位符，如[UserName]、[CardNumber]。",
        ),
    )
}
"""The checks, and what a speaker is told whose turn failed one."""


class FailedCheck(NamedTuple):
    """What is wrong with a turn: the name of the check that it failed, and what was found."""

    check: str
    detail: str


def check_turn(turn: Turn, earlier: Sequence[Turn], language: Language, scenario: str = "") -> Iterator[FailedCheck]:
    """Yield what is wrong with a turn, the worst first.

    Args:
        turn: what was said.
        earlier: all that was said before it.
        language: that the call is in.
        scenario: what both sides know from the start.
    """
    yield from _failures_alone(turn, language)
    text = turn.text.strip()
    if not text:
        return
    if mark := find_known_too_early(turn, earlier, scenario):
        yield FailedCheck(KNOWS_TOO_EARLY, mark)
    yield from _check_repetition(turn, earlier, language)
    if _says_goodbye(text) and any(_says_goodbye(other.text) for other in earlier if other.speaker is turn.speaker):
        yield FailedCheck("goodbye-loop", "says goodbye again")
    yield from check_privacy(text)


def check_played_turn(
    turn: Turn, earlier: Sequence[Turn], language: Language, scenario: str = ""
) -> Iterator[FailedCheck]:
    """Yield what is wrong with a turn that a model says, the worst first: what `check_turn` finds, and more.

    What is more would find fault with some sound turns of people, too: a model can say it otherwise.
    """
    yield from check_turn(turn, earlier, language, scenario)
    if found := find_third_person(turn, in_small(turn.text), language):
        yield FailedCheck("third-person", repr(found))


@cache
def _hint_runs(language: Language) -> Runs:
    return frozenset().union(*(runs_of(hint[language], TASK_RUN[language]) for hint in HINTS.values()))


def find_role_leak(text: str) -> str | None:
    """Return the words by which a text speaks of roles, tasks or the judge; None where there are none."""
    return _find_role_leak(text, in_small(text))


def _find_role_leak(text: str, small: str) -> str | None:
    patterns = (_SPEAKER, _ROLES_AND_TASKS, _TO_THE_JUDGE)
    return next((found.group().strip() for pattern in patterns if (found := pattern.search(text, small))), None)


@lru_cache(maxsize=65_536)
def _failures_alone(turn: Turn, language: Language) -> tuple[FailedCheck, ...]:
    """Return what is wrong with a turn whatever was said before it."""
    return tuple(_check_alone(turn, language))


def _check_alone(turn: Turn, language: Language) -> Iterator[FailedCheck]:
    text = turn.text.strip()
    if not text:
        yield FailedCheck("empty-turn", "no words")
        return
    small = in_small(text)
    yield from _check_wording(text, small, language)
    if turn.emotion and (label := FEELING_CODE.search(text)):
        yield FailedCheck("label-leak", repr(label.group()))
    words = list(chain.from_iterable(_split(turn.text)))
    if echo := find_prompt_echo(turn, words, _hint_runs(language), language):
        yield FailedCheck("prompt-echo", repr(echo))
    if said := find_wrong_side(turn, small, language):
        yield FailedCheck("wrong-side", repr(said))


def _check_wording(text: str, small: str, language: Language) -> Iterator[FailedCheck]:
    if artifact := find_artifact(text):
        yield FailedCheck("artifact", repr(artifact))
    if len(text) > MAX_CHARACTERS:
        yield FailedCheck("long-turn", f"{len(text)} characters")
    for found in (_LABEL.search(text, small), _STRATEGY_NAME.search(text)):
        if found:
            yield FailedCheck("label-leak", repr(found.group().strip()))
    if _CODE_FIRST.match(text):
        yield FailedCheck("label-leak", repr(text[:4]))
    if leak := _find_role_leak(text, small) or ((thought := _THOUGHT.search(text, small)) and thought.group()):
        yield FailedCheck("role-leak", repr(leak))
    if "[" in text and (gap := GAP.search(text)):
        yield FailedCheck("template-gap", repr(gap.group()))
    plain = PLACEHOLDER.sub("", text)
    if found := _STAGE_DIRECTION.search(plain, small):
        yield FailedCheck("stage-direction", repr(found.group()))
    if not is_in(plain, language):
        yield FailedCheck("language", f"not in {language}")
    if not (text.rstrip(_CLOSES).endswith(_ENDS) or text.endswith(_QUOTED)):
        yield FailedCheck("cut-off", f"ends with {text[-12:]!r}")


def _says_goodbye(text: str) -> bool:
    return _GOODBYE.search(text, in_small(text)) is not None


@lru_cache(maxsize=65_536)
def check_privacy(text: str) -> tuple[FailedCheck, ...]:
    """Return the private data in a text, a failed check each; finding it costs more than all other checks together."""
    # Imported late: its patterns take a fifth of a second to compile, and most commands check nothing.
    from quality.privacy import find_private

    return tuple(
        FailedCheck("private-data", f"{text[start:end]!r} instead of [{kind}]")
        for start, end, kind in find_private(text)
    )


def _check_repetition(turn: Turn, earlier: Sequence[Turn], language: Language) -> tuple[FailedCheck, ...]:
    own = [other.text for other in earlier if other.speaker is turn.speaker]
    return _find_repeated(turn.text, tuple([other.text for other in earlier]), tuple(own), language)


@lru_cache(maxsize=16_384)
def _find_repeated(
    text: str, earlier: tuple[str, ...], own: tuple[str, ...], language: Language
) -> tuple[FailedCheck, ...]:
    """Return what a text says again; remembered, as the finished call is checked once more.

    Args:
        text: of the turn.
        earlier: all texts before it.
        own: those of them that its speaker said.
        language: that the call is in.
    """
    now = _read(text, language)
    found = _find_same_wording(now, [_read(other, language) for other in earlier], SAME_WORDING[language])
    if now.opening and now.opening in [_read(other, language).opening for other in own]:
        return *found, FailedCheck("same-opening", repr(" ".join(now.opening)))
    return found


def _find_same_wording(now: "_Reading", before: Sequence["_Reading"], cutoff: float) -> tuple[FailedCheck, ...]:
    said = [sentence for other in before for sentence in other.sentences] if now.sentences else []
    for sentence in now.sentences:
        if same := process.extractOne(sentence, said, scorer=fuzz.ratio, score_cutoff=cutoff):
            return (FailedCheck("repetition", f"{sentence!r} was said before: {same[0]!r}"),)
    bags = [other.bag for other in before] if now.bag else []
    if found := process.extractOne(now.bag, bags, scorer=fuzz.ratio, score_cutoff=cutoff):
        return (FailedCheck("repetition", f"the words of turn {found[2] + 1} in another order"),)
    return ()


class _Reading(NamedTuple):
    """What of a text is compared with others, all in lower case and without punctuation.

    Of a text that is too long for a turn only so much is read as a turn may have: the time to compare two grows with
    the product of their lengths.

    Its sentences that are long enough to be told apart; its words in alphabetical order as one text, empty when they
    are few; the words that it opens with, none when it is no longer than they are.
    """

    sentences: tuple[str, ...]
    bag: str
    opening: tuple[str, ...]


@lru_cache(maxsize=65_536)
def _read(text: str, language: Language) -> _Reading:
    joint, shortest, count = _JOINT[language], MIN_SENTENCE[language], OPENING_WORDS[language]
    split = _split(text[:MAX_CHARACTERS])
    words = list(chain.from_iterable(split))
    bag = joint.join(sorted(words))
    return _Reading(
        tuple([said for sentence in split if len(said := joint.join(sentence)) >= shortest]),
        bag if len(bag) >= shortest else "",
        tuple(words[:count]) if len(words) > count else (),
    )


@lru_cache(maxsize=64)
def _split(text: str) -> tuple[list[str], ...]:
    """Return the words of each sentence of a text, not to be changed; the checks of one turn ask for them again."""
    return tuple([split_words(sentence) for sentence in split_sentences(text)])
