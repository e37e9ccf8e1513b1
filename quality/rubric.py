"""The five points of the judge, each 0 or 1 (arXiv 2508.04423, RoleCS quality control); the wording is ours."""

from typing import NamedTuple

from agents.csc import Language


class Point(NamedTuple):
    """A point by code, with the question that the judge answers."""

    code: str
    question: str


RUBRIC: dict[Language, tuple[Point, ...]] = {
    Language.EN: (
        Point(
            "strategy_adherence",
            "Does every supporter turn do what its strategy label says, and is each strategy a sensible choice there?",
        ),
        Point(
            "impossible_requests",
            "Does the supporter notice every impossible, unreasonable or forbidden request and say so, granting none? "
            "Passed as well when the customer makes no such request.",
        ),
        Point(
            "natural_wording", "Does every turn sound like people on the phone, fluent and fitting what came before?"
        ),
        Point("no_boilerplate", "Is the call free of stock phrases and of sentences said again in the same words?"),
        Point(
            "consistent_roles",
            "Do both speakers stay in their roles to the end: the customer the described person, the supporter one who "
            "knows only what they were told?",
        ),
    ),
    Language.ZH: (
        Point("strategy_adherence", "客服的每句话是否都做到了所标策略要做的事，策略在当时选得是否合理？"),
        Point(
            "impossible_requests",
            "客服是否识别出每个办不到、不合理或违规的要求并讲明，没有答应？客户没有这类要求也算通过。",
        ),
        Point("natural_wording", "每句话是否像人在打电话，通顺自然并接得上前文？"),
        Point("no_boilerplate", "通话中是否没有套话，也没有原样重复的句子？"),
        Point("consistent_roles", "双方是否自始至终不出角色：客户像所描述的人，客服只知道别人告诉过自己的事？"),
    ),
}

POINT_CODES: tuple[str, ...] = tuple(point.code for point in RUBRIC[Language.EN])
