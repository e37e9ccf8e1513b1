"""Checks on what planner and customer assistant answer: pure code without a model."""

import re
from collections.abc import Iterator
from functools import cache

from rapidfuzz import fuzz

from agents.csc.dialogue import Plan
from agents.csc.language import Language
from agents.csc.topics.topic import Topic
from agents.roles import EMOTION_PROMPTS
from agents.roles.customer_assistant import DIRECTION_CHARACTERS
from agents.roles.planner import GOAL_CHARACTERS, SCENARIO_CHARACTERS
from quality.checks.artifacts import find_artifact
from quality.checks.echoes import RUN, Runs, find_echo, prompt_runs, runs_of
from quality.checks.turn_checks import FEELING_CODE, FailedCheck, check_privacy, find_role_leak
from quality.text import GAP, PLACEHOLDER, is_in, split_sentences, split_words

FEWEST_WORDS = {Language.EN: 3, Language.ZH: 4}
"""Words, or Chinese characters: what is shorter directs nobody."""
SAME_CONTENT = 85.0
"""Percent of partial edit similarity from which the scenario tells the goal."""

PLAN_HINTS: dict[str, dict[Language, str]] = {
    check: {Language.EN: en, Language.ZH: zh}
    for check, en, zh in (
        ("artifact", "Plain sentences: no tags, no Markdown, no code.", "只写平常的句子，不要标签、Markdown或代码。"),
        (
            "template-gap",
            "Make up what happened, with amounts and dates: no gaps in square brackets.",
            "把金额、日期等编具体，不要留方括号里的空。",
        ),
        ("no-sentence", "Write whole sentences that begin with a word.", "写完整的句子，开头不要标点。"),
        ("length", "A sentence or two each.", "各写一两句。"),
        ("language", "Write in English.", "用中文写。"),
        ("echo", "Write about one case of your own, not about this task.", "写一件具体的事，不要照抄任务里的话。"),
        (
            "person",
            'Tell it from outside: "the customer", never "you", "we" or "I".',
            "从旁叙述，写“客户”，不写“你”“我”。",
        ),
        (
            "persona-told",
            "Nothing on who the customer is, only what happened.",
            "不写客户是什么人，只写发生了什么事。",
        ),
        ("goal-told", "The scenario must not tell what the customer wants.", "scenario 里不写客户想要什么。"),
        (
            "private-data",
            "Private data only as a placeholder such as [UserName] or [CardNumber].",
            "隐私信息只写占位符，如[UserName]、[CardNumber]。",
        ),
    )
}
"""The checks on a plan, and what the planner is told whose plan failed one."""
DIRECTION_HINTS: dict[str, dict[Language, str]] = {
    check: {Language.EN: en, Language.ZH: zh}
    for check, en, zh in (
        (
            "artifact",
            "One plain sentence: no tags, no Markdown, no code.",
            "只写一句平常的话，不要标签、Markdown或代码。",
        ),
        (
            "template-gap",
            "Write it out: no gaps in square brackets.",
            "写具体，不要留方括号里的空。",
        ),
        ("no-sentence", "Write one whole sentence that begins with a verb.", "写一句完整的话，以动词开头。"),
        ("length", "One short sentence.", "只写一句短话。"),
        ("language", "Write in English.", "用中文写。"),
        ("echo", "Say what the customer does next, not what the task is.", "写客户接下来说什么，不要照抄任务里的话。"),
        ("speech", "Tell the customer what to do; do not speak for them.", "写让客户怎么说，不要替客户说。"),
        (
            "wrong-side",
            "It is the customer who speaks: what do they say to the supporter?",
            "说话的是客户：写客户对客服说什么。",
        ),
    )
}
"""The checks on a direction, and what the customer assistant is told whose direction failed one."""

_BEGINS_WITH_PUNCTUATION = re.compile(r"\s*(?:$|[^\w\[£$€《“\"'‘])")
_PERSON = {
    Language.EN: re.compile(
        r"\b(?:[Yy]ou(?:r|rs|rself|['’]\w+)?|I(?:['’]\w+)?|[Ww]e(?:['’]\w+)?|[Oo]urs?|us|[Mm]y|me)\b(?![- ]?\d)"
    ),
    Language.ZH: re.compile("(?<!迷)你|您|(?<!自)我(?!国|行|司|市|省|县)"),
}
_SPEAKS = _PERSON | {Language.EN: re.compile(r"\b(?:I(?:['’]\w+)?|[Mm]y|[Ww]e(?:['’]\w+)?|[Oo]ur)\b")}
_STATES = {
    Language.EN: re.compile(
        r"(?:The(?! customer\b)|There|This|These|That|Yes|No|But|He|She|Okay|OK|Sure|Thanks|Thank you|Hello|Hi|How|What"
        r"|Why|To)\b"
    ),
    Language.ZH: re.compile("(?:是的|好的|对的|嗯|您好|你好|喂|谢谢(?!客服|对方|他|她))"),
}
"""How a direction begins that is the reply itself, or no instruction at all. The customer repeats it as it is."""
_REPORTS = re.compile(
    "(?:客户|先|再|继续|直接|接着|然后|最后|[^，。]{1,4}地)?"
    "(?:告诉(?!我)|[追反质询盘]?问(?!题)|说(?!实话|真的)|要求|请求|表[示明达]|指出|提[出到起]|强调|坚持|解释|确认|核对|回答|报出"
    "|抱怨|质疑|承认|同意|接受|拒绝|感谢客服|描述|补充|重[复申]|催|[让向对求请](?:客服|对方|他|她))"
)
"""How a Chinese sentence begins that may say 我 and 你: what is reported keeps the words as they are spoken."""
_TO_THE_CUSTOMER = {
    Language.EN: re.compile(
        r"\b(?:tell|ask|give|offer|help|assist|inform|advise|remind|thank|assure|reassure|calm|direct|instruct|guide"
        r"|encourage|invite|request|provide|let|get|have|answer|verify"
        r"|ask for|(?:respond|reply|react|listen|speak|talk|explain|apologi[sz]e) to|(?:empathi[sz]e|agree) with)"
        r"(?:ing|s)? (?:the|your|this) customer\b"
        r"(?! (?:service|support|care|relations|help|team|rep|desk|line|agent|advis|number|reference|portal|account"
        r"|id\b|satisfaction|retention))",
        re.IGNORECASE,
    ),
    Language.ZH: re.compile(
        "(?:告诉|告知|通知|询问|追问|问|提醒|建议|鼓励|引导|指导|帮助|协助|安抚|安慰|感谢|回答|回复|回应|理解|[向对为给让请])"
        "(?:一下)?(?:客户|顾客|用户)(?!服务|经理|专员|代表|端|名|手册|协议|指南|号)"
    ),
}
"""What the company's side does to a customer: a direction that says it is not the customer's."""
_TASK = re.compile(
    r"\butterances so far\b|\bthe customer wants:|已说\d+句"
    r"|^(?:continue|keep|carry on|go on|proceed|start|begin)(?: on| up| with)?(?: the| this| their)?"
    r" (?:conversation|call|dialogue|discussion|chat|talking|speaking)\W*$"
    r"|^(?:继续|接着|开始|保持|进行)(?:[这本][个次段场通]?)?(?:对话|通话|会话|交流|沟通|谈话|聊天|聊|说话|说下去|说)\W*$",
    re.IGNORECASE,
)
"""What the task says of where the call stands, or that there is a call, and no more."""
_QUOTATION = re.compile(
    r"(?<!\w)(?:\"[^\"]{0,400}\"|“[^”]{0,400}”|'(?:[^']|(?<=\w)'(?=\w)){0,400}'(?!\w)|‘(?:[^’]|(?<=\w)’(?=\w)){0,400}’(?!\w))"
)
"""What a screen or a letter says may well speak to "you". An apostrophe ends none."""
_AGE = re.compile(
    r"\b\d{2}[- ]year[- ]old\b(?=\s*$|[,;.]| (?:who|from|living|with|and|male|female|man|woman|person|customer|caller"
    r"|mother|father|parent|student|teacher|retiree|pensioner|nurse|engineer|worker|driver)\b)|\d{2}\s*岁(?!以)",
    re.IGNORECASE,
)
"""How old somebody is; a boiler may be of any age."""


def check_plan(plan: Plan, persona: str, topic: Topic, language: Language) -> Iterator[FailedCheck]:
    """Yield what is wrong with a plan, the worst first.

    Args:
        plan: the planner's answer.
        persona: the customer's description, which the supporter's side must never see: the scenario is shown to it.
        topic: that it is a call on.
        language: that the call is in.
    """
    run = RUN[language]
    prompts = (
        ("planner_system", "planner") if topic.is_plain else ("planner_system", "planner", "planner_company", "company")
    )
    task = prompt_runs(language, run, *prompts), runs_of(topic.sentence, run)
    for text, characters in (
        (plan.scenario, SCENARIO_CHARACTERS[language]),
        (plan.customer_goal, GOAL_CHARACTERS[language]),
    ):
        yield from _check_form(text, characters, language)
        if found := find_role_leak(text) or find_echo(text, task, run):
            yield FailedCheck("echo", repr(found))
        if mark := _PERSON[language].search(_QUOTATION.sub("", text)):
            yield FailedCheck("person", repr(mark.group()))
        if found := find_echo(text, [runs_of(persona, run)], run):
            yield FailedCheck("persona-told", repr(found))
        yield from check_privacy(text)
    if mark := _AGE.search(plan.scenario):
        yield FailedCheck("persona-told", repr(mark.group()))
    scenario, goal = (" ".join(split_words(text)) for text in (plan.scenario, plan.customer_goal))
    if len(goal) <= len(scenario) and fuzz.partial_ratio(goal, scenario) >= SAME_CONTENT:
        yield FailedCheck("goal-told", "the goal stands in the scenario")


def check_direction(direction: str, goal: str, language: Language) -> Iterator[FailedCheck]:
    """Yield what is wrong with a direction, the worst first.

    Args:
        direction: the customer assistant's answer.
        goal: the customer's, which the task holds: a direction that is no more than it directs nothing.
        language: that the call is in.
    """
    yield from _check_form(direction, DIRECTION_CHARACTERS[language], language)
    task = prompt_runs(language, RUN[language], "customer_side", "customer_assistant", *EMOTION_PROMPTS)
    hints = _runs_of_hints(language)
    if found := find_role_leak(direction) or find_echo(direction, [task, hints], RUN[language]):
        yield FailedCheck("echo", repr(found))
    elif mark := _TASK.search(direction) or FEELING_CODE.search(direction):
        yield FailedCheck("echo", repr(mark.group()))
    elif fuzz.ratio(" ".join(split_words(direction)), " ".join(split_words(goal))) >= SAME_CONTENT:
        yield FailedCheck("echo", "the goal itself")
    if mark := _TO_THE_CUSTOMER[language].search(direction):
        yield FailedCheck("wrong-side", repr(mark.group()))
    if mark := _STATES[language].match(direction):
        yield FailedCheck("speech", repr(mark.group()))
    for sentence in split_sentences(_QUOTATION.sub("", direction)):
        reports = language is Language.ZH and "您" not in sentence and _REPORTS.match(sentence)
        if not reports and (mark := _SPEAKS[language].search(sentence)):
            yield FailedCheck("speech", repr(mark.group()))
            return


@cache
def _runs_of_hints(language: Language) -> Runs:
    return frozenset().union(*(runs_of(hint[language], RUN[language]) for hint in DIRECTION_HINTS.values()))


def _check_form(text: str, most: int, language: Language) -> Iterator[FailedCheck]:
    """Check that a text is a sentence or two in its language."""
    if artifact := find_artifact(text):
        yield FailedCheck("artifact", repr(artifact))
    if gap := GAP.search(text):
        yield FailedCheck("template-gap", repr(gap.group()))
    if _BEGINS_WITH_PUNCTUATION.match(text):
        yield FailedCheck("no-sentence", f"begins with {text[:8]!r}")
        return
    plain = PLACEHOLDER.sub("", text)
    words = split_words(plain)
    if len(words) < FEWEST_WORDS[language]:
        yield FailedCheck("no-sentence", f"{len(words)} words")
        return
    if len(text) > most:
        yield FailedCheck("length", f"{len(text)} characters")
    if not is_in(plain, language) or (language is Language.ZH and plain.isascii()):
        yield FailedCheck("language", f"not in {language}")
