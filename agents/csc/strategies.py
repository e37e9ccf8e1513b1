"""The strategies and stages of the Customer Support Conversation framework: the only table of them.

Prompts, schemas, flow rules, judge texts and export formats derive from this module.
Source: Zhu et al., arXiv 2508.04423, section 3 (stages and strategies); the wording is ours.
"""

from enum import StrEnum
from typing import NamedTuple

from agents.csc.language import Language, Wording


class Stage(StrEnum):
    """The part of a call that a strategy serves. Stages are building blocks, not a fixed order."""

    CONNECTING = "Connecting"
    IDENTIFYING = "Identifying"
    EXPLORING = "Exploring"
    RESOLVING = "Resolving"
    MAINTAINING = "Maintaining"
    ANY = "Any"


STAGE_NAMES: dict[Stage, dict[Language, str]] = {
    stage: {Language.EN: stage.value, Language.ZH: zh}
    for stage, zh in zip(Stage, ("接通", "了解", "探讨", "解决", "维系", "其它"), strict=True)
}
"""What prompts call the stages."""


class Strategy(StrEnum):
    """What a supporter turn does. Every supporter turn carries exactly one; customer turns carry none."""

    GT = "GT"
    IV = "IV"
    EM = "EM"
    RP = "RP"
    PR = "PR"
    PS = "PS"
    ID = "ID"
    RI = "RI"
    FR = "FR"
    RC = "RC"
    AC = "AC"
    OT = "OT"


class StrategyEntry(NamedTuple):
    """One row of the table: the stage, the number in the authors' labels (1 in "策略1 礼貌问候"), and the wordings."""

    stage: Stage
    number: int
    wording: dict[Language, Wording]


def _entry(stage: Stage, number: int, en: tuple[str, str], zh: tuple[str, str]) -> StrategyEntry:
    return StrategyEntry(stage, number, {Language.EN: Wording(*en), Language.ZH: Wording(*zh)})


STRATEGIES: dict[Strategy, StrategyEntry] = {
    Strategy.GT: _entry(
        Stage.CONNECTING,
        1,
        ("Greeting", "opens the call politely and offers help; only the first turn"),
        ("礼貌问候", "礼貌地接起电话并表示愿意帮忙；只用于开场第一句"),
    ),
    Strategy.IV: _entry(
        Stage.CONNECTING,
        2,
        (
            "Identity Verification",
            "asks for one detail that proves who the customer is (full name, birth date, postcode, last four digits, "
            "security word); never for a whole card number, PIN, password or one-time code",
        ),
        (
            "确认身份",
            "请客户说一项能证明身份的信息（姓名、生日、住址、卡号后四位、暗语）；绝不问整个卡号、密码、验证码",
        ),
    ),
    Strategy.EM: _entry(
        Stage.IDENTIFYING,
        5,
        ("Emotional Management", "answers a negative feeling with understanding before anything else; no solution yet"),
        ("情感管理", "先回应客户的负面情绪，表示理解和安抚；此时不给方案"),
    ),
    Strategy.RP: _entry(
        Stage.IDENTIFYING,
        3,
        ("Restatement or Paraphrasing", "repeats the problem in other words to confirm it; adds nothing new"),
        ("重述或转述", "换个说法复述客户的问题以求确认；不添加新内容"),
    ),
    Strategy.PR: _entry(
        Stage.EXPLORING,
        4,
        ("Problem Refinement", "asks for a new, specific fact about the problem; not for proof of identity"),
        ("细化问题", "就问题本身追问一个新的具体细节；不是核实身份"),
    ),
    Strategy.PS: _entry(
        Stage.EXPLORING,
        6,
        ("Providing Suggestions", "proposes an action that the customer or the service can take; not an explanation"),
        ("提供建议", "提出客户或客服可以采取的做法；不是解释，也不是安慰"),
    ),
    Strategy.ID: _entry(
        Stage.RESOLVING,
        7,
        (
            "Information Delivery",
            "explains a rule, term, fee or status, or what happens next; gives no advice, declines nothing",
        ),
        ("信息传达", "说明规则、条款、费用、进度或接下来会怎样；不给建议，也不是拒绝"),
    ),
    Strategy.RI: _entry(
        Stage.RESOLVING,
        8,
        ("Resolution Implementation", "starts the agreed fix or reports how far it has come"),
        ("解决实施", "着手办理已商定的方案，或告知办理进度"),
    ),
    Strategy.FR: _entry(
        Stage.MAINTAINING,
        9,
        (
            "Feedback Request",
            "asks if the problem is solved or how satisfied the customer is, once it is dealt with",
        ),
        ("反馈请求", "问题处理后，询问是否解决或是否满意"),
    ),
    Strategy.RC: _entry(
        Stage.MAINTAINING,
        10,
        ("Relationship Continuation", "points to a service, offer or contact for later, beyond this problem"),
        ("关系延续", "提示这件事以外、今后可用的服务、优惠或联系方式"),
    ),
    Strategy.AC: _entry(
        Stage.MAINTAINING,
        11,
        ("Appreciation and Closure", "thanks the customer and says goodbye; this ends the call"),
        ("感谢与告别", "感谢客户并道别；说完通话结束"),
    ),
    Strategy.OT: _entry(
        Stage.ANY,
        12,
        (
            "Others",
            "declines a request (with its reason and what is possible), or meets what is off topic or a silent line",
        ),
        ("其它", "拒绝客户的要求（可带上原因和能做什么），或应对离题、沉默；其它策略都不适用"),
    ),
}


STAGES: dict[Stage, tuple[Strategy, ...]] = {
    stage: tuple(strategy for strategy, entry in STRATEGIES.items() if entry.stage is stage)
    for stage in Stage
    if stage is not Stage.ANY
}
"""The stages of a call in their usual order, and the strategies that serve each."""


def name_of(strategy: Strategy, language: Language) -> str:
    """Return the label of `strategy` that people read in `language`.

    >>> name_of(Strategy.GT, Language.ZH)
    '礼貌问候'
    """
    return STRATEGIES[strategy].wording[language].name


def authors_label(strategy: Strategy, language: Language) -> str:
    """Return the label in the form of the published data sets.

    >>> authors_label(Strategy.GT, Language.ZH), authors_label(Strategy.AC, Language.EN)
    ('策略1 礼貌问候', 'Strategy 11 Appreciation and Closure')
    """
    word = {Language.EN: "Strategy ", Language.ZH: "策略"}[language]
    return f"{word}{STRATEGIES[strategy].number} {name_of(strategy, language)}"


def _labels() -> dict[str, Strategy]:
    labels: dict[str, Strategy] = {}
    for strategy in Strategy:
        labels[strategy.value.lower()] = strategy
        for language in Language:
            labels[name_of(strategy, language).lower()] = strategy
            labels[authors_label(strategy, language).lower()] = strategy
    return labels


_STRATEGY_BY_LABEL = _labels()


def parse_strategy(label: str) -> Strategy:
    """Return the strategy that a code, a name or an authors' label stands for.

    Raises:
        ValueError: the label names none of the twelve; nothing is turned into OT in silence.

    >>> parse_strategy("策略12 其它")
    <Strategy.OT: 'OT'>
    """
    try:
        return _STRATEGY_BY_LABEL[label.strip().lower()]
    except KeyError:
        raise ValueError(f"{label!r} names no strategy; the codes are {', '.join(Strategy)}") from None
