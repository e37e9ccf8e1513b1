"""Checks on plans and directions: each finds its fault, and what people write passes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.csc.dialogue import Plan
from agents.csc.language import Language
from agents.csc.topics import TOPICS
from agents.prompts.rendering import PROMPT_FILES
from quality.checks.structured_checks import DIRECTION_HINTS, PLAN_HINTS, check_direction, check_plan
from quality.trust.canaries import sound_dialogues
from tests.support import DATA

EN, ZH = Language.EN, Language.ZH
TOPIC = "technical-support"
PERSONA = {
    EN: "You are a 34-year-old nurse who mostly works nights in Leeds and rents a small flat with your sister.",
    ZH: "你从贵州出来跑了六年外卖，今年38，在杭州跟老乡合租，家里两个娃都在念书。",
}
SCENARIO = {EN: "The app has shown an error since Monday.", ZH: "手机银行从周一起一直报错，客户登录不上去。"}
GOAL = {EN: "To log in before the rent is due; content with a date.", ZH: "想赶在交房租前登上去，说个准日子也行。"}


def plan_faults(language: Language, scenario: str = "", goal: str = "") -> list[str]:
    plan = Plan(scenario=scenario or SCENARIO[language], customer_goal=goal or GOAL[language])
    return [fault.check for fault in check_plan(plan, PERSONA[language], TOPICS[TOPIC][language], language)]


@pytest.mark.parametrize("language", list(Language))
def test_a_sound_plan_passes(language: Language) -> None:
    assert plan_faults(language) == []


@pytest.mark.parametrize(
    ("language", "scenario"),
    [
        (EN, "The customer's screen shows \"We can't verify your address\" since Monday."),
        (EN, "The app says 'you aren't signed in' since Monday."),
        (EN, "The customer's 12-year-old boiler stopped working on Monday."),
        (ZH, "客户买的迷你冰箱周一起不制冷，设备自我检测时报错。"),
    ],
)
def test_what_only_looks_like_a_fault_of_a_scenario_passes(language: Language, scenario: str) -> None:
    assert plan_faults(language, scenario) == []


@pytest.mark.parametrize(
    ("language", "scenario", "check"),
    [
        (EN, ", the app has shown an error since Monday.", "no-sentence"),
        (EN, "Error.", "no-sentence"),
        (ZH, "：客户登录不上去。", "no-sentence"),
        (ZH, "报错。", "no-sentence"),
        (EN, "The app shows an error. " * 40, "length"),
        (EN, "手机银行从周一起一直报错，客户登录不上去。", "language"),
        (ZH, "The app has shown an error since Monday.", "language"),
        (EN, "It tells which product or service, what has happened, when.", "echo"),
        (EN, "An app, a website, a device or an online procedure does not work as it should.", "echo"),
        (ZH, "写通话开始时双方都可以知道的情况，即手机银行报错。", "echo"),
        (EN, "[Direct] The app shows an error.", "echo"),
        (EN, "Your app has shown an error since Monday.", "person"),
        (EN, "We hear that the app shows an error.", "person"),
        (ZH, "你的手机银行从周一起一直报错。", "person"),
        (EN, "The customer mostly works nights in Leeds and rents a small flat.", "persona-told"),
        (EN, "A 34-year-old customer cannot log in to the app.", "persona-told"),
        (ZH, "客户在杭州跟老乡合租，家里两个娃都在念书，登录不上去。", "persona-told"),
        (EN, "The customer wants to log in before the rent is due, content with a date.", "goal-told"),
        (ZH, "客户登录不上去，想赶在交房租前登上去，说个准日子也行。", "goal-told"),
        (EN, "The customer's number 0171 555 0143 was removed from the app.", "private-data"),
        (EN, "The customer's card was charged [Amount] by [Company Name] on Monday.", "template-gap"),
        (ZH, "客户的卡在[Date]被扣了两次。", "template-gap"),
    ],
)
def test_a_fault_of_a_plan_is_found(language: Language, scenario: str, check: str) -> None:
    assert check in plan_faults(language, scenario)


def test_what_a_screen_says_may_speak_to_you() -> None:
    assert plan_faults(EN, "The app has shown 'You are locked out' since Monday.") == []
    assert plan_faults(EN, "A card payment of 12 US dollars was declined on Monday.") == []


@pytest.mark.parametrize(
    ("language", "direction", "check"),
    [
        (EN, ",", "no-sentence"),
        (EN, "in", "no-sentence"),
        (EN, ":end the call now please.", "no-sentence"),
        (ZH, "问", "no-sentence"),
        (ZH, "done", "no-sentence"),
        (EN, "Ask about the fee. " * 20, "length"),
        (EN, "问这笔手续费到底是怎么回事。", "language"),
        (ZH, "Ask what the fee is about.", "language"),
        (EN, "Set ends_call to true only when this is settled.", "echo"),
        (EN, "[Say] Ask about the fee.", "echo"),
        (EN, "3 utterances so far. Ask about the fee.", "echo"),
        (EN, "Continue the conversation.", "echo"),
        (ZH, "继续对话。", "echo"),
        (ZH, "接受问候；客户说：“你好”}。", "artifact"),
        (EN, GOAL[EN], "echo"),
        (ZH, GOAL[ZH], "echo"),
        (EN, "React to what the supporter has just said about it.", "echo"),
        (ZH, "怀疑、坚持还是松口，都按这个人的性子来。", "echo"),
        (EN, "Ask about the fee of [Amount].", "template-gap"),
        (EN, "Say what the customer does next, not what the task is.", "echo"),
        (ZH, "写客户接下来说什么，不要照抄任务里的话。", "echo"),
        (EN, "I want my money back today.", "speech"),
        (EN, "The branch reopens on Monday 3 June.", "speech"),
        (EN, "Yes, put aside 900 dollars in September.", "speech"),
        (EN, "To ask what the fee is for.", "speech"),
        (ZH, "好的，那就先这样处理吧。", "speech"),
        (EN, "Demander à la conseillère pourquoi la carte est bloquée.", "language"),
        (ZH, "我今天就要把钱拿回来。", "speech"),
        (ZH, "听懂了，谢谢你的解释，我想知道能不能算一下利息。", "speech"),
        (ZH, "问清手续费。请告诉我，我会尽力提供帮助。", "speech"),
        (ZH, "告诉我为什么扣了两次。", "speech"),
        (ZH, "问什么事项，如果您能够提供更多信息，我们将很乐意处理。", "speech"),
        (EN, "Tell the customer to contact the bank about the card.", "wrong-side"),
        (EN, "Directly ask the customer for their name.", "wrong-side"),
        (EN, "Ask for the customer's name and account number.", "wrong-side"),
        (EN, "React to the customer's words about the fraud.", "wrong-side"),
        (ZH, "回答客户的问题，并解释还款规则。", "wrong-side"),
        (ZH, "建议客户详细描述一下情况。", "wrong-side"),
    ],
)
def test_a_fault_of_a_direction_is_found(language: Language, direction: str, check: str) -> None:
    assert check in [fault.check for fault in check_direction(direction, GOAL[language], language)]


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        (EN, "Ask about it, impatiently."),
        (EN, "Give [UserName] as the name."),
        (EN, "Ask the customer service line's opening hours."),
        (EN, "The customer asks what the fee is for."),
        (EN, "Complain that every new customer gets a better rate."),
        (ZH, "问客服老客户有没有优惠。"),
        (ZH, "让客户经理回个电话。"),
        (EN, "The customer confirms the amount and asks for a date."),
        (EN, "Thank the supporter, and give [OrderNumber] once more."),
        (ZH, "谢谢客服，再报一遍[AccountNumber]。"),
        (ZH, "追问手续费。"),
        (ZH, "希望迷你冰箱能换新。"),
        (ZH, "询问用户名为什么登录不了。"),
        (EN, "Give the customer ID and ask for the refund date."),
        (ZH, "报出[UserName]，催他快点。"),
        (ZH, "告诉客服我昨天没用过这张卡。"),
        (ZH, "生气地追问你们为什么又扣了一次。"),
        (ZH, "先自我介绍一下，再讲清楚事由。"),
        (ZH, "说“我不同意”，口气要硬。"),
    ],
)
def test_how_people_direct_passes(language: Language, direction: str) -> None:
    assert list(check_direction(direction, GOAL[language], language)) == []


@pytest.mark.parametrize("language", list(Language))
def test_plans_that_people_wrote_pass(language: Language) -> None:
    rows = [json.loads(line) for line in (DATA / "gold" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]
    codes = {wordings[language].name: code for code, wordings in TOPICS.items()}
    written = [
        (row["scenario"], row["customer_goal"], row["persona"]["description"], codes[row["source"]]) for row in rows
    ]
    written += [(call.scenario, call.goal, call.persona, TOPIC) for call in sound_dialogues(language)]
    for scenario, goal, persona, topic in written:
        plan = Plan(scenario=scenario, customer_goal=goal)
        assert list(check_plan(plan, persona, TOPICS[topic][language], language)) == [], scenario


@settings(max_examples=200)
@given(
    words=st.lists(st.sampled_from(["the", "fee", "12", "app,", "Monday:", "卡", "。", "[CardNumber]"]), max_size=9),
    mark=st.sampled_from(list(",.:;!?)]，。：、）")),
    language=st.sampled_from(list(Language)),
)
def test_nothing_that_begins_with_punctuation_passes(words: list[str], mark: str, language: Language) -> None:
    text = mark + " ".join(words)
    assert next(check_direction(text, GOAL[language], language)).check == "no-sentence"
    assert plan_faults(language, scenario=text)[0] == "no-sentence"


@settings(max_examples=200)
@given(text=st.text(max_size=80), language=st.sampled_from(list(Language)))
def test_whatever_is_planned_or_directed_has_a_hint(text: str, language: Language) -> None:
    assert {fault.check for fault in check_direction(text, GOAL[language], language)} <= DIRECTION_HINTS.keys()
    assert set(plan_faults(language, scenario=text, goal=text)) <= PLAN_HINTS.keys()


@given(data=st.data(), language=st.sampled_from(list(Language)))
def test_a_line_of_the_prompt_is_an_echo_whatever_stands_around_it(data: st.DataObject, language: Language) -> None:
    lines = (PROMPT_FILES / language / "customer_side.md").read_text(encoding="utf-8").splitlines()
    line = data.draw(st.sampled_from([line for line in lines if len(line) > 60 and "{" not in line]))
    before = data.draw(st.sampled_from(["Well then: ", "好的，"]))
    assert "echo" in [fault.check for fault in check_direction(before + line, GOAL[language], language)]
