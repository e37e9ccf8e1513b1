"""The seven topics of RoleCS, each with the sentence that the planner gets."""

from agents.csc.language import Language, Wording

TOPICS: dict[str, dict[Language, Wording]] = {
    code: {Language.EN: Wording(*en), Language.ZH: Wording(*zh)}
    for code, en, zh in (
        (
            "product-consultation",
            (
                "product consultation",
                "The customer wants to understand a product: how it works, what it costs, who may have it.",
            ),
            ("产品咨询", "客户想了解某个产品：怎么用、收什么费、什么人能办。"),
        ),
        (
            "marketing-promotion",
            (
                "marketing and promotion",
                "The call is about an offer, a campaign, a coupon or a reward and its conditions.",
            ),
            ("营销与推广", "通话围绕某个活动、优惠、券或奖励以及参加条件。"),
        ),
        (
            "account-transaction",
            (
                "account and transaction management",
                "Something about an account, a card, a transfer, a bill or a payment has to be checked or changed.",
            ),
            ("账户与交易管理", "账户、卡片、转账、账单或付款有需要核实或变更的地方。"),
        ),
        (
            "financial-planning",
            (
                "financial consulting and planning",
                "The customer asks how to save, borrow, invest or repay, given their own means.",
            ),
            ("金融咨询与规划", "客户想结合自己的情况，问该怎么存、借、投或还。"),
        ),
        (
            "risk-security",
            (
                "risk management and security",
                "A fraud attempt, a frozen account, a lost card or a suspicious log-in has to be dealt with.",
            ),
            ("风险管理与安全", "遇到诈骗、账户冻结、丢卡或可疑登录，需要处理。"),
        ),
        (
            "complaint-dispute",
            (
                "complaints and disputes",
                "The customer is unhappy with a charge, a decision or an earlier service and wants it put right.",
            ),
            ("投诉与纠纷", "客户对某笔收费、某个决定或之前的服务不满，要求处理。"),
        ),
        (
            "technical-support",
            (
                "technical support and online services",
                "An app, a website, a device or an online procedure does not work as it should.",
            ),
            ("技术支持与线上服务", "手机应用、网站、设备或线上流程出了问题。"),
        ),
    )
}
"""Topic codes, and for each language the name and what such a call is about."""
