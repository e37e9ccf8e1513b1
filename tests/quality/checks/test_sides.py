"""Turns that speak for the other side, say their task, or name what nobody has told."""

import json

import pytest

from agents.csc.dialogue import Turn
from agents.csc.language import Language
from agents.csc.speakers import Speaker
from agents.csc.strategies import STRATEGIES, Strategy
from quality.checks.turn_checks import HINTS, check_played_turn, check_turn
from quality.trust.canaries import sound_dialogues
from tests.conftest import EN_CALL, ZH_CALL, make_turns
from tests.support import DATA

EN, ZH = Language.EN, Language.ZH
NEW = {"prompt-echo", "wrong-side", "knows-too-early", "third-person"}


def said(text: str, strategy: Strategy | None = None, direction: str | None = None) -> Turn:
    speaker = Speaker.SUPPORTER if strategy else Speaker.CUSTOMER
    return Turn(speaker=speaker, text=text, strategy=strategy, direction=direction)


def faults(turn: Turn, language: Language, earlier: tuple[Turn, ...] = (), scenario: str = "") -> set[str]:
    return NEW & {fault.check for fault in check_played_turn(turn, earlier, language, scenario)}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hi there! How can I assist you today?", EN),
        ("I'm here to help you with that.", EN),
        ("Please provide your account number so we can go on.", EN),
        ("Could you give me your full name?", EN),
        ("Thank you for calling, is there anything else I can do?", EN),
        ("我可以帮助您解决这个问题。", ZH),
        ("请问有什么可以帮您？", ZH),
        ("你好，我是你的客服。", ZH),
        ("Hi, I'm your support agent.", EN),
        ("请您提供一下您的身份证号码。", ZH),
        ("感谢您的来电，再见。", ZH),
    ],
)
def test_a_customer_who_speaks_as_the_supporter_is_found(text: str, language: Language) -> None:
    assert faults(said(text), language) == {"wrong-side"}


@pytest.mark.parametrize(
    ("text", "language", "strategy"),
    [
        ("Yes, the customer should contact their bank about it.", EN, None),
        ("I understand that the customer's card was declined.", EN, None),
        ("The supporter should say that it is solved.", EN, None),
        ("The customer is looking for some assistance with their card.", EN, Strategy.RP),
        ("Sure, what is the customer's full name?", EN, Strategy.PR),
        ("Could I have the birth date of the customer?", EN, Strategy.PR),
        ("希望能得到客户的帮助，谢谢。", ZH, None),
        ("您是否已经了解客户的需求了？", ZH, None),
        ("感谢客户并道别。", ZH, Strategy.AC),
        ("我们先来看看客户的问题。", ZH, Strategy.PR),
    ],
)
def test_one_who_speaks_of_the_other_as_of_a_third_is_found_where_a_model_plays(
    text: str, language: Language, strategy: Strategy | None
) -> None:
    turn = said(text, strategy)
    assert "third-person" in faults(turn, language)
    assert "third-person" not in {fault.check for fault in check_turn(turn, (), language)}, "people are not asked"


@pytest.mark.parametrize(
    ("text", "language", "strategy"),
    [
        ("I'm the customer here, and the customer is always right.", EN, None),
        ("The customer service line cut me off, and the customer portal is down.", EN, None),
        ("As the customer, I expect more. Other customers get it.", EN, None),
        ("In that case the customer pays for the return, it says in the terms.", EN, Strategy.ID),
        ("The customer has fourteen days to send it back.", EN, Strategy.ID),
        ("我是老客户了，我的客户经理没接电话。", ZH, None),
        ("我的客户说钱没到账，客户端也打不开。", ZH, None),
        ("感谢客户们的支持，境外客户也能办。", ZH, Strategy.ID),
        ("贵客户的问题已经登记，请客户经理联系您。", ZH, Strategy.ID),
    ],
)
def test_who_speaks_of_customers_at_large_is_not(text: str, language: Language, strategy: Strategy | None) -> None:
    assert "third-person" not in faults(said(text, strategy), language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Can you help me? I need help with my account.", EN),
        ("Before we go on, may I have your name, please?", EN),
        ("What can I do about it?", EN),
        ("Thanks for your help.", EN),
        ("Thanks for calling me back so quickly.", EN),
        ("Is there anything else I can do to speed this up?", EN),
        ("Please let me know if you need anything else from me.", EN),
        ("这个套餐对我有什么帮助呢？", ZH),
        ("您能帮我看看吗？", ZH),
        ("您贵姓？", ZH),
        ("谢谢您帮我。", ZH),
    ],
)
def test_how_a_customer_talks_passes(text: str, language: Language) -> None:
    assert faults(said(text), language) == set()


@pytest.mark.parametrize(
    ("text", "language"),
    [("Could you please help me with this?", EN), ("I need your help.", EN), ("您能帮我一下吗？我需要您的帮助。", ZH)],
)
def test_a_supporter_who_asks_for_help_is_found(text: str, language: Language) -> None:
    assert faults(said(text, Strategy.PR), language) == {"wrong-side"}


def test_a_supporter_who_offers_it_passes() -> None:
    assert faults(said("How may I help you?", Strategy.GT), EN) == set()
    assert faults(said("你好，我是服务助手，很高兴能帮忙。", Strategy.GT), ZH) == set()
    assert faults(said("Could you help me to verify your address?", Strategy.IV), EN) == set()
    assert faults(said("Could you help me with a few details, please?", Strategy.IV), EN) == set()
    assert faults(said("麻烦您帮我报一下订单号，好吗？", Strategy.IV), ZH) == set()
    assert faults(said("请您帮我拍一张照片，我看看能不能帮忙处理。", Strategy.PR), ZH) == set()


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_turn_that_says_its_strategys_meaning_is_found(language: Language, strategy: Strategy) -> None:
    text = f"{STRATEGIES[strategy].wording[language].meaning}."
    assert "prompt-echo" in faults(said(text, strategy), language)


@pytest.mark.parametrize(
    ("text", "direction", "language"),
    [
        ("Ask about the fee.", "Ask about the fee.", EN),
        ("Well, ask why the fee of 12 euros was booked, please.", "Ask why the fee of 12 euros was booked.", EN),
        ("质问这笔手续费为什么扣了两次。", "质问这笔手续费为什么扣了两次。", ZH),
        (f"Sure. {HINTS['repetition'][EN]}", "Answer.", EN),
        ("Stay this person from the first word to the last.", None, EN),
    ],
)
def test_a_customer_who_says_the_task_is_found(text: str, direction: str | None, language: Language) -> None:
    assert "prompt-echo" in faults(said(text, direction=direction), language)


def test_a_customer_may_say_what_the_direction_holds() -> None:
    turn = said(
        "My fee of 12 euros was booked on Monday.", direction="Say that the fee of 12 euros was booked on Monday."
    )
    assert faults(turn, EN) == set()


def test_a_supporter_knows_nobodys_name_before_it_is_told() -> None:
    greeting = said("Good morning, [UserName], how are you?", Strategy.GT)
    assert faults(greeting, EN) == {"knows-too-early"}
    assert faults(greeting, EN, scenario="The card of [UserName] was declined.") == set()
    assert faults(said("Good morning, [AgentName] from [BankName] speaking.", Strategy.GT), EN) == set()
    told = (said("Hello?", Strategy.GT), said("I am [UserName]."))
    assert faults(greeting, EN, told) == set()
    asked = (said("Hello?", Strategy.GT), said("Hi."), said("Your postcode?", Strategy.IV))
    assert faults(greeting, EN, asked) == {"knows-too-early"}
    assert faults(greeting, EN, (*asked, said("It is [Address]."))) == set(), "the account is on the screen by now"


@pytest.mark.parametrize(("call", "language"), [(EN_CALL, EN), (ZH_CALL, ZH)])
def test_a_sound_call_passes(call: tuple[tuple[str | None, str], ...], language: Language) -> None:
    turns = make_turns(call)
    for index, turn in enumerate(turns):
        assert faults(turn, language, turns[:index]) == set(), turn.text


@pytest.mark.parametrize("language", list(Language))
def test_what_people_wrote_passes(language: Language) -> None:
    """The gold set and the calls that ship, and for English 60 real ones of STAR."""
    rows = [json.loads(line) for line in (DATA / "gold" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]
    calls = [
        (row["scenario"], [(turn["speaker"], turn["text"], turn["strategy"]) for turn in row["dialogue"]])
        for row in rows
    ]
    calls += [
        (call.scenario, [(turn.speaker.value, turn.text, turn.strategy) for turn in call.turns])
        for call in sound_dialogues(language)
    ]
    if language is EN:
        real = (json.loads(line) for line in (DATA / "star-60.jsonl").read_text(encoding="utf-8").splitlines())
        calls += [("", [(_side(turn["speaker"]), turn["text"], None) for turn in row["turns"]]) for row in real]
    for scenario, told in calls:
        turns = tuple(Turn(speaker=Speaker(who), text=text, strategy=strategy) for who, text, strategy in told)
        for index, turn in enumerate(turns):
            assert faults(turn, language, turns[:index], scenario) == set(), turn.text


def _side(name: str) -> str:
    return "supporter" if name == "agent" else name
