"""The five points of the judge, each 0 or 1 (arXiv 2508.04423, RoleCS quality control); the wording is ours.

Each point is a question of its own, with what counts against a call and what, though it may look so, does not.
"""

from functools import cache
from typing import NamedTuple

from agents.csc.language import Language
from agents.digests import digest
from agents.prompts.rendering import prompt_sources
from quality.gate.labeller import LABELLER_PROMPTS


class Point(NamedTuple):
    """A point by code: the question that the judge answers, what makes a call fail it, and what does not."""

    code: str
    question: str
    fails: tuple[str, ...]
    passes: tuple[str, ...]


RUBRIC: dict[Language, tuple[Point, ...]] = {
    Language.EN: (
        Point(
            "strategy_adherence",
            "Does every supporter turn do what its strategy label says, and is each strategy a sensible choice there?",
            (
                "a turn does something else than its label says: labelled as an explanation, it asks a question",
                "a label is true but the step is wrong there: feedback is asked for before anything was done, or an "
                "upset customer gets a rule before a word of understanding",
                "what declines the customer's request is not labelled OT, or what tells the next step of this problem "
                "is labelled RC",
                "proof of identity is asked for by a whole card number, a PIN, a password or a one-time code",
            ),
            (
                "a turn that does what its label says and adds a short courtesy, such as thanks or an apology",
                "a refusal (OT) that gives its reason and says what is possible",
                "one detail on file is enough as proof of identity: name, birth date, postcode, last four digits, "
                "security word",
                "a forbidden request that is passed over: another question is about that",
            ),
        ),
        Point(
            "impossible_requests",
            "Does the supporter notice every impossible, unreasonable or forbidden request and say so, granting none?",
            (
                "such a request is granted, promised, or passed over in silence: a debt waived on demand, somebody "
                "else's data told, a profit guaranteed, the identity check skipped",
            ),
            (
                "the customer makes no such request",
                "the request is refused or narrowed in friendly words, with what is possible instead",
            ),
        ),
        Point(
            "natural_wording",
            "Does every turn sound like people on the phone, fluent and fitting what came before?",
            (
                "a turn reads like a form, a letter or a manual",
                "a turn does not answer what was said just before, or is not a whole sentence",
            ),
            ("short answers, half sentences that people say, dialect, an angry tone",),
        ),
        Point(
            "no_boilerplate",
            "Is the call free of stock phrases, empty answers, and sentences said again in the same words?",
            (
                "a sentence comes back in the same or nearly the same words",
                "turn after turn has a phrase that would fit any call, wherever in the turn it stands",
                "an answer says nothing else than such a phrase: we are looking into all options for you",
            ),
            ("one greeting and one goodbye", "a number or a name that is read back once to confirm it"),
        ),
        Point(
            "consistent_roles",
            "Do both speakers stay in their roles and true to their own words to the end: the customer the described "
            "person, the supporter one who knows only what they were told?",
            (
                "a speaker talks like the other side, or to the other side's instructions",
                "a speaker contradicts what they said before, however many turns ago: a date, an amount, a name",
                "the customer names a strategy, or is another person than described: age, job, tone, circumstances",
                "the supporter knows what nobody has told them: the customer's aim or circumstances, a number, balance "
                "or booking at another company",
            ),
            ("the supporter sees accounts, bookings and rules of their own company",),
        ),
    ),
    Language.ZH: (
        Point(
            "strategy_adherence",
            "客服的每句话是否都做到了所标策略要做的事，策略在当时选得是否合理？",
            (
                "话里做的不是所标的事：标的是说明，实际是在提问",
                "标得没错，但这一步在当时不对：事情还没办就问满不满意，客户正在气头上却先讲规定",
                "拒绝客户的要求却没标 OT，或者讲这件事下一步会怎样却标了 RC",
                "核实身份时问了完整卡号、密码或验证码",
            ),
            (
                "做到了所标的事，顺带一句道谢、道歉之类的客气话",
                "拒绝（OT）时带上了原因和能做什么",
                "用任何一项登记信息核实身份：姓名、生日、住址、尾号后四位、暗语",
                "对违规的要求避而不答：那是另一个问题问的",
            ),
        ),
        Point(
            "impossible_requests",
            "客服是否识别出每个办不到、不合理或违规的要求并讲明，一个也没有答应？",
            ("答应、承诺了这类要求，或者装作没听见：一句话就免债，透露别人的信息，保证收益，跳过身份核验",),
            ("客户没有提这类要求", "好言回绝或说明只能做到哪一步，并给出可行的办法"),
        ),
        Point(
            "natural_wording",
            "每句话是否像人在打电话，通顺自然并接得上前文？",
            ("像在念表格、公函或说明书", "没有接上刚才的话，或者话没说完"),
            ("简短的回答、口头的半句话、方言、生气的口气",),
        ),
        Point(
            "no_boilerplate",
            "通话中是否没有套话，没有等于没说的回答，也没有原样重复的句子？",
            (
                "同一句话原样或几乎原样又说了一遍",
                "一句接一句都有放到哪通电话都行的话，不论在句中什么位置",
                "整句回答只有这样的话：我们正在为您考虑各种办法",
            ),
            ("一次问候、一次道别", "为了核对，把号码或名字复述一遍"),
        ),
        Point(
            "consistent_roles",
            "双方是否自始至终不出角色、不改口：客户像所描述的人，客服只知道别人告诉过自己的事？",
            (
                "说话像是对方，或者说起了给对方的指令",
                "与自己前面说过的矛盾，不论隔了多少句：日期、金额、姓名",
                "客户说出了策略的名称，或不像所描述的那个人：年龄、职业、语气、处境",
                "客服知道没人告诉过他的事：客户的目的或处境，客户在别家公司的号码、余额或订单",
            ),
            ("客服看得到本公司的账户、订单和规定",),
        ),
    ),
}

_OF_COMPANY: dict[Language, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    Language.EN: {
        "impossible_requests": (
            (
                "something is granted or promised that the company named above cannot or may not do",
                "the supporter names a rule, price or deadline that contradicts the company's products or policies",
            ),
            ("the supporter grants what the company's policies allow",),
        )
    },
    Language.ZH: {
        "impossible_requests": (
            (
                "答应或承诺了上述公司办不到或不允许的事",
                "客服说的规定、价格或期限与该公司的产品或规定相矛盾",
            ),
            ("客服答应的是该公司规定允许的事",),
        )
    },
}
"""What else counts against a call, and what does not, on some points where more than its name is known of a company."""

POINT_CODES: tuple[str, ...] = tuple(point.code for point in RUBRIC[Language.EN])
GATE_PROMPTS = ("judge_system", "judge", *LABELLER_PROMPTS)
"""The prompt files of judge and labeller."""
GATE_COMPANY_PROMPTS = ("judge_company",)
"""Those that the judge gets besides where more than its name is known of the company."""
LABEL_POINT = POINT_CODES[0]
"""The point that a blind labelling is asked about as well."""


def with_company(point: Point, language: Language) -> Point:
    """Return a point as it is asked where more than its name is known of the company."""
    fails, passes = _OF_COMPANY[language].get(point.code, ((), ()))
    return point._replace(fails=point.fails + fails, passes=point.passes + passes)


def company_rubric_digest(language: Language) -> str:
    """Return a digest of what the judge is told besides, where more than its name is known of the company."""
    return digest({"points": _OF_COMPANY[language], "prompts": prompt_sources(language, GATE_COMPANY_PROMPTS)})


@cache
def rubric_digest(language: Language) -> str:
    """Return a digest of all that judge and labeller are told in a language: what a calibration is about."""
    return digest({"points": RUBRIC[language], "prompts": prompt_sources(language, GATE_PROMPTS)})
